// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace gristmill::kernels {

/// The language that most of a text is in.
struct LanguageGuess {
  std::string_view code;  ///< ISO 639-1 (or 639-2/3 where 639-1 has none); static storage; empty when unknown.
  double score = 0;  ///< 0..1: share of the text in that language, halved when the detector calls it unreliable.
};

/// Identifies the language of well-formed UTF-8 plain text with the built-in detector (CLD2). Thread-safe.
LanguageGuess identify_language_cld2(std::string_view text);

}  // namespace gristmill::kernels
