// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace gristmill::formats {

/// Finds where a JSON value ends by its brackets and quotation marks alone, piece by piece, so that a value larger than
/// memory can be passed over. Whether it is proper JSON is for JsonScanner to say.
class JsonExtent {
 public:
  /// Looks at more bytes; true when the value ends in them. `at` counts from the first byte ever looked at.
  bool advance(std::string_view bytes);
  /// Size of the value, once it ended; how far it was looked at before.
  [[nodiscard]] std::size_t size() const { return at_; }

 private:
  bool in_string(std::string_view bytes, std::size_t& position);

  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool is_string_ = false;
  bool is_escaped_ = false;
  bool is_scalar_ = false;
};

}  // namespace gristmill::formats
