// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/avro_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace gristmill::store {
namespace {

using Kind = AvroSchema::Kind;
constexpr int depth_max = 64;

template <typename Number>
Number little_endian(std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  Number number;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

template <typename Number>
void append_little_endian(std::string& out, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

}  // namespace

bool AvroDecoder::fail(std::string_view what) {
  what_ = what;
  return false;
}

bool AvroDecoder::read_long(std::int64_t& value) {
  std::uint64_t bits = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (position_ >= bytes_.size()) return fail("ends in the middle of a number");
    const auto byte = static_cast<unsigned char>(bytes_[position_++]);
    bits |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      value = static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
      return true;
    }
  }
  return fail("has a number of more than 64 bits");
}

bool AvroDecoder::read_raw(std::size_t size, std::string_view& value) {
  if (size > bytes_.size() - position_) return fail("ends in the middle of a value");
  value = bytes_.substr(position_, size);
  position_ += size;
  return true;
}

bool AvroDecoder::read_bytes(std::string_view& value) {
  std::int64_t size = 0;
  if (!read_long(size)) return false;
  if (size < 0) return fail("has a negative length");
  return read_raw(static_cast<std::size_t>(size), value);
}

bool AvroDecoder::read_scalar(const AvroSchema::Node& node, Json& value) {
  std::string_view bytes;
  std::int64_t number = 0;
  switch (node.kind) {
    case Kind::null: value = Json(); return true;
    case Kind::boolean:
      if (!read_raw(1, bytes)) return false;
      value = bytes[0] != 0;
      return true;
    case Kind::int32:
    case Kind::int64:
      if (!read_long(number)) return false;
      if (node.kind == Kind::int32 && (number < INT32_MIN || number > INT32_MAX))
        return fail("has an int of more than 32 bits");
      value = number;
      return true;
    case Kind::float32:
      if (!read_raw(4, bytes)) return false;
      value = static_cast<double>(little_endian<float>(bytes));
      return true;
    case Kind::float64:
      if (!read_raw(8, bytes)) return false;
      value = little_endian<double>(bytes);
      return true;
    case Kind::enumeration:
      if (!read_long(number)) return false;
      if (number < 0 || static_cast<std::size_t>(number) >= node.symbols.size())
        return fail("has an unknown enum value");
      value = node.symbols[static_cast<std::size_t>(number)];
      return true;
    case Kind::fixed:
      if (!read_raw(node.size, bytes)) return false;
      value = bytes;
      return true;
    default:
      if (!read_bytes(bytes)) return false;
      value = bytes;
      return true;
  }
}

bool AvroDecoder::read_record(const AvroSchema& schema, const AvroSchema::Node& node, Json& value, int depth) {
  value = Json::object();
  for (const auto& field : node.fields) {
    const bool is_read = field.is_left_out ? skip_value(schema, field.node, depth + 1)
                                           : read_value(schema, field.node, value.at(field.name), depth + 1);
    if (!is_read) return false;
  }
  return true;
}

bool AvroDecoder::skip_scalar(const AvroSchema::Node& node) {
  std::string_view bytes;
  std::int64_t number = 0;
  switch (node.kind) {
    case Kind::null: return true;
    case Kind::boolean: return read_raw(1, bytes);
    case Kind::int32:
    case Kind::int64:
    case Kind::enumeration: return read_long(number);
    case Kind::float32: return read_raw(4, bytes);
    case Kind::float64: return read_raw(8, bytes);
    case Kind::fixed: return read_raw(node.size, bytes);
    default: return read_bytes(bytes);
  }
}

bool AvroDecoder::skip_items(const AvroSchema& schema, const AvroSchema::Node& node, int depth) {
  while (true) {
    std::int64_t count = 0;
    if (!read_long(count)) return false;
    if (count == 0) return true;
    if (count < 0) {
      std::int64_t size = 0;
      std::string_view block;
      if (!read_long(size) || size < 0) return fail("has a damaged block count");
      if (!read_raw(static_cast<std::size_t>(size), block)) return false;
      continue;
    }
    for (; count > 0; --count) {
      std::string_view key;
      if (node.kind == Kind::map && !read_bytes(key)) return false;
      if (!skip_value(schema, node.branches[0], depth + 1)) return false;
    }
  }
}

