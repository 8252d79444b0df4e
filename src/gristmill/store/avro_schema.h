// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"

namespace gristmill::store {

/// A parsed Avro schema (Avro 1.11 specification): a table of nodes that refer to each other by index, so that
/// recursive named types need no owning cycles.
class AvroSchema {
 public:
  enum class Kind : std::uint8_t {
    null,
    boolean,
    int32,
    int64,
    float32,
    float64,
    bytes,
    string,
    fixed,
    enumeration,
    record,
    array,
    map,
    choice,
  };
  struct Field {
    std::string name;
    int node = 0;
    bool is_left_out = false;  ///< A reader passes over it.
  };
  struct Node {
    Kind kind = Kind::null;
    std::size_t size = 0;               ///< Of a fixed.
    std::vector<Field> fields;          ///< Of a record.
    std::vector<int> branches;          ///< Of a choice (Avro's union); one entry for the items of arrays and maps.
    std::vector<std::string> symbols;   ///< Of an enumeration.
  };
  /// Replaces field names by the `field-id` attribute: old writers name the same field otherwise.
  using FieldNames = std::vector<std::pair<int, std::string_view>>;

  /// Parses schema JSON. Hostile ones (too long, too deep, too many fields) are refused.
  static Result<AvroSchema> parse(std::string_view text, const FieldNames& names = {});
  [[nodiscard]] const Node& node(int index) const { return nodes_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] int root() const { return root_; }
  /// Lets readers pass over all fields of these names, wherever they stand.
  void leave_out(std::span<const std::string_view> names);

 private:
  class Parser;
  std::vector<Node> nodes_;
  int root_ = 0;
};

}  // namespace gristmill::store
