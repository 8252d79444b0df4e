// SPDX-License-Identifier: Apache-2.0
#include "answer_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <initializer_list>

namespace gristmill::server {
namespace {

/// As HTTP wants the time of an answer. Of the network's thread.
std::string_view date_of_now() {
  static std::time_t shown = 0;
  static std::array<char, 32> text{};
  static std::size_t length = 0;
  if (const auto now = std::time(nullptr); now != shown || length == 0) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    shown = now;
  }
  return {text.data(), length};
}

/// A header value never holds a line break of its own.
void put_clean(std::string_view value, std::string& out) {
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
  out += "\r\n";
}

/// Browsers must not run, frame, sniff or keep what we answer.
void put_hardening(const HttpResponse& response, bool is_encrypted, std::string& out) {
  out +=
      "X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\n";
  const bool says_caching = std::ranges::any_of(
      response.headers, [](const auto& item) { return equal_names(item.first, "Cache-Control"); });
  if (!says_caching) out += "Cache-Control: no-store\r\n";
  if (is_encrypted) out += "Strict-Transport-Security: max-age=31536000\r\n";
}

}  // namespace

void append_answer_head(const HttpResponse& response, const AnswerFrame& frame, std::string& out) {
  const auto put = [&out](std::initializer_list<std::string_view> pieces) {
    for (const auto piece : pieces) out += piece;
  };
  put({"HTTP/1.1 ", fmt::format_int(response.status).c_str(), " ", reason_phrase(response.status), "\r\n"});
  for (const auto& [name, value] : response.headers) {
    put({name, ": "});
    put_clean(value, out);
  }
  put_hardening(response, frame.is_encrypted, out);
  put({"Date: ", date_of_now(), "\r\n"});
  if (!frame.request_id.empty()) put({"X-Request-Id: ", frame.request_id, "\r\n"});
  if (frame.is_chunked) out += "Transfer-Encoding: chunked\r\n";
  if (frame.has_length) put({"Content-Length: ", fmt::format_int(response.body.size()).c_str(), "\r\n"});
  out += frame.is_kept ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
}

}  // namespace gristmill::server