bool AvroDecoder::skip_value(const AvroSchema& schema, int index, int depth) {
  if (depth > depth_max) return fail("is nested too deep");
  if (values_left_ == 0) return fail("has a row of too many values");
  --values_left_;
  const auto& node = schema.node(index);
  if (node.kind == Kind::array || node.kind == Kind::map) return skip_items(schema, node, depth);
  if (node.kind == Kind::record) {
    for (const auto& field : node.fields) {
      if (!skip_value(schema, field.node, depth + 1)) return false;
    }
    return true;
  }
  if (node.kind != Kind::choice) return skip_scalar(node);
  std::int64_t branch = 0;
  if (!read_long(branch)) return false;
  if (branch < 0 || static_cast<std::size_t>(branch) >= node.branches.size())
    return fail("has an unknown union branch");
  return skip_value(schema, node.branches[static_cast<std::size_t>(branch)], depth + 1);
}

/// A {key, value} pair; null when its key is not wanted.
bool AvroDecoder::read_pair(const AvroSchema& schema, const AvroSchema::Node& pair, Json& item, int depth) {
  std::int64_t key = 0;
  if (!read_long(key)) return false;
  if (std::ranges::find(kept_keys_, key) == kept_keys_.end()) return skip_value(schema, pair.fields[1].node, depth);
  item.set("key", key);
  return read_value(schema, pair.fields[1].node, item.at("value"), depth);
}

bool AvroDecoder::read_items(const AvroSchema& schema, const AvroSchema::Node& node, Json& value, int depth) {
  Json::Array items;
  const auto& inside = schema.node(node.branches[0]);
  const bool is_paired = !kept_keys_.empty() && node.kind == Kind::array && inside.fields.size() == 2 &&
                         inside.fields[0].name == "key" && schema.node(inside.fields[0].node).kind == Kind::int32;
  while (true) {
    std::int64_t count = 0;
    if (!read_long(count)) return false;
    if (count == 0) break;
    if (count < 0) {
      // A negative count is followed by the block's size in bytes, for readers that skip.
      std::int64_t ignored_size = 0;
      if (count == INT64_MIN || !read_long(ignored_size)) return fail("has a damaged block count");
      count = -count;
    }
    for (; count > 0; --count) {
      Json item;
      if (node.kind == Kind::map) {
        std::string_view key;
        if (!read_bytes(key)) return false;
        item.set("key", key);
        if (!read_value(schema, node.branches[0], item.at("value"), depth + 1)) return false;
      } else if (is_paired) {
        if (!read_pair(schema, inside, item, depth + 1)) return false;
        if (item.is_null()) continue;
      } else if (!read_value(schema, node.branches[0], item, depth + 1)) {
        return false;
      }
      items.push_back(std::move(item));
    }
  }
  value = Json(std::move(items));
  return true;
}

bool AvroDecoder::read_value(const AvroSchema& schema, int index, Json& value, int depth) {
  // Items may take no bytes at all (null, empty record), so the file's size alone does not bound them.
  if (depth > depth_max) return fail("is nested too deep");
  if (values_left_ == 0) return fail("has a row of too many values");
  --values_left_;
  const auto& node = schema.node(index);
  if (node.kind == Kind::record) return read_record(schema, node, value, depth);
  if (node.kind == Kind::array || node.kind == Kind::map) return read_items(schema, node, value, depth);
  if (node.kind != Kind::choice) return read_scalar(node, value);
  std::int64_t branch = 0;
  if (!read_long(branch)) return false;
  if (branch < 0 || static_cast<std::size_t>(branch) >= node.branches.size())
    return fail("has an unknown union branch");
  return read_value(schema, node.branches[static_cast<std::size_t>(branch)], value, depth + 1);
}

