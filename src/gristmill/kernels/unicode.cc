// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <vector>

#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

/// Planes 0 to 2: beyond them nothing decomposes or combines.
constexpr std::size_t table_code_points = 0x30000;
constexpr char32_t hangul_first = 0xAC00;
constexpr char32_t hangul_last = 0xD7A3;

constexpr auto canonical = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
constexpr auto composition = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
constexpr auto compatible = static_cast<utf8proc_option_t>(canonical | UTF8PROC_COMPAT);

utf8proc_option_t decomposition(NormalizationForm form) {
  return form == NormalizationForm::nfc ? canonical : compatible;
}

/// One bit a code point: set when it may not stay as it is, or may merge with what stands before it. All others start
/// a stretch that can be normalized without looking at what came before.
class UnsureSet {
 public:
  explicit UnsureSet(NormalizationForm form) : bits_(std::make_unique<Bits>()) {
    for (char32_t c = 0x80; c < table_code_points; ++c)
      if (c < hangul_first || c > hangul_last) add(c, form);
  }
  [[nodiscard]] bool contains(char32_t c) const { return c < table_code_points && bits_->test(c); }

 private:
  using Bits = std::bitset<table_code_points>;

  void add(char32_t c, NormalizationForm form) {
    const auto* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
    if (property->combining_class != 0) bits_->set(c);
    if (property->decomp_seqindex == UINT16_MAX) return add_jamo(c);
    std::array<utf8proc_int32_t, 32> parts{};
    int boundary = 0;
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(), parts.size(),
                                               decomposition(form), &boundary);
    if (count <= 0 || (count == 1 && parts[0] == static_cast<utf8proc_int32_t>(c))) return;
    const auto size = static_cast<std::size_t>(count);
    // Whatever stands second or later in a canonical decomposition may combine with a character before it.
    if (property->decomp_type == 0)
      for (std::size_t i = 1; i < size; ++i) bits_->set(static_cast<std::size_t>(parts[i]));
    auto composed = parts;
    const auto composed_size = utf8proc_normalize_utf32(composed.data(), count, composition);
    if (composed_size != 1 || composed[0] != static_cast<utf8proc_int32_t>(c)) bits_->set(c);
  }
  /// Vowels and final consonants of Hangul merge with a syllable before them; this is arithmetic, not in the tables.
  void add_jamo(char32_t c) {
    if ((c >= 0x1161 && c <= 0x1175) || (c >= 0x11A8 && c <= 0x11C2)) bits_->set(c);
  }
  std::unique_ptr<Bits> bits_;
};

const UnsureSet& unsure_set(NormalizationForm form) {
  if (form == NormalizationForm::nfc) {
    static const UnsureSet nfc(NormalizationForm::nfc);
    return nfc;
  }
  static const UnsureSet nfkc(NormalizationForm::nfkc);
  return nfkc;
}

/// Offset of the first byte at or beyond `low`, or the size.
std::size_t first_byte_from(std::string_view text, std::size_t position, unsigned char low) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  // Sixteen comparisons at a time, which the compiler turns into one vector comparison.
  for (; position + 16 <= text.size(); position += 16) {
    unsigned found = 0;
    for (std::size_t i = 0; i < 16; ++i) found |= at(position + i) >= low;
    if (found != 0) break;
  }
  while (position < text.size() && at(position) < low) ++position;
  return position;
}

/// Below this lead byte no code point changes: U+0300 for NFC, ASCII for NFKC.
unsigned char sure_below(NormalizationForm form) { return form == NormalizationForm::nfc ? 0xCC : 0x80; }

std::size_t next_unsure(NormalizationForm form, std::string_view text, std::size_t position) {
  while (true) {
    position = first_byte_from(text, position, sure_below(form));
    if (position == text.size()) return position;
    auto after = position;
    if (unsure_set(form).contains(next_code_point(text, after))) return position;
    position = after;
  }
}

std::size_t previous_start(std::string_view text, std::size_t position) {
  do --position;
  while (position > 0 && (text[position] & 0xC0) == 0x80);
  return position;
}

