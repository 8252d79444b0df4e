// SPDX-License-Identifier: Apache-2.0
// Where a request ends and what it may look like, for heads that the HTTP library parsed.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <string_view>

#include "http.h"

namespace gristmill::server {

using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

inline constexpr std::size_t target_bytes_max = std::size_t{8} * 1024;

/// What is wrong with a request, and the status that says so; 0 = nothing.
struct HeadFault {
  int status = 0;
  std::string_view detail;
};

/// Looks at a head that the parser took.
HeadFault check_framing(const Parser& parser);

/// What the parser's error is to the client.
HeadFault fault_of(boost::system::error_code error, std::size_t bytes_seen, bool is_first_line_whole);

/// Takes method and header fields over.
void fill(HttpRequest& request, const Parser& parser);

/// Splits the target into path and query. The absolute form, which clients send to proxies, is taken as well; its host
/// then is the request's. Behind `fill`.
bool set_target(HttpRequest& request, std::string_view target);

}  // namespace gristmill::server
