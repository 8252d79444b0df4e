// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/phrases.h"

#include <bit>

#include "gristmill/kernels/case_map.h"
#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t table_cells_max = std::size_t{1} << 28;

/// Scripts written without spaces between words.
bool is_spaceless(char32_t c) {
  return (c >= 0x0E00 && c <= 0x0EFF) || (c >= 0x1000 && c <= 0x109F) || (c >= 0x1780 && c <= 0x17FF) ||
         (c >= 0x3040 && c <= 0x30FF) || (c >= 0x31F0 && c <= 0x31FF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

bool has_boundary(char32_t edge, Boundaries boundaries) {
  if (boundaries != Boundaries::automatic) return boundaries == Boundaries::always;
  return !is_spaceless(edge);
}

char32_t character_before(std::string_view text, std::size_t at) {
  do --at;
  while (at > 0 && (text[at] & 0xC0) == 0x80);
  return next_code_point(text, at);
}

}  // namespace

Result<PhraseMatcher> PhraseMatcher::make(std::span<const std::string> phrases, Boundaries boundaries) {
  PhraseMatcher made;
  std::vector<std::string> lowered;
  std::size_t bytes = 1;
  std::size_t class_count = 1;
  for (const auto& phrase : phrases) {
    append_lower_case(replace_invalid_utf8(phrase), lowered.emplace_back());
    bytes += lowered.back().size();
    for (const char byte : lowered.back()) {
      auto& code = made.classes_[static_cast<unsigned char>(byte)];
      // No more than 255 bytes occur in UTF-8, so that the classes fit a byte.
      if (code == 0) code = static_cast<std::uint8_t>(class_count++);
    }
  }
  made.row_shift_ = static_cast<unsigned>(std::bit_width(class_count - 1));
  if (bytes << made.row_shift_ > table_cells_max)
    return limit_exceeded("the list of phrases is too long to be looked for in one pass: shorten it");
  made.table_.assign(std::size_t{1} << made.row_shift_, none);
  made.ends_.assign(1, none);
  for (std::size_t i = 0; i < lowered.size(); ++i) {
    const auto& phrase = lowered[i];
    Phrase facts{.bytes = static_cast<std::uint32_t>(phrase.size())};
    if (!phrase.empty()) {
      std::size_t at = 0;
      facts.needs_boundary_before = has_boundary(next_code_point(phrase, at), boundaries);
      facts.needs_boundary_after = has_boundary(character_before(phrase, phrase.size()), boundaries);
      made.insert(phrase, static_cast<std::uint32_t>(i));
    }
    made.phrases_.push_back(facts);
  }
  made.link();
  return made;
}

void PhraseMatcher::insert(std::string_view phrase, std::uint32_t number) {
  State state = 0;
  for (const char byte : phrase) {
    const auto at = cell(state, byte);
    if (table_[at] == none) {
      table_[at] = static_cast<State>(ends_.size());
      table_.resize(table_.size() + (std::size_t{1} << row_shift_), none);
      ends_.push_back(none);
    }
    state = table_[at];
  }
  if (ends_[state] == none) ends_[state] = number;
}

/// Breadth first: a state without a way for a byte takes that of its longest suffix.
void PhraseMatcher::link() {
  std::vector<State> suffix(ends_.size(), 0);
  shorter_.assign(ends_.size(), none);
  std::vector<State> order{0};
  for (std::size_t at = 0; at < order.size(); ++at) {
    const auto state = order[at];
    if (state != 0) shorter_[state] = ends_[suffix[state]] != none ? suffix[state] : shorter_[suffix[state]];
    for (std::size_t code = 0; code < std::size_t{1} << row_shift_; ++code) {
      auto& to = table_[(std::size_t{state} << row_shift_) + code];
      const auto fallback = state == 0 ? State{0} : table_[(std::size_t{suffix[state]} << row_shift_) + code];
      if (to == none) {
        to = fallback;
      } else {
        suffix[to] = fallback;
        order.push_back(to);
      }
    }
  }
  for (auto& to : table_)
    if (ends_[to] != none || shorter_[to] != none) to |= reports;
}

bool PhraseMatcher::is_word_edge(std::string_view text, std::size_t begin, std::size_t end,
                                 const Phrase& phrase) const {
  if (phrase.needs_boundary_before && begin > 0 && is_word_character(character_before(text, begin))) return false;
  if (!phrase.needs_boundary_after || end == text.size()) return true;
  return !is_word_character(next_code_point(text, end));
}

bool PhraseMatcher::find(std::string_view text, std::size_t from, Hit& hit) const {
  if (phrases_.empty()) return false;
  State state = 0;
  for (auto at = from; at < text.size(); ++at) {
    state = table_[cell(state, text[at])];
    if ((state & reports) == 0) continue;
    state &= ~reports;
    for (auto found = ends_[state] != none ? state : shorter_[state]; found != none; found = shorter_[found]) {
      const auto& phrase = phrases_[ends_[found]];
      const auto end = at + 1;
      if (!is_word_edge(text, end - phrase.bytes, end, phrase)) continue;
      hit = {.phrase = ends_[found], .begin = end - phrase.bytes, .end = end};
      return true;
    }
  }
  return false;
}

}  // namespace gristmill::kernels
