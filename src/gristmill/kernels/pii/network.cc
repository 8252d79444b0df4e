// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/network.h"

#include <algorithm>

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t ipv6_bytes_max = 45;  // eight groups, the last two as dotted decimals

struct Ipv4Block {
  std::uint32_t address;
  unsigned bits;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) noexcept {
  return (a << 24) | (b << 16) | (c << 8) | d;
}

/// IANA IPv4 Special-Purpose Address Registry, blocks that are not globally reachable, and multicast (RFC 5771).
constexpr std::array special_ipv4{
    Ipv4Block{ipv4(0, 0, 0, 0), 8},     Ipv4Block{ipv4(10, 0, 0, 0), 8},      Ipv4Block{ipv4(100, 64, 0, 0), 10},
    Ipv4Block{ipv4(127, 0, 0, 0), 8},   Ipv4Block{ipv4(169, 254, 0, 0), 16},  Ipv4Block{ipv4(172, 16, 0, 0), 12},
    Ipv4Block{ipv4(192, 0, 0, 0), 24},  Ipv4Block{ipv4(192, 0, 2, 0), 24},    Ipv4Block{ipv4(192, 168, 0, 0), 16},
    Ipv4Block{ipv4(198, 18, 0, 0), 15}, Ipv4Block{ipv4(198, 51, 100, 0), 24}, Ipv4Block{ipv4(203, 0, 113, 0), 24},
    Ipv4Block{ipv4(224, 0, 0, 0), 3},
};

/// Reads a number of one to three digits up to 255 without leading zero at `position` and moves past it.
bool read_decimal_byte(std::string_view text, std::size_t& position, std::uint32_t& value) noexcept {
  const std::size_t end = digits_end(text.substr(0, std::min(text.size(), position + 4)), position);
  const std::size_t length = end - position;
  if (length == 0 || length > 3 || (length > 1 && text[position] == '0')) return false;
  value = 0;
  for (; position < end; ++position) value = value * 10 + static_cast<std::uint32_t>(text[position] - '0');
  return value <= 255;
}

/// Reads a dotted quad at `position` and moves past it.
bool read_ipv4(std::string_view text, std::size_t& position, std::uint32_t& address) noexcept {
  address = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && byte_at(text, position++) != '.') return false;
    std::uint32_t value = 0;
    if (!read_decimal_byte(text, position, value)) return false;
    address = (address << 8) | value;
  }
  return true;
}

bool ipv4_starts(std::string_view text, std::size_t begin) noexcept {
  const char before = byte_before(text, begin);
  const char second = byte_before(text, begin, 2);
  if (is_alphanumeric(before) || before == '_' || before == '.' || before == '+') return false;
  // "Chrome/118.0.0.0", "pkg-1.2.3.4" are versions; "http://1.2.3.4" and "1.2.3.4-1.2.3.9" are addresses.
  return !((before == '/' || before == '-') && is_letter(second));
}

bool ipv4_ends(std::string_view text, std::size_t end) noexcept {
  const char after = byte_at(text, end);
  const char second = byte_at(text, end + 1);
  if (is_alphanumeric(after) || after == '_') return false;
  if (after == '.') return !is_digit(second);
  return after != '-' || !is_letter(second);
}

bool is_near_network_word(std::string_view text, std::size_t begin) noexcept {
  constexpr std::array<std::string_view, 18> cues{"ip",    "ips",      "dns",    "address", "addresses", "addr",
                                                  "host",  "hostname", "server", "servers", "ping",      "http",
                                                  "https", "subnet",   "from",   "proxy",   "router",    "gateway"};
  return has_cue_before(text, begin, 24, cues);
}

/// Four numbers may also count versions ("Firefox 2.0.0.16") and sections ("3.1.2.4 Results"). Few addresses start with
/// three small numbers, so these need a sign of the network beside them; the same number four times is a well-known
/// resolver.
bool is_version_or_section(std::string_view text, Span span, std::uint32_t address) noexcept {
  constexpr std::array<std::string_view, 8> cues{"version",  "ver.",   "ver ",    "release",
                                                 "firmware", "build ", "section", "chapter"};
  if (has_cue_before(text, span.begin, 16, cues)) return true;
  constexpr std::uint32_t small_max = 30;
  const bool is_small = (address >> 24) <= small_max && ((address >> 16) & 255) <= small_max &&
                        ((address >> 8) & 255) <= small_max;
  const bool is_repeated = address == (address >> 24) * 0x01010101U;
  if (!is_small || is_repeated || !is_public_ipv4(address)) return false;
  const char before = byte_before(text, span.begin);
  const char after = byte_at(text, span.end);
  if (before == '/' || before == '@' || before == '=' || before == '[') return false;
  if ((after == ':' || after == '/') && is_digit(byte_at(text, span.end + 1))) return false;
  return !is_near_network_word(text, span.begin);
}

/// Hexadecimal groups parsed so far, and where `::` stood among them.
struct Groups {
  std::array<std::uint16_t, 8> values{};
  std::size_t count = 0;
  std::size_t gap = 9;  // none
};

bool expand(const Groups& groups, Ipv6Bytes& address) noexcept {
  const bool has_gap = groups.gap <= groups.count;
  if (has_gap ? groups.count > 7 : groups.count != 8) return false;
  address.fill(0);
  for (std::size_t i = 0; i < groups.count; ++i) {
    const std::size_t slot = has_gap && i >= groups.gap ? i + 8 - groups.count : i;
    address[2 * slot] = static_cast<std::uint8_t>(groups.values[i] >> 8);
    address[2 * slot + 1] = static_cast<std::uint8_t>(groups.values[i] & 255);
  }
  return true;
}

