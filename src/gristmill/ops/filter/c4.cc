// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/c4.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gristmill/kernels/folded_search.h"
#include "gristmill/kernels/lines.h"
#include "gristmill/kernels/sentences.h"
#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/shared_words.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view lorem_ipsum = "c4.lorem_ipsum";
constexpr std::string_view curly_bracket = "c4.curly_bracket";
constexpr std::string_view too_few_sentences = "c4.too_few_sentences";
constexpr std::array reasons{lorem_ipsum, curly_bracket, too_few_sentences};

constexpr OptionSpec flag(std::string_view name, std::string_view help) {
  return {.name = name, .type = OptionType::boolean, .fallback = "true", .help = help};
}
constexpr OptionSpec limit(std::string_view name, std::string_view fallback, std::string_view unit,
                           std::string_view help) {
  return {.name = name, .type = OptionType::integer, .fallback = fallback, .minimum = 0, .unit = unit, .help = help};
}

constexpr std::array options{
    flag("split_paragraph", "Judges lines; false for sentences, which are then joined by blanks"),
    flag("remove_citations", "Removes [1], [edit] and [citation needed] from lines"),
    flag("filter_no_terminal_punct", "Removes lines that do not end in . ? ! or a straight quote, or end in ..."),
    limit("min_num_sentences", "5", "sentences", "Fewest sentences in the lines that stay; 0 for no limit"),
    limit("min_words_per_line", "3", "words", "Removes lines of fewer words, split at white space; 0 for no limit"),
    limit("max_word_length", "1000", "characters", "Removes lines with a longer word; 0 for no limit"),
    flag("filter_lorem_ipsum", "Drops documents with \"lorem ipsum\" in a line that stays so far"),
    flag("filter_javascript", "Removes lines that mention javascript"),
    flag("filter_curly_bracket", "Drops documents with an opening curly bracket in a line that stays so far"),
    flag("filter_policy", "Removes lines on cookies, privacy policies and terms of use"),
    flag("rewrite", "Writes the lines that stay as the text of documents that are kept; false only judges"),
};

constexpr ColumnSpec whole(std::string_view name, std::string_view help) {
  return {.name = name, .type = data::ColumnType::int64, .help = help};
}
constexpr ColumnSpec yes_or_no(std::string_view name, std::string_view help) {
  return {.name = name, .type = data::ColumnType::boolean, .help = help};
}
constexpr std::array columns{
    whole("c4_lines", "Lines of the document"),
    whole("c4_lines_kept", "Lines that no line rule removes"),
    whole("c4_sentences", "Sentences in those lines"),
    yes_or_no("c4_lorem_ipsum", "Does one of those lines hold \"lorem ipsum\"?"),
    yes_or_no("c4_curly_bracket", "Does one of those lines hold an opening curly bracket?"),
};

constexpr std::array<std::string_view, 3> policy_phrases{"terms of use", "privacy policy", "cookie policy"};
constexpr std::array<std::string_view, 3> cookie_phrases{"uses cookies", "use of cookies", "use cookies"};

struct LineScratch final : WordScratch {
  kernels::SentenceSplitter sentences;
  std::vector<std::string_view> lines;  ///< When sentences are judged.
  std::vector<std::string_view> kept;
  std::vector<kernels::TextRange> words;
  std::string without_citations;
};

/// Length of the citation that begins with the bracket at `at`, or 0.
std::size_t citation_length(std::string_view line, std::size_t at) {
  auto end = at + 1;
  while (end < line.size()) {
    auto after = end;
    if (!kernels::is_decimal_digit(kernels::next_code_point(line, after))) break;
    end = after;
  }
  if (end < line.size() && line[end] == ']') return end + 1 - at;
  for (const std::string_view mark : {"[edit]", "[citation needed]"})
    if (line.substr(at).starts_with(mark)) return mark.size();
  return 0;
}

/// Copies the line without citations; false when it has none.
bool remove_citations(std::string_view line, std::string& out) {
  out.clear();
  std::size_t done = 0;
  bool is_changed = false;
  for (auto at = line.find('['); at != std::string_view::npos; at = line.find('[', at)) {
    const auto length = citation_length(line, at);
    if (length > 0) {
      out.append(line.substr(done, at - done));
      done = at + length;
      is_changed = true;
    }
    at += std::max<std::size_t>(length, 1);
  }
  if (is_changed) out.append(line.substr(done));
  return is_changed;
}

