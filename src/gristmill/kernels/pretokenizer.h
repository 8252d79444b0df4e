// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/kernels/simd.h"

namespace gristmill::kernels {

/// Splitting patterns that have a hand-written matcher. Named by the tokenizer that made them known.
enum class Pattern : std::uint8_t {
  gpt2,    ///< GPT-2, r50k, p50k; the ByteLevel pre-tokenizer's own pattern.
  cl100k,  ///< cl100k_base as tiktoken matches it today: blanks that end the text are one piece.
  llama3,  ///< cl100k_base as first published, Llama 3: blanks that end the text are cut after the last newline.
  qwen2,   ///< Qwen 2, 2.5 and 3: as llama3, but each digit is a piece.
  o200k,   ///< o200k_base, gpt-oss, Llama 4: words are cut where lower case turns to upper.
};

/// "gpt2", "cl100k", ...
std::string_view to_string(Pattern pattern) noexcept;
/// The pattern of that name.
std::optional<Pattern> pattern_of_name(std::string_view name) noexcept;
/// The pattern that is written as this regular expression in published tokenizer files.
std::optional<Pattern> pattern_of_regex(std::string_view regex) noexcept;

/// Cuts a text into pieces, within which byte pairs are merged. The pieces follow each other without gaps. Immutable;
/// any number of threads may use one. Ill-formed UTF-8 is safe: each bad byte counts as one "other" character.
class Pretokenizer {
 public:
  virtual ~Pretokenizer() = default;

  /// Appends the ends of the next pieces from `position` on, as many as `ends` holds, moves `position` behind the last
  /// of them and returns their number; 0 at the end of the text. `text` is always the whole text: patterns look ahead.
  virtual Result<std::size_t> split(std::string_view text, std::size_t& position,
                                    std::span<std::uint32_t> ends) const = 0;

  /// A hand-written matcher.
  static std::unique_ptr<Pretokenizer> for_pattern(Pattern pattern, SimdLevel level = simd_level());
  /// The hand-written matcher when the expression is a known one, else PCRE2 (properties of Unicode 14); parts that the
  /// expression does not match are pieces of their own. Errors: the expression does not compile.
  static Result<std::unique_ptr<Pretokenizer>> for_regex(std::string_view regex);
  /// Cuts numbers (general category N) from the rest: each digit alone, or each run.
  static std::unique_ptr<Pretokenizer> for_digits(bool each_alone);
};

}  // namespace gristmill::kernels
