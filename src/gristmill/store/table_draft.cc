// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/table_draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/store/schema_json.h"

namespace gristmill::store {
namespace {

constexpr std::int64_t written_version = 2;
constexpr std::int64_t partition_id_before_first = 999;

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (is_dash ? text[i] != '-' : !is_digit) return false;
  }
  return true;
}

Result<std::int64_t> number_in(const Json& update, std::string_view key) {
  if (update[key].is_int()) return update[key].as_int();
  return invalid_argument(fmt::format("\"{}\" must be a whole number", key));
}

/// Two specs are the same when they cut the table alike, whatever their ids.
bool is_same_spec(const Json& a, const Json& b) {
  const auto is_same_field = [](const Json& x, const Json& y) {
    return x["source-id"] == y["source-id"] && x["name"] == y["name"] && x["transform"] == y["transform"];
  };
  return std::ranges::equal(a["fields"].items(), b["fields"].items(), is_same_field);
}

}  // namespace

TableDraft TableDraft::of(const TableMetadata& base, std::int64_t now_ms) {
  return TableDraft(base.document(), now_ms);
}

TableDraft TableDraft::of_nothing(std::int64_t now_ms) {
  return TableDraft(Json::object({{"format-version", written_version},
                                  {"table-uuid", ""},
                                  {"location", ""},
                                  {"last-sequence-number", 0},
                                  {"last-updated-ms", now_ms},
                                  {"last-column-id", 0},
                                  {"current-schema-id", -1},
                                  {"schemas", Json::array()},
                                  {"default-spec-id", -1},
                                  {"partition-specs", Json::array()},
                                  {"last-partition-id", partition_id_before_first},
                                  {"default-sort-order-id", -1},
                                  {"sort-orders", Json::array()},
                                  {"properties", Json::object()},
                                  {"current-snapshot-id", -1},
                                  {"refs", Json::object()},
                                  {"snapshots", Json::array()},
                                  {"snapshot-log", Json::array()},
                                  {"metadata-log", Json::array()}}),
                    now_ms);
}

Status TableDraft::apply(const Json& update) {
  const auto& action = update["action"].as_string();
  if (action.empty()) return invalid_argument("an update must be an object with an \"action\"");
  using Family = Status (TableDraft::*)(const std::string&, const Json&, bool&);
  for (const Family family :
       {&TableDraft::apply_to_table, &TableDraft::apply_to_schema, &TableDraft::apply_to_snapshots}) {
    bool is_known = true;
    auto status = (this->*family)(action, update, is_known);
    if (is_known) return status;
  }
  return invalid_argument("unknown update");
}

Status TableDraft::apply_to_table(const std::string& action, const Json& update, bool& is_known) {
  if (action == "assign-uuid") return assign_uuid(update);
  if (action == "upgrade-format-version") return upgrade(update);
  if (action == "set-properties") return set_properties(update[update.contains("updates") ? "updates" : "updated"]);
  if (action == "remove-properties") return remove_properties(update);
  if (action == "set-location") {
    auto location = update["location"].as_string();
    while (location.size() > 1 && location.ends_with('/')) location.pop_back();
    if (location.empty()) return invalid_argument("\"location\" must be a location");
    document_.set("location", std::move(location));
    return {};
  }
  is_known = false;
  return {};
}

Status TableDraft::apply_to_schema(const std::string& action, const Json& update, bool& is_known) {
  if (action == "add-schema") {
    GRISTMILL_TRY(const auto schema, normal_schema(update["schema"]));
    return add_schema(schema, update["last-column-id"].as_int());
  }
  if (action == "add-spec") {
    GRISTMILL_TRY(auto spec, normal_spec(update["spec"]));
    return add_spec(std::move(spec));
  }
  if (action == "add-sort-order") {
    GRISTMILL_TRY(auto order, normal_sort_order(update["sort-order"]));
    return add_sort_order(std::move(order));
  }
  if (action == "set-current-schema") {
    GRISTMILL_TRY(const auto id, number_in(update, "schema-id"));
    return set_default("schemas", "schema-id", "current-schema-id", id, added_schema_);
  }
  if (action == "set-default-spec") {
    GRISTMILL_TRY(const auto id, number_in(update, "spec-id"));
    return set_default("partition-specs", "spec-id", "default-spec-id", id, added_spec_);
  }
  if (action == "set-default-sort-order") {
    GRISTMILL_TRY(const auto id, number_in(update, "sort-order-id"));
    return set_default("sort-orders", "order-id", "default-sort-order-id", id, added_order_);
  }
  if (action == "remove-partition-specs")
    return remove_unused("partition-specs", "spec-id", "default-spec-id", update["spec-ids"]);
  if (action == "remove-schemas")
    return remove_unused("schemas", "schema-id", "current-schema-id", update["schema-ids"]);
  is_known = false;
  return {};
}

