// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gristmill/base/json.h"
#include "gristmill/store/avro_schema.h"

namespace gristmill::store {

/// Decodes Avro binary values. Calls return false once something is wrong; `what` then says what.
class AvroDecoder {
 public:
  AvroDecoder(std::string_view bytes, std::size_t position) : bytes_(bytes), position_(position) {}
  bool read_long(std::int64_t& value);
  bool read_bytes(std::string_view& value);
  bool read_raw(std::size_t size, std::string_view& value);
  /// One value of the schema's node. One call makes at most `values_max` values.
  bool read_value(const AvroSchema& schema, int node, Json& value, int depth = 0);
  /// See AvroReader.
  void keep_keys(std::span<const std::int64_t> keys) { kept_keys_ = keys; }
  /// Passes over one value.
  bool skip_value(const AvroSchema& schema, int node, int depth = 0);
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::string_view what() const { return what_; }

 private:
  bool fail(std::string_view what);
  bool read_scalar(const AvroSchema::Node& node, Json& value);
  bool read_record(const AvroSchema& schema, const AvroSchema::Node& node, Json& value, int depth);
  bool read_pair(const AvroSchema& schema, const AvroSchema::Node& pair, Json& item, int depth);
  bool skip_scalar(const AvroSchema::Node& node);
  bool skip_items(const AvroSchema& schema, const AvroSchema::Node& node, int depth);
  bool read_items(const AvroSchema& schema, const AvroSchema::Node& node, Json& value, int depth);

  std::string_view bytes_;
  std::size_t position_;
  std::string_view what_ = "damaged";
  std::size_t values_left_ = 4'000'000;
  std::span<const std::int64_t> kept_keys_;
};

/// Encodes Avro binary values.
void append_avro_long(std::string& out, std::int64_t value);
void append_avro_bytes(std::string& out, std::string_view value);
/// Encodes `value` as the schema's node; the error names the field that does not fit.
Status append_avro_value(std::string& out, const AvroSchema& schema, int node, const Json& value, int depth = 0);

}  // namespace gristmill::store
