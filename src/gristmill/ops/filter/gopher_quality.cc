// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/gopher_quality.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "gristmill/kernels/lines.h"
#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/kernels/word_classes.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view short_document = "gopher_quality.short_document";
constexpr std::string_view long_document = "gopher_quality.long_document";
constexpr std::string_view short_words = "gopher_quality.short_words";
constexpr std::string_view long_words = "gopher_quality.long_words";
constexpr std::string_view hashes = "gopher_quality.hashes";
constexpr std::string_view ellipses = "gopher_quality.ellipses";
constexpr std::string_view bullet_lines = "gopher_quality.bullet_lines";
constexpr std::string_view ellipsis_lines = "gopher_quality.ellipsis_lines";
constexpr std::string_view few_alpha_words = "gopher_quality.few_alpha_words";
constexpr std::string_view few_stop_words = "gopher_quality.few_stop_words";
constexpr std::array reasons{short_document, long_document, short_words,    long_words,      hashes,
                             ellipses,       bullet_lines,  ellipsis_lines, few_alpha_words, few_stop_words};

constexpr OptionSpec ratio(std::string_view name, std::string_view fallback, std::string_view help) {
  return {.name = name, .type = OptionType::number, .fallback = fallback, .minimum = 0, .help = help};
}
constexpr OptionSpec count(std::string_view name, std::string_view fallback, std::string_view help) {
  return {.name = name, .type = OptionType::integer, .fallback = fallback, .minimum = 0, .unit = "words", .help = help};
}

constexpr std::array options{
    count("min_words", "50", "Fewest words that are not all punctuation; 0 for no limit"),
    count("max_words", "100000", "Most words that are not all punctuation; 0 for no limit"),
    ratio("min_mean_word_length", "3", "Least mean length of those words in characters; 0 for no limit"),
    ratio("max_mean_word_length", "10", "Greatest mean length of those words; 0 for no limit"),
    ratio("max_symbol_ratio", "0.1", "Most # signs, and most ellipses, a word; 0 for no limit"),
    ratio("max_bullet_lines_ratio", "0.9", "Greatest share of lines that start with a bullet or dash; 0 for no limit"),
    ratio("max_ellipsis_lines_ratio", "0.3", "Greatest share of lines that end in an ellipsis; 0 for no limit"),
    ratio("min_alpha_words_ratio", "0.8", "Least share of words with a letter; 0 for no limit"),
    count("min_stop_words", "2", "Fewest different stop words in the text; 0 for no limit"),
    OptionSpec{.name = "stop_words",
               .type = OptionType::string_list,
               .fallback = R"(["the", "be", "to", "of", "and", "that", "have", "with"])",
               .help = "Stop words, compared with their case"},
    OptionSpec{.name = "words",
               .type = OptionType::string,
               .fallback = "\"spacy\"",
               .choices = word_rule_choices,
               .help = word_rule_help},
};

constexpr std::array columns{
    ColumnSpec{
        .name = "gopher_quality_words", .type = data::ColumnType::int64, .help = "Words that are not all punctuation"},
    ColumnSpec{.name = "gopher_quality_mean_word_length",
               .type = data::ColumnType::float64,
               .help = "Mean length of those words in characters; null without any"},
    ColumnSpec{.name = "gopher_quality_hash_ratio", .type = data::ColumnType::float64, .help = "# signs a word"},
    ColumnSpec{.name = "gopher_quality_ellipsis_ratio", .type = data::ColumnType::float64, .help = "Ellipses a word"},
    ColumnSpec{.name = "gopher_quality_bullet_lines_ratio",
               .type = data::ColumnType::float64,
               .help = "Share of lines that start with a bullet or dash"},
    ColumnSpec{.name = "gopher_quality_ellipsis_lines_ratio",
               .type = data::ColumnType::float64,
               .help = "Share of lines that end in an ellipsis"},
    ColumnSpec{.name = "gopher_quality_alpha_words_ratio",
               .type = data::ColumnType::float64,
               .help = "Share of words with a letter"},
    ColumnSpec{.name = "gopher_quality_stop_words",
               .type = data::ColumnType::int64,
               .help = "Different stop words in the text"},
};

