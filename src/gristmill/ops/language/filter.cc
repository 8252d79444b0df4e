// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/language/filter.h"

#include <algorithm>
#include <array>
#include <utility>

namespace gristmill::ops {
namespace {

constexpr std::string_view missing = "language.missing";
constexpr std::string_view other = "language.other";
constexpr std::string_view low_score = "language.low_score";
constexpr std::array reasons{missing, other, low_score};
constexpr std::array options{
    OptionSpec{.name = "keep",
               .type = OptionType::string_list,
               .fallback = "[]",
               .help = "Languages to keep, as language.identify writes them; empty for all"},
    OptionSpec{.name = "drop", .type = OptionType::string_list, .fallback = "[]", .help = "Languages to drop"},
    OptionSpec{.name = "min_score",
               .type = OptionType::number,
               .fallback = "0.65",
               .minimum = 0,
               .maximum = 1,
               .help = "Least language_score of a document that stays"},
};
constexpr std::array columns{
    ColumnSpec{"language", data::ColumnType::string, "Written by language.identify"},
    ColumnSpec{"language_score", data::ColumnType::float64, "Written by language.identify"},
};

bool contains(const std::vector<std::string>& languages, std::string_view language) {
  return std::ranges::find(languages, language) != languages.end();
}

}  // namespace

constinit const Spec FilterLanguage::spec_{
    .name = "filter.language",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Keeps documents in wanted languages that were identified surely enough.",
    .reference = "FineWeb (Penedo et al. 2024): English with a score of at least 0.65",
    .options = options,
    .columns_in = columns,
    .columns_out = {},
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterLanguage::make(const Options& given) {
  Wanted wanted{given.strings("keep"), given.strings("drop"), given.number("min_score")};
  for (const auto& language : wanted.keep) {
    if (contains(wanted.drop, language))
      return invalid_argument("filter.language: " + language + " stands in both keep and drop; remove it from one");
  }
  return std::make_unique<FilterLanguage>(std::move(wanted));
}

FilterLanguage::FilterLanguage(Wanted wanted) noexcept : wanted_(std::move(wanted)) {}

Verdict FilterLanguage::apply(data::Document& document, Scratch& scratch) const {
  const auto* language = std::get_if<std::string_view>(&document.columns[scratch.columns_in[0]]);
  if (language == nullptr || language->empty()) return Verdict::dropped(missing);
  if (!wanted_.keep.empty() && !contains(wanted_.keep, *language)) return Verdict::dropped(other);
  if (contains(wanted_.drop, *language)) return Verdict::dropped(other);
  const auto* score = std::get_if<double>(&document.columns[scratch.columns_in[1]]);
  // A language without a score came from the source's own metadata: there is nothing to doubt it by.
  if (score != nullptr && *score < wanted_.min_score) return Verdict::dropped(low_score);
  return Verdict::kept();
}

}  // namespace gristmill::ops
