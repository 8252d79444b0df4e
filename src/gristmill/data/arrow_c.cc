// SPDX-License-Identifier: Apache-2.0
#include "gristmill/data/arrow_c.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <limits>
#include <utility>

namespace gristmill::data {
namespace {

constexpr std::int64_t flag_nullable = 2;
// Strings up to this length stand in the view itself.
constexpr std::size_t inline_bytes_max = 12;
constexpr std::size_t view_buffer_bytes_max = std::size_t{1} << 30;

struct StringView16 {
  std::int32_t length;
  char head[4];
  std::int32_t buffer;
  std::int32_t offset;
};
static_assert(sizeof(StringView16) == 16);

bool bit(const void* bits, std::int64_t at) {
  return (static_cast<const std::uint8_t*>(bits)[at >> 3] >> (at & 7) & 1) != 0;
}

template <typename T>
T number_at(const void* buffer, std::int64_t at) {
  return static_cast<const T*>(buffer)[at];
}

/// Bytes of a column of offsets; an empty view where they run backwards.
template <typename Offset>
std::string_view between(const void* offsets, const void* bytes, std::int64_t at) {
  const auto begin = number_at<Offset>(offsets, at);
  const auto end = number_at<Offset>(offsets, at + 1);
  if (begin < 0 || end <= begin || bytes == nullptr) return {};
  return {static_cast<const char*>(bytes) + begin, static_cast<std::size_t>(end - begin)};
}

struct SchemaParts {
  std::string format;
  std::string name;
  std::vector<std::unique_ptr<ArrowSchema>> children;
  std::vector<ArrowSchema*> pointers;
};

void release_schema(ArrowSchema* schema) {
  const std::unique_ptr<SchemaParts> parts(static_cast<SchemaParts*>(schema->private_data));
  for (auto& child : parts->children) {
    if (child->release != nullptr) child->release(child.get());
  }
  schema->release = nullptr;
}

void fill_schema(ArrowSchema& schema, std::string format, std::string name, std::vector<ArrowSchema> children = {}) {
  auto parts = std::make_unique<SchemaParts>();
  parts->format = std::move(format);
  parts->name = std::move(name);
  for (const auto& child : children) {
    parts->children.push_back(std::make_unique<ArrowSchema>(child));
    parts->pointers.push_back(parts->children.back().get());
  }
  schema = {.format = parts->format.c_str(),
            .name = parts->name.c_str(),
            .metadata = nullptr,
            .flags = flag_nullable,
            .n_children = static_cast<std::int64_t>(parts->pointers.size()),
            .children = parts->pointers.empty() ? nullptr : parts->pointers.data(),
            .dictionary = nullptr,
            .release = release_schema,
            .private_data = parts.get()};
  parts.release();
}

/// What an exported array owns.
struct ArrayParts {
  std::vector<std::uint8_t> validity;
  std::vector<std::uint8_t> fixed;           ///< Offsets, views, numbers or bits.
  std::vector<std::vector<char>> variable;   ///< Bytes of strings, or ids; several for views.
  std::vector<std::int64_t> variable_sizes;  ///< Last buffer of a column of views.
  std::vector<const void*> buffers;
  std::vector<std::unique_ptr<ArrowArray>> children;
  std::vector<ArrowArray*> pointers;
};

void release_array(ArrowArray* array) {
  const std::unique_ptr<ArrayParts> parts(static_cast<ArrayParts*>(array->private_data));
  for (auto& child : parts->children) {
    if (child->release != nullptr) child->release(child.get());
  }
  array->release = nullptr;
}

void fill_array(ArrowArray& array, std::unique_ptr<ArrayParts> parts, std::int64_t rows, std::int64_t nulls) {
  for (auto& child : parts->children) parts->pointers.push_back(child.get());
  array = {.length = rows,
           .null_count = nulls,
           .offset = 0,
           .n_buffers = static_cast<std::int64_t>(parts->buffers.size()),
           .n_children = static_cast<std::int64_t>(parts->pointers.size()),
           .buffers = parts->buffers.data(),
           .children = parts->pointers.empty() ? nullptr : parts->pointers.data(),
           .dictionary = nullptr,
           .release = release_array,
           .private_data = parts.get()};
  parts.release();
}

template <typename T>
void put(std::vector<std::uint8_t>& bytes, T value) {
  const auto* raw = reinterpret_cast<const std::uint8_t*>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof value);
}

void put_bit(std::vector<std::uint8_t>& bits, std::int64_t at, bool value) {
  if ((at & 7) == 0) bits.push_back(0);
  if (value) bits.back() = static_cast<std::uint8_t>(bits.back() | 1u << (at & 7));
}

}  // namespace

