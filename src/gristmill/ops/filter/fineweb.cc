// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/fineweb.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gristmill/kernels/byte_scan.h"
#include "gristmill/kernels/lines.h"
#include "gristmill/kernels/repetition.h"
#include "gristmill/kernels/sentences.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/filter/judgement.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view empty = "fineweb.empty";
constexpr std::string_view line_punct_ratio = "fineweb.line_punct_ratio";
constexpr std::string_view short_line_ratio = "fineweb.short_line_ratio";
constexpr std::string_view char_dup_ratio = "fineweb.char_dup_ratio";
constexpr std::string_view list_ratio = "fineweb.list_ratio";
constexpr std::array reasons{empty, line_punct_ratio, short_line_ratio, char_dup_ratio, list_ratio};

constexpr std::array options{
    OptionSpec{.name = "line_punct_thr",
               .type = OptionType::number,
               .fallback = "0.12",
               .minimum = 0,
               .unit = "share",
               .help = "Least share of lines that end in a terminal mark; 0 for no limit"},
    OptionSpec{.name = "line_punct_exclude_zero",
               .type = OptionType::boolean,
               .fallback = "false",
               .help = "Lets documents pass of which no line ends in a terminal mark"},
    OptionSpec{.name = "stop_chars",
               .type = OptionType::string_list,
               .fallback = "[]",
               .help = "What counts as a terminal mark; empty for datatrove's list of all scripts"},
    OptionSpec{.name = "short_line_thr",
               .type = OptionType::number,
               .fallback = "0.67",
               .minimum = 0,
               .unit = "share",
               .help = "Greatest share of short lines; 1 for no limit"},
    OptionSpec{.name = "short_line_length",
               .type = OptionType::integer,
               .fallback = "30",
               .minimum = 0,
               .unit = "characters",
               .help = "A line of so many characters or fewer is short"},
    OptionSpec{.name = "char_duplicates_ratio",
               .type = OptionType::number,
               .fallback = "0.01",
               .minimum = 0,
               .unit = "share",
               .help = "Greatest share of characters in lines that are equal to an earlier one; 1 for no limit"},
    OptionSpec{.name = "new_line_ratio",
               .type = OptionType::number,
               .fallback = "0.3",
               .minimum = 0,
               .help = "Most newlines a word"},
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
    measure("fineweb_line_punct_ratio", "Share of lines that end in a terminal mark"),
    measure("fineweb_short_line_ratio", "Share of short lines"),
    measure("fineweb_char_dup_ratio", "Share of characters in lines that are equal to an earlier one"),
    measure("fineweb_list_ratio", "Newlines a word"),
};

struct FinewebScratch final : WordScratch {
  kernels::RepetitionMeter meter;
  std::vector<std::string_view> lines;
};

double ratio(std::size_t part, std::size_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

bool is_blank(std::string_view line) {
  // Most lines begin with what is printed; the rest has to be looked at.
  if (!line.empty() && line.front() > ' ' && line.front() < 0x7F) return false;
  return kernels::strip_space(line).empty();
}

/// Words there are at least: starts of ASCII words behind a blank or newline.
std::size_t fewest_words(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool follows_space = text[i - 1] == ' ' || text[i - 1] == '\n';
    count += follows_space && text[i] > ' ' && text[i] < 0x7F;
  }
  return count;
}

}  // namespace

constinit const Spec FilterFineweb::spec_{
    .name = "filter.fineweb",
    .version = 1,
    .kind = Kind::filter,
    .summary =
        "Drops documents whose lines look like lists or menus, by the rules of FineWeb as datatrove applies them.",
    .reference = "Penedo et al. 2024, section 3.6; datatrove 0.10.1, FineWebQualityFilter",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
    .annotation_columns = columns,
};

Result<std::unique_ptr<Operator>> FilterFineweb::make(const Options& given) {
  const Limits limits{
      .line_punct_thr = given.number("line_punct_thr"),
      .line_punct_exclude_zero = given.boolean("line_punct_exclude_zero"),
      .short_line_thr = given.number("short_line_thr"),
      .short_line_length = static_cast<std::size_t>(given.integer("short_line_length")),
      .char_duplicates_ratio = given.number("char_duplicates_ratio"),
      .new_line_ratio = given.number("new_line_ratio"),
  };
  return std::make_unique<FilterFineweb>(limits, given.strings("stop_chars"), word_rule_of(given.string("words")));
}

std::unique_ptr<Scratch> FilterFineweb::make_scratch() const { return std::make_unique<FinewebScratch>(); }

bool FilterFineweb::ends_in_mark(std::string_view line) const {
  if (!stop_chars_.empty())
    return std::ranges::any_of(stop_chars_, [&](const std::string& mark) { return line.ends_with(mark); });
  auto at = line.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80) --at;
  return kernels::is_terminal_mark(kernels::next_code_point(line, at));
}

bool FilterFineweb::is_short(std::string_view line) const {
  // A character has four bytes at most.
  if (line.size() <= limits_.short_line_length) return true;
  return line.size() / 4 <= limits_.short_line_length && kernels::count_code_points(line) <= limits_.short_line_length;
}

/// Lines that are not blank, and what their counting gave.
struct FilterFineweb::Lines {
  std::size_t newlines = 0;
  std::size_t marked = 0;
  std::size_t brief = 0;
};

FilterFineweb::Lines FilterFineweb::read_lines(std::string_view text, std::vector<std::string_view>& lines) const {
  Lines count;
  lines.clear();
  const auto* at = text.data();
  const auto* const end = at + text.size();
  while (true) {
    const auto* const stop = kernels::find_byte(at, end, '\n');
    const std::string_view line(at, static_cast<std::size_t>(stop - at));
    if (!is_blank(line)) {
      lines.push_back(line);
      count.marked += ends_in_mark(line);
      count.brief += is_short(line);
    }
    if (stop == end) return count;
    ++count.newlines;
    at = stop + 1;
  }
}

Verdict FilterFineweb::apply(data::Document& document, Scratch& given) const {
  auto& scratch = static_cast<FinewebScratch&>(given);
  const auto text = document.text;
  const auto count = read_lines(text, scratch.lines);
  const auto lines = scratch.lines.size();
  if (lines == 0) return Verdict::dropped(empty);
  Judgement judgement(document, scratch);

  const double marked = ratio(count.marked, lines);
  const bool is_excused = limits_.line_punct_exclude_zero && count.marked == 0;
  judgement.measure(0, marked);
  if (judgement.settle(marked < limits_.line_punct_thr && !is_excused, line_punct_ratio)) return judgement.verdict();

  const double brief = ratio(count.brief, lines);
  judgement.measure(1, brief);
  if (judgement.settle(brief > limits_.short_line_thr, short_line_ratio)) return judgement.verdict();

  const auto repeats = scratch.meter.repeated_parts(scratch.lines);
  const double repeated = ratio(repeats.characters, kernels::count_code_points(text) - count.newlines);
  judgement.measure(2, repeated);
  if (judgement.settle(repeated > limits_.char_duplicates_ratio, char_dup_ratio)) return judgement.verdict();

  // Most texts have so few newlines that their words need not be split to know it.
  const bool is_plain = ratio(count.newlines, fewest_words(text)) <= limits_.new_line_ratio;
  if (is_plain && !scratch.annotates()) return Verdict::kept();
  const double newlines = ratio(count.newlines, scratch.words_of(text, word_rule_).size());
  judgement.measure(3, newlines);
  judgement.settle(newlines > limits_.new_line_ratio, list_ratio);
  return judgement.verdict();
}

}  // namespace gristmill::ops
