// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gristmill::formats {

/// One header line.
struct HeaderField {
  std::string_view name;
  std::string_view value;
};

/// Header lines of WARC records and HTTP messages, read leniently: any line end, continuation lines, lines without a
/// colon left out. Views into the bytes given (continued values into storage of this object).
class HeaderFields {
 public:
  void parse(std::string_view lines);
  /// Value of the first field of that name, in any case of letters; empty when absent.
  [[nodiscard]] std::string_view find(std::string_view name) const;

 private:
  std::vector<HeaderField> fields_;
  std::vector<std::string> continued_;
};

/// True when both are equal but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// An HTTP response as it was captured.
struct HttpResponse {
  int status = 0;
  HeaderFields fields;
  std::string_view body;
};

/// Splits a captured response. False when it does not start with a status line.
bool parse_http_response(std::string_view block, HttpResponse& response);

/// How a transfer or content coding came off.
enum class Decoding { none, whole, damaged, unsupported };

/// Undoes chunked transfer and gzip, deflate and zstd content codings, each only where the bytes really are coded (many
/// crawlers store decoded bodies under the old headers). `body` then points into `scratch`.
struct BodyDecoder {
  std::string chunks;
  std::string expanded;
  Decoding transfer = Decoding::none;
  Decoding content = Decoding::none;
  void decode(HttpResponse& response, std::size_t bytes_max);
};

/// The type in lower case without parameters ("text/html"), and its charset parameter.
struct ContentType {
  std::string type;
  std::string_view charset;
};
ContentType parse_content_type(std::string_view value);

}  // namespace gristmill::formats