/// What the rules see in one character.
struct Sight {
  bool is_letter = false;
  bool is_symbol = false;
};

Sight look_at(char32_t c) {
  return {kernels::is_letter(c), (kernels::word_class::of(c) & kernels::word_class::symbol) != 0};
}

/// ASCII is nearly everything: it is looked up.
const std::array<Sight, 128>& ascii_sights() {
  static const auto table = [] {
    std::array<Sight, 128> made;
    for (char32_t c = 0; c < 128; ++c) made[c] = look_at(c);
    return made;
  }();
  return table;
}

void count_word(std::string_view word, GopherQuality::WordCount& count) {
  const auto& sights = ascii_sights();
  Sight word_sight{false, true};
  for (std::size_t at = 0; at < word.size();) {
    const auto byte = static_cast<unsigned char>(word[at]);
    const auto sight = byte < 0x80 ? sights[byte] : look_at(kernels::next_code_point(word, at));
    at += byte < 0x80;
    word_sight.is_letter |= sight.is_letter;
    word_sight.is_symbol &= sight.is_symbol;
    // A letter settles both questions.
    if (word_sight.is_letter && !word_sight.is_symbol) break;
  }
  count.with_letter += word_sight.is_letter;
  if (word_sight.is_symbol) return;
  ++count.words;
  count.code_points += kernels::count_code_points(word);
}

GopherQuality::WordCount count_words(std::string_view text, std::span<const kernels::TextRange> words) {
  GopherQuality::WordCount count;
  for (const auto word : words) count_word(word.of(text), count);
  return count;
}

std::size_t occurrences(std::string_view text, std::string_view sign) {
  std::size_t found = 0;
  for (auto at = text.find(sign); at != std::string_view::npos; at = text.find(sign, at + sign.size())) ++found;
  return found;
}

struct LineCount {
  std::size_t lines = 0;
  std::size_t bullets = 0;
  std::size_t ellipses = 0;
};

LineCount count_lines(std::string_view text) {
  LineCount count;
  kernels::LineReader reader(text);
  for (std::string_view line; reader.next(line);) {
    const auto stripped = kernels::strip_space(line);
    ++count.lines;
    count.bullets += stripped.starts_with('-') || stripped.starts_with("\u2022");
    count.ellipses += stripped.ends_with("...") || stripped.ends_with("\u2026");
  }
  return count;
}

double share(std::size_t part, double whole) { return static_cast<double>(part) / whole; }

}  // namespace

constinit const Spec GopherQuality::spec_{
    .name = "filter.gopher_quality",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Drops documents by the quality rules of Gopher, as datatrove applies them.",
    .reference = "Rae et al. 2021, appendix A1.1; datatrove 0.10.1, GopherQualityFilter",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
    .annotation_columns = columns,
};

Result<std::unique_ptr<Operator>> GopherQuality::make(const Options& given) {
  const Limits limits{
      .min_words = given.integer("min_words"),
      .max_words = given.integer("max_words"),
      .min_mean_word_length = given.number("min_mean_word_length"),
      .max_mean_word_length = given.number("max_mean_word_length"),
      .max_symbol_ratio = given.number("max_symbol_ratio"),
      .max_bullet_lines_ratio = given.number("max_bullet_lines_ratio"),
      .max_ellipsis_lines_ratio = given.number("max_ellipsis_lines_ratio"),
      .min_alpha_words_ratio = given.number("min_alpha_words_ratio"),
      .min_stop_words = given.integer("min_stop_words"),
  };
  return std::make_unique<GopherQuality>(limits, given.strings("stop_words"), word_rule_of(given.string("words")));
}

GopherQuality::GopherQuality(const Limits& limits, std::vector<std::string> stop_words, WordRule word_rule) noexcept
    : limits_(limits), stop_words_(std::move(stop_words)), word_rule_(word_rule) {
  std::ranges::sort(stop_words_);
  const auto repeated = std::ranges::unique(stop_words_);
  stop_words_.erase(repeated.begin(), repeated.end());
  for (const auto& word : stop_words_) stop_word_bytes_max_ = std::max(stop_word_bytes_max_, word.size());
}

std::unique_ptr<Scratch> GopherQuality::make_scratch() const { return std::make_unique<WordScratch>(); }

