// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/annotate/redpajama.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "gristmill/kernels/line_list.h"
#include "gristmill/kernels/ngram_repeats.h"

namespace gristmill::ops {
namespace {

constexpr std::array options{
    OptionSpec{.name = "stop_words",
               .type = OptionType::string_list,
               .fallback = "[]",
               .help = "Stop words of the language, compared with their case; without any, rps_doc_stop_word_fraction "
                       "is null. The published values used the stopwords-json lists"},
    OptionSpec{
        .name = "stop_words_file", .type = OptionType::file, .fallback = "\"\"", .help = "More of them, one a line"},
    OptionSpec{.name = "ldnoobw_file",
               .type = OptionType::file,
               .fallback = "\"\"",
               .help = "The LDNOOBW list of the language, or another, one word or phrase a line; without it "
                       "rps_doc_ldnoobw_words is null"},
};

constexpr ColumnSpec fraction(std::string_view name, std::string_view help) {
  return {.name = name, .type = data::ColumnType::float64, .help = help};
}
constexpr ColumnSpec whole(std::string_view name, std::string_view help) {
  return {.name = name, .type = data::ColumnType::int64, .help = help};
}

constexpr std::array columns_out{
    whole("ccnet_length", "Characters"),
    whole("ccnet_nlines", "Lines"),
    fraction("rps_doc_curly_bracket", "Curly brackets for each character"),
    fraction("rps_doc_frac_all_caps_words", "Share of words in capitals"),
    fraction("rps_doc_frac_lines_end_with_ellipsis", "Share of lines that end in an ellipsis"),
    fraction("rps_doc_frac_no_alph_words", "Share of words without a letter from a to z"),
    fraction("rps_doc_lorem_ipsum", "Occurrences of lorem ipsum for each character of the normalized text"),
    fraction("rps_doc_mean_word_length", "Mean length of the normalized words"),
    fraction("rps_doc_stop_word_fraction", "Share of words that are stop words"),
    fraction("rps_doc_symbol_to_word_ratio", "Number signs and ellipses for each word"),
    fraction("rps_doc_frac_unique_words", "Different normalized words for each normalized word"),
    fraction("rps_doc_unigram_entropy", "Entropy of the normalized words, in nats"),
    whole("rps_doc_word_count", "Normalized words"),
    whole("rps_doc_num_sentences", "Sentences: parts that begin with a word and end in full stops, ! or ?"),
    whole("rps_doc_ldnoobw_words", "Occurrences of entries of the list among the normalized words"),
    fraction("rps_doc_frac_chars_top_2gram", "Share of characters in the most frequent word pair"),
    fraction("rps_doc_frac_chars_top_3gram", "The same for 3 words"),
    fraction("rps_doc_frac_chars_top_4gram", "The same for 4 words"),
    fraction("rps_doc_frac_chars_dupe_5grams", "Share of characters in runs of 5 words that occur again"),
    fraction("rps_doc_frac_chars_dupe_6grams", "The same for 6 words"),
    fraction("rps_doc_frac_chars_dupe_7grams", "The same for 7 words"),
    fraction("rps_doc_frac_chars_dupe_8grams", "The same for 8 words"),
    fraction("rps_doc_frac_chars_dupe_9grams", "The same for 9 words"),
    fraction("rps_doc_frac_chars_dupe_10grams", "The same for 10 words"),
    fraction("rps_lines_ending_with_terminal_punctution_mark_mean", "Mean over the lines: ends in . ! ? or \u201D"),
    whole("rps_lines_javascript_counts_sum", "Sum over the lines: normalized words that are javascript"),
    fraction("rps_lines_num_words_mean", "Mean over the lines: normalized words"),
    fraction("rps_lines_numerical_chars_fraction_mean", "Mean over the lines: share of numeric characters, normalized"),
    fraction("rps_lines_start_with_bulletpoint_mean", "Mean over the lines: starts with a bullet"),
    fraction("rps_lines_uppercase_letter_fraction_mean", "Mean over the lines: share of upper-case letters"),
};

struct SignalScratch final : Scratch {
  NormalText normal;
  kernels::NgramRepeats repeats;
};

/// Part of a whole, rounded; null when there is no whole.
data::Value share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return {};
  return rounded(static_cast<double>(part) / static_cast<double>(whole));
}
/// The same, but 0 when there is no whole.
data::Value share_or_zero(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? data::Value(0.0) : share(part, whole);
}

data::Value mean(double sum, std::uint64_t count) {
  return count == 0 ? data::Value() : data::Value(sum / static_cast<double>(count));
}

std::uint64_t occurrences(std::string_view text, std::string_view wanted) {
  std::uint64_t count = 0;
  for (auto at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + wanted.size())) ++count;
  return count;
}

/// -sum p log p over p = count / total.
double entropy(std::span<const std::uint32_t> counts, std::uint64_t total) {
  constexpr std::size_t common_max = 64;
  std::array<std::uint64_t, common_max> common{};
  const auto all = static_cast<double>(total);
  double sum = 0;
  const auto term = [all](double count) { return -count / all * std::log(count / all); };
  for (const auto count : counts) {
    if (count < common_max) {
      ++common[count];
    } else {
      sum += term(count);
    }
  }
  for (std::size_t count = 1; count < common_max; ++count)
    if (common[count] > 0) sum += static_cast<double>(common[count]) * term(static_cast<double>(count));
  return sum;
}