std::uint32_t big_endian(const Ipv6Bytes& bytes, std::size_t at) noexcept {
  return ipv4(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

std::uint16_t hex_value(std::string_view digits) noexcept {
  unsigned value = 0;
  for (const char c : digits) value = value * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 32) - 'a' + 10);
  return static_cast<std::uint16_t>(value);
}

}  // namespace

bool is_public_ipv4(std::uint32_t address) noexcept {
  return std::ranges::none_of(special_ipv4, [address](const Ipv4Block& block) {
    return ((address ^ block.address) >> (32 - block.bits)) == 0;
  });
}

bool is_public_ipv6(const Ipv6Bytes& address) noexcept {
  const std::uint32_t head = big_endian(address, 0);
  if (head == 0x0064FF9B) return is_public_ipv4(big_endian(address, 12));      // NAT64, RFC 6052
  if ((head >> 16) == 0x2002) return is_public_ipv4(big_endian(address, 2));   // 6to4, RFC 3056
  if ((head >> 29) != 1) return false;                                         // global unicast is 2000::/3
  const bool is_protocol_block = (head >> 9) == (0x20010000U >> 9);            // 2001::/23
  const bool is_documentation = head == 0x20010DB8 || (head >> 12) == 0x3FFF0; // RFC 3849, RFC 9637
  return !is_protocol_block && !is_documentation;
}

bool parse_ipv4(std::string_view text, std::uint32_t& address) noexcept {
  std::size_t position = 0;
  return read_ipv4(text, position, address) && position == text.size();
}

bool parse_ipv6(std::string_view text, Ipv6Bytes& address) noexcept {
  Groups groups;
  std::size_t at = 0;
  if (text.starts_with("::")) {
    groups.gap = 0;
    at = 2;
  }
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && is_hex(text[end])) ++end;
    if (byte_at(text, end) == '.') {
      std::uint32_t tail = 0;
      if (groups.count > 6 || !parse_ipv4(text.substr(at), tail)) return false;
      groups.values[groups.count++] = static_cast<std::uint16_t>(tail >> 16);
      groups.values[groups.count++] = static_cast<std::uint16_t>(tail & 0xFFFF);
      return expand(groups, address);
    }
    if (end == at || end - at > 4 || groups.count == 8) return false;
    groups.values[groups.count++] = hex_value(text.substr(at, end - at));
    if (end == text.size()) return expand(groups, address);
    if (text[end] != ':') return false;
    at = end + 1;
    if (byte_at(text, at) == ':') {
      if (groups.gap != 9) return false;
      groups.gap = groups.count;
      ++at;
    } else if (at == text.size()) {
      return false;
    }
  }
  return expand(groups, address);
}

Span find_ipv4(std::string_view text, std::size_t begin, bool is_public_only) noexcept {
  std::size_t end = begin;
  std::uint32_t address = 0;
  if (!read_ipv4(text, end, address)) return {};
  if (!ipv4_starts(text, begin) || !ipv4_ends(text, end)) return {};
  if (is_public_only && !is_public_ipv4(address)) return {};
  if (is_version_or_section(text, {begin, end}, address)) return {};
  return {begin, end};
}

Span find_ipv6(std::string_view text, std::size_t colon, bool is_public_only) noexcept {
  const auto is_part = [](char c) { return is_hex(c) || c == ':'; };
  if (!is_part(byte_at(text, colon + 1))) return {};
  std::size_t begin = colon;
  while (begin > 0 && colon - begin <= ipv6_bytes_max && is_part(text[begin - 1])) --begin;
  std::size_t end = colon;
  while (end - begin <= ipv6_bytes_max && (is_part(byte_at(text, end)) || byte_at(text, end) == '.')) ++end;
  while (end > begin && text[end - 1] == '.') --end;
  if (end - begin > 2 && text[end - 1] == ':' && text[end - 2] != ':') --end;
  const char before = byte_before(text, begin);
  if (is_alphanumeric(before) || before == '_' || before == '.' || before == '-') return {};
  if (is_alphanumeric(byte_at(text, end)) || byte_at(text, end) == '_') return {};
  const auto token = text.substr(begin, end - begin);
  Ipv6Bytes address{};
  if (!parse_ipv6(token, address)) return {};
  // Without a digit it is rather a scoped name of a program, such as "abc::def".
  if (std::ranges::none_of(token, is_digit)) return {};
  if (is_public_only && !is_public_ipv6(address)) return {};
  return {begin, end};
}

Span find_mac_address(std::string_view text, std::size_t separator) noexcept {
  constexpr std::size_t length = 17;
  if (separator < 2 || text.size() - separator < length - 2) return {};
  const Span span{separator - 2, separator - 2 + length};
  const char joiner = text[separator];
  bool has_digit = false;
  bool is_uniform = true;
  for (std::size_t i = 0; i < length; ++i) {
    const char c = text[span.begin + i];
    if (i % 3 == 2 ? c != joiner : !is_hex(c)) return {};
    has_digit |= is_digit(c);
    is_uniform &= i % 3 == 2 || c == text[span.begin];
  }
  const char before = byte_before(text, span.begin);
  const char after = byte_at(text, span.end);
  if (is_uniform || !has_digit || is_alphanumeric(before) || before == joiner || before == '_') return {};
  return is_alphanumeric(after) || after == joiner || after == '_' ? Span{} : span;
}

}  // namespace gristmill::kernels::pii