void append_avro_long(std::string& out, std::int64_t value) {
  auto bits = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) out += static_cast<char>((bits & 0x7F) | 0x80);
  out += static_cast<char>(bits);
}

void append_avro_bytes(std::string& out, std::string_view value) {
  append_avro_long(out, static_cast<std::int64_t>(value.size()));
  out += value;
}

namespace {

Error misfit(std::string_view wanted, const Json& value) {
  return Error{ErrorCode::internal, fmt::format("{} expected, got {}", wanted, value.dump().substr(0, 100))};
}

Status append_choice(std::string& out, const AvroSchema& schema, const AvroSchema::Node& node, const Json& value,
                     int depth) {
  for (std::size_t i = 0; i < node.branches.size(); ++i) {
    if ((schema.node(node.branches[i]).kind == Kind::null) != value.is_null()) continue;
    append_avro_long(out, static_cast<std::int64_t>(i));
    return append_avro_value(out, schema, node.branches[i], value, depth + 1);
  }
  return misfit("a value of the union", value);
}

Status append_items(std::string& out, const AvroSchema& schema, const AvroSchema::Node& node, const Json& value,
                    int depth) {
  if (!value.is_array()) return misfit("a list", value);
  if (!value.items().empty()) append_avro_long(out, static_cast<std::int64_t>(value.size()));
  for (const auto& item : value.items()) {
    if (node.kind == Kind::map) append_avro_bytes(out, item["key"].as_string());
    const auto& content = node.kind == Kind::map ? item["value"] : item;
    GRISTMILL_RETURN_IF_ERROR(append_avro_value(out, schema, node.branches[0], content, depth + 1));
  }
  append_avro_long(out, 0);
  return {};
}

Status append_enumeration(std::string& out, const AvroSchema::Node& node, const Json& value) {
  for (std::size_t i = 0; i < node.symbols.size(); ++i) {
    if (node.symbols[i] != value.as_string()) continue;
    append_avro_long(out, static_cast<std::int64_t>(i));
    return {};
  }
  return misfit("a symbol", value);
}

Status append_scalar(std::string& out, const AvroSchema::Node& node, const Json& value) {
  switch (node.kind) {
    case Kind::null: return value.is_null() ? Status() : Status(misfit("null", value));
    case Kind::boolean:
      if (!value.is_bool()) return misfit("a boolean", value);
      out += value.as_bool() ? '\1' : '\0';
      return {};
    case Kind::int32:
    case Kind::int64:
      if (!value.is_int()) return misfit("an integer", value);
      append_avro_long(out, value.as_int());
      return {};
    case Kind::float32:
    case Kind::float64:
      if (!value.is_number()) return misfit("a number", value);
      if (node.kind == Kind::float32) append_little_endian(out, static_cast<float>(value.as_double()));
      if (node.kind == Kind::float64) append_little_endian(out, value.as_double());
      return {};
    case Kind::fixed:
      if (value.as_string().size() != node.size) return misfit("bytes of fixed size", value);
      out += value.as_string();
      return {};
    case Kind::enumeration: return append_enumeration(out, node, value);
    default:
      if (!value.is_string()) return misfit("a string", value);
      append_avro_bytes(out, value.as_string());
      return {};
  }
}

}  // namespace

Status append_avro_value(std::string& out, const AvroSchema& schema, int index, const Json& value, int depth) {
  if (depth > depth_max) return Error{ErrorCode::internal, "nested too deep"};
  const auto& node = schema.node(index);
  if (node.kind == Kind::choice) return append_choice(out, schema, node, value, depth);
  if (node.kind == Kind::array || node.kind == Kind::map) return append_items(out, schema, node, value, depth);
  if (node.kind != Kind::record) return append_scalar(out, node, value);
  if (!value.is_object()) return misfit("a record", value);
  for (const auto& field : node.fields) {
    auto status = append_avro_value(out, schema, field.node, value[field.name], depth + 1);
    if (!status) return std::move(status).error().within(field.name);
  }
  return {};
}

}  // namespace gristmill::store
