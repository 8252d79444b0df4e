// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gristmill/base/json.h"
#include "gristmill/ops/chat/conversation.h"

namespace {

/// All views must lie in the reader's memory: a sanitizer sees one that does not.
std::size_t touch(const std::vector<gristmill::ops::Turn>& turns) {
  std::size_t sum = 0;
  for (const auto& turn : turns) {
    for (const char c : turn.role) sum += static_cast<unsigned char>(c);
    for (const char c : turn.content) sum += static_cast<unsigned char>(c);
  }
  return sum;
}

}  // namespace

/// What the general parser takes as an object with messages, this reader must read with the same number of messages.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static gristmill::ops::ConversationReader reader;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool is_read = reader.read(text);
  for (const auto* turns : {&reader.messages(), &reader.prompt(), &reader.chosen(), &reader.rejected()}) touch(*turns);
  if (!is_read) return reader.fault().empty() ? std::abort(), 0 : 0;
  // This reader passes over members that it does not know without checking them, so it may take more, never less.
  const auto parsed = gristmill::Json::parse(text);
  if (parsed && !reader.is_preference() && (*parsed)["messages"].size() != reader.messages().size()) std::abort();
  return 0;
}