Status TableDraft::assign_uuid(const Json& update) {
  const auto& uuid = update["uuid"].as_string();
  if (!is_uuid(uuid)) return invalid_argument("\"uuid\" must be a UUID in lower case with dashes");
  const auto& known = document_["table-uuid"].as_string();
  if (!known.empty() && known != uuid)
    return invalid_argument(fmt::format("the table has the uuid {} already, which never changes", known));
  document_.set("table-uuid", uuid);
  return {};
}

Status TableDraft::upgrade(const Json& update) {
  GRISTMILL_TRY(const auto version, number_in(update, "format-version"));
  if (version < document_["format-version"].as_int() || version < 1)
    return invalid_argument(fmt::format("a table cannot go back to format version {}", version));
  if (version > written_version)
    return invalid_argument(
        fmt::format("format version {} is not written here; tables are of version {}", version, written_version));
  // A new table starts as version 2, whatever the client asked for before.
  if (version == written_version && document_["format-version"].as_int() == 1) {
    document_.set("format-version", version);
    for (const auto* key : {"schema", "partition-spec"}) document_.erase(key);
    if (!document_["last-sequence-number"].is_int()) document_.set("last-sequence-number", 0);
  }
  return {};
}

Status TableDraft::set_properties(const Json& properties) {
  if (properties.is_null()) return {};
  if (!properties.is_object()) return invalid_argument("properties must be an object of strings");
  auto& known = document_.at("properties");
  for (const auto& [key, value] : properties.members()) {
    if (!value.is_string()) return invalid_argument(fmt::format("the property {} must be a string", key));
    // Clients ask for a version of the format in this way; it is no property of the table.
    if (key != "format-version") {
      known.set(key, value);
      continue;
    }
    if (value.as_string() != std::to_string(document_["format-version"].as_int()))
      return invalid_argument(fmt::format("format version {} is not written here; tables are of version {}",
                                          value.as_string().substr(0, 20), written_version));
  }
  return {};
}

Status TableDraft::remove_properties(const Json& update) {
  const auto& removals = update[update.contains("removals") ? "removals" : "removed"];
  if (!removals.is_array()) return invalid_argument("\"removals\" must be a list of names");
  auto& known = document_.at("properties");
  for (const auto& key : removals.items()) known.erase(key.as_string());
  return {};
}

Status TableDraft::add_schema(const Json& schema, std::int64_t last_column_id) {
  auto highest = std::max(document_["last-column-id"].as_int(), last_column_id);
  if (const auto fields = fields_of(schema); !fields.empty()) highest = std::max(highest, fields.rbegin()->first);
  document_.set("last-column-id", highest);
  for (const auto& known : document_["schemas"].items()) {
    const auto normal = normal_schema(known);
    const auto is_same = [&](const char* key) { return (*normal)[key] == schema[key]; };
    if (!normal || !is_same("fields") || !is_same("identifier-field-ids")) continue;
    added_schema_ = known["schema-id"].as_int();
    return {};
  }
  added_schema_ = highest_id("schemas", "schema-id") + 1;
  auto added = schema;
  document_.at("schemas").push(std::move(added.set("schema-id", *added_schema_)));
  return {};
}

Status TableDraft::add_spec(Json spec) {
  for (const auto& known : document_["partition-specs"].items()) {
    if (!is_same_spec(known, spec)) continue;
    added_spec_ = known["spec-id"].as_int();
    return {};
  }
  auto last = document_["last-partition-id"].as_int(partition_id_before_first);
  auto fields = Json::array();
  std::set<std::int64_t> taken;
  for (auto field : spec["fields"].items()) {
    if (!field["field-id"].is_int()) {
      // The same cut of the same column keeps its id over all specs.
      for (const auto& known : document_["partition-specs"].items()) {
        for (const auto& other : known["fields"].items()) {
          if (other["source-id"] == field["source-id"] && other["transform"] == field["transform"])
            field.set("field-id", other["field-id"]);
        }
      }
    }
    if (!field["field-id"].is_int()) field.set("field-id", ++last);
    const auto id = field["field-id"].as_int();
    if (id <= partition_id_before_first || id > INT32_MAX || !taken.insert(id).second)
      return invalid_argument(fmt::format("the partition field id {} is below 1000 or used twice", id));
    last = std::max(last, id);
    fields.push(std::move(field));
  }
  added_spec_ = highest_id("partition-specs", "spec-id") + 1;
  document_.at("partition-specs").push(Json::object({{"spec-id", *added_spec_}, {"fields", std::move(fields)}}));
  document_.set("last-partition-id", last);
  return {};
}