int combining_class(utf8proc_int32_t point) { return utf8proc_get_property(point)->combining_class; }

/// Sorts each run of combining marks by class, keeping the order within a class. (utf8proc's own sorting takes
/// quadratic time on a long run.)
void order_marks(std::vector<utf8proc_int32_t>& points) {
  for (auto begin = points.begin(); begin != points.end();) {
    begin = std::find_if(begin, points.end(), [](auto point) { return combining_class(point) != 0; });
    const auto end = std::find_if(begin, points.end(), [](auto point) { return combining_class(point) == 0; });
    if (end - begin > 1) std::ranges::stable_sort(begin, end, {}, combining_class);
    begin = end;
  }
}

void append_normalized(NormalizationForm form, std::string_view stretch, std::vector<utf8proc_int32_t>& points,
                       std::string& out) {
  points.clear();
  int boundary = 0;
  for (std::size_t position = 0; position < stretch.size();) {
    const auto point = static_cast<utf8proc_int32_t>(next_code_point(stretch, position));
    std::array<utf8proc_int32_t, 32> parts{};  // The longest decomposition has 18 (U+FDFA).
    const auto count = utf8proc_decompose_char(point, parts.data(), parts.size(), decomposition(form), &boundary);
    if (count > 0) points.insert(points.end(), parts.begin(), parts.begin() + count);
  }
  order_marks(points);
  const auto size = static_cast<utf8proc_ssize_t>(points.size());
  const auto count = utf8proc_normalize_utf32(points.data(), size, composition);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
    append_code_point(out, static_cast<char32_t>(points[i]));
}

utf8proc_category_t category(char32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
}

}  // namespace

bool normalize_unicode(NormalizationForm form, std::string_view text, std::string& out) {
  const auto size_before = out.size();
  std::size_t done = 0;
  std::vector<utf8proc_int32_t> points;
  bool changed = false;
  for (auto at = next_unsure(form, text, 0); at < text.size(); at = next_unsure(form, text, done)) {
    // The character before may be what the unsure one merges with.
    const auto begin = at > done ? previous_start(text, at) : at;
    auto end = at;
    while (end < text.size()) {
      auto after = end;
      if (!unsure_set(form).contains(next_code_point(text, after))) break;
      end = after;
    }
    out.append(text.substr(done, begin - done));
    const auto from = out.size();
    append_normalized(form, text.substr(begin, end - begin), points, out);
    changed = changed || std::string_view(out).substr(from) != text.substr(begin, end - begin);
    done = end;
  }
  if (!changed) {
    out.resize(size_before);
    return false;
  }
  out.append(text.substr(done));
  return true;
}

bool is_letter(char32_t code_point) noexcept {
  if (code_point < 0x80) return (code_point | 0x20) >= 'a' && (code_point | 0x20) <= 'z';
  const auto found = category(code_point);
  return found >= UTF8PROC_CATEGORY_LU && found <= UTF8PROC_CATEGORY_LO;
}

bool is_lower_case(char32_t code_point) noexcept { return category(code_point) == UTF8PROC_CATEGORY_LL; }

bool is_upper_case(char32_t code_point) noexcept { return category(code_point) == UTF8PROC_CATEGORY_LU; }

bool is_decimal_digit(char32_t code_point) noexcept {
  if (code_point < 0x80) return code_point >= '0' && code_point <= '9';
  return category(code_point) == UTF8PROC_CATEGORY_ND;
}

bool is_punctuation(char32_t code_point) noexcept {
  const auto found = category(code_point);
  return found >= UTF8PROC_CATEGORY_PC && found <= UTF8PROC_CATEGORY_PO;
}

bool is_word_character(char32_t code_point) noexcept {
  if (is_letter(code_point) || code_point == '_') return true;
  const auto found = category(code_point);
  return found >= UTF8PROC_CATEGORY_ND && found <= UTF8PROC_CATEGORY_NO;
}

}  // namespace gristmill::kernels
