// SPDX-License-Identifier: Apache-2.0
// How the schemas of a table's metadata change.
#include "gristmill/store/metadata_schema.h"

#include <algorithm>
#include <map>

#include "gristmill/store/metadata.h"

namespace gristmill::store {
namespace {

constexpr std::string_view name_mapping_property = "schema.name-mapping.default";

/// The name mapping for new fields: what a column was called before still finds it in files without field ids, unless
/// another column took the name.
std::string next_name_mapping(const Json& fields, const std::string& before) {
  std::map<std::int64_t, std::vector<std::string>> known;
  if (const auto mapping = Json::parse(before)) {
    for (const auto& entry : mapping->items()) {
      for (const auto& name : entry["names"].items()) known[entry["field-id"].as_int()].push_back(name.as_string());
    }
  }
  const auto is_taken = [&](const std::string& name) {
    return std::ranges::any_of(fields.items(), [&](const Json& field) { return field["name"].as_string() == name; });
  };
  auto entries = Json::array();
  for (const auto& field : fields.items()) {
    auto names = Json::array();
    for (const auto& name : known[field["id"].as_int()]) {
      if (!is_taken(name)) names.push(name);
    }
    names.push(field["name"]);
    entries.push(Json::object({{"field-id", field["id"]}, {"names", std::move(names)}}));
  }
  return entries.dump();
}

void add_ids(const Json& list, std::string_view key, std::set<int>& ids) {
  for (const auto& item : list.items()) {
    for (const auto& field : item["fields"].items()) ids.insert(static_cast<int>(field[key].as_int()));
  }
}

}  // namespace

Json field_json(const formats::TableColumn& column) {
  auto field = Json::object(
      {{"id", column.field_id}, {"name", column.name}, {"required", column.required}, {"type", column.type}});
  if (!column.doc.empty()) field.set("doc", column.doc);
  return field;
}

void TableMetadata::set_schema(const std::vector<formats::TableColumn>& columns) {
  Json::Array fields;
  for (const auto& column : columns) {
    // A known field keeps what our view of columns does not show: nested types, defaults.
    const auto* known = field_by_id(column.field_id);
    fields.push_back(known != nullptr ? *known : field_json(column));
    if (known == nullptr && !snapshots_.empty()) fields.back().set("required", false);
  }
  auto last_column_id = document_["last-column-id"].as_int();
  for (const auto& column : columns) last_column_id = std::max<std::int64_t>(last_column_id, column.field_id);
  document_.set("last-column-id", last_column_id);
  adopt_fields(std::move(fields));
}

void TableMetadata::adopt_fields(Json::Array fields) {
  std::int64_t newest = -1;
  const Json wanted(std::move(fields));
  auto& properties = document_.at("properties");
  properties.set(name_mapping_property, next_name_mapping(wanted, properties[name_mapping_property].as_string()));
  for (const auto& known : document_["schemas"].items()) {
    const auto id = known["schema-id"].as_int();
    newest = std::max(newest, id);
    if (known["fields"] != wanted) continue;
    document_.set("current-schema-id", id);
    return;
  }
  auto identifiers = schema(current_schema_id())["identifier-field-ids"];
  if (!identifiers.is_array()) identifiers = Json::array();
  document_.at("schemas").push(Json::object({{"type", "struct"},
                                             {"schema-id", newest + 1},
                                             {"identifier-field-ids", std::move(identifiers)},
                                             {"fields", wanted}}));
  document_.set("current-schema-id", newest + 1);
}

Result<bool> TableMetadata::change_schema(std::span<const SchemaChange> changes) {
  SchemaBounds bounds;
  const auto& current = schema(current_schema_id());
  for (const auto& column : formats::table_columns({})) {
    const auto same = [&](const Json& field) {
      return field["name"].as_string() == column.name && field["id"].as_int() == column.field_id;
    };
    if (std::ranges::any_of(current["fields"].items(), same)) bounds.fixed_names.insert(column.name);
  }
  add_ids(document_["partition-specs"], "source-id", bounds.used_ids);
  add_ids(document_["sort-orders"], "source-id", bounds.used_ids);
  for (const auto& id : current["identifier-field-ids"].items()) bounds.used_ids.insert(static_cast<int>(id.as_int()));
  auto last_column_id = document_["last-column-id"].as_int();
  const auto before = current["fields"];
  GRISTMILL_TRY(auto fields, change_fields(before, changes, bounds, last_column_id));
  if (fields == before) return false;
  document_.set("last-column-id", last_column_id);
  adopt_fields(fields.items());
  return true;
}

}  // namespace gristmill::store
