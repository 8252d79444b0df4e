// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/python_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "gristmill/kernels/unicode_classes.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

// Other_Uppercase and Other_Lowercase of PropList.txt (Unicode 15).
constexpr CodeRange other_upper[] = {
    {0x2160, 0x216F}, {0x24B6, 0x24CF}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
constexpr CodeRange other_lower[] = {
    {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2B0, 0x2B8},     {0x2C0, 0x2C1},    {0x2E0, 0x2E4},   {0x345, 0x345},
    {0x37A, 0x37A},     {0x10FC, 0x10FC},   {0x1D2C, 0x1D6A},   {0x1D78, 0x1D78},  {0x1D9B, 0x1DBF}, {0x2071, 0x2071},
    {0x207F, 0x207F},   {0x2090, 0x209C},   {0x2170, 0x217F},   {0x24D0, 0x24E9},  {0x2C7C, 0x2C7D}, {0xA69C, 0xA69D},
    {0xA770, 0xA770},   {0xA7F2, 0xA7F4},   {0xA7F8, 0xA7F9},   {0xAB5C, 0xAB5F},  {0xAB69, 0xAB69}, {0x10780, 0x10780},
    {0x10783, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA}, {0x1E030, 0x1E06D}};
// Ideographs with a numeric value (Unihan: kPrimaryNumeric, kOtherNumeric, kAccountingNumeric), as Python counts them.
constexpr CodeRange numeric_ideographs[] = {
    {0x3405, 0x3405},   {0x3483, 0x3483},   {0x382A, 0x382A},   {0x3B4D, 0x3B4D},   {0x4E00, 0x4E00},
    {0x4E03, 0x4E03},   {0x4E07, 0x4E07},   {0x4E09, 0x4E09},   {0x4E5D, 0x4E5D},   {0x4E8C, 0x4E8C},
    {0x4E94, 0x4E94},   {0x4E96, 0x4E96},   {0x4EBF, 0x4EC0},   {0x4EDF, 0x4EDF},   {0x4EE8, 0x4EE8},
    {0x4F0D, 0x4F0D},   {0x4F70, 0x4F70},   {0x5104, 0x5104},   {0x5146, 0x5146},   {0x5169, 0x5169},
    {0x516B, 0x516B},   {0x516D, 0x516D},   {0x5341, 0x5341},   {0x5343, 0x5345},   {0x534C, 0x534C},
    {0x53C1, 0x53C4},   {0x56DB, 0x56DB},   {0x58F1, 0x58F1},   {0x58F9, 0x58F9},   {0x5E7A, 0x5E7A},
    {0x5EFE, 0x5EFF},   {0x5F0C, 0x5F0E},   {0x5F10, 0x5F10},   {0x62FE, 0x62FE},   {0x634C, 0x634C},
    {0x67D2, 0x67D2},   {0x6F06, 0x6F06},   {0x7396, 0x7396},   {0x767E, 0x767E},   {0x8086, 0x8086},
    {0x842C, 0x842C},   {0x8CAE, 0x8CAE},   {0x8CB3, 0x8CB3},   {0x8D30, 0x8D30},   {0x9621, 0x9621},
    {0x9646, 0x9646},   {0x964C, 0x964C},   {0x9678, 0x9678},   {0x96F6, 0x96F6},   {0xF96B, 0xF96B},
    {0xF973, 0xF973},   {0xF978, 0xF978},   {0xF9B2, 0xF9B2},   {0xF9D1, 0xF9D1},   {0xF9D3, 0xF9D3},
    {0xF9FD, 0xF9FD},   {0x20001, 0x20001}, {0x20064, 0x20064}, {0x200E2, 0x200E2}, {0x20121, 0x20121},
    {0x2092A, 0x2092A}, {0x20983, 0x20983}, {0x2098C, 0x2098C}, {0x2099C, 0x2099C}, {0x20AEA, 0x20AEA},
    {0x20AFD, 0x20AFD}, {0x20B19, 0x20B19}, {0x22390, 0x22390}, {0x22998, 0x22998}, {0x23B1B, 0x23B1B},
    {0x2626D, 0x2626D}, {0x2F890, 0x2F890}};

constexpr char32_t capital_sigma = 0x3A3;

bool is_space(char32_t c, std::uint8_t unicode_class) {
  return (unicode_class & CharacterClass::blank) != 0 || (c >= 0x1C && c <= 0x1F);
}

bool is_fixed(char32_t c, const utf8proc_property_t& property) {
  if (c == capital_sigma || property.combining_class != 0) return false;
  if (utf8proc_tolower(static_cast<utf8proc_int32_t>(c)) != static_cast<utf8proc_int32_t>(c)) return false;
  std::array<utf8proc_int32_t, 8> parts{};
  int boundary = 0;
  const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(), parts.size(),
                                             UTF8PROC_DECOMPOSE, &boundary);
  return count == 1 && parts[0] == static_cast<utf8proc_int32_t>(c);
}

