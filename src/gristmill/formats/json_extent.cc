// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/json_extent.h"

#include "gristmill/kernels/byte_search.h"

namespace gristmill::formats {

/// Inside a string: moves to its end; true when it ended.
bool JsonExtent::in_string(std::string_view bytes, std::size_t& position) {
  while (position < bytes.size()) {
    if (is_escaped_) {
      is_escaped_ = false;
      ++position;
      continue;
    }
    position = kernels::find_json_special(bytes, position);
    if (position == bytes.size()) return false;
    const char c = bytes[position++];
    if (c == '\\') is_escaped_ = true;
    if (c == '"') {
      is_string_ = false;
      return true;
    }
  }
  return false;
}

bool JsonExtent::advance(std::string_view bytes) {
  std::size_t position = 0;
  const auto finish = [&](std::size_t end) {
    at_ += end;
    return true;
  };
  while (position < bytes.size()) {
    if (is_string_) {
      if (in_string(bytes, position) && depth_ == 0) return finish(position);
      continue;
    }
    const char c = bytes[position];
    const bool is_close = c == ']' || c == '}';
    if (is_scalar_ && (c == ',' || is_close || c == ' ' || c == '\n' || c == '\r' || c == '\t'))
      return finish(position);
    if (c == '"') {
      is_string_ = true;
    } else if (c == '[' || c == '{') {
      ++depth_;
    } else if (is_close) {
      // A bracket that closes nothing ends the value, so that no input keeps us waiting.
      if (depth_ <= 1) return finish(position + 1);
      --depth_;
    } else if (depth_ == 0) {
      is_scalar_ = true;
    }
    ++position;
  }
  at_ += bytes.size();
  return false;
}

}  // namespace gristmill::formats
