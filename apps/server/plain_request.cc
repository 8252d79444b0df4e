// SPDX-License-Identifier: Apache-2.0
#include "plain_request.h"

#include "framing.h"
#include "http.h"

namespace gristmill::server {
namespace {

constexpr std::size_t method_bytes_max = 16;
constexpr std::size_t length_digits_max = 9;

using Table = std::array<bool, 256>;

constexpr Table table_of(std::string_view signs) {
  Table table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = table[static_cast<unsigned char>(c - 32)] = true;
  for (const char c : signs) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr auto target_bytes = table_of("/-._~?=&%:,+@!$'()*;");
constexpr auto name_bytes = table_of("!#$%&'*+-.^_`|~");
constexpr auto value_bytes = [] {
  Table table{};
  for (unsigned char c = ' '; c < 0x7F; ++c) table[c] = true;
  return table;
}();

/// Takes the bytes of a kind off the front.
std::string_view take_while(std::string_view& rest, const Table& table) {
  std::size_t end = 0;
  while (end < rest.size() && table[static_cast<unsigned char>(rest[end])]) ++end;
  const auto taken = rest.substr(0, end);
  rest.remove_prefix(end);
  return taken;
}

bool take(std::string_view& rest, std::string_view expected) {
  if (!rest.starts_with(expected)) return false;
  rest.remove_prefix(expected.size());
  return true;
}

bool take_first_line(std::string_view& rest, PlainRequest& request) {
  std::size_t end = 0;
  while (end < rest.size() && rest[end] >= 'A' && rest[end] <= 'Z') ++end;
  request.method = rest.substr(0, end);
  rest.remove_prefix(end);
  if (end == 0 || end > method_bytes_max || !take(rest, " ")) return false;
  request.target = take_while(rest, target_bytes);
  return request.target.starts_with('/') && request.target.size() <= target_bytes_max && take(rest, " HTTP/1.1\r\n");
}

bool take_field(std::string_view& rest, PlainRequest& request) {
  if (request.field_count == plain_fields_max) return false;
  auto& [name, value] = request.fields[request.field_count++];
  name = take_while(rest, name_bytes);
  if (name.empty() || !take(rest, ":")) return false;
  value = take_while(rest, value_bytes);
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  return take(rest, "\r\n");
}

bool read_length(std::string_view text, std::uint64_t& length) {
  if (text.empty() || text.size() > length_digits_max) return false;
  length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

/// How often those fields occur that say who is asked and where the body ends.
struct Counts {
  int hosts = 0;
  int lengths = 0;
};

bool note_field(std::string_view name, std::string_view value, PlainRequest& request, Counts& counts) {
  switch (name.size()) {
    case 4: counts.hosts += equal_names(name, "Host"); return true;
    case 6: return !equal_names(name, "Expect");
    case 7: return !equal_names(name, "Upgrade");
    case 10: return !equal_names(name, "Connection") || equal_names(value, "keep-alive");
    case 14:
      if (!equal_names(name, "Content-Length")) return true;
      ++counts.lengths;
      return read_length(value, request.body_bytes);
    case 16: return !equal_names(name, "Proxy-Connection");
    case 17: return !equal_names(name, "Transfer-Encoding");
    default: return true;
  }
}

}  // namespace

std::optional<PlainRequest> read_plain_request(std::string_view bytes, std::size_t head_bytes_max) {
  std::optional<PlainRequest> found(std::in_place);
  auto& request = *found;
  auto rest = bytes;
  if (!take_first_line(rest, request)) return std::nullopt;
  Counts counts;
  while (!take(rest, "\r\n")) {
    if (!take_field(rest, request)) return std::nullopt;
    const auto& [name, value] = request.fields[request.field_count - 1];
    if (!note_field(name, value, request, counts)) return std::nullopt;
  }
  if (counts.hosts != 1 || counts.lengths > 1 || bytes.size() - rest.size() > head_bytes_max) return std::nullopt;
  if (rest.size() < request.body_bytes) return std::nullopt;
  request.body = rest.substr(0, request.body_bytes);
  request.bytes = bytes.size() - rest.size() + request.body.size();
  return found;
}

void fill(HttpRequest& request, const PlainRequest& plain) {
  request.method = plain.method;
  request.headers.resize(plain.field_count);
  for (std::size_t i = 0; i < plain.field_count; ++i) {
    request.headers[i].first = plain.fields[i].first;
    request.headers[i].second = plain.fields[i].second;
  }
  request.body = plain.body;
  request.answered_by = "none";
}

}  // namespace gristmill::server