Result<ArrowColumn> ArrowColumn::open(const ArrowSchema& schema, const ArrowArray& array, std::int64_t parent_offset,
                                      std::int64_t rows) {
  const std::string_view format(schema.format);
  ArrowColumn column;
  column.first_ = parent_offset + array.offset;
  column.buffers_ = {array.buffers, static_cast<std::size_t>(array.n_buffers)};
  column.format_ = format.empty() ? '\0' : format.front();
  const std::string_view whole = "cCsSiIlL";
  if (schema.dictionary != nullptr) {
    return invalid_argument(fmt::format("column '{}' is dictionary-encoded: cast it to its values", schema.name));
  }
  if (format == "u" || format == "U" || format == "vu") {
    column.layout_ = format == "u"   ? StringLayout::offsets32
                     : format == "U" ? StringLayout::offsets64
                                     : StringLayout::views;
  } else if (format.size() == 1 && whole.find(format.front()) != std::string_view::npos) {
    column.type_ = ColumnType::int64;
  } else if (format == "f" || format == "g") {
    column.type_ = ColumnType::float64;
  } else if (format == "b") {
    column.type_ = ColumnType::boolean;
  } else {
    return invalid_argument(fmt::format(
        "column '{}' has the Arrow type '{}': strings, whole numbers up to 64 bits, float, double and booleans work",
        schema.name, format));
  }
  if (!column.is_readable(rows) || array.length < parent_offset + rows) {
    return invalid_argument(fmt::format("column '{}' lacks buffers or rows: the Arrow data is broken", schema.name));
  }
  return column;
}

bool ArrowColumn::is_readable(std::int64_t rows) const {
  if (first_ < 0 || buffers_.size() < 2) return false;
  if (rows == 0) return true;
  if (type_ == ColumnType::string && layout_ != StringLayout::views && buffers_.size() < 3) return false;
  return buffers_[1] != nullptr;
}

bool ArrowColumn::is_null(std::int64_t row) const { return buffers_[0] != nullptr && !bit(buffers_[0], first_ + row); }

std::int64_t ArrowColumn::whole_number(std::int64_t at) const {
  switch (format_) {
    case 'c': return number_at<std::int8_t>(buffers_[1], at);
    case 'C': return number_at<std::uint8_t>(buffers_[1], at);
    case 's': return number_at<std::int16_t>(buffers_[1], at);
    case 'S': return number_at<std::uint16_t>(buffers_[1], at);
    case 'i': return number_at<std::int32_t>(buffers_[1], at);
    case 'I': return number_at<std::uint32_t>(buffers_[1], at);
    default: return number_at<std::int64_t>(buffers_[1], at);
  }
}

Value ArrowColumn::value(std::int64_t row) const {
  if (is_null(row)) return {};
  const auto at = first_ + row;
  switch (type_) {
    case ColumnType::boolean: return bit(buffers_[1], at);
    case ColumnType::int64: return whole_number(at);
    case ColumnType::float64:
      return format_ == 'f' ? static_cast<double>(number_at<float>(buffers_[1], at))
                            : number_at<double>(buffers_[1], at);
    case ColumnType::string: break;
  }
  return string(row);
}

std::string_view ArrowColumn::string(std::int64_t row) const {
  if (type_ != ColumnType::string || is_null(row)) return {};
  const auto at = first_ + row;
  if (layout_ == StringLayout::offsets32) return between<std::int32_t>(buffers_[1], buffers_[2], at);
  if (layout_ == StringLayout::offsets64) return between<std::int64_t>(buffers_[1], buffers_[2], at);
  const auto* view = static_cast<const StringView16*>(buffers_[1]) + at;
  if (view->length <= 0) return {};
  const auto length = static_cast<std::size_t>(view->length);
  if (length <= inline_bytes_max) return {view->head, length};
  // Buffers: validity, views, data..., sizes of the data buffers.
  const auto data_buffers = static_cast<std::int64_t>(buffers_.size()) - 3;
  if (view->buffer < 0 || view->buffer >= data_buffers || view->offset < 0) return {};
  return {static_cast<const char*>(buffers_[2 + static_cast<std::size_t>(view->buffer)]) + view->offset, length};
}

Result<ArrowBatch> ArrowBatch::open(const ArrowSchema& schema, const ArrowArray& array) {
  if (schema.format == nullptr || std::string_view(schema.format) != "+s" || schema.n_children != array.n_children) {
    return invalid_argument("not a record batch: a struct array of named columns is needed");
  }
  if (array.n_buffers > 0 && array.buffers[0] != nullptr && array.null_count != 0) {
    return invalid_argument("the rows of a record batch cannot be null");
  }
  ArrowBatch batch;
  batch.schema_ = &schema;
  batch.array_ = &array;
  return batch;
}

