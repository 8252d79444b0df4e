// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/cld2_language.h"

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace gristmill::kernels {
namespace {

/// Codes of CLD2 that are older than ISO 639 or carry a script.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> renamed{{
    {"iw", "he"},
    {"jw", "jv"},
    {"mo", "ro"},
    {"sr-ME", "sr"},
    {"zh-Hant", "zh"},
    {"un", ""},
}};

std::string_view iso_code(CLD2::Language language) {
  const std::string_view code = CLD2::LanguageCode(language);
  const auto found = std::ranges::find(renamed, code, &std::pair<std::string_view, std::string_view>::first);
  return found == renamed.end() ? code : found->second;
}

}  // namespace

LanguageGuess identify_language_cld2(std::string_view text) {
  constexpr auto bytes_max = static_cast<std::size_t>(std::numeric_limits<int>::max());
  text = text.substr(0, bytes_max);
  CLD2::CLDHints hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  std::array<CLD2::Language, 3> languages{};
  std::array<int, 3> percents{};
  std::array<double, 3> densities{};
  int text_bytes = 0;
  bool is_reliable = false;
  // A fourth outcome, pieces of the text by language, is not asked for: it costs time.
  CLD2::ExtDetectLanguageSummary(text.data(), static_cast<int>(text.size()), true, &hints, 0, languages.data(),
                                 percents.data(), densities.data(), nullptr, &text_bytes, &is_reliable);
  LanguageGuess guess{iso_code(languages[0]), percents[0] / 100.0};
  if (guess.code.empty()) return {};
  if (!is_reliable) guess.score /= 2;
  return guess;
}

}  // namespace gristmill::kernels