std::uint8_t class_of(char32_t c) {
  const auto unicode_class = unicode_classes()[c];
  const auto& property = *utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
  unsigned bits = 0;
  if ((unicode_class & (CharacterClass::letter | CharacterClass::number)) != 0 || c == '_') bits |= PythonClass::word;
  if (is_space(c, unicode_class)) bits |= PythonClass::space;
  if (property.category == UTF8PROC_CATEGORY_LU) bits |= PythonClass::upper;
  if (property.category == UTF8PROC_CATEGORY_LL || property.category == UTF8PROC_CATEGORY_LT)
    bits |= PythonClass::lower;
  if ((unicode_class & CharacterClass::number) != 0) bits |= PythonClass::numeric;
  if (is_fixed(c, property)) bits |= PythonClass::fixed;
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) bits |= PythonClass::latin;
  if (c == U'\u2026' ||
      (c < 0x80 && c != 0 && std::string_view(".!?#{}").find(static_cast<char>(c)) != std::string_view::npos))
    bits |= PythonClass::sign;
  return static_cast<std::uint8_t>(bits);
}

std::unique_ptr<std::uint8_t[]> build() {
  auto table = std::make_unique_for_overwrite<std::uint8_t[]>(code_point_count);
  for (std::size_t c = 0; c < code_point_count; ++c) table[c] = class_of(static_cast<char32_t>(c));
  const auto add = [&table](std::span<const CodeRange> ranges, std::uint8_t bits) {
    for (const auto& [first, last] : ranges)
      for (auto c = first; c <= last; ++c) table[c] = static_cast<std::uint8_t>(table[c] | bits);
  };
  add(other_upper, PythonClass::upper);
  add(other_lower, PythonClass::lower);
  add(numeric_ideographs, PythonClass::numeric);
  return table;
}

bool is_cased(char32_t c) { return (python_classes()[c] & (PythonClass::upper | PythonClass::lower)) != 0; }

/// Case_Ignorable (DerivedCoreProperties.txt): marks, format characters, modifiers, and signs within words.
bool is_case_ignorable(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: break;
  }
  constexpr std::u32string_view signs =
      U"\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A";
  return signs.find(c) != std::u32string_view::npos;
}

/// Python's string.punctuation, underscore included: taken out before anything else is looked at.
bool is_removed(char32_t c) {
  return c > 0x20 && c < 0x7F && (c == '_' || (python_classes()[c] & PythonClass::word) == 0);
}

}  // namespace

const std::uint8_t* python_classes() {
  static const auto table = build();
  return table.get();
}

void append_lower_decomposed(char32_t code_point, bool is_final, std::vector<char32_t>& out) {
  if (code_point == 0x130) {  // The one letter whose lower case is two characters.
    out.push_back('i');
    out.push_back(0x307);
    return;
  }
  const auto lower = code_point == capital_sigma && is_final
                         ? 0x3C2
                         : utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point));
  std::array<utf8proc_int32_t, 8> parts{};
  int boundary = 0;
  const auto count = utf8proc_decompose_char(lower, parts.data(), parts.size(), UTF8PROC_DECOMPOSE, &boundary);
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max<utf8proc_ssize_t>(count, 0)); ++i)
    out.push_back(static_cast<char32_t>(parts[i]));
}

void order_combining_marks(std::vector<char32_t>& points) {
  const auto combining = [](char32_t c) {
    return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
  };
  for (auto begin = points.begin(); begin != points.end();) {
    begin = std::find_if(begin, points.end(), [&](char32_t c) { return combining(c) != 0; });
    const auto end = std::find_if(begin, points.end(), [&](char32_t c) { return combining(c) == 0; });
    if (end - begin > 1)
      std::stable_sort(begin, end, [&](char32_t a, char32_t b) { return combining(a) < combining(b); });
    begin = end;
  }
}

bool is_final_sigma(std::string_view before, std::string_view after) {
  const auto is_skipped = [](char32_t c) { return is_removed(c) || is_case_ignorable(c); };
  bool follows_cased = false;
  for (auto at = before.size(); at > 0;) {
    do --at;
    while (at > 0 && (before[at] & 0xC0) == 0x80);
    auto next = at;
    const auto c = next_code_point(before, next);
    if (is_skipped(c)) continue;
    follows_cased = is_cased(c);
    break;
  }
  if (!follows_cased) return false;
  for (std::size_t at = 0; at < after.size();) {
    const auto c = next_code_point(after, at);
    if (!is_skipped(c)) return !is_cased(c);
  }
  return true;
}

}  // namespace gristmill::kernels
