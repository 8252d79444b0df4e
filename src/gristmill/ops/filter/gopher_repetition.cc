// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/gopher_repetition.h"

#include <vector>

#include "gristmill/kernels/lines.h"
#include "gristmill/kernels/repetition.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/filter/judgement.h"

namespace gristmill::ops {
namespace {

// The rules in datatrove's order; limits, reasons and columns stand in the same one.
enum Rule : std::size_t {
  dup_para_frac,
  dup_para_char_frac,
  dup_line_frac,
  dup_line_char_frac,
  top_2_gram,
  top_4_gram = top_2_gram + 2,
  dup_5_gram,
  dup_10_gram = dup_5_gram + 5,
};
static_assert(dup_10_gram + 1 == GopherRepetition::rule_count);

constexpr std::string_view empty = "gopher_repetition.empty";
constexpr std::array<std::string_view, 1 + GopherRepetition::rule_count> reasons{
    "gopher_repetition.dup_para_frac", "gopher_repetition.dup_para_char_frac",
    "gopher_repetition.dup_line_frac", "gopher_repetition.dup_line_char_frac",
    "gopher_repetition.top_2_gram",    "gopher_repetition.top_3_gram",
    "gopher_repetition.top_4_gram",    "gopher_repetition.dup_5_gram",
    "gopher_repetition.dup_6_gram",    "gopher_repetition.dup_7_gram",
    "gopher_repetition.dup_8_gram",    "gopher_repetition.dup_9_gram",
    "gopher_repetition.dup_10_gram",   empty};

constexpr OptionSpec share(std::string_view name, std::string_view fallback, std::string_view help) {
  return {.name = name, .type = OptionType::number, .fallback = fallback, .minimum = 0, .unit = "share", .help = help};
}

constexpr std::array options{
    share("dup_para_frac", "0.3", "Greatest share of paragraphs that are equal to an earlier one; 0 for no limit"),
    share("dup_para_char_frac", "0.2", "Greatest share of characters in such paragraphs; 0 for no limit"),
    share("dup_line_frac", "0.3", "Greatest share of lines that are equal to an earlier one; 0 for no limit"),
    share("dup_line_char_frac", "0.2", "Greatest share of characters in such lines; 0 for no limit"),
    share("top_2_gram", "0.2", "Greatest share of characters in the commonest two words; 0 for no limit"),
    share("top_3_gram", "0.18", "Greatest share of characters in the commonest three words; 0 for no limit"),
    share("top_4_gram", "0.16", "Greatest share of characters in the commonest four words; 0 for no limit"),
    share("dup_5_gram", "0.15", "Greatest share of characters in five words that came before; 0 for no limit"),
    share("dup_6_gram", "0.14", "Greatest share of characters in six words that came before; 0 for no limit"),
    share("dup_7_gram", "0.13", "Greatest share of characters in seven words that came before; 0 for no limit"),
    share("dup_8_gram", "0.12", "Greatest share of characters in eight words that came before; 0 for no limit"),
    share("dup_9_gram", "0.11", "Greatest share of characters in nine words that came before; 0 for no limit"),
    share("dup_10_gram", "0.1", "Greatest share of characters in ten words that came before; 0 for no limit"),
    OptionSpec{.name = "words",
               .type = OptionType::string,
               .fallback = "\"spacy\"",
               .choices = word_rule_choices,
               .help = word_rule_help},
};

constexpr ColumnSpec measure(std::string_view name, std::string_view help) {
  return {.name = name, .type = data::ColumnType::float64, .help = help};
}
constexpr std::array columns{
    measure("gopher_repetition_dup_para_frac", "Share of paragraphs that are equal to an earlier one"),
    measure("gopher_repetition_dup_para_char_frac", "Share of characters in such paragraphs"),
    measure("gopher_repetition_dup_line_frac", "Share of lines that are equal to an earlier one"),
    measure("gopher_repetition_dup_line_char_frac", "Share of characters in such lines"),
    measure("gopher_repetition_top_2_gram", "Share of characters in the commonest two words"),
    measure("gopher_repetition_top_3_gram", "Share of characters in the commonest three words"),
    measure("gopher_repetition_top_4_gram", "Share of characters in the commonest four words"),
    measure("gopher_repetition_dup_5_gram", "Share of characters in five words that came before"),
    measure("gopher_repetition_dup_6_gram", "Share of characters in six words that came before"),
    measure("gopher_repetition_dup_7_gram", "Share of characters in seven words that came before"),
    measure("gopher_repetition_dup_8_gram", "Share of characters in eight words that came before"),
    measure("gopher_repetition_dup_9_gram", "Share of characters in nine words that came before"),
    measure("gopher_repetition_dup_10_gram", "Share of characters in ten words that came before"),
};
static_assert(columns.size() == GopherRepetition::rule_count);

struct RepetitionScratch final : WordScratch {
  kernels::RepetitionMeter meter;
  std::vector<std::string_view> parts;
};

double ratio(std::size_t part, std::size_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

/// What the rules look at, each measured when the first rule asks.
class Measurement {
 public:
  Measurement(std::string_view text, WordRule word_rule, RepetitionScratch& scratch)
      : text_(text), length_(kernels::count_code_points(text)), word_rule_(word_rule), scratch_(scratch) {}

  double share_of(std::size_t rule) {
    if (rule == dup_para_frac || rule == dup_para_char_frac) return share_of(paragraphs(), rule == dup_para_char_frac);
    if (rule == dup_line_frac || rule == dup_line_char_frac) return share_of(lines(), rule == dup_line_char_frac);
    auto& meter = scratch_.meter;
    if (!has_words_) meter.set_words(text_, scratch_.words_of(text_, word_rule_));
    has_words_ = true;
    return ratio(rule <= top_4_gram ? meter.top_ngram_characters(rule - top_2_gram + 2)
                                    : meter.repeated_ngram_characters(rule - dup_5_gram + 5),
                 length_);
  }

 private:
  struct Parts {
    std::size_t count = 0;
    kernels::Repeats repeats;
  };
  Parts parts_of(std::string_view text, std::size_t run) {
    scratch_.parts.clear();
    kernels::split_newlines(text, run, scratch_.parts);
    return {scratch_.parts.size(), scratch_.meter.repeated_parts(scratch_.parts)};
  }
  const Parts& paragraphs() {
    if (paragraphs_.count == 0) paragraphs_ = parts_of(kernels::strip_space(text_), 2);
    return paragraphs_;
  }
  const Parts& lines() {
    if (lines_.count == 0) lines_ = parts_of(text_, 1);
    return lines_;
  }
  [[nodiscard]] double share_of(const Parts& parts, bool of_characters) const {
    return of_characters ? ratio(parts.repeats.characters, length_) : ratio(parts.repeats.count, parts.count);
  }

  std::string_view text_;
  std::size_t length_;
  WordRule word_rule_;
  bool has_words_ = false;
  RepetitionScratch& scratch_;
  Parts paragraphs_;  ///< There is one at least, so that none means not yet looked at.
  Parts lines_;
};

}  // namespace

constinit const Spec GopherRepetition::spec_{
    .name = "filter.gopher_repetition",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Drops documents that repeat themselves, by the rules of Gopher as datatrove applies them.",
    .reference = "Rae et al. 2021, table A1; datatrove 0.10.1, GopherRepetitionFilter",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
    .annotation_columns = columns,
};

Result<std::unique_ptr<Operator>> GopherRepetition::make(const Options& given) {
  Limits limits{};
  for (std::size_t rule = 0; rule < rule_count; ++rule) limits[rule] = given.number(options[rule].name);
  return std::make_unique<GopherRepetition>(limits, word_rule_of(given.string("words")));
}

std::unique_ptr<Scratch> GopherRepetition::make_scratch() const { return std::make_unique<RepetitionScratch>(); }

Verdict GopherRepetition::apply(data::Document& document, Scratch& scratch) const {
  if (document.text.empty()) return Verdict::dropped(empty);
  Measurement measurement(document.text, word_rule_, static_cast<RepetitionScratch&>(scratch));
  Judgement judgement(document, scratch);
  for (std::size_t rule = 0; rule < rule_count; ++rule) {
    if (limits_[rule] <= 0 && !scratch.annotates()) continue;
    const double measured = measurement.share_of(rule);
    judgement.measure(rule, measured);
    if (judgement.settle(limits_[rule] > 0 && measured > limits_[rule], reasons[rule])) break;
  }
  return judgement.verdict();
}

}  // namespace gristmill::ops
