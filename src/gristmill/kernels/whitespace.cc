// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/whitespace.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

/// What becomes of a character.
enum class Fate { stays, goes, breaks_line };

Fate fate_of(char32_t c) {
  if (c < 0x20) {
    if (c == '\n' || c == '\t') return Fate::stays;
    return c == '\r' || c == '\v' || c == '\f' ? Fate::breaks_line : Fate::goes;
  }
  if (c < 0x7F) return Fate::stays;
  if (c <= 0x9F) return c == 0x85 ? Fate::breaks_line : Fate::goes;
  if (c == 0x2028 || c == 0x2029) return Fate::breaks_line;
  const bool is_invisible = c == 0x200B || c == 0x2060 || c == 0xFEFF || c == 0x200E || c == 0x200F ||
                            (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x206F) ||
                            (c >= 0xFFF9 && c <= 0xFFFB);
  return is_invisible ? Fate::goes : Fate::stays;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Judges one byte with what stands around it: the definition of "may change".
bool is_unclean_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte == '\n') {
    if (at == 0 || at + 1 == text.size() || is_blank(text[at - 1])) return true;
    return at >= 3 && text[at - 1] == '\n' && text[at - 2] == '\n' && text[at - 3] == '\n';
  }
  if (is_blank(text[at])) return at + 1 == text.size();
  if (byte < 0x20 || byte == 0x7F) return true;
  if (byte != 0xC2 && byte != 0xE2 && byte != 0xEF) return false;
  return fate_of(next_code_point(text, at)) != Fate::stays;
}

/// Appends lines one after another and keeps the rules of blank lines.
class LineWriter {
 public:
  explicit LineWriter(std::string& out) : out_(out) {}

  void write(std::string_view line) {
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    if (line.empty()) {
      ++blank_lines_;
      return;
    }
    if (has_lines_) out_.append(1 + std::min(blank_lines_, std::size_t{2}), '\n');
    out_.append(line);
    has_lines_ = true;
    blank_lines_ = 0;
  }

 private:
  std::string& out_;
  std::size_t blank_lines_ = 0;
  bool has_lines_ = false;
};

/// Sixty-four bytes as bit masks of what the rules look at.
struct Masks {
  std::uint64_t newline = 0;
  std::uint64_t blank = 0;
  std::uint64_t suspect = 0;  ///< Controls, and leads of characters that may go.
};

void add_half(const char* bytes, unsigned shift, Masks& masks) {
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  const auto equals = [&](int byte) { return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(static_cast<char>(byte))); };
  const auto bits = [&](__m256i mask) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(mask))) << shift;
  };
  const __m256i newline = equals('\n');
  const __m256i tab = equals('\t');
  const __m256i blank = _mm256_or_si256(tab, equals(' '));
  const __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1F)), v);
  const __m256i control = _mm256_or_si256(_mm256_andnot_si256(_mm256_or_si256(newline, tab), low), equals(0x7F));
  const __m256i leads = _mm256_or_si256(equals(0xC2), _mm256_or_si256(equals(0xE2), equals(0xEF)));
  masks.newline |= bits(newline);
  masks.blank |= bits(blank);
  masks.suspect |= bits(_mm256_or_si256(control, leads));
}

}  // namespace

std::size_t first_unclean_scalar(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size(); ++at)
    if (is_unclean_at(text, at)) return at;
  return std::string_view::npos;
}

std::size_t first_unclean(std::string_view text) noexcept {
  std::size_t position = 0;
  std::uint64_t newline_before = 0;  // Newlines of the last three bytes, as the top bits of the mask before.
  std::uint64_t blank_before = 0;
  if (!text.empty() && is_unclean_at(text, 0)) return 0;
  // The last byte has a rule of its own, so that blocks end before it.
  for (; position + 64 < text.size(); position += 64) {
    Masks masks;
    add_half(text.data() + position, 0, masks);
    add_half(text.data() + position + 32, 32, masks);
    const auto shifted = [&](unsigned by) { return (masks.newline << by) | (newline_before >> (64 - by)); };
    const std::uint64_t trailing = masks.newline & ((masks.blank << 1) | (blank_before >> 63));
    const std::uint64_t fourth = masks.newline & shifted(1) & shifted(2) & shifted(3);
    for (auto left = trailing | fourth | masks.suspect; left != 0; left &= left - 1) {
      const auto at = position + static_cast<std::size_t>(std::countr_zero(left));
      if (is_unclean_at(text, at)) return at;
    }
    newline_before = masks.newline;
    blank_before = masks.blank;
  }
  for (; position < text.size(); ++position)
    if (is_unclean_at(text, position)) return position;
  return std::string_view::npos;
}

bool clean_whitespace(std::string_view text, std::string& out) {
  const auto unclean = first_unclean(text);
  if (unclean == std::string_view::npos) return false;
  // What comes before is clean; the line in which it ends is done again, for its blanks at the end.
  LineWriter writer(out);
  std::string line;
  std::size_t run = 0;  // Start of the stretch that stays and is not in `line` yet.
  const auto end_line = [&](std::size_t at) {
    if (line.empty()) {
      writer.write(text.substr(run, at - run));
      return;
    }
    line.append(text.substr(run, at - run));
    writer.write(line);
    line.clear();
  };
  for (std::size_t position = 0; position < text.size();) {
    const auto byte = static_cast<unsigned char>(text[position]);
    if (byte >= 0x20 && byte < 0x7F) {
      ++position;
      continue;
    }
    const auto at = position;
    const auto c = next_code_point(text, position);
    const auto fate = c == '\n' ? Fate::breaks_line : fate_of(c);
    if (fate == Fate::stays) continue;
    if (fate == Fate::goes) {
      line.append(text.substr(run, at - run));
    } else {
      end_line(at);
      if (c == '\r' && position < text.size() && text[position] == '\n') ++position;
    }
    run = position;
  }
  end_line(text.size());
  return true;
}

bool straighten_quotes(std::string_view text, std::string& out) {
  std::size_t done = 0;
  for (std::size_t at = text.find("\xE2\x80"); at != std::string_view::npos; at = text.find("\xE2\x80", at + 3)) {
    if (at + 2 >= text.size()) break;
    const auto last = static_cast<unsigned char>(text[at + 2]);
    if (last < 0x98 || last > 0x9F) continue;
    out.append(text.substr(done, at - done));
    out += last < 0x9C ? '\'' : '"';
    done = at + 3;
  }
  if (done == 0) return false;
  out.append(text.substr(done));
  return true;
}

}  // namespace gristmill::kernels
