// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/html_entities.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
  bool is_legacy;
};

constexpr Entity entities[] = {
#include "gristmill/kernels/html_entity_table.inc"
};

constexpr std::size_t name_bytes_max = 31;   // CounterClockwiseContourIntegral
constexpr std::size_t legacy_bytes_max = 6;  // frac12, Aacute, ...

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alphanumeric(char c) noexcept {
  return is_digit(c) || static_cast<unsigned char>((c | 0x20) - 'a') < 26;
}

/// First entity of each first byte: a search looks at some forty names instead of two thousand.
constexpr std::array<std::uint16_t, 129> make_starts() {
  std::array<std::uint16_t, 129> starts{};
  std::uint16_t i = 0;
  for (std::size_t byte = 0; byte < starts.size(); ++byte) {
    while (i < std::size(entities) && static_cast<unsigned char>(entities[i].name[0]) < byte) ++i;
    starts[byte] = i;
  }
  return starts;
}

constexpr auto starts = make_starts();

const Entity* find_entity(std::string_view name) noexcept {
  const auto first = static_cast<unsigned char>(name[0]);
  const Entity* begin = entities + starts[first];
  const Entity* end = entities + starts[first + 1u];
  const auto* found = std::lower_bound(
      begin, end, name, [](const Entity& entity, std::string_view wanted) { return entity.name < wanted; });
  return found != end && found->name == name ? found : nullptr;
}

// Numbers 0x80 to 0x9F mean windows-1252; five of them are undefined there and stay as they are.
constexpr std::array<char32_t, 32> windows_1252{0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                                0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

HtmlReference make_reference(std::string_view text, std::size_t source_bytes) noexcept {
  HtmlReference reference;
  std::memcpy(reference.bytes, text.data(), std::min(text.size(), sizeof reference.bytes));
  reference.byte_count = static_cast<unsigned char>(text.size());
  reference.source_bytes = source_bytes;
  return reference;
}

int digit_value(char c, bool is_hex) noexcept {
  if (is_digit(c)) return c - '0';
  const char letter = static_cast<char>(c | 0x20);
  return is_hex && letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

HtmlReference decode_number(std::string_view text, std::size_t at) noexcept {
  std::size_t position = at + 2;
  const bool is_hex = position < text.size() && (text[position] | 0x20) == 'x';
  if (is_hex) ++position;
  const auto digits_begin = position;
  std::uint32_t value = 0;
  for (; position < text.size(); ++position) {
    const int digit = digit_value(text[position], is_hex);
    if (digit < 0) break;
    // Saturates above the last code point, so any number of digits is fine.
    value = std::min<std::uint32_t>(value * (is_hex ? 16u : 10u) + static_cast<std::uint32_t>(digit), 0x110000u);
  }
  if (position == digits_begin) return {};
  if (position < text.size() && text[position] == ';') ++position;
  char32_t code_point = value;
  if (value >= 0x80 && value <= 0x9F) code_point = windows_1252[value - 0x80];
  if (value == 0) code_point = 0xFFFD;
  std::string utf8;
  append_code_point(utf8, code_point);
  return make_reference(utf8, position - at);
}

}  // namespace

HtmlReference decode_html_reference(std::string_view text, std::size_t at, bool in_attribute) noexcept {
  if (at + 1 >= text.size()) return {};
  if (text[at + 1] == '#') return decode_number(text, at);
  const auto name_begin = at + 1;
  auto name_end = name_begin;
  const auto limit = std::min(text.size(), name_begin + name_bytes_max + 1);
  while (name_end < limit && is_alphanumeric(text[name_end])) ++name_end;
  if (name_end == name_begin) return {};
  if (name_end < text.size() && text[name_end] == ';') {
    const auto* entity = find_entity(text.substr(name_begin, name_end - name_begin));
    if (entity != nullptr) return make_reference(entity->text, name_end + 1 - at);
  }
  for (auto size = std::min(name_end - name_begin, legacy_bytes_max); size >= 2; --size) {
    const auto* entity = find_entity(text.substr(name_begin, size));
    if (entity == nullptr || !entity->is_legacy) continue;
    const auto after = name_begin + size;
    if (in_attribute && after < text.size() && (is_alphanumeric(text[after]) || text[after] == '=')) return {};
    return make_reference(entity->text, size + 1);
  }
  return {};
}

std::string decode_html_attribute(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t at = 0; at < value.size();) {
    const auto ampersand = std::min(value.find('&', at), value.size());
    out.append(value.substr(at, ampersand - at));
    at = ampersand;
    if (at == value.size()) break;
    const auto reference = decode_html_reference(value, at, true);
    out.append(reference.source_bytes == 0 ? std::string_view("&") : reference.text());
    at += std::max<std::size_t>(reference.source_bytes, 1);
  }
  return out;
}

}  // namespace gristmill::kernels
