// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace gristmill::store {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Pieces between commas that stand outside parentheses.
std::vector<std::string_view> split_outside(std::string_view text) {
  std::vector<std::string_view> pieces;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    pieces.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  return pieces;
}

Error unclear(std::string_view piece) {
  return invalid_argument(
      fmt::format("'{}' is no way to partition: write identity COLUMN, bucket(16,COLUMN), truncate(8,COLUMN), "
                  "year(COLUMN), month(COLUMN), day(COLUMN) or hour(COLUMN)",
                  piece.substr(0, 200)));
}

/// The field that one piece asks for, without ids and types.
Result<formats::PartitionField> parse_piece(std::string_view piece, std::string& column) {
  formats::PartitionField field;
  const auto open = piece.find('(');
  if (open == std::string_view::npos) {
    if (piece.starts_with("identity ")) piece.remove_prefix(9);
    column = std::string(trimmed(piece));
    if (column.empty() || column.find(' ') != std::string::npos) return unclear(piece);
    field.transform = "identity";
    field.name = column;
    return field;
  }
  if (!piece.ends_with(')')) return unclear(piece);
  const auto kind = std::string(trimmed(piece.substr(0, open)));
  auto inside = piece.substr(open + 1, piece.size() - open - 2);
  if (kind == "bucket" || kind == "truncate") {
    const auto comma = inside.find(',');
    const auto number = trimmed(inside.substr(0, comma));
    const bool is_number = !number.empty() && number.size() < 10 &&
                           std::ranges::all_of(number, [](unsigned char c) { return std::isdigit(c) != 0; });
    if (comma == std::string_view::npos || !is_number) return unclear(piece);
    inside = inside.substr(comma + 1);
    field.transform = fmt::format("{}[{}]", kind, number);
    column = std::string(trimmed(inside));
    field.name = fmt::format("{}_{}_{}", column, kind == "bucket" ? "bucket" : "trunc", number);
    return field;
  }
  constexpr std::array<std::string_view, 5> kinds{"identity", "year", "month", "day", "hour"};
  if (std::ranges::find(kinds, kind) == kinds.end()) return unclear(piece);
  column = std::string(trimmed(inside));
  field.transform = kind;
  field.name = kind == "identity" ? column : fmt::format("{}_{}", column, kind);
  return field;
}

Status check_field(const formats::PartitionField& field, const formats::TableColumn& column,
                   const std::vector<formats::PartitionField>& others,
                   const std::vector<formats::TableColumn>& columns) {
  if (formats::partition_type(field).empty())
    return invalid_argument(
        fmt::format("column '{}' of type {} cannot be partitioned by {}", column.name, column.type, field.transform));
  if (std::ranges::find(others, field.name, &formats::PartitionField::name) != others.end())
    return invalid_argument(fmt::format("{} is given twice", field.name));
  const bool is_column = std::ranges::find(columns, field.name, &formats::TableColumn::name) != columns.end();
  if (is_column && field.transform != "identity")
    return invalid_argument(fmt::format("{}: a column has the name that the partition field would get", field.name));
  return {};
}

template <typename Number>
std::string little_endian(Number value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i)
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
  return bytes;
}

bool is_less(const Json& a, const Json& b) {
  if (a.is_string()) return a.as_string() < b.as_string();
  if (a.is_bool()) return !a.as_bool() && b.as_bool();
  return a.as_int() < b.as_int();
}

}  // namespace

Result<std::vector<formats::PartitionField>> parse_partition(std::string_view text,
                                                             const std::vector<formats::TableColumn>& columns) {
  std::vector<formats::PartitionField> fields;
  if (trimmed(text) == "none") return fields;
  for (const auto piece : split_outside(text)) {
    std::string name;
    GRISTMILL_TRY(auto field, parse_piece(piece, name));
    const auto column = std::ranges::find(columns, name, &formats::TableColumn::name);
    if (column == columns.end()) return invalid_argument(fmt::format("there is no column '{}' to partition by", name));
    field.source_id = column->field_id;
    field.source_type = column->type;
    GRISTMILL_RETURN_IF_ERROR(check_field(field, *column, fields, columns));
    fields.push_back(std::move(field));
  }
  return fields;
}

Json partition_json(std::span<const formats::PartitionField> fields) {
  auto list = Json::array();
  for (const auto& field : fields) {
    list.push(Json::object({{"source-id", field.source_id},
                            {"field-id", field.field_id},
                            {"name", field.name},
                            {"transform", field.transform}}));
  }
  return list;
}

std::string avro_name(std::string_view name) {
  std::string out;
  for (const unsigned char byte : name) {
    const bool is_letter = std::isalpha(byte) != 0 || byte == '_';
    if (is_letter || (std::isdigit(byte) != 0 && !out.empty())) {
      out += static_cast<char>(byte);
    } else {
      out += std::isdigit(byte) != 0 ? fmt::format("_{}", static_cast<char>(byte)) : fmt::format("_x{:X}", byte);
    }
  }
  return out;
}

Json partition_record(std::span<const formats::PartitionField> fields, const Json& partition) {
  auto record = Json::object();
  for (const auto& field : fields) record.set(avro_name(field.name), partition[field.name]);
  return record;
}

std::map<int, Json> partition_constants(std::span<const formats::PartitionField> fields, const Json& partition) {
  std::map<int, Json> constants;
  for (const auto& field : fields) {
    const auto& value = partition[avro_name(field.name)];
    if (field.transform == "identity" && !value.is_null()) constants.emplace(field.source_id, value);
  }
  return constants;
}

std::string single_value(const Json& value, const std::string& type) {
  if (type == "string") return value.as_string();
  if (type == "boolean") return std::string(1, value.as_bool() ? '\1' : '\0');
  if (type == "int" || type == "date") return little_endian(static_cast<std::int32_t>(value.as_int()));
  return little_endian(value.as_int());
}

Json partition_summaries(std::span<const formats::PartitionField> fields, std::span<const ManifestEntry> entries) {
  auto list = Json::array();
  for (const auto& field : fields) {
    const auto type = formats::partition_type(field);
    if (type.empty()) return {};
    const auto name = avro_name(field.name);
    bool has_null = false;
    const Json* low = nullptr;
    const Json* high = nullptr;
    for (const auto& entry : entries) {
      const auto& value = entry.file["partition"][name];
      if (value.is_null()) {
        has_null = true;
        continue;
      }
      if (low == nullptr || is_less(value, *low)) low = &value;
      if (high == nullptr || is_less(*high, value)) high = &value;
    }
    list.push(Json::object({{"contains_null", has_null},
                            {"contains_nan", false},
                            {"lower_bound", low == nullptr ? Json() : Json(single_value(*low, type))},
                            {"upper_bound", high == nullptr ? Json() : Json(single_value(*high, type))}}));
  }
  return list;
}

}  // namespace gristmill::store
