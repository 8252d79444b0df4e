// SPDX-License-Identifier: Apache-2.0
// How the schemas of a table's metadata change.
#include "gristmill/store/metadata_schema.h"

#include <algorithm>
#include <map>

#include "gristmill/store/metadata.h"
#include "gristmill/store/schema_json.h"

namespace gristmill::store {
namespace {

/// The name mapping for new fields: what a column was called before still finds it in files without field ids, unless
/// another column took the name. What a mapping says of the inside of a column stays.
std::string next_name_mapping(const Json& fields, const std::string& before) {
  const auto mapping = Json::parse(before);
  const auto known = mapped_names(before);
  const auto is_taken = [&](const std::string& name) {
    return std::ranges::any_of(fields.items(), [&](const Json& field) { return field["name"].as_string() == name; });
  };
  auto entries = Json::array();
  for (const auto& field : fields.items()) {
    auto names = Json::array();
    if (const auto earlier = known.find(static_cast<int>(field["id"].as_int())); earlier != known.end()) {
      for (const auto& name : earlier->second) {
        if (!is_taken(name)) names.push(name);
      }
    }
    names.push(field["name"]);
    auto entry = Json::object({{"field-id", field["id"]}, {"names", std::move(names)}});
    for (const auto& one : mapping ? mapping->items() : Json::Array()) {
      if (one["field-id"] == field["id"] && one["fields"].is_array()) entry.set("fields", one["fields"]);
    }
    entries.push(std::move(entry));
  }
  return entries.dump();
}

/// As deep as JSON is read.
void add_mapped_names(const Json& entries, std::map<int, std::vector<std::string>>& names) {
  for (const auto& entry : entries.items()) {
    for (const auto& name : entry["names"].items())
      names[static_cast<int>(entry["field-id"].as_int())].push_back(name.as_string());
    add_mapped_names(entry["fields"], names);
  }
}

void add_ids(const Json& list, std::string_view key, std::set<int>& ids) {
  for (const auto& item : list.items()) {
    for (const auto& field : item["fields"].items()) ids.insert(static_cast<int>(field[key].as_int()));
  }
}

/// Whether all of a spec's or a sort order's fields are made from columns of a schema.
bool is_made_from(const Json& fields, const Json& schema) {
  return std::ranges::all_of(fields.items(), [&](const Json& field) {
    return field["transform"].as_string() == "void" || fields_of(schema).contains(field["source-id"].as_int());
  });
}

}  // namespace

std::map<int, std::vector<std::string>> mapped_names(const std::string& mapping) {
  std::map<int, std::vector<std::string>> names;
  if (const auto entries = Json::parse(mapping)) add_mapped_names(*entries, names);
  return names;
}

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
  fit_partition();
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
  auto identifiers = Json::array();
  const auto whole = Json::object({{"fields", wanted}});
  const auto all = fields_of(whole);
  for (const auto& id : schema(current_schema_id())["identifier-field-ids"].items()) {
    if (all.contains(id.as_int())) identifiers.push(id);
  }
  document_.at("schemas").push(Json::object({{"type", "struct"},
                                             {"schema-id", newest + 1},
                                             {"identifier-field-ids", std::move(identifiers)},
                                             {"fields", wanted}}));
  document_.set("current-schema-id", newest + 1);
}

void TableMetadata::mend_counters() {
  std::int64_t sequence_number = 0;
  std::int64_t column_id = 0;
  std::int64_t partition_id = 0;
  for (const auto& snapshot : snapshots_) sequence_number = std::max(sequence_number, snapshot.sequence_number);
  for (const auto& one : document_["schemas"].items()) {
    if (const auto fields = fields_of(one); !fields.empty()) column_id = std::max(column_id, fields.rbegin()->first);
  }
  for (const auto& spec : document_["partition-specs"].items()) {
    for (const auto& field : spec["fields"].items()) partition_id = std::max(partition_id, field["field-id"].as_int());
  }
  const auto raise = [&](std::string_view key, std::int64_t value) {
    if (document_[key].as_int() < value) document_.set(key, value);
  };
  raise("last-sequence-number", sequence_number);
  raise("last-column-id", column_id);
  raise("last-partition-id", partition_id);
}

void TableMetadata::use_schema(std::int64_t schema_id) {
  const auto fields = schema(schema_id)["fields"];
  document_.set("current-schema-id", schema_id);
  auto& properties = document_.at("properties");
  properties.set(name_mapping_property, next_name_mapping(fields, properties[name_mapping_property].as_string()));
  fit_partition();
}

void TableMetadata::fit_partition() {
  const auto& current = schema(current_schema_id());
  auto fields = partition_fields();
  const auto before = fields.size();
  std::erase_if(fields, [&](const formats::PartitionField& field) {
    return field.transform != "void" && !fields_of(current).contains(field.source_id);
  });
  if (fields.size() < before) set_partition(std::move(fields));
  for (const auto& order : document_["sort-orders"].items()) {
    if (order["order-id"] == document_["default-sort-order-id"] && !is_made_from(order["fields"], current))
      return use_no_order();
  }
}

void TableMetadata::use_no_order() {
  const auto& orders = document_["sort-orders"].items();
  const bool is_there = std::ranges::any_of(orders, [](const Json& one) { return one["order-id"].as_int(-1) == 0; });
  if (!is_there) document_.at("sort-orders").push(Json::object({{"order-id", 0}, {"fields", Json::array()}}));
  document_.set("default-sort-order-id", 0);
}

TableShape TableMetadata::shape() const {
  return {.schema_id = current_schema_id(),
          .spec_id = default_spec_id(),
          .sort_order_id = document_["default-sort-order-id"],
          .name_mapping = document_["properties"][name_mapping_property]};
}

void TableMetadata::restore(const TableShape& shape) {
  document_.set("current-schema-id", shape.schema_id);
  document_.set("default-spec-id", shape.spec_id);
  document_.set("default-sort-order-id", shape.sort_order_id);
  if (shape.name_mapping.is_null()) {
    document_.at("properties").erase(name_mapping_property);
  } else {
    document_.at("properties").set(name_mapping_property, shape.name_mapping);
  }
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
