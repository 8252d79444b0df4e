// SPDX-License-Identifier: Apache-2.0
#include "http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gristmill/kernels/utf8.h"

namespace gristmill::server {
namespace {

constexpr std::size_t query_pairs_max = 64;
constexpr std::size_t path_segments_max = 32;

struct StatusName {
  int status;
  std::string_view phrase;
};

constexpr std::array status_names{
    StatusName{100, "Continue"},
    StatusName{200, "OK"},
    StatusName{201, "Created"},
    StatusName{202, "Accepted"},
    StatusName{204, "No Content"},
    StatusName{304, "Not Modified"},
    StatusName{400, "Bad Request"},
    StatusName{401, "Unauthorized"},
    StatusName{403, "Forbidden"},
    StatusName{404, "Not Found"},
    StatusName{405, "Method Not Allowed"},
    StatusName{406, "Not Acceptable"},
    StatusName{408, "Request Timeout"},
    StatusName{409, "Conflict"},
    StatusName{411, "Length Required"},
    StatusName{412, "Precondition Failed"},
    StatusName{413, "Content Too Large"},
    StatusName{414, "URI Too Long"},
    StatusName{415, "Unsupported Media Type"},
    StatusName{417, "Expectation Failed"},
    StatusName{421, "Misdirected Request"},
    StatusName{422, "Unprocessable Content"},
    StatusName{429, "Too Many Requests"},
    StatusName{431, "Request Header Fields Too Large"},
    StatusName{500, "Internal Server Error"},
    StatusName{501, "Not Implemented"},
    StatusName{503, "Service Unavailable"},
    StatusName{505, "HTTP Version Not Supported"},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return 422;
    case ErrorCode::not_found: return 404;
    case ErrorCode::already_exists:
    case ErrorCode::conflict:
    case ErrorCode::check_failed: return 409;
    case ErrorCode::denied: return 403;
    case ErrorCode::limit_exceeded: return 413;
    case ErrorCode::unavailable:
    case ErrorCode::interrupted: return 503;
    case ErrorCode::corrupt_data:
    case ErrorCode::internal: return 500;
  }
  return 500;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_names(key, name)) return value;
  }
  return {};
}

bool HttpRequest::has_header(std::string_view name) const {
  return std::ranges::any_of(headers, [&](const auto& item) { return equal_names(item.first, name); });
}

std::string_view reason_phrase(int status) {
  const auto* found = std::ranges::find(status_names, status, &StatusName::status);
  return found == status_names.end() ? "Unknown" : found->phrase;
}

bool equal_names(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    out += c;
  }
  if (!kernels::is_valid_utf8(out)) return std::nullopt;
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    if (pairs.size() == query_pairs_max)
      return invalid_argument(fmt::format("the query has more than {} parameters", query_pairs_max));
    const auto sign = std::min(part.find('='), part.size());
    auto name = percent_decoded(part.substr(0, sign), true);
    auto value = percent_decoded(part.substr(std::min(sign + 1, part.size())), true);
    if (!name || !value)
      return invalid_argument("the query holds a broken escape, a control character or what is no UTF-8");
    pairs.emplace_back(*std::move(name), *std::move(value));
  }
  return pairs;
}

Result<std::vector<std::string>> parse_path(std::string_view path) {
  std::vector<std::string> segments;
  if (path.empty() || path.front() != '/') return invalid_argument("the path does not begin with a slash");
  path.remove_prefix(1);
  while (true) {
    const auto end = std::min(path.find('/'), path.size());
    auto segment = percent_decoded(path.substr(0, end), false);
    if (!segment) return invalid_argument("the path holds a broken escape, a control character or what is no UTF-8");
    if (segment->empty() || *segment == "." || *segment == "..")
      return invalid_argument("the path holds an empty or dot segment");
    if (segments.size() == path_segments_max) return invalid_argument("the path has too many segments");
    segments.push_back(*std::move(segment));
    if (end == path.size()) return segments;
    path.remove_prefix(end + 1);
  }
}

HttpResponse json_response(int status, const Json& document) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = document.dump()};
}

HttpResponse problem(int status, std::string_view detail, const Json& more) {
  auto document = Json::object(
      {{"type", "about:blank"}, {"title", reason_phrase(status)}, {"status", status}, {"detail", detail}});
  for (const auto& [key, value] : more.members()) document.set(key, value);
  auto response = json_response(status, document);
  response.headers[0].second = "application/problem+json";
  return response;
}

HttpResponse problem_of(const Error& error) {
  const auto status = status_of(error.code);
  auto response = problem(status, error.message, Json::object({{"code", to_string(error.code)}}));
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace gristmill::server
