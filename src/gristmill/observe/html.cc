// SPDX-License-Identifier: Apache-2.0
#include "gristmill/observe/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace gristmill::observe {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// One code point and its bytes; `length` 1 and U+FFFD for a byte that begins no valid sequence.
struct CodePoint {
  std::uint32_t value;
  std::size_t length;
};

CodePoint first_code_point(std::string_view text) {
  constexpr CodePoint invalid{0xFFFD, 1};
  const auto byte = [text](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return invalid;
  std::uint32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return invalid;
    value = (value << 6) | (byte(i) & 0x3F);
  }
  constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return invalid;
  return {value, length};
}

/// Control characters apart from tab and newline, and the marks that embed, override or isolate a direction.
bool disturbs(std::uint32_t value) {
  return (value < 0x20 && value != '\t' && value != '\n') || (value >= 0x7F && value < 0xA0) || value == 0xFFFD ||
         value == 0x200E || value == 0x200F || (value >= 0x2028 && value <= 0x202E) ||
         (value >= 0x2066 && value <= 0x2069) || value == 0xFEFF || (value & 0xFFFE) == 0xFFFE;
}

bool is_blank(std::uint32_t value) {
  return value == ' ' || (value >= '\t' && value <= '\r') || value == 0xA0 || value == 0x3000;
}

void append_escaped(std::string& out, std::string_view bytes, std::uint32_t value) {
  switch (value) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    case '\'': out += "&#39;"; break;
    default: out += disturbs(value) ? replacement : bytes;
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const auto [value, length] = first_code_point(text);
    append_escaped(out, text.substr(0, length), value);
    text.remove_prefix(length);
  }
  return out;
}

std::string excerpt_html(std::string_view text, std::size_t characters_max) {
  std::string out;
  std::size_t characters = 0;
  bool is_after_blank = true;  // Leading blanks vanish.
  while (!text.empty()) {
    const auto [value, length] = first_code_point(text);
    const auto bytes = text.substr(0, length);
    text.remove_prefix(length);
    const bool is_blank_here = is_blank(value);
    if (is_blank_here && is_after_blank) continue;
    if (characters == characters_max) return out + "…";
    is_after_blank = is_blank_here;
    ++characters;
    if (is_blank_here) {
      out += ' ';
    } else {
      append_escaped(out, bytes, value);
    }
  }
  return out;
}

std::string with_commas(std::int64_t number) {
  const auto digits = fmt::format("{}", number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const bool is_after_digit = i > 0 && digits[i - 1] != '-';
    if (is_after_digit && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string human_bytes(double bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  if (!std::isfinite(bytes)) return "?";
  std::size_t unit = 0;
  while (std::abs(bytes) >= 999.5 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f} B", bytes);
  const int decimals = std::abs(bytes) < 9.995 ? 2 : std::abs(bytes) < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", bytes, decimals, units[unit]);
}

std::string human_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 59.95) return fmt::format("{:.{}f} s", seconds, seconds < 9.995 ? 2 : 1);
  const auto whole = static_cast<std::int64_t>(std::min(seconds, 1e15) + 0.5);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", with_commas(whole / 3600), whole % 3600 / 60);
}

std::string percent(double part, double whole) {
  if (!(whole > 0)) return "–";
  const double share = 100 * part / whole;
  if (share > 0 && share < 0.1) return "&lt;0.1 %";
  if (share > 99.9 && share < 100) return "&gt;99.9 %";
  return fmt::format("{:.1f} %", share);
}

std::string human_label(std::string_view name) {
  std::string label(name);
  std::ranges::replace(label, '_', ' ');
  if (label.starts_with("pii ")) label.replace(0, 3, "PII");
  if (!label.empty() && label[0] >= 'a' && label[0] <= 'z') label[0] = static_cast<char>(label[0] - 'a' + 'A');
  return escape_html(label);
}

std::int64_t total(const Json& value) {
  if (!value.is_object()) return value.as_int();
  std::int64_t sum = 0;
  for (const auto& [name, count] : value.members()) sum += count.as_int();
  return sum;
}

}  // namespace gristmill::observe
