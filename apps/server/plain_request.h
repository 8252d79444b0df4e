// SPDX-License-Identifier: Apache-2.0
// Requests as nearly all clients send them, read without the HTTP library. What is unusual in any way is left to that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "http.h"

namespace gristmill::server {

inline constexpr std::size_t plain_fields_max = 24;

/// A whole HTTP/1.1 request on a connection that stays open. Views point into the bytes that were read.
struct PlainRequest {
  std::string_view method;
  std::string_view target;  ///< Begins with a slash; letters, digits and the usual signs of paths and queries only.
  std::array<std::pair<std::string_view, std::string_view>, plain_fields_max> fields;
  std::size_t field_count = 0;
  std::uint64_t body_bytes = 0;
  std::string_view body;
  std::size_t bytes = 0;  ///< Of the whole request; what follows belongs to the next one.
};

/// Nothing unless all of the request is there and its form leaves no room for doubt: one Host, at most one
/// Content-Length, no Transfer-Encoding, Expect, Upgrade or other Connection than keep-alive, printable ASCII only.
std::optional<PlainRequest> read_plain_request(std::string_view bytes, std::size_t head_bytes_max);

/// Takes method, header fields and body over, in place of those of a request before.
void fill(HttpRequest& request, const PlainRequest& plain);

}  // namespace gristmill::server