std::int64_t GopherQuality::count_stop_words(std::string_view text, std::span<const kernels::TextRange> words,
                                             std::int64_t enough) const {
  std::vector<bool> seen(stop_words_.size(), false);
  std::int64_t count = 0;
  for (const auto range : words) {
    if (count >= enough) break;
    if (range.size() > stop_word_bytes_max_) continue;
    const auto word = range.of(text);
    const auto found = std::ranges::lower_bound(stop_words_, word);
    if (found == stop_words_.end() || *found != word) continue;
    const auto index = static_cast<std::size_t>(found - stop_words_.begin());
    count += !seen[index];
    seen[index] = true;
  }
  return count;
}

bool GopherQuality::judge_words(const WordCount& count, Judgement& judgement) const {
  judgement.measure(0, count.words);
  if (judgement.settle(limits_.min_words > 0 && count.words < limits_.min_words, short_document)) return true;
  if (judgement.settle(limits_.max_words > 0 && count.words > limits_.max_words, long_document)) return true;
  // A text without words has no mean and passes both rules.
  if (count.words == 0) return false;
  const double mean = share(count.code_points, static_cast<double>(count.words));
  judgement.measure(1, mean);
  if (judgement.settle(limits_.min_mean_word_length > 0 && mean < limits_.min_mean_word_length, short_words))
    return true;
  return judgement.settle(limits_.max_mean_word_length > 0 && mean > limits_.max_mean_word_length, long_words);
}

bool GopherQuality::judge_symbols(std::string_view text, double word_count, Judgement& judgement) const {
  const double greatest = limits_.max_symbol_ratio;
  const double hash_ratio = share(occurrences(text, "#"), word_count);
  judgement.measure(2, hash_ratio);
  if (judgement.settle(greatest > 0 && hash_ratio > greatest, hashes)) return true;
  const double ellipsis_ratio = share(occurrences(text, "...") + occurrences(text, "\u2026"), word_count);
  judgement.measure(3, ellipsis_ratio);
  return judgement.settle(greatest > 0 && ellipsis_ratio > greatest, ellipses);
}

bool GopherQuality::judge_lines(std::string_view text, Judgement& judgement) const {
  const auto count = count_lines(text);
  const auto lines = static_cast<double>(count.lines);
  const double bullets = share(count.bullets, lines);
  judgement.measure(4, bullets);
  const auto exceeds = [](double measured, double greatest) { return greatest > 0 && measured > greatest; };
  if (judgement.settle(exceeds(bullets, limits_.max_bullet_lines_ratio), bullet_lines)) return true;
  const double ends = share(count.ellipses, lines);
  judgement.measure(5, ends);
  return judgement.settle(exceeds(ends, limits_.max_ellipsis_lines_ratio), ellipsis_lines);
}

Verdict GopherQuality::apply(data::Document& document, Scratch& scratch) const {
  const auto text = document.text;
  const auto words = static_cast<WordScratch&>(scratch).words_of(text, word_rule_);
  const auto count = count_words(text, words);
  Judgement judgement(document, scratch);
  if (judge_words(count, judgement)) return judgement.verdict();
  // Ratios of nothing are undefined; a text without any word can only come here with the word rules switched off.
  if (words.empty()) return judgement.verdict();
  if (judge_symbols(text, static_cast<double>(words.size()), judgement)) return judgement.verdict();
  if (judge_lines(text, judgement)) return judgement.verdict();

  const double alpha = share(count.with_letter, static_cast<double>(words.size()));
  judgement.measure(6, alpha);
  const bool is_low = limits_.min_alpha_words_ratio > 0 && alpha < limits_.min_alpha_words_ratio;
  if (judgement.settle(is_low, few_alpha_words)) return judgement.verdict();

  const auto enough = scratch.annotates() ? std::numeric_limits<std::int64_t>::max() : limits_.min_stop_words;
  const auto stop_words = count_stop_words(text, words, enough);
  judgement.measure(7, stop_words);
  judgement.settle(limits_.min_stop_words > 0 && stop_words < limits_.min_stop_words, few_stop_words);
  return judgement.verdict();
}

}  // namespace gristmill::ops
