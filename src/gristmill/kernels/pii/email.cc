// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/email.h"

#include <algorithm>
#include <array>

#include "gristmill/kernels/pii/network.h"

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t local_bytes_max = 64;
constexpr std::size_t domain_bytes_max = 253;
constexpr std::size_t label_bytes_max = 63;

/// RFC 5322 atext, and the dot that joins atoms.
constexpr std::array<bool, 256> local_bytes = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                       "!#$%&'*+-/=?^_`{|}~.")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_local_byte(char c) noexcept { return local_bytes[static_cast<unsigned char>(c)]; }

/// Start of a quoted local part whose closing quote is right before `at`, or `at` for none.
std::size_t quoted_start(std::string_view text, std::size_t at) noexcept {
  for (std::size_t i = 2; i <= local_bytes_max && i < at; ++i) {
    const char c = text[at - 1 - i];
    if (c == '\n' || c == '\r') return at;
    if (c != '"') continue;
    if (byte_before(text, at - 1 - i) == '\\') continue;
    // An attribute such as title="a b"@... would open after '='.
    return byte_before(text, at - 1 - i) == '=' ? at : at - 1 - i;
  }
  return at;
}

/// Moves a dot-atom's start past what is grammatical but of the text around it.
std::size_t trimmed_start(std::string_view text, std::size_t begin, std::size_t at) noexcept {
  const auto cut_after = [&](std::string_view marks) {
    const auto found = text.substr(begin, at - begin).find_last_of(marks);
    if (found != std::string_view::npos) begin += found + 1;
  };
  const auto run = text.substr(begin, at - begin);
  const bool is_query = run.find("//") != run.npos || run.find('?') != run.npos || run.starts_with('/') ||
                        (run.find('&') != run.npos && run.find('=') != run.npos);
  if (is_query) cut_after("/?&=");
  cut_after("`{|}");
  const auto equals = text.substr(begin, at - begin).find('=');
  if (equals != std::string_view::npos) {
    const auto name = text.substr(begin, equals);
    if (std::ranges::all_of(name, [](char c) { return is_letter(c) || c == '_' || c == '-'; })) begin += equals + 1;
  }
  // Marks before a name are rather a list, emphasis or a mention than part of it.
  while (begin < at && !is_alphanumeric(text[begin]) && text[begin] != '_') ++begin;
  const auto dots = text.substr(begin, at - begin).rfind("..");
  if (dots != std::string_view::npos) begin += dots + 2;
  return begin;
}

std::size_t local_start(std::string_view text, std::size_t at) noexcept {
  if (byte_before(text, at) == '"') return quoted_start(text, at);
  if (byte_before(text, at) == '.') return at;
  std::size_t begin = at;
  while (begin > 0 && at - begin <= local_bytes_max && is_local_byte(text[begin - 1])) --begin;
  begin = trimmed_start(text, begin, at);
  return at - begin > local_bytes_max ? at : begin;
}

/// End of [1.2.3.4] or [IPv6:...] after the '@', or `begin` for none.
std::size_t literal_end(std::string_view text, std::size_t begin) noexcept {
  const auto close = text.substr(begin, 64).find(']');
  if (close == std::string_view::npos) return begin;
  auto inside = text.substr(begin + 1, close - 1);
  std::uint32_t four_bytes = 0;
  Ipv6Bytes bytes{};
  constexpr std::string_view tag = "IPv6:";
  const bool is_address = inside.starts_with(tag) ? parse_ipv6(inside.substr(tag.size()), bytes)
                                                  : parse_ipv4(inside, four_bytes);
  return is_address ? begin + close + 1 : begin;
}

bool is_image_name(std::string_view domain) noexcept {
  const auto dot = domain.rfind('.');
  const auto extension = domain.substr(dot + 1);
  constexpr std::array<std::string_view, 8> images{"png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "bmp"};
  return std::ranges::find(images, extension) != images.end() && is_digit(domain.front());
}

/// Whether the last label of a domain can be a top-level domain: letters, or an encoded name (RFC 3492).
bool is_top_label(std::string_view label) noexcept {
  if (label.size() < 2) return false;
  if (label.starts_with("xn--")) return true;
  return std::ranges::all_of(label, is_letter);
}

/// End of the longest domain after the '@', or `begin` for none.
std::size_t domain_end(std::string_view text, std::size_t begin) noexcept {
  if (byte_at(text, begin) == '[') return literal_end(text, begin);
  std::size_t good_end = begin;
  std::size_t label_begin = begin;
  for (std::size_t labels = 1; label_begin - begin <= domain_bytes_max; ++labels) {
    std::size_t end = label_begin;
    while (is_alphanumeric(byte_at(text, end)) || byte_at(text, end) == '-') {
      if (++end - begin > domain_bytes_max) return good_end;
    }
    std::size_t trimmed = end;
    while (trimmed > label_begin && text[trimmed - 1] == '-') --trimmed;
    const auto label = text.substr(label_begin, trimmed - label_begin);
    if (label.empty() || label.size() > label_bytes_max || label.front() == '-') break;
    if (labels > 1 && is_top_label(label)) good_end = trimmed;
    if (trimmed != end || byte_at(text, end) != '.') break;
    label_begin = end + 1;
  }
  return good_end;
}

}  // namespace

Span find_email(std::string_view text, std::size_t at) noexcept {
  // Both neighbours must be able to belong to an address; most '@' in text fail here.
  const char before = byte_before(text, at);
  if (!is_local_byte(before) && before != '"') return {};
  const std::size_t end = domain_end(text, at + 1);
  if (end == at + 1) return {};
  const std::size_t begin = local_start(text, at);
  if (begin == at) return {};
  const auto local = text.substr(begin, at - begin);
  if (local == "git" && byte_at(text, end) == ':') return {};
  if (text[at + 1] != '[' && is_image_name(text.substr(at + 1, end - at - 1))) return {};
  return {begin, end};
}

}  // namespace gristmill::kernels::pii
