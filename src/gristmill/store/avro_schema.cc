// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/avro_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gristmill::store {
namespace {

constexpr std::size_t schema_bytes_max = std::size_t{4} << 20;
constexpr std::size_t nodes_max = 20'000;
constexpr std::size_t fields_max = 1'000;
constexpr std::int64_t fixed_bytes_max = 1 << 20;
constexpr int depth_max = 64;

constexpr std::array<std::pair<std::string_view, AvroSchema::Kind>, 8> primitives{{
    {"null", AvroSchema::Kind::null},
    {"boolean", AvroSchema::Kind::boolean},
    {"int", AvroSchema::Kind::int32},
    {"long", AvroSchema::Kind::int64},
    {"float", AvroSchema::Kind::float32},
    {"double", AvroSchema::Kind::float64},
    {"bytes", AvroSchema::Kind::bytes},
    {"string", AvroSchema::Kind::string},
}};

Error bad_schema(std::string what) { return corrupt_data("Avro schema: " + std::move(what)); }

}  // namespace

/// Walks the schema JSON once; named types are found again by their full and by their short name.
class AvroSchema::Parser {
 public:
  Parser(AvroSchema& schema, const FieldNames& names) : schema_(schema), names_(names) {}

  Result<int> parse(const Json& json, int depth) {
    if (depth > depth_max) return bad_schema("nested too deep");
    if (schema_.nodes_.size() >= nodes_max) return bad_schema("too many types");
    if (json.is_string()) return reference(json.as_string());
    if (json.is_array()) return choice(json, depth);
    if (!json.is_object()) return bad_schema("a type must be a name, a list or an object");
    const auto& type = json["type"];
    if (!type.is_string()) return parse(type, depth + 1);
    const auto& name = type.as_string();
    if (name == "record" || name == "error") return record(json, depth);
    if (name == "array") return container(Kind::array, json["items"], depth);
    if (name == "map") return container(Kind::map, json["values"], depth);
    if (name == "fixed") return fixed(json);
    if (name == "enum") return enumeration(json);
    return reference(name);
  }

 private:
  int add(Kind kind) {
    schema_.nodes_.emplace_back().kind = kind;
    return static_cast<int>(schema_.nodes_.size()) - 1;
  }
  Node& node(int index) { return schema_.nodes_[static_cast<std::size_t>(index)]; }

  Result<int> reference(const std::string& name) {
    for (const auto& [primitive, kind] : primitives) {
      if (name == primitive) return add(kind);
    }
    for (const auto& [known, index] : named_) {
      if (name == known) return index;
    }
    return bad_schema(fmt::format("unknown type \"{}\"", name.substr(0, 100)));
  }

  void remember(const Json& json, int index) {
    const auto& name = json["name"].as_string();
    if (name.empty()) return;
    named_.emplace_back(name, index);
    if (json.contains("namespace")) named_.emplace_back(json["namespace"].as_string() + "." + name, index);
  }

  Result<int> choice(const Json& json, int depth) {
    const int index = add(Kind::choice);
    for (const auto& branch : json.items()) {
      GRISTMILL_TRY(const int child, parse(branch, depth + 1));
      if (node(child).kind == Kind::choice) return bad_schema("a union within a union");
      node(index).branches.push_back(child);
    }
    if (node(index).branches.empty()) return bad_schema("an empty union");
    return index;
  }

  Result<int> record(const Json& json, int depth) {
    const int index = add(Kind::record);
    remember(json, index);
    if (json["fields"].size() > fields_max) return bad_schema("a record with too many fields");
    for (const auto& field : json["fields"].items()) {
      GRISTMILL_TRY(const int child, parse(field["type"], depth + 1));
      std::string name = field["name"].as_string();
      if (field.contains("field-id")) {
        const auto id = field["field-id"].as_int(-1);
        const auto known = std::ranges::find(names_, id, &FieldNames::value_type::first);
        if (known != names_.end()) name = known->second;
      }
      node(index).fields.push_back({std::move(name), child});
    }
    return index;
  }

  Result<int> container(Kind kind, const Json& items, int depth) {
    const int index = add(kind);
    GRISTMILL_TRY(const int child, parse(items, depth + 1));
    node(index).branches.push_back(child);
    return index;
  }

  Result<int> fixed(const Json& json) {
    const auto size = json["size"].as_int(-1);
    if (size < 0 || size > fixed_bytes_max) return bad_schema("a fixed type of impossible size");
    const int index = add(Kind::fixed);
    node(index).size = static_cast<std::size_t>(size);
    remember(json, index);
    return index;
  }

  Result<int> enumeration(const Json& json) {
    const int index = add(Kind::enumeration);
    remember(json, index);
    for (const auto& symbol : json["symbols"].items()) node(index).symbols.push_back(symbol.as_string());
    return index;
  }

  AvroSchema& schema_;
  const FieldNames& names_;
  std::vector<std::pair<std::string, int>> named_;
};

Result<AvroSchema> AvroSchema::parse(std::string_view text, const FieldNames& names) {
  if (text.size() > schema_bytes_max) return bad_schema("longer than 4 MiB");
  const auto json = Json::parse(text);
  if (!json) return bad_schema(json.error().message);
  AvroSchema schema;
  Parser parser(schema, names);
  GRISTMILL_TRY(schema.root_, parser.parse(*json, 0));
  return schema;
}

void AvroSchema::leave_out(std::span<const std::string_view> names) {
  for (auto& one : nodes_) {
    for (auto& field : one.fields) {
      for (const auto name : names) field.is_left_out = field.is_left_out || field.name == name;
    }
  }
}

}  // namespace gristmill::store