bool ends_a_sentence(std::string_view line) {
  constexpr std::string_view marks = ".?!\"'";
  return !line.empty() && marks.find(line.back()) != std::string_view::npos && !line.ends_with("...");
}

bool mentions_policy(std::string_view line) {
  const auto holds = [&](std::string_view phrase) { return kernels::contains_folded(line, phrase); };
  return std::ranges::any_of(policy_phrases, holds) || (holds("cookies") && std::ranges::any_of(cookie_phrases, holds));
}

/// What a document may hold at all, so that most lines need not be searched for it.
struct Suspicions {
  bool lorem = false;
  bool javascript = false;
  bool curly = false;
  bool policy = false;
};

}  // namespace

constinit const Spec FilterC4::spec_{
    .name = "filter.c4",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Removes lines and drops documents by the rules of C4, as datatrove applies them.",
    .reference = "Raffel et al. 2020, section 2.2; datatrove 0.10.1, C4QualityFilter",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
    .annotation_columns = columns,
};

Result<std::unique_ptr<Operator>> FilterC4::make(const Options& given) {
  const auto size = [&](std::string_view name) { return static_cast<std::size_t>(given.integer(name)); };
  return std::make_unique<FilterC4>(Rules{
      .split_paragraph = given.boolean("split_paragraph"),
      .remove_citations = given.boolean("remove_citations"),
      .filter_no_terminal_punct = given.boolean("filter_no_terminal_punct"),
      .min_num_sentences = size("min_num_sentences"),
      .min_words_per_line = size("min_words_per_line"),
      .max_word_length = size("max_word_length"),
      .filter_lorem_ipsum = given.boolean("filter_lorem_ipsum"),
      .filter_javascript = given.boolean("filter_javascript"),
      .filter_curly_bracket = given.boolean("filter_curly_bracket"),
      .filter_policy = given.boolean("filter_policy"),
      .rewrite = given.boolean("rewrite"),
  });
}

std::unique_ptr<Scratch> FilterC4::make_scratch() const { return std::make_unique<LineScratch>(); }

namespace {

/// Judges the lines of one document.
class LineJudge {
 public:
  LineJudge(const FilterC4::Rules& rules, std::string_view text, LineScratch& scratch)
      : rules_(rules), scratch_(scratch) {
    scratch.kept.clear();
    suspicions_ = {
        .lorem = rules.filter_lorem_ipsum && kernels::contains_folded(text, "lorem ipsum"),
        .javascript = rules.filter_javascript && kernels::contains_folded(text, "javascript"),
        .curly = rules.filter_curly_bracket && text.find('{') != std::string_view::npos,
        .policy = rules.filter_policy && mentions_policy(text),
    };
    has_brackets_ = rules.remove_citations && text.find('[') != std::string_view::npos;
    // The counting goes on to the limit, or to the end where the number itself is wanted.
    sentences_wanted_ = scratch.annotates() ? std::numeric_limits<std::size_t>::max() : rules.min_num_sentences;
  }

  /// Takes the next line; false when the document is to be dropped and nothing more is asked.
  bool take(std::string_view line) {
    ++lines_;
    line = kernels::strip_space(line);
    if (has_long_word(line)) return true;
    const bool has_enough_words = kernels::count_whitespace_words(line, rules_.min_words_per_line) >=
                                  rules_.min_words_per_line;
    auto suspicions = suspicions_;
    if (has_brackets_ && remove_citations(line, scratch_.without_citations)) {
      line = scratch_.arena->copy(scratch_.without_citations);
      // What stood on both sides of a citation may have become one phrase.
      suspicions = {rules_.filter_lorem_ipsum, rules_.filter_javascript, suspicions.curly, rules_.filter_policy};
    }
    if (rules_.filter_no_terminal_punct && !ends_a_sentence(line)) return true;
    if (!has_enough_words) return true;
    const auto holds = [&](std::string_view phrase) { return kernels::contains_folded(line, phrase); };
    if (suspicions.lorem && holds("lorem ipsum") && !drop(lorem_ipsum, has_lorem_)) return false;
    if (suspicions.javascript && holds("javascript")) return true;
    if (suspicions.curly && line.find('{') != std::string_view::npos && !drop(curly_bracket, has_curly_)) return false;
    if (suspicions.policy && mentions_policy(line)) return true;
    count_sentences(line);
    scratch_.kept.push_back(line);
    return true;
  }

