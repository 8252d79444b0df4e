// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/nested_values.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/scalar.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gristmill/data/memory.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/parquet_file.h"
#include "gristmill/formats/table_rows.h"

namespace gristmill::formats {
namespace {

constexpr const char* id_key = "PARQUET:field_id";
constexpr int depth_max = 100;

std::shared_ptr<arrow::DataType> type_of(const Json& type, int depth);

/// A part of a nested type. Null values are taken in any case: what is required may be absent in old files.
std::shared_ptr<arrow::Field> part_of(const std::string& name, const Json& id, const Json& type, bool is_nullable,
                                      int depth) {
  auto value_type = type_of(type, depth + 1);
  if (value_type == nullptr) return nullptr;
  return arrow::field(name, std::move(value_type), is_nullable,
                      arrow::key_value_metadata({id_key}, {std::to_string(id.as_int())}));
}

std::shared_ptr<arrow::DataType> struct_of(const Json& type, int depth) {
  arrow::FieldVector fields;
  for (const auto& field : type["fields"].items()) {
    fields.push_back(part_of(field["name"].as_string(), field["id"], field["type"], true, depth));
    if (fields.back() == nullptr) return nullptr;
  }
  return arrow::struct_(std::move(fields));
}

std::shared_ptr<arrow::DataType> type_of(const Json& type, int depth) {
  if (type.is_string()) return arrow_type(type.as_string());
  if (depth > depth_max) return nullptr;
  const auto& kind = type["type"].as_string();
  if (kind == "struct") return struct_of(type, depth);
  if (kind == "list") {
    auto element = part_of("element", type["element-id"], type["element"], true, depth);
    return element == nullptr ? nullptr : arrow::list(std::move(element));
  }
  if (kind != "map") return nullptr;
  auto key = part_of("key", type["key-id"], type["key"], false, depth);
  auto value = part_of("value", type["value-id"], type["value"], true, depth);
  if (key == nullptr || value == nullptr) return nullptr;
  return std::make_shared<arrow::MapType>(std::move(key), std::move(value));
}

/// The field id of a part; 0 when it has none.
int id_of(const arrow::Field& field) {
  const auto text = field.metadata() ? field.metadata()->Get(id_key).ValueOr("") : std::string();
  int id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return std::max(id, 0);
}

/// The field of `from` that is `wanted`; -1: there is none.
int find_part(const arrow::StructType& from, const arrow::Field& wanted, const PartNames& names) {
  const auto& fields = from.fields();
  const bool has_ids = std::ranges::any_of(fields, [](const auto& field) { return id_of(*field) > 0; });
  auto found = std::ranges::find_if(fields, [&](const auto& field) {
    return has_ids ? id_of(*field) == id_of(wanted) : field->name() == wanted.name();
  });
  const auto known = names.find(id_of(wanted));
  if (found == fields.end() && !has_ids && known != names.end())
    found = std::ranges::find_if(fields, [&](const auto& field) {
      return std::ranges::find(known->second, field->name()) != known->second.end();
    });
  return found == fields.end() ? -1 : static_cast<int>(found - fields.begin());
}

Result<ArrayPointer> cast(const ArrayPointer& values, const std::shared_ptr<arrow::DataType>& type) {
  if (values->type()->Equals(*type)) return values;
  auto made = arrow::compute::Cast(*values, type);
  if (!made.ok()) return arrow_error(made.status(), "writing rows");
  return *std::move(made);
}

/// The same values without an offset into shared memory, so that their parts line up with them.
Result<ArrayPointer> aligned(const ArrayPointer& values) {
  if (values->offset() == 0) return values;
  auto copy = arrow::Concatenate({values}, data::arrow_pool());
  if (!copy.ok()) return arrow_error(copy.status(), "writing rows");
  return *std::move(copy);
}

Error misfit(const arrow::DataType& from, const arrow::DataType& type) {
  return corrupt_data(fmt::format("values of type {} are no {}", from.ToString(), type.ToString()));
}

Result<ArrayPointer> fit_struct(const arrow::StructArray& values, const std::shared_ptr<arrow::DataType>& type,
                                const PartNames& names) {
  arrow::ArrayVector parts;
  for (const auto& wanted : type->fields()) {
    const auto place = find_part(*values.struct_type(), *wanted, names);
    if (place < 0) {
      auto empty = arrow::MakeArrayOfNull(wanted->type(), values.length(), data::arrow_pool());
      if (!empty.ok()) return arrow_error(empty.status(), "writing rows");
      parts.push_back(*std::move(empty));
      continue;
    }
    GRISTMILL_TRY(auto part, fit_values(values.field(place), wanted->type(), names));
    parts.push_back(std::move(part));
  }
  return ArrayPointer(std::make_shared<arrow::StructArray>(type, values.length(), std::move(parts),
                                                           values.null_bitmap(), values.null_count()));
}

Result<ArrayPointer> fit_list(const ArrayPointer& values, const std::shared_ptr<arrow::DataType>& type,
                              const PartNames& names) {
  auto listed = values;
  if (values->type_id() == arrow::Type::LARGE_LIST || values->type_id() == arrow::Type::FIXED_SIZE_LIST) {
    GRISTMILL_TRY(listed, cast(values, arrow::list(values->type()->field(0))));
    GRISTMILL_TRY(listed, aligned(listed));
  }
  if (listed->type_id() != arrow::Type::LIST) return misfit(*values->type(), *type);
  const auto& list = static_cast<const arrow::ListArray&>(*listed);
  GRISTMILL_TRY(auto elements, fit_values(list.values(), type->field(0)->type(), names));
  return ArrayPointer(std::make_shared<arrow::ListArray>(type, list.length(), list.value_offsets(), std::move(elements),
                                                         list.null_bitmap(), list.null_count()));
}

Result<ArrayPointer> fit_map(const arrow::MapArray& map, const std::shared_ptr<arrow::DataType>& type,
                             const PartNames& names) {
  const auto& wanted = static_cast<const arrow::MapType&>(*type);
  GRISTMILL_TRY(auto keys, fit_values(map.keys(), wanted.key_type(), names));
  GRISTMILL_TRY(auto items, fit_values(map.items(), wanted.item_type(), names));
  return ArrayPointer(std::make_shared<arrow::MapArray>(type, map.length(), map.value_offsets(), std::move(keys),
                                                        std::move(items), map.null_bitmap(), map.null_count()));
}

/// Null when a value of the type cannot be made from it.
std::shared_ptr<arrow::Scalar> scalar_of(const std::shared_ptr<arrow::DataType>& type, const Json& value) {
  const auto whole = [&]<typename Number>(Number number) -> std::shared_ptr<arrow::Scalar> {
    auto made = arrow::MakeScalar(type, number);
    return made.ok() ? *std::move(made) : nullptr;
  };
  using arrow::Type;
  switch (type->id()) {
    case Type::STRING: return value.is_string() ? std::make_shared<arrow::StringScalar>(value.as_string()) : nullptr;
    case Type::BOOL: return value.is_bool() ? std::make_shared<arrow::BooleanScalar>(value.as_bool()) : nullptr;
    case Type::INT32:
    case Type::DATE32: return value.is_int() ? whole(static_cast<std::int32_t>(value.as_int())) : nullptr;
    case Type::INT64:
    case Type::TIME64:
    case Type::TIMESTAMP: return value.is_int() ? whole(value.as_int()) : nullptr;
    case Type::FLOAT: return value.is_number() ? whole(static_cast<float>(value.as_double())) : nullptr;
    case Type::DOUBLE: return value.is_number() ? whole(value.as_double()) : nullptr;
    default: return nullptr;
  }
}

}  // namespace

Result<ArrayPointer> repeat_value(const TableColumn& column, const Json& value, std::int64_t count) {
  const auto type = column_type(column);
  const auto scalar = type ? scalar_of(type, value) : nullptr;
  if (scalar == nullptr)
    return invalid_argument(
        fmt::format("column {}: its values of type {} stand in the names of partitions only, where they cannot be read",
                    column.name, column.type));
  auto made = arrow::MakeArrayFromScalar(*scalar, count, data::arrow_pool());
  if (!made.ok()) return arrow_error(made.status(), "reading rows");
  return *std::move(made);
}

std::shared_ptr<arrow::DataType> column_type(const TableColumn& column) {
  return column.nested.is_null() ? arrow_type(column.type) : type_of(column.nested, 0);
}

Result<ArrayPointer> fit_values(const ArrayPointer& values, const std::shared_ptr<arrow::DataType>& type,
                                const PartNames& names) {
  const auto kind = type->id();
  const bool is_nested = kind == arrow::Type::STRUCT || kind == arrow::Type::LIST || kind == arrow::Type::MAP;
  if (!is_nested) return cast(values, type);
  if (values->type()->Equals(*type, true)) return values;
  GRISTMILL_TRY(const auto whole, aligned(values));
  if (kind == arrow::Type::LIST) return fit_list(whole, type, names);
  if (whole->type_id() != kind) return misfit(*values->type(), *type);
  if (kind == arrow::Type::MAP) return fit_map(static_cast<const arrow::MapArray&>(*whole), type, names);
  return fit_struct(static_cast<const arrow::StructArray&>(*whole), type, names);
}

}  // namespace gristmill::formats
