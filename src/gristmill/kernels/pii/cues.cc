// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/cues.h"

#include <algorithm>

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t window_before = 48;
constexpr std::size_t window_after = 32;
constexpr std::uint32_t bucket_count = 2048;

char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c + 32) : c; }

bool is_high(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }

/// Bucket of the three bytes at a position.
std::uint32_t bucket_at(std::string_view text, std::size_t at) noexcept {
  std::uint32_t key = 0;
  for (std::size_t i = 0; i < 3; ++i) key = key << 8 | static_cast<unsigned char>(to_lower(byte_at(text, at + i)));
  return (key * 2654435761U) >> 21;
}

/// Whether a word can start here: not inside a run of letters, though scripts without blanks start words anywhere.
bool is_word_start(std::string_view text, std::size_t at) noexcept {
  const auto byte = static_cast<unsigned char>(text[at]);
  const char before = byte_before(text, at);
  if (byte >= 0xE0) return true;
  if (byte >= 0xC0) return !is_letter(before) && !is_high(before);
  return is_letter(text[at]) && !is_letter(before);
}

bool matches(std::string_view text, std::size_t at, std::string_view phrase) noexcept {
  if (text.size() - at < phrase.size()) return false;
  for (std::size_t i = 0; i < phrase.size(); ++i) {
    if (to_lower(text[at + i]) != phrase[i]) return false;
  }
  return !is_letter(phrase.back()) || !is_letter(byte_at(text, at + phrase.size()));
}

}  // namespace

void CueTable::add(std::string_view phrases, std::size_t owner) {
  while (!phrases.empty()) {
    const auto comma = std::min(phrases.find(','), phrases.size());
    const auto phrase = phrases.substr(0, comma);
    phrases_.push_back({phrase, owner, bucket_at(phrase, 0)});
    phrases.remove_prefix(std::min(comma + 1, phrases.size()));
  }
}

void CueTable::build() {
  std::ranges::stable_sort(phrases_, {}, &Phrase::bucket);
  first_.assign(bucket_count + 1, 0);
  for (const auto& phrase : phrases_) ++first_[phrase.bucket + 1];
  for (std::size_t i = 1; i < first_.size(); ++i) first_[i] = static_cast<std::uint16_t>(first_[i] + first_[i - 1]);
}

void CueTable::collect(std::string_view text, Span window, Owners& owners) const {
  const auto visible = text.substr(0, window.end);
  for (std::size_t at = window.begin; at < window.end; ++at) {
    if (!is_word_start(text, at)) continue;
    const auto bucket = bucket_at(visible, at);
    for (std::size_t i = first_[bucket]; i < first_[bucket + 1]; ++i) {
      if (matches(visible, at, phrases_[i].text)) owners.set(phrases_[i].owner);
    }
  }
}

CueTable::Owners CueTable::near(std::string_view text, Span span) const {
  Owners owners;
  std::size_t begin = span.begin;
  const std::size_t limit = span.begin > window_before ? span.begin - window_before : 0;
  while (begin > limit && !is_digit(text[begin - 1])) --begin;
  collect(text, {begin, span.begin}, owners);
  std::size_t end = span.end;
  const std::size_t last = std::min(text.size(), span.end + window_after);
  constexpr std::string_view stops = ".,;:|\n0123456789";
  while (end < last && stops.find(text[end]) == std::string_view::npos) ++end;
  collect(text, {span.end, end}, owners);
  return owners;
}

}  // namespace gristmill::kernels::pii
