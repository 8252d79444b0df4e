// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/given_rows.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/cast.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <unordered_map>

#include "gristmill/base/hash.h"
#include "gristmill/data/memory.h"
#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/given_rows_state.h"
#include "gristmill/formats/parquet_file.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

constexpr std::string_view text_name = "text";
constexpr std::string_view digest_name = "content_digest";

std::string text_of(const Json& value) { return value.is_string() ? value.as_string() : value.dump(); }

std::string names_of(const std::vector<TableColumn>& columns) {
  std::string names;
  for (const auto& column : columns) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

Error bad_value(std::size_t row, const TableColumn& column, const Json& value) {
  return invalid_argument(fmt::format("row {}: column {} is of type {}, which cannot hold {}", row + 1, column.name,
                                      column.type, value.dump().substr(0, 200)));
}

/// One column under construction: texts first, cast to the column's type at the end.
struct Draft {
  TableColumn column;
  arrow::StringBuilder texts{data::arrow_pool()};
  std::vector<bool> is_given;
  std::vector<const Json*> values;
};

Status append(Draft& draft, const Json* value, std::size_t row) {
  draft.is_given.push_back(value != nullptr);
  draft.values.push_back(value);
  const bool is_null = value == nullptr || value->is_null();
  if (value != nullptr && is_null && draft.column.required)
    return invalid_argument(fmt::format("row {}: column {} must not be null", row + 1, draft.column.name));
  if (value != nullptr && draft.column.type == "boolean" && !is_null && !value->is_bool() && !value->is_string())
    return bad_value(row, draft.column, *value);
  const auto text = is_null ? std::string() : text_of(*value);
  if (draft.column.type == "string" && !kernels::is_valid_utf8(text))
    return invalid_argument(fmt::format("row {}: not UTF-8", row + 1));
  const auto status = is_null ? draft.texts.AppendNull() : draft.texts.Append(text);
  return status.ok() ? Status() : Status(arrow_error(status, "gathering rows"));
}

/// The bytes of a uuid that is given by its digits; as it is given where it is something else.
std::string uuid_bytes(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '-');
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    unsigned char byte = 0;
    const auto parsed = std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + i + 2) return std::string(text);
    bytes += static_cast<char>(byte);
  }
  return digits.size() == 32 ? bytes : std::string(text);
}

/// What Arrow does not make of texts: values of a fixed number of bytes, and times of day.
template <typename Builder>
Result<std::shared_ptr<arrow::Array>> build_from(const arrow::StringArray& texts,
                                                 const std::shared_ptr<arrow::DataType>& type,
                                                 const std::function<arrow::Status(Builder&, std::string_view)>& add) {
  Builder builder(type, data::arrow_pool());
  std::shared_ptr<arrow::Array> values;
  auto status = arrow::Status::OK();
  for (std::int64_t row = 0; row < texts.length() && status.ok(); ++row)
    status = texts.IsNull(row) ? builder.AppendNull() : add(builder, texts.GetView(row));
  if (status.ok()) status = builder.Finish(&values);
  if (!status.ok()) return arrow_error(status, "gathering rows");
  return values;
}

Result<std::shared_ptr<arrow::Array>> as_type(const arrow::Array& texts, const TableColumn& column) {
  const auto type = arrow_type(column.type);
  const auto& strings = static_cast<const arrow::StringArray&>(texts);
  if (type->id() == arrow::Type::FIXED_SIZE_BINARY)
    return build_from<arrow::FixedSizeBinaryBuilder>(strings, type, [&](auto& builder, std::string_view text) {
      const auto bytes = column.type == "uuid" ? uuid_bytes(text) : std::string(text);
      const bool is_fit = std::ssize(bytes) == builder.byte_width();
      return is_fit ? builder.Append(bytes) : arrow::Status::Invalid("of another length");
    });
  if (type->id() == arrow::Type::TIME64)
    return build_from<arrow::Time64Builder>(strings, type, [&](auto& builder, std::string_view text) {
      std::int64_t micros = 0;
      const bool is_fit = arrow::internal::ParseValue(static_cast<const arrow::Time64Type&>(*type), text.data(),
                                                      text.size(), &micros);
      return is_fit ? builder.Append(micros) : arrow::Status::Invalid("no time of day");
    });
  auto cast = arrow::compute::Cast(texts, type);
  if (!cast.ok()) return arrow_error(cast.status(), "gathering rows");
  return *std::move(cast);
}

Result<std::shared_ptr<arrow::Array>> finish(Draft& draft) {
  std::shared_ptr<arrow::Array> texts;
  if (const auto status = draft.texts.Finish(&texts); !status.ok()) return arrow_error(status, "gathering rows");
  if (draft.column.type == "string") return texts;
  auto made = as_type(*texts, draft.column);
  if (made) return made;
  // One by one, to name the first that does not fit.
  for (std::size_t row = 0; row < draft.values.size(); ++row) {
    if (!as_type(*texts->Slice(static_cast<std::int64_t>(row), 1), draft.column))
      return bad_value(row, draft.column, *draft.values[row]);
  }
  return made;
}