/// Writes columns in the order of `columns_out`.
class Row {
 public:
  Row(data::Document& document, const Scratch& scratch) : document_(document), slots_(scratch.columns_out) {}
  void add(data::Value value) { document_.columns[slots_[next_++]] = value; }
  void add_count(std::uint64_t value) { add(static_cast<std::int64_t>(value)); }

 private:
  data::Document& document_;
  const std::vector<std::uint16_t>& slots_;
  std::size_t next_ = 0;
};

void add_repetition(Row& row, const kernels::NgramRepeats& repeats, std::uint64_t characters) {
  for (std::size_t n = 2; n <= 4; ++n) row.add(share_or_zero(repeats.top_characters(n), characters));
  for (std::size_t n = 5; n <= 10; ++n) row.add(share_or_zero(repeats.repeated_characters(n), characters));
}

void add_lines(Row& row, const RawFacts& raw, const NormalText& normal) {
  row.add(mean(static_cast<double>(raw.lines_with_end_mark), raw.lines));
  row.add_count(normal.javascript_count());
  row.add(mean(static_cast<double>(normal.words().size()), raw.lines));
  row.add(mean(normal.numeric_fractions(), raw.lines));
  row.add(mean(static_cast<double>(raw.lines_with_bullet), raw.lines));
  row.add(mean(raw.upper_fractions, raw.lines));
}

std::optional<TextSet> set_of(std::vector<std::string> entries, const std::string* file) {
  if (file != nullptr) std::ranges::move(kernels::list_entries(*file), std::back_inserter(entries));
  if (entries.empty()) return std::nullopt;
  return TextSet(entries.begin(), entries.end());
}

}  // namespace

constinit const Spec AnnotateRedpajama::spec_{
    .name = "annotate.redpajama",
    .version = 1,
    .kind = Kind::map,
    .summary =
        "Computes the quality signals of RedPajama-v2 that need no model, under their published names; signals "
        "of lines as means or sums over the lines.",
    .reference =
        "Weber et al. 2024 and the code of RedPajama-Data (rp_v2): punctuation out, lower case, NFD; values "
        "rounded to eight places",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = {},
};

Result<std::unique_ptr<Operator>> AnnotateRedpajama::make(const Options& given) {
  return std::make_unique<AnnotateRedpajama>(set_of(given.strings("stop_words"), given.file("stop_words_file")),
                                             set_of({}, given.file("ldnoobw_file")));
}

AnnotateRedpajama::AnnotateRedpajama(std::optional<TextSet> stop_words, std::optional<TextSet> blocked_words)
    : stop_words_(std::move(stop_words)), blocked_words_(std::move(blocked_words)) {
  if (!blocked_words_) return;
  for (const auto& entry : *blocked_words_)
    blocked_sizes_.push_back(1 + static_cast<std::size_t>(std::ranges::count(entry, ' ')));
  std::ranges::sort(blocked_sizes_);
  const auto repeated = std::ranges::unique(blocked_sizes_);
  blocked_sizes_.erase(repeated.begin(), repeated.end());
}

std::unique_ptr<Scratch> AnnotateRedpajama::make_scratch() const { return std::make_unique<SignalScratch>(); }

std::int64_t AnnotateRedpajama::count_blocked(const NormalText& text) const {
  std::int64_t count = 0;
  const auto& words = text.words();
  for (const auto size : blocked_sizes_) {
    for (std::size_t i = 0; i + size <= words.size(); ++i) {
      const auto last = words[i + size - 1].bytes;
      const auto* begin = words[i].bytes.data();
      // Words stand in one buffer with a blank between, so that an n-gram is a part of it.
      const std::string_view joined(begin, static_cast<std::size_t>(last.data() + last.size() - begin));
      count += blocked_words_->contains(joined);
    }
  }
  return count;
}

Verdict AnnotateRedpajama::apply(data::Document& document, Scratch& scratch) const {
  auto& normal = static_cast<SignalScratch&>(scratch).normal;
  auto& repeats = static_cast<SignalScratch&>(scratch).repeats;
  const auto raw = RawFacts::of(document.text, stop_words_ ? &*stop_words_ : nullptr);
  normal.read(document.text);
  repeats.count(normal.words());
  const auto words = normal.words().size();
  const auto normal_length = words == 0 ? 0 : normal.word_characters() + words - 1;
  Row row(document, scratch);
  row.add_count(raw.characters);
  row.add_count(raw.newlines + 1);
  row.add(share_or_zero(raw.braces, raw.characters));
  row.add(share(raw.words_in_capitals, raw.words));
  row.add(share(raw.lines_with_ellipsis, raw.lines));
  // As published: one minus the share with a letter, and only then rounded.
  row.add(raw.words == 0
              ? data::Value()
              : data::Value(rounded(1.0 - static_cast<double>(raw.words_with_latin) / static_cast<double>(raw.words))));
  row.add(share_or_zero(occurrences(normal.bytes(), "lorem ipsum"), normal_length));
  row.add(share(normal.word_characters(), words));
  row.add(!stop_words_ ? data::Value() : words == 0 ? data::Value(0.0) : share(raw.stop_words, raw.words));
  row.add(share(raw.symbols, raw.words));
  row.add(share(repeats.word_counts().size(), words));
  row.add(words == 0 ? data::Value() : data::Value(rounded(entropy(repeats.word_counts(), words))));
  row.add_count(words);
  row.add_count(raw.sentences);
  row.add(blocked_words_ ? data::Value(count_blocked(normal)) : data::Value());
  add_repetition(row, repeats, normal.word_characters());
  add_lines(row, raw, normal);
  return Verdict::kept();
}

}  // namespace gristmill::ops
