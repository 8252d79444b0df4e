// SPDX-License-Identifier: Apache-2.0
#include "framing.h"

#include <algorithm>

namespace gristmill::server {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t header_count_max = 100;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

HeadFault check_framing(const Parser& parser) {
  const auto& message = parser.get();
  if (message.version() != 11 && message.version() != 10) return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  std::size_t hosts = 0, lengths = 0, codings = 0, count = 0;
  for (const auto& field : message) {
    ++count;
    hosts += field.name() == http::field::host;
    lengths += field.name() == http::field::content_length;
    codings += field.name() == http::field::transfer_encoding;
  }
  if (count > header_count_max) return {431, "too many header fields"};
  if (message.target().size() > target_bytes_max) return {414, "the request target is too long"};
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) return {400, "exactly one Host header is needed"};
  if (codings > 0) {
    // A body whose end two programs could see at different places is how requests are smuggled.
    if (lengths > 0 || codings > 1 || message.version() == 10)
      return {400, "the body's length is told in more than one way"};
    if (!equal_names(view(message[http::field::transfer_encoding]), "chunked"))
      return {501, "no transfer coding but chunked is known here"};
  }
  if (lengths > 1) return {400, "the body's length is told in more than one way"};
  const auto expect = message[http::field::expect];
  if (!expect.empty() && !equal_names(view(expect), "100-continue"))
    return {417, "no expectation but 100-continue is known here"};
  return {};
}

void fill(HttpRequest& request, const Parser& parser) {
  const auto& message = parser.get();
  request.method = view(message.method_string());
  for (const auto& field : message) request.headers.emplace_back(view(field.name_string()), view(field.value()));
}

bool set_target(HttpRequest& request, std::string_view target) {
  bool is_absolute = false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (is_absolute || !equal_names(target.substr(0, scheme.size()), scheme)) continue;
    is_absolute = true;
    target.remove_prefix(scheme.size());
    const auto end = std::min(target.find_first_of("/?#"), target.size());
    // The host of a URL goes before the one of the header (RFC 9112, 3.2.2).
    for (auto& [name, value] : request.headers) {
      if (equal_names(name, "Host")) value = target.substr(0, end);
    }
    target.remove_prefix(end);
  }
  if (!is_absolute && target != "*" && !target.starts_with('/')) return false;
  target = target.substr(0, target.find('#'));
  const auto question = std::min(target.find('?'), target.size());
  request.path = question == 0 ? "/" : target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  return true;
}

HeadFault fault_of(boost::system::error_code error, std::size_t bytes_seen, bool is_first_line_whole) {
  if (error == http::error::header_limit) {
    if (!is_first_line_whole && bytes_seen > target_bytes_max) return {414, "the request target is too long"};
    return {431, "the header fields are too large"};
  }
  if (error == http::error::body_limit) return {413, "the body is too large for this resource"};
  if (error == http::error::bad_version) return {505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  return {400, "the request is not well-formed HTTP"};
}

}  // namespace gristmill::server
