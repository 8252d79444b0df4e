// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/gopher_quality.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/kernels/word_classes.h"
#include "gristmill/kernels/words.h"

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
               .choices = "spacy,whitespace",
               .help = "How words are found: as spaCy's English tokenizer does, with punctuation as words of its own, "
                       "or at white space"},
};

struct WordScratch final : Scratch {
  kernels::WordSplitter splitter;
  std::vector<std::string_view> words;
};

bool is_symbol(char32_t c) { return (kernels::word_class::of(c) & kernels::word_class::symbol) != 0; }

template <typename Predicate>
bool any_character(std::string_view word, Predicate&& predicate) {
  for (std::size_t at = 0; at < word.size();)
    if (predicate(kernels::next_code_point(word, at))) return true;
  return false;
}

std::size_t occurrences(std::string_view text, std::string_view sign) {
  std::size_t found = 0;
  for (auto at = text.find(sign); at != std::string_view::npos; at = text.find(sign, at + sign.size())) ++found;
  return found;
}

bool is_space(char32_t c) { return (kernels::word_class::of(c) & kernels::word_class::space) != 0; }

/// Line ends of Python's str.splitlines.
bool ends_line(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

struct LineCount {
  std::size_t lines = 0;
  std::size_t bullets = 0;
  std::size_t ellipses = 0;
};

void count_line(std::string_view line, LineCount& count) {
  ++count.lines;
  std::size_t last = 0;
  bool starts_with_bullet = false;
  bool is_blank = true;
  for (std::size_t at = 0; at < line.size();) {
    const auto c = kernels::next_code_point(line, at);
    if (is_space(c)) continue;
    if (is_blank) starts_with_bullet = c == U'\u2022' || c == U'-';
    is_blank = false;
    last = at;
  }
  const auto stripped = line.substr(0, last);
  count.bullets += starts_with_bullet;
  count.ellipses += stripped.ends_with("...") || stripped.ends_with("\u2026");
}

LineCount count_lines(std::string_view text) {
  LineCount count;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto c_at = at;
    const auto c = kernels::next_code_point(text, at);
    if (!ends_line(c)) continue;
    count_line(text.substr(begin, c_at - begin), count);
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    begin = at;
  }
  if (begin < text.size()) count_line(text.substr(begin), count);
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
  return std::make_unique<GopherQuality>(limits, given.strings("stop_words"), given.string("words") == "whitespace");
}

GopherQuality::GopherQuality(const Limits& limits, std::vector<std::string> stop_words,
                             bool splits_at_whitespace) noexcept
    : limits_(limits), stop_words_(std::move(stop_words)), splits_at_whitespace_(splits_at_whitespace) {
  std::ranges::sort(stop_words_);
  const auto repeated = std::ranges::unique(stop_words_);
  stop_words_.erase(repeated.begin(), repeated.end());
  for (const auto& word : stop_words_) stop_word_bytes_max_ = std::max(stop_word_bytes_max_, word.size());
}

std::unique_ptr<Scratch> GopherQuality::make_scratch() const { return std::make_unique<WordScratch>(); }

std::string_view GopherQuality::judge_words(const std::vector<std::string_view>& words) const {
  std::int64_t count = 0;
  std::size_t code_points = 0;
  for (const auto word : words) {
    if (!any_character(word, [](char32_t c) { return !is_symbol(c); })) continue;
    ++count;
    code_points += kernels::count_code_points(word);
  }
  if (limits_.min_words > 0 && count < limits_.min_words) return short_document;
  if (limits_.max_words > 0 && count > limits_.max_words) return long_document;
  // A text without words has no mean and passes both rules.
  if (count == 0) return {};
  const double mean = share(code_points, static_cast<double>(count));
  if (limits_.min_mean_word_length > 0 && mean < limits_.min_mean_word_length) return short_words;
  if (limits_.max_mean_word_length > 0 && mean > limits_.max_mean_word_length) return long_words;
  return {};
}

std::string_view GopherQuality::judge_symbols(std::string_view text, double word_count) const {
  if (limits_.max_symbol_ratio <= 0) return {};
  if (share(occurrences(text, "#"), word_count) > limits_.max_symbol_ratio) return hashes;
  const auto found = occurrences(text, "...") + occurrences(text, "\u2026");
  return share(found, word_count) > limits_.max_symbol_ratio ? ellipses : std::string_view{};
}

std::string_view GopherQuality::judge_lines(std::string_view text) const {
  if (limits_.max_bullet_lines_ratio <= 0 && limits_.max_ellipsis_lines_ratio <= 0) return {};
  const auto count = count_lines(text);
  const auto lines = static_cast<double>(count.lines);
  if (limits_.max_bullet_lines_ratio > 0 && share(count.bullets, lines) > limits_.max_bullet_lines_ratio)
    return bullet_lines;
  if (limits_.max_ellipsis_lines_ratio > 0 && share(count.ellipses, lines) > limits_.max_ellipsis_lines_ratio)
    return ellipsis_lines;
  return {};
}

std::int64_t GopherQuality::count_stop_words(const std::vector<std::string_view>& words) const {
  std::vector<bool> seen(stop_words_.size(), false);
  std::int64_t count = 0;
  for (const auto word : words) {
    if (word.size() > stop_word_bytes_max_) continue;
    const auto found = std::ranges::lower_bound(stop_words_, word);
    if (found == stop_words_.end() || *found != word) continue;
    const auto index = static_cast<std::size_t>(found - stop_words_.begin());
    count += !seen[index];
    seen[index] = true;
    if (count >= limits_.min_stop_words) break;
  }
  return count;
}

std::string_view GopherQuality::judge_vocabulary(const std::vector<std::string_view>& words) const {
  if (limits_.min_alpha_words_ratio > 0) {
    const auto has_letter = [](std::string_view word) { return any_character(word, kernels::is_letter); };
    const auto count = static_cast<std::size_t>(std::ranges::count_if(words, has_letter));
    if (share(count, static_cast<double>(words.size())) < limits_.min_alpha_words_ratio) return few_alpha_words;
  }
  if (limits_.min_stop_words > 0 && count_stop_words(words) < limits_.min_stop_words) return few_stop_words;
  return {};
}

Verdict GopherQuality::apply(data::Document& document, Scratch& scratch) const {
  auto& words = static_cast<WordScratch&>(scratch).words;
  words.clear();
  if (splits_at_whitespace_) {
    kernels::split_whitespace(document.text, words);
  } else {
    static_cast<WordScratch&>(scratch).splitter.split(document.text, words);
  }
  if (const auto reason = judge_words(words); !reason.empty()) return Verdict::dropped(reason);
  // Ratios of nothing are undefined; a text without any word can only come here with the word rules switched off.
  if (words.empty()) return Verdict::kept();
  if (const auto reason = judge_symbols(document.text, static_cast<double>(words.size())); !reason.empty())
    return Verdict::dropped(reason);
  if (const auto reason = judge_lines(document.text); !reason.empty()) return Verdict::dropped(reason);
  if (const auto reason = judge_vocabulary(words); !reason.empty()) return Verdict::dropped(reason);
  return Verdict::kept();
}

}  // namespace gristmill::ops
