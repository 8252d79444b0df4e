// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/word_breaks.h"

#include <cstdint>

#include "gristmill/kernels/unicode_classes.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/kernels/word_break_classes.h"

namespace gristmill::kernels {
namespace {

/// A set of values of Word_Break.
using Set = std::uint32_t;
template <typename... Values>
constexpr Set set_of(Values... values) {
  return ((Set{1} << static_cast<unsigned>(values)) | ...);
}
constexpr bool has(Set set, WordBreak value) { return ((set >> static_cast<unsigned>(value)) & 1) != 0; }

constexpr Set ignored = set_of(WordBreak::extend, WordBreak::format, WordBreak::joiner);
constexpr Set line_ends = set_of(WordBreak::carriage_return, WordBreak::line_feed, WordBreak::newline);
constexpr Set letters = set_of(WordBreak::letter, WordBreak::hebrew_letter);
constexpr Set of_words = letters | set_of(WordBreak::numeric);
constexpr Set between_letters = set_of(WordBreak::middle_letter, WordBreak::middle_number_letter,
                                       WordBreak::single_quote);
constexpr Set between_digits = set_of(WordBreak::middle_number, WordBreak::middle_number_letter,
                                      WordBreak::single_quote);

constexpr std::uint8_t value_mask = word_break_pictograph - 1;

/// Follows one segment from its first character on.
class Segment {
 public:
  Segment(std::string_view text, std::size_t from) : text_(text), at_(from) {}

  std::size_t end() {
    left_ = take();
    if (left_ == WordBreak::carriage_return && at_ < text_.size() && text_[at_] == '\n') return at_ + 1;
    if (has(line_ends, left_)) return at_;
    last_ = left_;
    while (at_ < text_.size() && joins()) {
    }
    return at_;
  }

 private:
  WordBreak take() {
    const auto bits = classes_[next_code_point(text_, at_)];
    return static_cast<WordBreak>(bits & value_mask);
  }

  /// Goes past the next character, or the next two with what is ignored between, unless a boundary stands before it.
  bool joins() {
    const auto begin = at_;
    const auto bits = classes_[next_code_point(text_, at_)];
    const auto value = static_cast<WordBreak>(bits & value_mask);
    const auto previous = last_;
    last_ = value;
    if (has(ignored, value)) return true;                                                    // WB4
    if (previous == WordBreak::joiner && (bits & word_break_pictograph) != 0) return move_on(value);  // WB3c
    if (previous == WordBreak::space && value == WordBreak::space) return true;              // WB3d
    if (is_joined(value)) return move_on(value);
    if (is_joined_over(value)) return true;
    at_ = begin;
    return false;
  }
  bool move_on(WordBreak value) {
    is_odd_ = value == WordBreak::regional_indicator && left_ == value ? !is_odd_ : true;
    left_ = value;
    return true;
  }

  /// WB5, WB7a, WB8 to WB10, WB13 to WB13b, WB15 and WB16.
  [[nodiscard]] bool is_joined(WordBreak value) const {
    if (has(of_words, left_) && has(of_words, value)) return true;
    if (left_ == WordBreak::hebrew_letter && value == WordBreak::single_quote) return !is_followed_by(letters);
    if (left_ == WordBreak::katakana && value == WordBreak::katakana) return true;
    constexpr Set joined = of_words | set_of(WordBreak::katakana);
    if (value == WordBreak::extend_number_letter) return has(joined, left_) || left_ == value;
    if (left_ == WordBreak::extend_number_letter) return has(joined, value);
    return left_ == WordBreak::regional_indicator && value == left_ && is_odd_;
  }

  /// WB6 and WB7, WB7b and WB7c, WB11 and WB12: a mark between two letters or two digits joins both.
  bool is_joined_over(WordBreak mark) {
    Set after = 0;
    if (has(letters, left_) && has(between_letters, mark)) {
      after = letters;
    } else if (left_ == WordBreak::hebrew_letter && mark == WordBreak::double_quote) {
      after = set_of(WordBreak::hebrew_letter);
    } else if (left_ == WordBreak::numeric && has(between_digits, mark)) {
      after = set_of(WordBreak::numeric);
    }
    if (after == 0) return false;
    auto at = at_;
    const auto value = significant(at);
    if (!has(after, value)) return false;
    at_ = at;
    left_ = last_ = value;
    return true;
  }
  [[nodiscard]] bool is_followed_by(Set wanted) const {
    auto at = at_;
    return has(wanted, significant(at));
  }
  /// The next character that is not ignored, and moves past it; `other` at the end.
  WordBreak significant(std::size_t& at) const {
    while (at < text_.size()) {
      const auto value = static_cast<WordBreak>(classes_[next_code_point(text_, at)] & value_mask);
      if (!has(ignored, value)) return value;
    }
    return WordBreak::other;
  }

  std::string_view text_;
  std::size_t at_;
  const std::uint8_t* classes_ = word_break_classes();
  WordBreak left_ = WordBreak::other;  ///< The last character that was not ignored.
  WordBreak last_ = WordBreak::other;  ///< The last character.
  bool is_odd_ = true;                 ///< Regional indicators at the end of the segment so far.
};

bool is_ascii_letter(char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }

/// Bytes before which a run of letters surely ends.
bool ends_letters(char c) { return c == ' ' || c == ',' || c == '\n' || c == '-' || c == ')'; }

/// True for white space all through; most segments show it with their first byte.
bool is_blank(std::string_view segment) {
  for (std::size_t at = 0; at < segment.size();)
    if ((unicode_classes()[next_code_point(segment, at)] & CharacterClass::blank) == 0) return false;
  return true;
}

}  // namespace

std::size_t next_word_boundary(std::string_view text, std::size_t from) noexcept {
  return from >= text.size() ? text.size() : Segment(text, from).end();
}

void split_at_word_boundaries(std::string_view text, std::vector<TextRange>& words) {
  for (std::size_t begin = 0; begin < text.size();) {
    // Two shapes make up most of a text: a blank before ASCII, and letters before a byte that joins nothing to them.
    const bool is_blank_alone = text[begin] == ' ' && begin + 1 < text.size() && text[begin + 1] > ' ';
    if (is_blank_alone) ++begin;
    auto end = begin;
    while (end < text.size() && is_ascii_letter(text[end])) ++end;
    const bool is_plain = end > begin && end < text.size() && ends_letters(text[end]);
    if (!is_plain) end = next_word_boundary(text, begin);
    if (is_plain || !is_blank(text.substr(begin, end - begin)))
      words.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    begin = end;
  }
}

}  // namespace gristmill::kernels
