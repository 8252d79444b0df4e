// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/schema_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <vector>

namespace gristmill::store {
namespace {

constexpr std::array plain_types{"boolean", "int",       "long",        "float",  "double", "date",
                                 "time",    "timestamp", "timestamptz", "string", "uuid",   "binary"};
constexpr std::array version_3_types{"timestamp_ns", "timestamptz_ns", "unknown", "variant", "geometry", "geography"};
constexpr std::int64_t field_id_max = 2'147'483'447;  // Those above are reserved.
constexpr std::size_t type_depth_max = 100;

/// "fixed[16]" with prefix "fixed[" and suffix "]" -> 16; -1 for anything else.
std::int64_t number_between(std::string_view text, std::string_view prefix, std::string_view suffix) {
  if (!text.starts_with(prefix) || !text.ends_with(suffix) || text.size() <= prefix.size() + suffix.size()) return -1;
  text = text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

Result<Json> normal_decimal(const std::string& type) {
  const auto comma = type.find(',');
  const auto bad = invalid_argument(
      fmt::format("the type {} is not decimal(P,S) with 1 <= P <= 38, 0 <= S <= P", type));
  if (comma == std::string::npos) return bad;
  const auto precision = number_between(type.substr(0, comma + 1), "decimal(", ",");
  const auto scale = number_between(type.substr(comma), ",", ")");
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) return bad;
  return Json(fmt::format("decimal({}, {})", precision, scale));
}

Result<Json> normal_primitive(const std::string& type) {
  if (std::ranges::find(plain_types, type) != plain_types.end()) return Json(type);
  if (type.starts_with("fixed[") && number_between(type, "fixed[", "]") > 0) return Json(type);
  if (type.starts_with("decimal(")) return normal_decimal(type);
  const auto family = std::string_view(type).substr(0, type.find('('));
  if (std::ranges::find(version_3_types, family) != version_3_types.end())
    return invalid_argument(
        fmt::format("the type {} needs a table of format version 3; tables of version 2 are written here", type));
  return invalid_argument(fmt::format("unknown type \"{}\"", type.substr(0, 200)));
}

Result<std::int64_t> id_of(const Json& object, std::string_view key) {
  const auto& id = object[key];
  if (!id.is_int() || id.as_int() < 0 || id.as_int() > field_id_max)
    return invalid_argument(fmt::format("{} must be a whole number from 0 to {}", key, field_id_max));
  return id.as_int();
}

/// Brings types into normal form and sees that no field id comes twice.
class Normalizer {
 public:
  Result<Json> type(const Json& type, std::size_t depth) {
    if (type.is_string()) return normal_primitive(type.as_string());
    if (depth > type_depth_max) return limit_exceeded(fmt::format("types are nested deeper than {}", type_depth_max));
    const auto& kind = type["type"].as_string();
    if (kind == "struct") return struct_of(type, depth);
    if (kind == "list") return list_of(type, depth);
    if (kind == "map") return map_of(type, depth);
    return invalid_argument(fmt::format("unknown type {}", type.dump().substr(0, 200)));
  }

  Result<Json> fields(const Json& object, std::size_t depth) {
    if (!object["fields"].is_array()) return invalid_argument("a struct needs a list \"fields\"");
    Json::Array normal;
    std::set<std::string> names;
    for (const auto& field : object["fields"].items()) {
      GRISTMILL_TRY(auto one, field_of(field, depth));
      if (!names.insert(one["name"].as_string()).second)
        return invalid_argument(fmt::format("two fields are named \"{}\"", one["name"].as_string().substr(0, 200)));
      normal.push_back(std::move(one));
    }
    return Json(std::move(normal));
  }

 private:
  Result<std::int64_t> fresh(const Json& object, std::string_view key) {
    GRISTMILL_TRY(const auto id, id_of(object, key));
    if (!ids_.insert(id).second) return invalid_argument(fmt::format("the field id {} is used twice", id));
    return id;
  }

