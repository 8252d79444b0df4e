// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/id_scan.h"

#include <algorithm>
#include <array>
#include <vector>

#include "gristmill/kernels/pii/cues.h"
#include "gristmill/kernels/pii/id_types.h"

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t lead_max = 15;   // letters before the first digit
constexpr std::size_t run_max = 20;    // digits in the first run
constexpr std::size_t number_max = 24; // characters without separators

/// One written form of a type.
struct Shape {
  const IdType* type = nullptr;
  std::size_t owner = 0;  ///< Of the type's cues.
  std::string_view pattern;
  bool needs_cue = false;
};

bool is_digit_of_shape(char c) noexcept { return c == '#' || is_digit(c); }
bool is_letter_of_shape(char c) noexcept { return c == '@' || is_upper(c); }
bool is_separator_of_shape(char c) noexcept { return c == '_' || c == ' ' || c == '-'; }

/// All forms of all types, found by what stands around the first digit: the letters before it (with or without a
/// separator between) and the length of its run of digits.
class Shapes {
 public:
  Shapes() {
    for (const auto types :
         {american_ids(), west_european_ids(), north_european_ids(), east_european_ids(), asian_ids(), other_ids()}) {
      for (const auto& type : types) add(type);
    }
    cues_.build();
  }

  [[nodiscard]] const std::vector<Shape>& at(bool has_gap, std::size_t lead, std::size_t run) const noexcept {
    return cells_[(has_gap ? lead_max + 1 + lead : lead) * (run_max + 1) + run];
  }
  [[nodiscard]] const CueTable& cues() const noexcept { return cues_; }

 private:
  void add(const IdType& type) {
    cues_.add(type.cues, owners_);
    std::string_view rest = type.shapes;
    while (!rest.empty()) {
      const auto bar = std::min(rest.find('|'), rest.size());
      Shape shape{&type, owners_, rest.substr(0, bar), rest.front() == '?'};
      if (shape.needs_cue) shape.pattern.remove_prefix(1);
      file(shape);
      rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
    ++owners_;
  }

  void file(const Shape& shape) {
    const auto& pattern = shape.pattern;
    std::size_t lead = 0;
    while (is_letter_of_shape(pattern[lead])) ++lead;
    if (pattern[lead] == '*') {
      // Letters or digits: the first digit may be anywhere from here on.
      for (std::size_t letters = lead; letters < pattern.size() && letters <= lead_max; ++letters) {
        for (std::size_t run = 1; run <= pattern.size() - letters; ++run) cell(false, letters, run).push_back(shape);
      }
      return;
    }
    const bool has_gap = lead > 0 && is_separator_of_shape(pattern[lead]);
    std::size_t at = lead + (has_gap ? 1 : 0);
    std::size_t run = 0;
    while (at < pattern.size() && is_digit_of_shape(pattern[at])) ++at, ++run;
    cell(has_gap, lead, run).push_back(shape);
    // A character that may be a digit lengthens the run.
    if (at == pattern.size() || pattern[at] != '*') return;
    while (at < pattern.size() && (pattern[at] == '*' || pattern[at] == '#')) {
      ++at;
      cell(has_gap, lead, ++run).push_back(shape);
    }
  }

  std::vector<Shape>& cell(bool has_gap, std::size_t lead, std::size_t run) {
    return cells_[(has_gap ? lead_max + 1 + lead : lead) * (run_max + 1) + run];
  }

  std::array<std::vector<Shape>, 2 * (lead_max + 1) * (run_max + 1)> cells_;
  CueTable cues_;
  std::size_t owners_ = 0;
};

const Shapes& all_shapes() {
  static const Shapes shapes;
  return shapes;
}

/// A number as it fits a form: its characters without separators, and where it ends.
struct Fit {
  std::array<char, number_max> characters{};
  std::size_t count = 0;
  std::size_t end = 0;
  char joiner = '\0';
};

/// Reads a separator of the form, moves past it; false when another character stands there.
bool read_separator(const Shape& shape, char kind, std::string_view text, Fit& fit) noexcept {
  const std::size_t blank = blank_length(text, fit.end);
  const char c = blank > 0 ? ' ' : byte_at(text, fit.end);
  if (kind == '_') {
    if (c == '\0' || shape.type->joiners.find(c) == std::string_view::npos) return false;
    if (fit.joiner != '\0' && c != fit.joiner) return false;
    fit.joiner = c;
  } else if (c != kind) {
    return false;
  }
  if (c == ' ') fit.joiner = ' ';
  fit.end += std::max<std::size_t>(blank, 1);
  return true;
}

bool fits(const Shape& shape, std::string_view text, std::size_t begin, Fit& fit) noexcept {
  fit.count = 0;
  fit.end = begin;
  fit.joiner = '\0';
  for (const char kind : shape.pattern) {
    const char c = byte_at(text, fit.end);
    bool is_same = c == kind;
    if (kind == '#') {
      is_same = is_digit(c);
    } else if (kind == '@') {
      is_same = is_upper(c);
    } else if (kind == '*') {
      is_same = is_digit(c) || is_upper(c);
    } else if (!is_alphanumeric(kind)) {
      if (!read_separator(shape, kind, text, fit)) return false;
      continue;
    }
    if (!is_same) return false;
    fit.characters[fit.count++] = c;
    ++fit.end;
  }
  return true;
}

/// The search at one digit.
class Search {
 public:
  Search(std::string_view text, const Kinds& wanted) : text_(text), wanted_(wanted), shapes_(all_shapes()) {}