Status check_names(const Json& row, std::size_t number, const std::vector<TableColumn>& columns) {
  if (!row.is_object()) return invalid_argument(fmt::format("row {} is no JSON object", number + 1));
  for (const auto& [name, value] : row.members()) {
    const auto column = std::ranges::find(columns, name, &TableColumn::name);
    if (column == columns.end())
      return invalid_argument(
          fmt::format("row {}: there is no column '{}'; there are: {}", number + 1, name, names_of(columns)));
    if (arrow_type(column->type) == nullptr)
      return invalid_argument(
          fmt::format("row {}: column {} is of type {}, which cannot be given", number + 1, name, column->type));
  }
  return {};
}

/// Rows with the digests of the texts that they give.
std::vector<Json> with_digests(std::span<const Json> rows, const std::vector<TableColumn>& columns) {
  std::vector<Json> made(rows.begin(), rows.end());
  if (std::ranges::find(columns, digest_name, &TableColumn::name) == columns.end()) return made;
  for (auto& row : made) {
    row.erase(digest_name);
    if (row.contains(text_name)) row.set(digest_name, xxh3_128(text_of(row[text_name])).hex());
  }
  return made;
}

}  // namespace

GivenRows::GivenRows(std::unique_ptr<State> state) : state_(std::move(state)) {}
GivenRows::~GivenRows() = default;
GivenRows::GivenRows(GivenRows&&) noexcept = default;
GivenRows& GivenRows::operator=(GivenRows&&) noexcept = default;

Result<GivenRows> GivenRows::make(std::span<const Json> given, const std::vector<TableColumn>& columns) {
  for (std::size_t i = 0; i < given.size(); ++i) GRISTMILL_RETURN_IF_ERROR(check_names(given[i], i, columns));
  const auto rows = with_digests(given, columns);
  auto state = std::make_unique<State>();
  state->rows = static_cast<std::int64_t>(rows.size());
  for (const auto& column : columns) {
    const auto is_in = [&](const Json& row) { return row.contains(column.name); };
    if (std::ranges::none_of(rows, is_in)) continue;
    Draft draft{.column = column};
    for (std::size_t i = 0; i < rows.size(); ++i)
      GRISTMILL_RETURN_IF_ERROR(append(draft, is_in(rows[i]) ? &rows[i][column.name] : nullptr, i));
    GRISTMILL_TRY(auto values, finish(draft));
    state->columns.push_back(column);
    state->values.push_back(std::move(values));
    state->is_given.push_back(std::move(draft.is_given));
  }
  return GivenRows(std::move(state));
}

std::int64_t GivenRows::size() const { return state_->rows; }
const std::vector<TableColumn>& GivenRows::columns() const { return state_->columns; }

bool GivenRows::gives(std::int64_t row, int field_id) const {
  const auto column = state_->find(field_id);
  return column >= 0 && state_->is_given[static_cast<std::size_t>(column)][static_cast<std::size_t>(row)];
}

struct RowKeys::State {
  std::vector<TableColumn> keys;
  std::unordered_map<std::string, std::int64_t> rows;
};

RowKeys::RowKeys(std::unique_ptr<State> state) : state_(std::move(state)) {}
RowKeys::~RowKeys() = default;
RowKeys::RowKeys(RowKeys&&) noexcept = default;
RowKeys& RowKeys::operator=(RowKeys&&) noexcept = default;

Result<RowKeys> RowKeys::make(const GivenRows& rows, const std::vector<TableColumn>& keys) {
  auto state = std::make_unique<State>();
  state->keys = keys;
  ArrowColumns columns;
  for (const auto& key : keys) {
    const auto column = rows.state().find(key.field_id);
    columns.push_back(column < 0 ? nullptr : rows.state().values[static_cast<std::size_t>(column)]);
  }
  for (std::int64_t row = 0; row < rows.size(); ++row) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (columns[i] == nullptr || columns[i]->IsNull(row))
        return invalid_argument(fmt::format("row {} has no value for the key column {}", row + 1, keys[i].name));
    }
    const auto [known, is_new] = state->rows.emplace(row_key(columns, row), row);
    if (!is_new)
      return invalid_argument(
          fmt::format("rows {} and {} have the same key ({})", known->second + 1, row + 1, names_of(keys)));
  }
  return RowKeys(std::move(state));
}

Result<std::vector<RowMatch>> RowKeys::find(const std::string& path, const RowNumbers& deleted,
                                            const std::map<int, Json>& constants) const {
  std::vector<RowMatch> matches;
  std::int64_t first = 0;
  const auto use = [&](const ArrowColumns& columns, std::int64_t rows) -> Status {
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto found = state_->rows.find(row_key(columns, row));
      if (found != state_->rows.end() && !std::ranges::binary_search(deleted, first + row))
        matches.push_back({first + row, found->second});
    }
    first += rows;
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(read_columns(path, state_->keys, constants, use));
  return matches;
}

}  // namespace gristmill::formats