Status TableDraft::add_sort_order(Json order) {
  const bool is_unsorted = order["fields"].size() == 0;
  for (const auto& known : document_["sort-orders"].items()) {
    const auto normal = normal_sort_order(known);
    if (!normal || (*normal)["fields"] != order["fields"]) continue;
    added_order_ = known["order-id"].as_int();
    return {};
  }
  // 0 stands for no order, by the specification.
  added_order_ = is_unsorted ? 0 : std::max<std::int64_t>(highest_id("sort-orders", "order-id"), 0) + 1;
  document_.at("sort-orders").push(std::move(order.set("order-id", *added_order_)));
  return {};
}

Status TableDraft::set_default(std::string_view list, std::string_view key, std::string_view default_key,
                               std::int64_t id, std::optional<std::int64_t> added) {
  if (id == -1) {
    if (!added) return invalid_argument("-1 stands for what this commit added last, but it added none");
    id = *added;
  }
  if (find(list, key, id) == nullptr)
    return invalid_argument(fmt::format("{} {} is not among the table's {}", key, id, list));
  document_.set(default_key, id);
  has_new_shape_ = true;
  return {};
}

Status TableDraft::remove_unused(std::string_view list, std::string_view key, std::string_view default_key,
                                 const Json& ids) {
  if (!ids.is_array()) return invalid_argument("needs a list of ids");
  auto items = document_[list].items();
  for (const auto& id : ids.items()) {
    if (id.is_int() && id == document_[default_key])
      return invalid_argument(fmt::format("{} {} is in use", key, id.as_int()));
    std::erase_if(items, [&](const Json& item) { return item[key] == id; });
  }
  document_.set(list, Json(std::move(items)));
  return {};
}

std::int64_t TableDraft::highest_id(std::string_view list, std::string_view key) const {
  std::int64_t highest = -1;
  for (const auto& item : document_[list].items()) highest = std::max(highest, item[key].as_int());
  return highest;
}

const Json* TableDraft::find(std::string_view list, std::string_view key, std::int64_t id) const {
  const auto& items = document_[list].items();
  const auto found = std::find_if(items.rbegin(), items.rend(),
                                  [&](const Json& item) { return item[key].as_int(-1) == id; });
  return found == items.rend() ? nullptr : &*found;
}

void TableDraft::add_defaults() {
  if (document_["partition-specs"].size() == 0) {
    document_.at("partition-specs").push(Json::object({{"spec-id", 0}, {"fields", Json::array()}}));
    document_.set("default-spec-id", 0);
  }
  if (document_["sort-orders"].size() == 0) {
    document_.at("sort-orders").push(Json::object({{"order-id", 0}, {"fields", Json::array()}}));
    document_.set("default-sort-order-id", 0);
  }
}

Status TableDraft::check_whole() {
  if (document_["format-version"].as_int() != written_version)
    return invalid_argument(fmt::format("the table is of format version {}; only version {} is written",
                                        document_["format-version"].as_int(), written_version));
  if (document_["table-uuid"].as_string().empty()) return invalid_argument("a new table needs assign-uuid");
  if (document_["location"].as_string().empty()) return invalid_argument("a new table needs set-location");
  const auto* schema = find("schemas", "schema-id", document_["current-schema-id"].as_int());
  if (schema == nullptr) return invalid_argument("the table needs a current schema");
  const auto* spec = find("partition-specs", "spec-id", document_["default-spec-id"].as_int());
  if (spec == nullptr) return invalid_argument("the table needs a default partition spec");
  const auto* order = find("sort-orders", "order-id", document_["default-sort-order-id"].as_int());
  if (order == nullptr) return invalid_argument("the table needs a default sort order");
  // What a table had before goes on, whoever made it so.
  if (!has_new_shape_) return check_references();
  auto status = check_spec_against(*spec, *schema);
  if (!status) return std::move(status).error().within("partition spec");
  status = check_order_against(*order, *schema);
  if (!status) return std::move(status).error().within("sort order");
  return check_references();
}

Result<TableMetadata> TableDraft::finish() {
  add_defaults();
  GRISTMILL_RETURN_IF_ERROR(check_whole());
  order_times();
  return TableMetadata::from_json(std::move(document_));
}

}  // namespace gristmill::store
