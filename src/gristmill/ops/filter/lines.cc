// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/lines.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_set>
#include <utility>

#include "gristmill/base/hash.h"
#include "gristmill/kernels/line_list.h"
#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view nothing_left = "lines.nothing_left";
constexpr std::string_view much_removed = "lines.much_removed";
constexpr std::array reasons{nothing_left, much_removed};

constexpr OptionSpec count(std::string_view name, std::string_view unit, std::string_view help) {
  return {.name = name, .type = OptionType::integer, .fallback = "0", .minimum = 0, .unit = unit, .help = help};
}
constexpr OptionSpec share(std::string_view name, std::string_view help) {
  return {.name = name, .type = OptionType::number, .fallback = "1", .minimum = 0, .maximum = 1, .help = help};
}
constexpr OptionSpec flag(std::string_view name, std::string_view help) {
  return {.name = name, .type = OptionType::boolean, .fallback = "false", .help = help};
}

constexpr std::array options{
    count("min_characters", "characters", "Shorter lines go; 0 for no limit"),
    count("max_characters", "characters", "Longer lines go; 0 for no limit"),
    count("min_words", "words", "Lines with fewer words (by white space) go; 0 for no limit"),
    share("max_digits_ratio", "Lines of which digits are a greater share, white space apart, go; 1 for no limit"),
    share("max_upper_ratio",
          "Lines of which upper-case letters are a greater share, white space apart, go; 1 for no "
          "limit"),
    flag("terminal_punctuation",
         "Lines that do not end in . ! ? or another full stop, a closing quotation mark after "
         "one, or end in three stops, go"),
    OptionSpec{.name = "patterns_file",
               .type = OptionType::file,
               .fallback = "\"\"",
               .help = "Lines in which one of these patterns (RE2 syntax, one a line, # begins a remark) matches go"},
    OptionSpec{.name = "ignore_case", .type = OptionType::boolean, .fallback = "false", .help = "Of the patterns"},
    flag("duplicates", "Lines that stood before in the document, white space around them apart, go"),
    count("min_paragraph_words", "words", "Paragraphs (between blank lines) that keep fewer words go; 0 for no limit"),
    share("max_removed_ratio", "Documents that lose a greater share of their words are dropped; 1 for no limit"),
};

constexpr std::size_t seen_buckets_max = std::size_t{1} << 16;

/// Rules as columns; the index in this list is the number of the rule.
enum Rule : std::size_t { kept, characters, words, digits, upper, end_mark, pattern, duplicate, paragraph, rule_count };

constexpr ColumnSpec removed(std::string_view name, std::string_view help) {
  return {.name = name, .type = data::ColumnType::int64, .help = help};
}
constexpr std::array<ColumnSpec, rule_count> columns_out{
    removed("lines_removed", "Lines that went by any rule"),
    removed("lines_removed_characters", "Lines that went for their length"),
    removed("lines_removed_words", "Lines that went for too few words"),
    removed("lines_removed_digits", "Lines that went for their digits"),
    removed("lines_removed_upper", "Lines that went for their upper-case letters"),
    removed("lines_removed_punctuation", "Lines that went for the lack of an end mark"),
    removed("lines_removed_patterns", "Lines that went by a pattern"),
    removed("lines_removed_duplicates", "Lines that went as repetitions"),
    removed("lines_removed_paragraphs", "Lines that went with their paragraph"),
};

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view stripped(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

std::int64_t count_words(std::string_view line) {
  std::int64_t found = 0;
  bool was_blank = true;
  for (const char c : line) {
    found += was_blank && !is_blank(c);
    was_blank = is_blank(c);
  }
  return found;
}

struct CharacterCount {
  std::size_t all = 0;  ///< White space apart.
  std::size_t digits = 0;
  std::size_t upper = 0;
};

CharacterCount count_characters(std::string_view line) {
  CharacterCount found;
  for (std::size_t at = 0; at < line.size();) {
    const char byte = line[at];
    if (static_cast<unsigned char>(byte) < 0x80) {
      ++at;
      found.all += !is_blank(byte);
      found.digits += byte >= '0' && byte <= '9';
      found.upper += byte >= 'A' && byte <= 'Z';
      continue;
    }
    const auto c = kernels::next_code_point(line, at);
    ++found.all;
    found.digits += kernels::is_decimal_digit(c);
    found.upper += kernels::is_upper_case(c);
  }
  return found;
}

bool exceeds(std::size_t part, std::size_t whole, double limit) {
  return static_cast<double>(part) > limit * static_cast<double>(whole);
}

bool ends_with_mark(std::string_view line) {
  constexpr std::array<std::string_view, 9> closing{"\"",     "'",      ")",      "]",     "\u201D",
                                                    "\u2019", "\u00BB", "\u300D", "\u300F"};
  constexpr std::array<std::string_view, 10> marks{".",      "!",      "?",      "\u3002", "\uFF01",
                                                   "\uFF1F", "\u0964", "\u06D4", "\u061F", "\u2026"};
  const auto last_of = [&line](std::span<const std::string_view> ends) {
    const auto found = std::ranges::find_if(ends, [&](std::string_view end) { return line.ends_with(end); });
    return found == ends.end() ? std::string_view() : *found;
  };
  for (auto end = last_of(closing); !end.empty(); end = last_of(closing)) line.remove_suffix(end.size());
  return !last_of(marks).empty() && !line.ends_with("...") && !line.ends_with("\u2026");
}

}  // namespace