std::int64_t ArrowBatch::find(std::string_view name) const {
  for (std::int64_t i = 0; i < schema_->n_children; ++i) {
    const auto* given = schema_->children[i]->name;
    if (given != nullptr && name == given) return i;
  }
  return -1;
}

Result<ArrowColumn> ArrowBatch::column(std::int64_t position) const {
  return ArrowColumn::open(*schema_->children[position], *array_->children[position], array_->offset, array_->length);
}

ArrowPair::ArrowPair(ArrowPair&& other) noexcept
    : schema(std::exchange(other.schema, {})), array(std::exchange(other.array, {})) {}

ArrowPair& ArrowPair::operator=(ArrowPair&& other) noexcept {
  std::swap(schema, other.schema);
  std::swap(array, other.array);
  return *this;
}

ArrowPair::~ArrowPair() {
  if (schema.release != nullptr) schema.release(&schema);
  if (array.release != nullptr) array.release(&array);
}

/// Everything a builder holds; `kind` is the column type, or lists of ids.
struct ArrowColumnBuilder::Buffers {
  std::string name;
  ColumnType type = ColumnType::string;
  StringLayout layout = StringLayout::offsets32;
  bool is_ids = false;
  std::unique_ptr<ArrayParts> parts = std::make_unique<ArrayParts>();
  std::int64_t rows = 0;
  std::int64_t nulls = 0;
  std::uint64_t bytes = 0;

  [[nodiscard]] bool has_offsets() const {
    return is_ids || (type == ColumnType::string && layout != StringLayout::views);
  }

  void put_end(std::uint64_t end) {
    if (layout == StringLayout::offsets64) {
      put(parts->fixed, static_cast<std::int64_t>(end));
    } else {
      // Checked in `finish`: beyond 2^31 the value is never read.
      put(parts->fixed, static_cast<std::int32_t>(end));
    }
  }

  void put_view(std::string_view text) {
    StringView16 view{.length = static_cast<std::int32_t>(text.size()), .head = {}, .buffer = 0, .offset = 0};
    if (text.size() <= inline_bytes_max) {
      std::array<char, inline_bytes_max> head{};
      std::memcpy(head.data(), text.data(), text.size());
      std::memcpy(&view.head, head.data(), head.size());
    } else {
      std::memcpy(view.head, text.data(), sizeof view.head);
      auto& all = parts->variable;
      if (all.empty() || all.back().size() + text.size() > view_buffer_bytes_max) all.emplace_back();
      view.buffer = static_cast<std::int32_t>(all.size() - 1);
      view.offset = static_cast<std::int32_t>(all.back().size());
      all.back().insert(all.back().end(), text.begin(), text.end());
    }
    put(parts->fixed, view);
  }

  void put_string(std::string_view text) {
    if (layout == StringLayout::views) return put_view(text);
    auto& data = parts->variable.front();
    data.insert(data.end(), text.begin(), text.end());
    bytes += text.size();
    put_end(bytes);
  }

  void put_value(const Value& value) {
    switch (type) {
      case ColumnType::boolean: {
        const auto* flag = std::get_if<bool>(&value);
        return put_bit(parts->fixed, rows, flag != nullptr && *flag);
      }
      case ColumnType::int64: {
        const auto* number = std::get_if<std::int64_t>(&value);
        return put(parts->fixed, number != nullptr ? *number : std::int64_t{0});
      }
      case ColumnType::float64: {
        const auto* number = std::get_if<double>(&value);
        return put(parts->fixed, number != nullptr ? *number : 0.0);
      }
      case ColumnType::string: {
        const auto* text = std::get_if<std::string_view>(&value);
        return put_string(text != nullptr ? *text : std::string_view());
      }
    }
  }

  [[nodiscard]] bool fits(const Value& value) const {
    switch (type) {
      case ColumnType::boolean: return std::holds_alternative<bool>(value);
      case ColumnType::int64: return std::holds_alternative<std::int64_t>(value);
      case ColumnType::float64: return std::holds_alternative<double>(value);
      case ColumnType::string: return std::holds_alternative<std::string_view>(value);
    }
    return false;
  }

  [[nodiscard]] const char* format() const {
    if (is_ids) return "+l";
    switch (type) {
      case ColumnType::boolean: return "b";
      case ColumnType::int64: return "l";
      case ColumnType::float64: return "g";
      case ColumnType::string: break;
    }
    return layout == StringLayout::offsets32 ? "u" : layout == StringLayout::offsets64 ? "U" : "vu";
  }
};

