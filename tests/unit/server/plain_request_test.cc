// SPDX-License-Identifier: Apache-2.0
#include "server/plain_request.h"

#include <doctest/doctest.h>

#include <string>

namespace gristmill::server {
namespace {

constexpr std::size_t head_max = 16 * 1024;

std::optional<PlainRequest> read(std::string_view bytes) { return read_plain_request(bytes, head_max); }

std::string with_field(std::string_view field) {
  return "GET /a HTTP/1.1\r\nHost: h\r\n" + std::string(field) + "\r\n\r\n";
}

}  // namespace

TEST_CASE("a plain request is read with all its parts") {
  const std::string bytes =
      "POST /api/v1/feedback?x=1 HTTP/1.1\r\nHost: localhost:8787\r\nAuthorization:Bearer abc \r\n"
      "content-length:  5\r\nConnection: Keep-Alive\r\nEmpty:\r\n\r\nhelloGET ";
  const auto request = read(bytes);
  REQUIRE(request);
  CHECK(request->method == "POST");
  CHECK(request->target == "/api/v1/feedback?x=1");
  REQUIRE(request->field_count == 5);
  CHECK(request->fields[1].first == "Authorization");
  CHECK(request->fields[1].second == "Bearer abc");
  CHECK(request->fields[4].second.empty());
  CHECK(request->body == "hello");
  CHECK(request->bytes == bytes.size() - 4);
}

TEST_CASE("what is not there as a whole is not plain") {
  const std::string bytes = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  CHECK(read(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(read(std::string_view(bytes).substr(0, size)));
}

TEST_CASE("what could be understood in two ways is left to the careful reader") {
  CHECK(read(with_field("Accept: */*")));
  for (const std::string_view field : {"Host: other",
                                       "Transfer-Encoding: chunked",
                                       "transfer-encoding: identity",
                                       "Expect: 100-continue",
                                       "Connection: close",
                                       "Connection: Upgrade",
                                       "Upgrade: h2c",
                                       "Proxy-Connection: close",
                                       "Content-Length: +1",
                                       "Content-Length: 1x",
                                       "Content-Length:",
                                       "Content-Length: 0\r\nContent-Length: 0",
                                       "Content-Length: 9999999999",
                                       " folded: x",
                                       "A: b\r\n c",
                                       "Name : x",
                                       "A b: x",
                                       ": x",
                                       "no colon",
                                       "A: tab\there",
                                       "A: \x01",
                                       "A: caf\xC3\xA9",
                                       "A: x\n"})
    CHECK_MESSAGE(!read(with_field(field)), field);
  for (const std::string_view line :
       {"GET /a HTTP/1.0", "GET /a HTTP/1.2", "get /a HTTP/1.1", "GET  /a HTTP/1.1", "GET /a  HTTP/1.1",
        "GET a HTTP/1.1", "GET http://h/a HTTP/1.1", "OPTIONS * HTTP/1.1", "GET /a#b HTTP/1.1", "GET /a\\b HTTP/1.1",
        "GET /\x80 HTTP/1.1", "GET /a", "", "\r\nGET /a HTTP/1.1"})
    CHECK_MESSAGE(!read(std::string(line) + "\r\nHost: h\r\n\r\n"), line);
  CHECK_FALSE(read("GET /a HTTP/1.1\r\n\r\n"));
}

TEST_CASE("large heads are left to the careful reader") {
  std::string many;
  for (std::size_t i = 1; i < plain_fields_max; ++i) many += (i > 1 ? "\r\nA: b" : "A: b");
  CHECK(read(with_field(many)));
  CHECK_FALSE(read(with_field(many + "\r\nA: b")));
  CHECK_FALSE(read(with_field("A: " + std::string(head_max, 'x'))));
  CHECK_FALSE(read("GET /" + std::string(8 * 1024, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n"));
}

}  // namespace gristmill::server