  Result<Json> field_of(const Json& field, std::size_t depth) {
    const auto& name = field["name"].as_string();
    if (name.empty()) return invalid_argument("a field needs a \"name\"");
    GRISTMILL_TRY(const auto id, fresh(field, "id"));
    auto normal_type = type(field["type"], depth + 1);
    if (!normal_type) return std::move(normal_type).error().within("field " + name.substr(0, 200));
    for (const auto* key : {"initial-default", "write-default"}) {
      if (!field[key].is_null())
        return invalid_argument(fmt::format("field {}: default values need a table of format version 3", name));
    }
    auto normal = Json::object(
        {{"id", id}, {"name", name}, {"required", field["required"].as_bool()}, {"type", *std::move(normal_type)}});
    if (!field["doc"].as_string().empty()) normal.set("doc", field["doc"]);
    return normal;
  }

  Result<Json> struct_of(const Json& object, std::size_t depth) {
    GRISTMILL_TRY(auto normal, fields(object, depth));
    return Json::object({{"type", "struct"}, {"fields", std::move(normal)}});
  }

  Result<Json> list_of(const Json& object, std::size_t depth) {
    GRISTMILL_TRY(const auto id, fresh(object, "element-id"));
    GRISTMILL_TRY(auto element, type(object["element"], depth + 1));
    return Json::object({{"type", "list"},
                         {"element-id", id},
                         {"element", std::move(element)},
                         {"element-required", object["element-required"].as_bool()}});
  }

  Result<Json> map_of(const Json& object, std::size_t depth) {
    GRISTMILL_TRY(const auto key_id, fresh(object, "key-id"));
    GRISTMILL_TRY(auto key, type(object["key"], depth + 1));
    GRISTMILL_TRY(const auto value_id, fresh(object, "value-id"));
    GRISTMILL_TRY(auto value, type(object["value"], depth + 1));
    return Json::object({{"type", "map"},
                         {"key-id", key_id},
                         {"key", std::move(key)},
                         {"value-id", value_id},
                         {"value", std::move(value)},
                         {"value-required", object["value-required"].as_bool()}});
  }

  std::set<std::int64_t> ids_;
};

void collect(const Json& type, const SchemaField& around, SchemaFields& fields) {
  const auto nested = [&](const Json& one, std::string_view name, bool is_required, bool is_repeated) {
    return SchemaField{.type = &one,
                       .path = around.path.empty() ? std::string(name) : fmt::format("{}.{}", around.path, name),
                       .is_required = around.is_required && is_required,
                       .is_repeated = around.is_repeated || is_repeated};
  };
  const auto add = [&](const Json& id, SchemaField field) {
    const auto& kept = fields[id.as_int()] = std::move(field);
    if (!kept.is_primitive()) collect(*kept.type, SchemaField(kept), fields);
  };
  for (const auto& field : type["fields"].items())
    add(field["id"], nested(field["type"], field["name"].as_string(), field["required"].as_bool(), false));
  if (type.contains("element-id"))
    add(type["element-id"], nested(type["element"], "element", type["element-required"].as_bool(), true));
  if (type.contains("key-id")) {
    add(type["key-id"], nested(type["key"], "key", true, true));
    add(type["value-id"], nested(type["value"], "value", type["value-required"].as_bool(), true));
  }
}

Status check_identifiers(const Json& schema) {
  const auto fields = fields_of(schema);
  for (const auto& id : schema["identifier-field-ids"].items()) {
    const auto found = fields.find(id.as_int());
    if (found == fields.end())
      return invalid_argument(fmt::format("identifier-field-ids names {}, which is no field", id.dump()));
    const auto& [type, path, is_required, is_repeated] = found->second;
    const bool is_real = type->as_string() == "float" || type->as_string() == "double";
    if (!type->is_string() || is_real || !is_required || is_repeated)
      return invalid_argument(
          fmt::format("the identifier field {} must be a required column of a primitive type other than float and "
                      "double, in no list or map",
                      path));
  }
  return {};
}

/// Numbers types anew: first all fields of a struct, then what is nested in them, as Iceberg's own writers do.
class Renumbering {
 public:
  explicit Renumbering(std::map<std::int64_t, std::int64_t>& renumbered) : renumbered_(renumbered) {}

