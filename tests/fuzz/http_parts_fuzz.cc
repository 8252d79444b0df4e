// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/http.h"
#include "server/request_check.h"
#include "server/schema.h"

/// Paths, queries and Accept headers of hostile clients: nothing that is let through climbs, holds control characters
/// or is larger than what came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill::server;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto segments = parse_path(text)) {
    std::size_t bytes = 0;
    for (const auto& segment : *segments) {
      bytes += segment.size();
      if (segment.empty() || segment == "." || segment == "..") std::abort();
      for (const char c : segment) {
        if (static_cast<unsigned char>(c) < 0x20) std::abort();
      }
    }
    if (bytes > size || segments->size() > 32) std::abort();
  }
  if (const auto pairs = parse_query(text)) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : *pairs) bytes += name.size() + value.size();
    if (bytes > size || pairs->size() > 64) std::abort();
  }
  (void)accepts(text, "application/json");
  (void)scalar_of(schema_of("integer"), text);
  return 0;
}
