// SPDX-License-Identifier: Apache-2.0
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "gristmill/formats/parquet_file.h"

namespace gristmill::formats {
namespace {

constexpr std::size_t bound_bytes_max = 16;
constexpr std::uint32_t code_point_max = 0x10FFFF;

std::string cut_lower(std::string_view value) {
  auto size = std::min(value.size(), bound_bytes_max);
  while (size > 0 && size < value.size() && (static_cast<unsigned char>(value[size]) & 0xC0) == 0x80) --size;
  return std::string(value.substr(0, size));
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | point >> 6);
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

/// Takes the last character off a UTF-8 string.
std::uint32_t take_last(std::string& text) {
  std::uint32_t point = 0;
  for (int shift = 0;; shift += 6) {
    const auto byte = static_cast<unsigned char>(text.back());
    text.pop_back();
    if ((byte & 0xC0) == 0x80 && !text.empty()) {
      point |= static_cast<std::uint32_t>(byte & 0x3F) << shift;
      continue;
    }
    // The lead byte carries 7, 5, 4 or 3 bits.
    const unsigned mask = byte < 0x80 ? 0x7F : byte < 0xE0 ? 0x1F : byte < 0xF0 ? 0x0F : 0x07;
    return point | static_cast<std::uint32_t>(byte & mask) << shift;
  }
}

/// An upper bound that is cut must still be above every value: the last character that has a next one is replaced by
/// it, those behind go.
std::string cut_upper(std::string_view value) {
  if (value.size() <= bound_bytes_max) return std::string(value);
  auto prefix = cut_lower(value);
  while (!prefix.empty()) {
    auto next = take_last(prefix) + 1;
    if (next == 0xD800) next = 0xE000;  // Surrogates are no characters.
    if (next > code_point_max) continue;
    append_utf8(prefix, next);
    return prefix;
  }
  return {};
}

/// Types whose plain Parquet encoding is Iceberg's single-value form too.
bool is_boundable(const std::string& type) {
  constexpr std::string_view known[] = {"boolean", "int",  "long",      "float", "double",
                                        "date",    "time", "timestamp", "string"};
  return type == "timestamptz" || std::ranges::find(known, type) != std::end(known);
}

template <typename Number>
bool is_less_as(const std::string& a, const std::string& b) {
  Number x{};
  Number y{};
  if (a.size() != sizeof x || b.size() != sizeof y) return a < b;
  std::memcpy(&x, a.data(), sizeof x);
  std::memcpy(&y, b.data(), sizeof y);
  return x < y;
}

bool is_less(const std::string& type, const std::string& a, const std::string& b) {
  if (type == "int" || type == "date") return is_less_as<std::int32_t>(a, b);
  if (type == "float") return is_less_as<float>(a, b);
  if (type == "double") return is_less_as<double>(a, b);
  if (type == "long" || type == "time" || type.starts_with("timestamp")) return is_less_as<std::int64_t>(a, b);
  return a < b;
}

ColumnStats column_stats(const parquet::FileMetaData& metadata, int leaf, const TableColumn& column) {
  ColumnStats stats{.field_id = column.field_id};
  bool is_bounded = is_boundable(column.type) && metadata.num_row_groups() > 0;
  std::optional<std::string> low;
  std::optional<std::string> high;
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto chunk = metadata.RowGroup(group)->ColumnChunk(leaf);
    stats.size_bytes += chunk->total_compressed_size();
    stats.value_count += chunk->num_values();
    const auto facts = chunk->statistics();
    const bool has_nulls = facts && facts->HasNullCount();
    if (!has_nulls) stats.null_count = ColumnStats::unknown;
    if (stats.null_count != ColumnStats::unknown) stats.null_count += facts->null_count();
    if (!facts || (!facts->HasMinMax() && !(has_nulls && facts->null_count() == chunk->num_values())))
      is_bounded = false;
    if (!is_bounded || !facts->HasMinMax()) continue;
    auto group_low = facts->EncodeMin();
    auto group_high = facts->EncodeMax();
    if (!low || is_less(column.type, group_low, *low)) low = std::move(group_low);
    if (!high || is_less(column.type, *high, group_high)) high = std::move(group_high);
  }
  if (is_bounded && low && high) {
    stats.lower_bound = column.type == "string" ? cut_lower(*low) : *low;
    stats.upper_bound = column.type == "string" ? cut_upper(*high) : *high;
  }
  return stats;
}

template <typename ArrayType>
std::int64_t count_nans(const arrow::Array& column) {
  const auto& values = static_cast<const ArrayType&>(column);
  std::int64_t count = 0;
  for (std::int64_t row = 0; row < values.length(); ++row)
    count += std::isnan(values.Value(row)) && values.IsValid(row);
  return count;
}

}  // namespace

void NanCounts::add(const arrow::RecordBatch& batch) {
  counts_.resize(static_cast<std::size_t>(batch.num_columns()));
  for (int i = 0; i < batch.num_columns(); ++i) {
    const auto& column = *batch.column(i);
    auto& count = counts_[static_cast<std::size_t>(i)];
    if (column.type_id() == arrow::Type::DOUBLE) count += count_nans<arrow::DoubleArray>(column);
    if (column.type_id() == arrow::Type::FLOAT) count += count_nans<arrow::FloatArray>(column);
  }
}

void NanCounts::describe(std::span<const TableColumn> columns, WrittenFile& written) const {
  for (std::size_t i = 0; i < std::min(columns.size(), counts_.size()); ++i) {
    if (columns[i].type != "float" && columns[i].type != "double") continue;
    const auto stats = std::ranges::find(written.columns, columns[i].field_id, &ColumnStats::field_id);
    if (stats != written.columns.end()) stats->nan_count = counts_[i];
  }
}

void describe_parquet(const parquet::FileMetaData& metadata, std::span<const TableColumn> columns,
                      WrittenFile& written) {
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto first = metadata.RowGroup(group)->ColumnChunk(0);
    written.row_group_offsets.push_back(first->has_dictionary_page() ? first->dictionary_page_offset()
                                                                     : first->data_page_offset());
  }
  const auto& schema = *metadata.schema();
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const auto& node = *schema.Column(leaf)->schema_node();
    const auto column = std::ranges::find(columns, node.field_id(), &TableColumn::field_id);
    if (node.parent() != schema.group_node() || column == columns.end()) continue;
    written.columns.push_back(column_stats(metadata, leaf, *column));
  }
}

}  // namespace gristmill::formats
