// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/word_rules.h"

namespace gristmill::kernels {
namespace {

using Points = std::u32string_view;

bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

/// Letters and digits that labels of a domain may begin and end with.
bool is_label_edge(char32_t c) {
  return is_ascii_digit(c) || (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || (c >= 0xA1 && c <= 0xFFFF);
}

bool is_label_character(char32_t c) { return is_label_edge(c) || c == U'_' || c == U'-'; }

bool is_label(Points label) {
  return !label.empty() && label.size() <= 64 && is_label_edge(label.front()) && is_label_edge(label.back()) &&
         std::ranges::all_of(label, is_label_character);
}

bool is_lower(char32_t c) { return (word_class::of(c) & word_class::lower) != 0; }

/// Labels with dots between them, the last one in lower case.
bool is_domain(Points host) {
  const auto last_dot = host.rfind(U'.');
  if (last_dot == Points::npos || last_dot == 0) return false;
  const auto top = host.substr(last_dot + 1);
  if (top.size() < 2 || top.size() > 63 || !std::ranges::all_of(top, is_lower)) return false;
  for (auto rest = host.substr(0, last_dot);;) {
    const auto dot = rest.find(U'.');
    if (!is_label(rest.substr(0, dot))) return false;
    if (dot == Points::npos) return true;
    rest.remove_prefix(dot + 1);
  }
}

/// A number of an address, or -1.
int octet(Points text) {
  if (text.empty() || text.size() > 3 || !std::ranges::all_of(text, is_ascii_digit)) return -1;
  int value = 0;
  for (const auto c : text) value = value * 10 + static_cast<int>(c - U'0');
  return value;
}

/// Four numbers of a public network. The first and last have no leading zero, and the last is 1 to 254.
bool is_public_ipv4(Points host) {
  int numbers[4];
  for (int i = 0; i < 4; ++i) {
    const auto dot = host.find(U'.');
    if ((dot == Points::npos) != (i == 3)) return false;
    const auto text = host.substr(0, dot);
    numbers[i] = octet(text);
    const bool is_edge = i == 0 || i == 3;
    if (numbers[i] < 0 || numbers[i] > 255 || (is_edge && text.front() == U'0')) return false;
    // Three digits with a zero in front are allowed for no number, two are.
    if (text.size() == 3 && text.front() == U'0') return false;
    host.remove_prefix(dot == Points::npos ? host.size() : dot + 1);
  }
  const auto [a, b, c, d] = numbers;
  static_cast<void>(c);
  if (a > 223 || d > 254 || a == 10 || a == 127) return false;
  return !(a == 169 && b == 254) && !(a == 192 && b == 168) && !(a == 172 && b >= 16 && b <= 31);
}

/// An optional port, then nothing or a path.
bool is_port_and_path(Points rest) {
  if (rest.starts_with(U':')) {
    std::size_t digits = 1;
    while (digits < rest.size() && digits <= 6 && is_decimal_digit(rest[digits])) ++digits;
    if (digits < 3 || digits > 6) return false;
    rest.remove_prefix(digits);
  }
  return rest.empty() || rest[0] == U'/' || rest[0] == U'?' || rest[0] == U'#';
}

bool is_host_and_path(Points text) {
  std::size_t size = 0;
  while (size < text.size() && (is_label_character(text[size]) || text[size] == U'.')) ++size;
  const auto host = text.substr(0, size);
  return (is_domain(host) || is_public_ipv4(host)) && is_port_and_path(text.substr(size));
}

/// Any user part ends with an at sign; which one is open, so each is tried. Only the last can precede a host without
/// one in its path, so the work is bounded by their number times the host's length.
bool is_user_host_and_path(Points text) {
  if (is_host_and_path(text)) return true;
  constexpr int tries_max = 64;
  auto at = text.find(U'@', 1);
  for (int tries = 0; at != Points::npos && tries < tries_max; ++tries, at = text.find(U'@', at + 1))
    if (is_host_and_path(text.substr(at + 1))) return true;
  return false;
}

}  // namespace

bool is_address(const WordPiece& piece, WordSpan span) {
  const Points text(piece.points.data() + span.begin, span.end - span.begin);
  if (text.find(U'.') == Points::npos) return false;
  if (is_user_host_and_path(text)) return true;
  const auto colon = text.find(U"://");
  if (colon == Points::npos || colon < 2) return false;
  const auto is_scheme = [](char32_t c) { return c == U'+' || c == U'-' || c == U'.' || is_word_character(c); };
  return std::ranges::all_of(text.substr(0, colon), is_scheme) && is_user_host_and_path(text.substr(colon + 3));
}

}  // namespace gristmill::kernels
