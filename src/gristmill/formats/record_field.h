// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "gristmill/formats/json_scanner.h"

namespace gristmill::formats {

/// One field of a record: a plain string, or a checked JSON value.
struct RecordField {
  std::string_view name;
  std::string_view plain;  ///< When it is no JSON.
  JsonSlice json;
  bool is_json = false;
  bool is_used = false;    ///< Taken as text, address or conversation, or superseded: not for the metadata.

  [[nodiscard]] bool is_string() const { return !is_json || json.kind == JsonKind::string; }
  [[nodiscard]] bool is_null() const { return is_json && json.kind == JsonKind::null; }
  /// The string that it holds; empty for other kinds.
  [[nodiscard]] std::string string() const {
    if (!is_json) return std::string(plain);
    return json.kind == JsonKind::string ? json_string(json.text) : std::string();
  }
};

}  // namespace gristmill::formats
