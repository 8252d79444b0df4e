// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/store/avro_schema.h"

namespace gristmill::store {

using AvroMetadata = std::vector<std::pair<std::string, std::string>>;

/// Reads an Avro object container file (codecs null and deflate) row by row. Rows are JSON values: records become
/// objects, bytes and fixed become strings of those bytes, maps become arrays of {key, value}, a union becomes the
/// value of its branch. Memory and time are bounded by the file's size and fixed limits, whatever the bytes say.
class AvroReader {
 public:
  /// `bytes` is the whole file; `path` is for messages.
  static Result<AvroReader> open(std::string bytes, std::string path, const AvroSchema::FieldNames& names = {});
  /// Passes over these fields from now on: they are not in the rows then, which is faster.
  void leave_out(std::span<const std::string_view> names) { schema_.leave_out(names); }
  /// Of maps by number (lists of {key, value}) only these keys are read from now on; empty: all.
  void keep_keys(std::vector<std::int64_t> keys) { kept_keys_ = std::move(keys); }
  /// Decodes the next row; false at the end.
  Result<bool> next(Json& row);
  /// A header entry ("avro.schema", "partition-spec", ...), empty when absent.
  [[nodiscard]] std::string_view metadata(std::string_view key) const;

 private:
  AvroReader(std::string bytes, std::string path) : bytes_(std::move(bytes)), path_(std::move(path)) {}
  Status read_header();
  Result<bool> open_block();
  Status unpack(std::string_view packed);
  [[nodiscard]] Error damaged(std::string_view what) const;

  std::string bytes_;
  std::string path_;
  std::string sync_;
  AvroMetadata metadata_;
  AvroSchema schema_;
  std::size_t position_ = 0;        ///< Of the next block in `bytes_`.
  std::size_t block_position_ = 0;  ///< Of the next row in `block_`.
  std::string block_;
  std::int64_t rows_left_ = 0;
  std::uint64_t inflated_total_ = 0;
  std::string codec_;
  std::vector<std::int64_t> kept_keys_;
};

/// Builds an Avro object container file in memory.
class AvroWriter {
 public:
  enum class Codec : std::uint8_t { null, deflate };
  /// `schema` goes into the file word for word. `metadata` are further header entries.
  static Result<AvroWriter> create(std::string schema, const AvroMetadata& metadata, Codec codec,
                                   const AvroSchema::FieldNames& names = {});
  /// Encodes one row, shaped as AvroReader gives it. A union takes its null branch for null, else the first other.
  Status append(const Json& row);
  /// The whole file.
  Result<std::string> finish();

 private:
  AvroWriter() = default;
  Status close_block();
  AvroSchema schema_;
  Codec codec_ = Codec::null;
  std::string file_, block_, sync_;
  std::int64_t block_rows_ = 0;
};

}  // namespace gristmill::store