struct FilterLines::LineScratch final : Scratch {
  /// A line of the text at hand.
  struct Line {
    std::string_view bytes;
    std::int64_t words = 0;
    Rule broken = kept;
    bool is_blank = false;
  };
  std::vector<Line> lines;
  std::unordered_set<std::uint64_t> seen;
  std::array<std::int64_t, rule_count> counts{};
  std::int64_t words = 0;
  std::int64_t words_removed = 0;

  void remove(Line& line, Rule rule) {
    line.broken = rule;
    ++counts[rule];
    words_removed += line.words;
  }
};

constinit const Spec FilterLines::spec_{
    .name = "filter.lines",
    .version = 1,
    .kind = Kind::filter,
    .summary =
        "Removes lines and paragraphs by rules on their length, characters and repetition, and drops documents "
        "of which too little is left.",
    .reference = "the line rules of C4 (Raffel et al. 2020) and RefinedWeb (Penedo et al. 2023, appendix G.2)",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterLines::make(const Options& given) {
  const Rules rules{.min_characters = given.integer("min_characters"),
                    .max_characters = given.integer("max_characters"),
                    .min_words = given.integer("min_words"),
                    .max_digit_share = given.number("max_digits_ratio"),
                    .max_upper_share = given.number("max_upper_ratio"),
                    .wants_end_mark = given.boolean("terminal_punctuation"),
                    .drops_duplicates = given.boolean("duplicates"),
                    .min_paragraph_words = given.integer("min_paragraph_words"),
                    .max_removed_share = given.number("max_removed_ratio")};
  std::optional<kernels::TextPatternSet> patterns;
  if (const auto* bytes = given.file("patterns_file"); bytes != nullptr) {
    const auto entries = kernels::list_entries(*bytes);
    auto compiled = kernels::TextPatternSet::compile(entries, given.boolean("ignore_case"));
    if (!compiled) return std::move(compiled).error().within("filter.lines: patterns_file");
    patterns.emplace(*std::move(compiled));
  }
  return std::make_unique<FilterLines>(rules, std::move(patterns));
}

FilterLines::FilterLines(const Rules& rules, std::optional<kernels::TextPatternSet> patterns)
    : rules_(rules), patterns_(std::move(patterns)) {}

std::unique_ptr<Scratch> FilterLines::make_scratch() const { return std::make_unique<LineScratch>(); }

std::size_t FilterLines::broken_rule(std::string_view line, LineScratch& scratch) const {
  if (rules_.min_characters > 0 || rules_.max_characters > 0) {
    const auto length = static_cast<std::int64_t>(kernels::count_code_points(line));
    if (length < rules_.min_characters) return characters;
    if (rules_.max_characters > 0 && length > rules_.max_characters) return characters;
  }
  if (scratch.lines.back().words < rules_.min_words) return words;
  if (rules_.max_digit_share < 1 || rules_.max_upper_share < 1) {
    const auto found = count_characters(line);
    if (exceeds(found.digits, found.all, rules_.max_digit_share)) return digits;
    if (exceeds(found.upper, found.all, rules_.max_upper_share)) return upper;
  }
  if (rules_.wants_end_mark && !ends_with_mark(line)) return end_mark;
  if (patterns_ && patterns_->any_in(line)) return pattern;
  if (rules_.drops_duplicates && !scratch.seen.insert(xxh3_64(line)).second) return duplicate;
  return kept;
}

void FilterLines::judge_lines(std::string_view text, LineScratch& scratch) const {
  while (!text.empty()) {
    const auto bytes = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(bytes.size() + 1, text.size()));
    const auto line = stripped(bytes);
    auto& judged = scratch.lines.emplace_back();
    judged.bytes = bytes;
    judged.is_blank = line.empty();
    if (judged.is_blank) continue;
    judged.words = count_words(line);
    scratch.words += judged.words;
    if (const auto rule = broken_rule(line, scratch); rule != kept) scratch.remove(judged, static_cast<Rule>(rule));
  }
}