ArrowColumnBuilder::ArrowColumnBuilder(std::string name, ColumnType type, StringLayout layout)
    : buffers_(std::make_unique<Buffers>()) {
  buffers_->name = std::move(name);
  buffers_->type = type;
  buffers_->layout = layout;
  if (!buffers_->has_offsets()) return;
  buffers_->parts->variable.emplace_back();
  buffers_->put_end(0);
}

ArrowColumnBuilder::~ArrowColumnBuilder() = default;
ArrowColumnBuilder::ArrowColumnBuilder(ArrowColumnBuilder&&) noexcept = default;
ArrowColumnBuilder& ArrowColumnBuilder::operator=(ArrowColumnBuilder&&) noexcept = default;

ArrowColumnBuilder ArrowColumnBuilder::of_ids(std::string name) {
  ArrowColumnBuilder builder(std::move(name), ColumnType::string);
  builder.buffers_->is_ids = true;
  return builder;
}

void ArrowColumnBuilder::reserve(std::int64_t rows, std::size_t string_bytes) {
  const std::size_t width = buffers_->layout == StringLayout::views ? sizeof(StringView16) : 8;
  buffers_->parts->fixed.reserve((static_cast<std::size_t>(rows) + 1) * width);
  if (!buffers_->parts->variable.empty()) buffers_->parts->variable.front().reserve(string_bytes);
}

void ArrowColumnBuilder::append(const Value& value) {
  const bool is_valid = buffers_->fits(value);
  put_bit(buffers_->parts->validity, buffers_->rows, is_valid);
  if (!is_valid) ++buffers_->nulls;
  buffers_->put_value(value);
  ++buffers_->rows;
}

void ArrowColumnBuilder::append_ids(std::span<const std::uint32_t> ids) {
  put_bit(buffers_->parts->validity, buffers_->rows, true);
  auto& data = buffers_->parts->variable.front();
  const auto* raw = reinterpret_cast<const char*>(ids.data());
  data.insert(data.end(), raw, raw + ids.size_bytes());
  buffers_->bytes += ids.size();
  buffers_->put_end(buffers_->bytes);
  ++buffers_->rows;
}

std::int64_t ArrowColumnBuilder::rows() const { return buffers_->rows; }

Result<ArrowPair> ArrowColumnBuilder::finish() && {
  auto made = std::move(buffers_);
  if (made->has_offsets() && made->layout == StringLayout::offsets32 &&
      made->bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    return limit_exceeded(fmt::format(
        "column '{}' would hold {} bytes, more than 32-bit offsets reach: cast it to large_string, or use smaller "
        "batches",
        made->name, made->bytes));
  }
  ArrowPair pair;
  auto parts = std::move(made->parts);
  parts->buffers = {made->nulls == 0 ? nullptr : parts->validity.data(), parts->fixed.data()};
  if (made->is_ids) {
    fill_schema(pair.schema, made->format(), made->name, [] {
      std::vector<ArrowSchema> item(1);
      fill_schema(item.front(), "I", "item");
      return item;
    }());
    auto ids = std::make_unique<ArrayParts>();
    ids->variable.push_back(std::move(parts->variable.front()));
    ids->buffers = {nullptr, ids->variable.front().data()};
    parts->children.push_back(std::make_unique<ArrowArray>());
    fill_array(*parts->children.back(), std::move(ids), static_cast<std::int64_t>(made->bytes), 0);
  } else {
    fill_schema(pair.schema, made->format(), made->name);
    for (const auto& data : parts->variable) {
      parts->buffers.push_back(data.data());
      parts->variable_sizes.push_back(static_cast<std::int64_t>(data.size()));
    }
    if (made->type == ColumnType::string && made->layout == StringLayout::views)
      parts->buffers.push_back(parts->variable_sizes.data());
  }
  fill_array(pair.array, std::move(parts), made->rows, made->nulls);
  return pair;
}

ArrowPair make_arrow_batch(std::vector<ArrowPair> columns, std::int64_t rows) {
  ArrowPair batch;
  std::vector<ArrowSchema> schemas;
  auto parts = std::make_unique<ArrayParts>();
  parts->buffers = {nullptr};
  for (auto& column : columns) {
    schemas.push_back(std::exchange(column.schema, {}));
    parts->children.push_back(std::make_unique<ArrowArray>(std::exchange(column.array, {})));
  }
  fill_schema(batch.schema, "+s", "", std::move(schemas));
  fill_array(batch.array, std::move(parts), rows, 0);
  return batch;
}

}  // namespace gristmill::data