  void fields(Json& object) {
    auto fields = object["fields"].items();
    for (auto& field : fields) renew(field, "id");
    for (auto& field : fields) nested(field, "type");
    object.set("fields", Json(std::move(fields)));
  }

 private:
  void renew(Json& object, std::string_view key) {
    const auto id = ++last_;
    renumbered_[object[key].as_int()] = id;
    object.set(key, id);
  }
  void nested(Json& object, std::string_view key) {
    auto& type = object.at(key);
    if (type.contains("fields")) fields(type);
    for (const auto* id : {"element-id", "key-id", "value-id"}) {
      if (type.contains(id)) renew(type, id);
    }
    for (const auto* part : {"element", "key", "value"}) {
      if (type.contains(part) && type[part].is_object()) nested(type, part);
    }
  }

  std::map<std::int64_t, std::int64_t>& renumbered_;
  std::int64_t last_ = 0;
};

/// The column that a partition or sort field is made from.
Result<std::int64_t> source_of(const Json& field, const std::map<std::int64_t, std::int64_t>& renumbered) {
  const auto& several = field["source-ids"].items();
  if (several.size() > 1) return invalid_argument("transforms of several columns need a table of format version 3");
  const auto& id = several.empty() ? field["source-id"] : several.front();
  if (!id.is_int()) return invalid_argument("source-id must be a whole number");
  if (renumbered.empty()) return id.as_int();
  const auto found = renumbered.find(id.as_int());
  if (found == renumbered.end())
    return invalid_argument(fmt::format("source-id {} is no field of the schema", id.as_int()));
  return found->second;
}

Result<std::string> transform_of(const Json& field) {
  const auto& transform = field["transform"].as_string();
  constexpr std::array plain{"identity", "year", "month", "day", "hour", "void"};
  const bool is_known = std::ranges::find(plain, transform) != plain.end() ||
                        number_between(transform, "bucket[", "]") > 0 ||
                        number_between(transform, "truncate[", "]") > 0;
  if (is_known) return transform;
  return invalid_argument(fmt::format("unknown transform \"{}\"", transform.substr(0, 200)));
}

bool takes(std::string_view transform, const std::string& type) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> types) {
    return std::ranges::find(types, std::string_view(type)) != types.end();
  };
  const bool is_decimal = type.starts_with("decimal(");
  if (transform == "hour") return is_one_of({"timestamp", "timestamptz"});
  if (transform == "year" || transform == "month" || transform == "day")
    return is_one_of({"date", "timestamp", "timestamptz"});
  if (transform.starts_with("truncate")) return is_decimal || is_one_of({"int", "long", "string", "binary"});
  if (transform.starts_with("bucket")) return !is_one_of({"boolean", "float", "double"});
  return true;
}

Result<SchemaField> check_source(const Json& field, const SchemaFields& fields) {
  const auto found = fields.find(field["source-id"].as_int());
  if (found == fields.end())
    return invalid_argument(fmt::format("source-id {} is no field of the schema", field["source-id"].as_int()));
  const auto& source = found->second;
  const auto& transform = field["transform"].as_string();
  if (!source.is_primitive() || source.is_repeated || !takes(transform, source.type->as_string()))
    return invalid_argument(fmt::format("the transform {} does not take the column {} of type {}", transform,
                                        source.path, source.is_primitive() ? source.type->as_string() : "struct"));
  return source;
}

}  // namespace

Result<Json> normal_schema(const Json& schema) {
  const auto& kind = schema["type"].as_string();
  if (!schema.is_object() || (!kind.empty() && kind != "struct"))
    return invalid_argument("a schema must be an object of type \"struct\"");
  GRISTMILL_TRY(auto fields, Normalizer().fields(schema, 0));
  std::set<std::int64_t> identifiers;
  for (const auto& id : schema["identifier-field-ids"].items()) identifiers.insert(id.as_int(-1));
  auto list = Json::array();
  for (const auto id : identifiers) list.push(id);
  auto normal = Json::object({{"type", "struct"},
                              {"schema-id", schema["schema-id"].as_int()},
                              {"identifier-field-ids", std::move(list)},
                              {"fields", std::move(fields)}});
  GRISTMILL_RETURN_IF_ERROR(check_identifiers(normal));
  return normal;
}