void FilterLines::judge_paragraphs(LineScratch& scratch) const {
  auto& lines = scratch.lines;
  for (auto begin = lines.begin(); begin != lines.end();) {
    const auto end = std::find_if(begin, lines.end(), [](const auto& line) { return line.is_blank; });
    std::int64_t left = 0;
    for (auto line = begin; line != end; ++line) left += line->broken == kept ? line->words : 0;
    for (auto line = begin; line != end && left < rules_.min_paragraph_words; ++line)
      if (line->broken == kept) scratch.remove(*line, paragraph);
    begin = end == lines.end() ? end : end + 1;
  }
}

namespace {

/// What is left. Where a whole paragraph went, the longer of the gaps around it stays.
template <typename Line>
std::string_view join(const std::vector<Line>& lines, std::size_t bytes, data::Arena& arena) {
  auto out = arena.allocate(bytes);
  char* at = out.data();
  std::size_t gap = 0;  // Blank lines in a row, now and at most since the last line that stays.
  std::size_t gap_max = 0;
  for (const auto& line : lines) {
    gap = line.is_blank ? gap + 1 : 0;
    gap_max = std::max(gap_max, gap);
    if (line.is_blank || line.broken != kept) continue;
    if (at != out.data()) at = std::fill_n(at, gap_max + 1, '\n');
    at = std::ranges::copy(line.bytes, at).out;
    gap_max = 0;
  }
  const auto size = static_cast<std::size_t>(at - out.data());
  arena.shrink_last(out, size);
  return {out.data(), size};
}

}  // namespace

Verdict FilterLines::apply(data::Document& document, Scratch& scratch) const {
  auto& own = static_cast<LineScratch&>(scratch);
  own.lines.clear();
  // Clearing takes as long as the largest document was wide; start anew after such a one.
  if (own.seen.bucket_count() > seen_buckets_max) own.seen = {};
  own.seen.clear();
  own.counts = {};
  own.words = own.words_removed = 0;
  judge_lines(document.text, own);
  if (rules_.min_paragraph_words > 0) judge_paragraphs(own);
  for (std::size_t rule = 1; rule < rule_count; ++rule) {
    own.counts[kept] += own.counts[rule];
    document.columns[scratch.columns_out[rule]] = own.counts[rule];
  }
  document.columns[scratch.columns_out[kept]] = own.counts[kept];
  if (own.counts[kept] == 0) return Verdict::kept();
  if (own.words_removed == own.words) return Verdict::dropped(nothing_left);
  if (static_cast<double>(own.words_removed) > rules_.max_removed_share * static_cast<double>(own.words))
    return Verdict::dropped(much_removed);
  document.text = join(own.lines, document.text.size(), *scratch.arena);
  return Verdict::kept();
}

}  // namespace gristmill::ops