  /// Tries the forms of a cell; the first with a cue ends the search.
  bool judge(const std::vector<Shape>& cell, std::size_t begin) {
    // Whatever the form: a number does not begin within a word.
    if (const char before = byte_before(text_, begin); is_alphanumeric(before) || before == '_') return false;
    for (const auto& shape : cell) {
      if (shape.needs_cue && cues_are_known_ && !cues_[shape.owner]) continue;
      if (!wanted_.has(shape.type->kind)) continue;
      Fit fit;
      if (!fits(shape, text_, begin, fit) || !is_apart(begin, fit)) continue;
      if (!shape.type->is_valid({fit.characters.data(), fit.count})) continue;
      const Span span{begin, fit.end};
      if (!cues_are_known_) {
        cues_ = shapes_.cues().near(text_, span);
        cues_are_known_ = true;
      }
      const bool has_cue = cues_[shape.owner];
      if (shape.needs_cue && !has_cue) continue;
      if (!best_ || has_cue) best_ = Match{span, shape.type->kind};
      if (has_cue) return true;
    }
    return false;
  }

  [[nodiscard]] std::optional<Match> best() const { return best_; }

 private:
  /// Whether the number stands for itself. Assignments and "#123" are refused elsewhere, but beside a cue they are the
  /// usual way to write one.
  [[nodiscard]] bool is_apart(std::size_t begin, const Fit& fit) const {
    const char before = byte_before(text_, begin);
    const char joiner = fit.joiner == '\0' ? '-' : fit.joiner;
    if (before != '=' && before != '#' && !number_starts(text_, begin, joiner)) return false;
    return number_ends(text_, fit.end, joiner);
  }

  std::string_view text_;
  const Kinds& wanted_;
  const Shapes& shapes_;
  CueTable::Owners cues_;
  bool cues_are_known_ = false;
  std::optional<Match> best_;
};

}  // namespace

std::optional<Match> find_id(std::string_view text, std::size_t digit, const Kinds& wanted) {
  const auto& shapes = all_shapes();
  const std::size_t run = digits_end(text.substr(0, std::min(text.size(), digit + run_max + 1)), digit) - digit;
  if (run > run_max) return {};
  const auto letters_before = [&](std::size_t end) {
    std::size_t count = 0;
    while (count <= lead_max && is_upper(byte_before(text, end, count + 1))) ++count;
    return count;
  };
  const std::size_t lead = letters_before(digit);
  if (lead > lead_max) return {};
  Search search(text, wanted);
  if (search.judge(shapes.at(false, lead, run), digit - lead)) return search.best();
  const char before = byte_before(text, digit);
  if (lead == 0 && (before == ' ' || before == '-') && is_upper(byte_before(text, digit, 2))) {
    const std::size_t gap_lead = letters_before(digit - 1);
    if (gap_lead <= lead_max) search.judge(shapes.at(true, gap_lead, run), digit - 1 - gap_lead);
  }
  return search.best();
}

}  // namespace gristmill::kernels::pii