  /// The reason for dropping, or empty.
  [[nodiscard]] std::string_view reason() const {
    if (!reason_.empty()) return reason_;
    return sentences_ < rules_.min_num_sentences ? too_few_sentences : std::string_view{};
  }

  void write_columns(data::Document& document) const {
    const auto& slots = scratch_.annotation_columns;
    document.columns[slots[0]] = static_cast<std::int64_t>(lines_);
    document.columns[slots[1]] = static_cast<std::int64_t>(scratch_.kept.size());
    document.columns[slots[2]] = static_cast<std::int64_t>(sentences_);
    document.columns[slots[3]] = has_lorem_;
    document.columns[slots[4]] = has_curly_;
  }

 private:
  bool has_long_word(std::string_view line) {
    if (rules_.max_word_length == 0 || line.size() <= rules_.max_word_length) return false;
    scratch_.words.clear();
    kernels::split_whitespace(line, scratch_.words);
    return std::ranges::any_of(scratch_.words, [&](const kernels::TextRange& word) {
      return word.size() > rules_.max_word_length && kernels::count_code_points(word.of(line)) > rules_.max_word_length;
    });
  }

  /// Notes that the document has to go; true when its lines are measured all the same.
  bool drop(std::string_view reason, bool& seen) {
    if (reason_.empty()) reason_ = reason;
    seen = true;
    return scratch_.annotates();
  }

  void count_sentences(std::string_view line) {
    if (sentences_ >= sentences_wanted_) return;
    sentences_ += rules_.split_paragraph
                      ? scratch_.sentences.count(line, scratch_.splitter(), sentences_wanted_ - sentences_)
                      : 1;
  }

  const FilterC4::Rules& rules_;
  LineScratch& scratch_;
  Suspicions suspicions_;
  bool has_brackets_ = false;
  std::size_t sentences_wanted_ = 0;
  std::size_t lines_ = 0;
  std::size_t sentences_ = 0;
  bool has_lorem_ = false;
  bool has_curly_ = false;
  std::string_view reason_;
};

void judge_lines(const FilterC4::Rules& rules, std::string_view text, LineScratch& scratch, LineJudge& judge) {
  if (rules.split_paragraph) {
    kernels::LineReader reader(text);
    for (std::string_view line; reader.next(line);)
      if (!judge.take(line)) return;
    return;
  }
  scratch.lines.clear();
  scratch.sentences.split(text, scratch.splitter(), scratch.lines);
  for (const auto line : scratch.lines)
    if (!judge.take(line)) return;
}

/// The lines that stay, joined; the text itself when nothing changes.
std::string_view join(const std::vector<std::string_view>& lines, char separator, std::string_view text,
                      data::Arena& arena) {
  std::size_t size = 0;
  for (const auto line : lines) size += line.size() + 1;
  if (size == 0) return {};
  const auto joined = arena.allocate(size);
  auto* out = joined.data();
  for (const auto line : lines) {
    out = std::ranges::copy(line, out).out;
    *out++ = separator;
  }
  const auto result = kernels::strip_space({joined.data(), size - 1});
  if (result != text) return result;
  arena.shrink_last(joined, 0);
  return text;
}

}  // namespace

Verdict FilterC4::apply(data::Document& document, Scratch& given) const {
  auto& scratch = static_cast<LineScratch&>(given);
  LineJudge judge(rules_, document.text, scratch);
  judge_lines(rules_, document.text, scratch, judge);
  if (scratch.annotates()) judge.write_columns(document);
  if (const auto reason = judge.reason(); !reason.empty()) return Verdict::dropped(reason);
  if (rules_.rewrite)
    document.text = join(scratch.kept, rules_.split_paragraph ? '\n' : ' ', document.text, *scratch.arena);
  return Verdict::kept();
}

}  // namespace gristmill::ops
