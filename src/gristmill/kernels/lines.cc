// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/lines.h"

#include <immintrin.h>

#include <bit>
#include <cstdint>

#include "gristmill/kernels/byte_scan.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/kernels/word_classes.h"

namespace gristmill::kernels {
namespace {

bool is_space(char32_t c) { return (word_class::of(c) & word_class::space) != 0; }

bool is_ascii_space(unsigned char c) { return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F); }

/// Start of the last code point of well-formed, non-empty UTF-8.
std::size_t last_code_point(std::string_view text) {
  auto at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

/// Length of the line end at `at`, or 0.
std::size_t line_end_length(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte == '\r') return at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
  if (byte < 0x80) return (byte >= 0x0A && byte <= 0x0C) || (byte >= 0x1C && byte <= 0x1E) ? 1 : 0;
  if (byte == 0xC2) return text.substr(at).starts_with("\xC2\x85") ? 2 : 0;
  if (byte != 0xE2) return 0;
  const auto rest = text.substr(at);
  return rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9") ? 3 : 0;
}

/// First byte in [at, end) that can begin a line end, or end.
const char* find_line_end(const char* at, const char* end) {
  const auto within = [](__m256i v, int first, int count) {
    const auto shifted = _mm256_sub_epi8(v, _mm256_set1_epi8(static_cast<char>(first)));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(shifted, _mm256_set1_epi8(static_cast<char>(count - 1))), shifted);
  };
  for (; end - at >= 32; at += 32) {
    const auto v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const auto controls = _mm256_or_si256(within(v, 0x0A, 4), within(v, 0x1C, 3));
    const auto leads = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(static_cast<char>(0xC2))),
                                       _mm256_cmpeq_epi8(v, _mm256_set1_epi8(static_cast<char>(0xE2))));
    const auto hits = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(controls, leads)));
    if (hits != 0) return at + std::countr_zero(hits);
  }
  for (; at != end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if ((byte >= 0x0A && byte <= 0x0D) || (byte >= 0x1C && byte <= 0x1E) || byte == 0xC2 || byte == 0xE2) break;
  }
  return at;
}

}  // namespace

std::string_view strip_space(std::string_view text) noexcept {
  while (!text.empty()) {
    std::size_t after = 0;
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80 ? !is_ascii_space(first) : !is_space(next_code_point(text, after))) break;
    text.remove_prefix(first < 0x80 ? 1 : after);
  }
  while (!text.empty()) {
    const auto last = static_cast<unsigned char>(text.back());
    auto at = text.size() - 1;
    if (last >= 0x80) at = last_code_point(text);
    auto after = at;
    if (last < 0x80 ? !is_ascii_space(last) : !is_space(next_code_point(text, after))) break;
    text = text.substr(0, at);
  }
  return text;
}

bool LineReader::next(std::string_view& line) noexcept {
  if (position_ == text_.size()) return false;
  const auto* const end = text_.data() + text_.size();
  for (auto from = position_;;) {
    const auto* const found = find_line_end(text_.data() + from, end);
    const auto at = static_cast<std::size_t>(found - text_.data());
    const auto length = found == end ? 0 : line_end_length(text_, at);
    if (found != end && length == 0) {
      from = at + 1;
      continue;
    }
    line = text_.substr(position_, at - position_);
    position_ = at + length;
    return true;
  }
}

void split_newlines(std::string_view text, std::size_t run, std::vector<std::string_view>& parts) {
  const auto* const end = text.data() + text.size();
  const auto* begin = text.data();
  for (const auto* at = find_byte(begin, end, '\n'); at != end;) {
    const auto* after = at + 1;
    while (after != end && *after == '\n') ++after;
    if (static_cast<std::size_t>(after - at) >= run) {
      parts.emplace_back(begin, static_cast<std::size_t>(at - begin));
      begin = after;
    }
    at = find_byte(after, end, '\n');
  }
  parts.emplace_back(begin, static_cast<std::size_t>(end - begin));
}

}  // namespace gristmill::kernels
