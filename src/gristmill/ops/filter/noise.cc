// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/noise.h"

#include <array>

#include "gristmill/kernels/utf8.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view is_short = "noise.short";
constexpr std::string_view is_noisy = "noise.noisy";
constexpr std::array reasons{is_short, is_noisy};

constexpr std::array options{
    OptionSpec{.name = "max_score",
               .type = OptionType::number,
               .fallback = "0.1",
               .minimum = 0,
               .help = "Score that a document must stay below; 0 for no limit"},
    OptionSpec{.name = "tag_weight",
               .type = OptionType::number,
               .fallback = "10",
               .minimum = 0,
               .unit = "characters",
               .help = "What a tag weighs: the score is tags times this through the length"},
    OptionSpec{.name = "min_characters",
               .type = OptionType::integer,
               .fallback = "100",
               .minimum = -1,
               .unit = "characters",
               .help = "Length that a document must be above; -1 for no limit"},
};

constexpr std::array columns_out{
    ColumnSpec{.name = "noise_score",
               .type = data::ColumnType::float64,
               .help = "Tags times their weight through the length of the text in characters; 0 for an empty text"},
};

/// How often `<`, one or more characters other than `>`, and `>` follow each other, without overlap.
std::size_t count_tags(std::string_view text) {
  std::size_t count = 0;
  for (auto open = text.find('<'); open != std::string_view::npos; open = text.find('<', open)) {
    const auto close = text.find('>', open + 1);
    if (close == std::string_view::npos) break;
    count += close > open + 1;
    open = close + 1;
  }
  return count;
}

}  // namespace

constinit const Spec FilterNoise::spec_{
    .name = "filter.noise",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Drops documents that are short or full of leftover tags, by the noise score of a much copied example.",
    .reference =
        "the cleaning example of Ray Data tutorials: len(re.findall('<[^>]+>', text)) * 10 / len(text) < 0.1 "
        "and len(text) > 100",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterNoise::make(const Options& given) {
  return std::make_unique<FilterNoise>(given.number("max_score"), given.number("tag_weight"),
                                       given.integer("min_characters"));
}

FilterNoise::FilterNoise(double max_score, double tag_weight, std::int64_t min_characters) noexcept
    : max_score_(max_score), tag_weight_(tag_weight), min_characters_(min_characters) {}

Verdict FilterNoise::apply(data::Document& document, Scratch& scratch) const {
  const auto characters = kernels::count_code_points(document.text);
  const double tags = static_cast<double>(count_tags(document.text)) * tag_weight_;
  const double score = characters == 0 ? 0 : tags / static_cast<double>(characters);
  document.columns[scratch.columns_out[0]] = score;
  if (static_cast<std::int64_t>(characters) <= min_characters_) return Verdict::dropped(is_short);
  if (max_score_ > 0 && score >= max_score_) return Verdict::dropped(is_noisy);
  return Verdict::kept();
}

}  // namespace gristmill::ops