SchemaFields fields_of(const Json& schema) {
  SchemaFields fields;
  collect(schema, {.type = &schema, .path = {}, .is_required = true, .is_repeated = false}, fields);
  return fields;
}

Json with_fresh_ids(const Json& schema, std::map<std::int64_t, std::int64_t>& renumbered) {
  auto fresh = schema;
  Renumbering(renumbered).fields(fresh);
  auto identifiers = Json::array();
  for (const auto& id : schema["identifier-field-ids"].items()) identifiers.push(renumbered[id.as_int()]);
  fresh.set("identifier-field-ids", std::move(identifiers));
  return fresh;
}

Result<Json> normal_spec(const Json& spec, const std::map<std::int64_t, std::int64_t>& renumbered) {
  if (!spec["fields"].is_array()) return invalid_argument("a partition spec needs a list \"fields\"");
  auto fields = Json::array();
  std::set<std::string> names;
  for (const auto& field : spec["fields"].items()) {
    GRISTMILL_TRY(const auto source, source_of(field, renumbered));
    GRISTMILL_TRY(auto transform, transform_of(field));
    const auto& name = field["name"].as_string();
    if (name.empty() || !names.insert(name).second)
      return invalid_argument("the fields of a partition spec need names, each another");
    auto normal = Json::object({{"source-id", source}, {"field-id", Json()}, {"name", name}, {"transform", transform}});
    if (field["field-id"].is_int()) normal.set("field-id", field["field-id"]);
    fields.push(std::move(normal));
  }
  return Json::object({{"spec-id", spec["spec-id"].as_int()}, {"fields", std::move(fields)}});
}

Result<Json> normal_sort_order(const Json& order, const std::map<std::int64_t, std::int64_t>& renumbered) {
  if (!order["fields"].is_array()) return invalid_argument("a sort order needs a list \"fields\"");
  auto fields = Json::array();
  for (const auto& field : order["fields"].items()) {
    GRISTMILL_TRY(const auto source, source_of(field, renumbered));
    GRISTMILL_TRY(auto transform, transform_of(field));
    const auto& direction = field["direction"].as_string();
    const auto& nulls = field["null-order"].as_string();
    if (direction != "asc" && direction != "desc") return invalid_argument("direction must be asc or desc");
    if (nulls != "nulls-first" && nulls != "nulls-last")
      return invalid_argument("null-order must be nulls-first or nulls-last");
    fields.push(Json::object(
        {{"transform", transform}, {"source-id", source}, {"direction", direction}, {"null-order", nulls}}));
  }
  return Json::object({{"order-id", order["order-id"].as_int()}, {"fields", std::move(fields)}});
}

Status check_spec_against(const Json& spec, const Json& schema) {
  const auto fields = fields_of(schema);
  for (const auto& field : spec["fields"].items()) {
    // What a dropped column was partitioned by stays in the spec as `void`.
    if (field["transform"].as_string() == "void") continue;
    GRISTMILL_TRY(const auto source, check_source(field, fields));
    const auto& name = field["name"].as_string();
    const bool is_itself = field["transform"].as_string() == "identity" && source.path == name;
    const bool is_taken = std::ranges::any_of(schema["fields"].items(),
                                              [&](const Json& one) { return one["name"].as_string() == name; });
    if (is_taken && !is_itself)
      return invalid_argument(fmt::format("the partition field {} is named like a column", name));
  }
  return {};
}

Status check_order_against(const Json& order, const Json& schema) {
  const auto fields = fields_of(schema);
  for (const auto& field : order["fields"].items()) {
    if (auto source = check_source(field, fields); !source) return std::move(source).error();
  }
  return {};
}

}  // namespace gristmill::store
