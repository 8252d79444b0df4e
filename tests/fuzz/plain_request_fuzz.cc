// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/framing.h"
#include "server/plain_request.h"

namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// Whatever is taken for a plain request, the HTTP library takes for the very same one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill::server;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t head_bytes_max = 4 * 1024;
  const auto plain = read_plain_request(bytes, head_bytes_max);
  if (!plain) return 0;
  must(plain->bytes <= size && plain->body.size() == plain->body_bytes);
  Parser parser;
  parser.eager(true);
  parser.header_limit(head_bytes_max);
  boost::system::error_code error;
  std::size_t used = 0;
  while (!parser.is_done() && used < plain->bytes) {
    const auto taken = parser.put(boost::asio::buffer(bytes.data() + used, size - used), error);
    must(!error && taken > 0);
    used += taken;
  }
  must(parser.is_done() && used == plain->bytes && check_framing(parser).status == 0);
  const auto& message = parser.get();
  must(message.keep_alive() && view(message.method_string()) == plain->method);
  must(view(message.target()) == plain->target && message.body() == plain->body);
  const auto end = plain->fields.begin() + static_cast<std::ptrdiff_t>(plain->field_count);
  must(std::distance(message.begin(), message.end()) == end - plain->fields.begin());
  for (const auto& field : message)
    must(std::find(plain->fields.begin(), end, std::pair(view(field.name_string()), view(field.value()))) != end);
  return 0;
}
