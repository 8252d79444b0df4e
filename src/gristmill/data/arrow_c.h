// SPDX-License-Identifier: Apache-2.0
// Columns in the memory layout of the Arrow C data interface, read and written without the Arrow library: what crosses
// the border to Python and other languages.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/data/document.h"

// The two structures are a stable ABI that every implementation declares for itself under this guard.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

namespace gristmill::data {

/// How the strings of a column are laid out.
enum class StringLayout : std::uint8_t { offsets32, offsets64, views };

/// A view of one column of strings, whole numbers, floating-point numbers or booleans in foreign memory, which must
/// outlive it. Nothing is copied.
class ArrowColumn {
 public:
  /// Refuses other types, dictionaries and buffers that contradict the length; `parent_offset` is the first row.
  static Result<ArrowColumn> open(const ArrowSchema& schema, const ArrowArray& array, std::int64_t parent_offset,
                                  std::int64_t rows);

  [[nodiscard]] ColumnType type() const { return type_; }
  [[nodiscard]] bool is_string() const { return type_ == ColumnType::string; }
  [[nodiscard]] StringLayout layout() const { return layout_; }
  [[nodiscard]] bool is_null(std::int64_t row) const;
  /// The cell as a value; strings point into the column. Offsets that run backwards give an empty string.
  [[nodiscard]] Value value(std::int64_t row) const;
  /// The string of a row, empty for null and for columns of another type.
  [[nodiscard]] std::string_view string(std::int64_t row) const;

 private:
  [[nodiscard]] std::int64_t whole_number(std::int64_t at) const;
  [[nodiscard]] bool is_readable(std::int64_t rows) const;

  ColumnType type_ = ColumnType::string;
  StringLayout layout_ = StringLayout::offsets32;
  char format_ = 0;
  std::int64_t first_ = 0;
  std::span<const void* const> buffers_;
};

/// A batch of columns in foreign memory: the struct array that a record batch is.
class ArrowBatch {
 public:
  static Result<ArrowBatch> open(const ArrowSchema& schema, const ArrowArray& array);
  [[nodiscard]] std::int64_t rows() const { return array_->length; }
  /// Position of a column by name, or -1.
  [[nodiscard]] std::int64_t find(std::string_view name) const;
  [[nodiscard]] Result<ArrowColumn> column(std::int64_t position) const;

 private:
  const ArrowSchema* schema_ = nullptr;
  const ArrowArray* array_ = nullptr;
};

/// One finished column: both structures, released unless they were handed on.
struct ArrowPair {
  ArrowSchema schema{};
  ArrowArray array{};

  ArrowPair() = default;
  ArrowPair(ArrowPair&& other) noexcept;
  ArrowPair& operator=(ArrowPair&& other) noexcept;
  ArrowPair(const ArrowPair&) = delete;
  ArrowPair& operator=(const ArrowPair&) = delete;
  ~ArrowPair();
};

/// Writes one column row by row and hands its buffers on without copying them again.
class ArrowColumnBuilder {
 public:
  ArrowColumnBuilder(std::string name, ColumnType type, StringLayout layout = StringLayout::offsets32);
  ~ArrowColumnBuilder();
  ArrowColumnBuilder(ArrowColumnBuilder&&) noexcept;
  ArrowColumnBuilder& operator=(ArrowColumnBuilder&&) noexcept;

  /// A column of lists of unsigned 32-bit numbers, for token ids.
  static ArrowColumnBuilder of_ids(std::string name);

  void reserve(std::int64_t rows, std::size_t string_bytes);
  /// Null for a value of another type than the column's.
  void append(const Value& value);
  void append_ids(std::span<const std::uint32_t> ids);
  [[nodiscard]] std::int64_t rows() const;
  /// Fails when 32-bit offsets cannot address the strings.
  Result<ArrowPair> finish() &&;

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

/// A struct array of the columns, all `rows` long: a record batch.
ArrowPair make_arrow_batch(std::vector<ArrowPair> columns, std::int64_t rows);

}  // namespace gristmill::data
