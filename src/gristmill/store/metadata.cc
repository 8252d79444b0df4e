// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <random>

#include "gristmill/store/metadata_schema.h"

namespace gristmill::store {
namespace {

constexpr std::int64_t previous_versions_default = 100;
constexpr int first_partition_field_id = 1000;
// Columns that come later get ids from 100 on; those below are kept for origin columns.
constexpr std::int64_t origin_field_id_max = 99;

Json schema_json(std::int64_t id, const std::vector<formats::TableColumn>& columns) {
  Json::Array fields;
  for (const auto& column : columns) fields.push_back(field_json(column));
  return Json::object(
      {{"type", "struct"}, {"schema-id", id}, {"identifier-field-ids", Json::array()}, {"fields", std::move(fields)}});
}

/// For readers of Parquet files that carry no field ids.
std::string name_mapping(const std::vector<formats::TableColumn>& columns) {
  Json::Array entries;
  for (const auto& column : columns) {
    entries.push_back(Json::object({{"field-id", column.field_id}, {"names", Json::array({column.name})}}));
  }
  return Json(std::move(entries)).dump();
}

formats::TableColumn column_of(const Json& field) {
  const auto& type = field["type"];
  return {.field_id = static_cast<int>(field["id"].as_int()),
          .name = field["name"].as_string(),
          .type = type.is_string() ? type.as_string() : type["type"].as_string(),
          .required = field["required"].as_bool(),
          .doc = field["doc"].as_string(),
          .nested = type.is_string() ? Json() : type};
}

Json snapshot_json(const Snapshot& snapshot) {
  auto json = Json::object({{"sequence-number", snapshot.sequence_number}, {"snapshot-id", snapshot.id}});
  if (snapshot.parent_id != 0) json.set("parent-snapshot-id", snapshot.parent_id);
  json.set("timestamp-ms", snapshot.timestamp_ms);
  auto summary = Json::object();
  for (const auto& [key, value] : snapshot.summary) summary.set(key, value);
  json.set("summary", std::move(summary));
  json.set("manifest-list", snapshot.manifest_list);
  if (snapshot.schema_id >= 0) json.set("schema-id", snapshot.schema_id);
  return json;
}

Result<Snapshot> snapshot_of(const Json& json) {
  Snapshot snapshot{.id = json["snapshot-id"].as_int(-1),
                    .parent_id = std::max<std::int64_t>(json["parent-snapshot-id"].as_int(0), 0),
                    .sequence_number = json["sequence-number"].as_int(),
                    .timestamp_ms = json["timestamp-ms"].as_int(),
                    .schema_id = json["schema-id"].as_int(-1),
                    .manifest_list = json["manifest-list"].as_string(),
                    .summary = {}};
  if (snapshot.id < 0) return corrupt_data("a snapshot without snapshot-id");
  if (snapshot.manifest_list.empty()) return corrupt_data(fmt::format("snapshot {} has no manifest-list", snapshot.id));
  for (const auto& [key, value] : json["summary"].members()) snapshot.summary.emplace_back(key, value.as_string());
  return snapshot;
}

std::optional<std::int64_t> number_of(const Json& json) {
  return json.is_int() ? std::optional(json.as_int()) : std::nullopt;
}

Json log_entry(std::string_view key, Json value, std::int64_t timestamp_ms) {
  return Json::object({{"timestamp-ms", timestamp_ms}, {std::string(key), std::move(value)}});
}

}  // namespace

std::string_view Snapshot::note(std::string_view key) const {
  const auto found = std::ranges::find(summary, key, &Summary::value_type::first);
  return found == summary.end() ? std::string_view() : found->second;
}

std::optional<std::int64_t> Snapshot::count(std::string_view key) const {
  const auto text = note(key);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

TableMetadata TableMetadata::create(std::string location, const std::vector<formats::TableColumn>& columns,
                                    std::int64_t timestamp_ms) {
  std::int64_t last_column_id = origin_field_id_max;
  for (const auto& column : columns) last_column_id = std::max<std::int64_t>(last_column_id, column.field_id);
  auto properties = Json::object({{"write.format.default", "parquet"},
                                  {"write.parquet.compression-codec", "zstd"},
                                  {"write.metadata.delete-after-commit.enabled", "true"},
                                  {"write.metadata.previous-versions-max", std::to_string(previous_versions_default)},
                                  {std::string(name_mapping_property), name_mapping(columns)}});
  return TableMetadata(
      Json::object({{"format-version", 2},
                    {"table-uuid", new_uuid()},
                    {"location", std::move(location)},
                    {"last-sequence-number", 0},
                    {"last-updated-ms", timestamp_ms},
                    {"last-column-id", last_column_id},
                    {"current-schema-id", 0},
                    {"schemas", Json::array({schema_json(0, columns)})},
                    {"default-spec-id", 0},
                    {"partition-specs", Json::array({Json::object({{"spec-id", 0}, {"fields", Json::array()}})})},
                    {"last-partition-id", first_partition_field_id - 1},
                    {"default-sort-order-id", 0},
                    {"sort-orders", Json::array({Json::object({{"order-id", 0}, {"fields", Json::array()}})})},
                    {"properties", std::move(properties)},
                    {"current-snapshot-id", -1},
                    {"refs", Json::object()},
                    {"snapshots", Json::array()},
                    {"snapshot-log", Json::array()},
                    {"metadata-log", Json::array()}}));
}

Result<TableMetadata> TableMetadata::parse(std::string_view text) {
  GRISTMILL_TRY(auto document, Json::parse(text));
  return from_json(std::move(document));
}

Result<TableMetadata> TableMetadata::from_json(Json document) {
  TableMetadata metadata(std::move(document));
  if (metadata.format_version() == 1) metadata.upgrade_version_1();
  GRISTMILL_RETURN_IF_ERROR(metadata.check());
  GRISTMILL_RETURN_IF_ERROR(metadata.read_snapshots());
  metadata.mend_counters();
  return metadata;
}

void TableMetadata::upgrade_version_1() {
  // Version 1 wrote one schema and one spec under other names; the lists were added to it later.
  if (!document_.contains("schemas")) {
    auto schema = document_["schema"];
    if (schema.is_object() && !schema.contains("schema-id")) schema.set("schema-id", 0);
    document_.set("current-schema-id", schema["schema-id"].as_int());
    document_.set("schemas", Json::array({std::move(schema)}));
  }
  if (!document_.contains("partition-specs")) {
    auto spec = Json::object({{"spec-id", 0}, {"fields", document_["partition-spec"]}});
    document_.set("partition-specs", Json::array({std::move(spec)}));
    document_.set("default-spec-id", 0);
  }
}

Status TableMetadata::check() const {
  if (!document_.is_object()) return corrupt_data("not a JSON object");
  if (!document_["format-version"].is_int()) return corrupt_data("no format-version");
  if (format_version() < 1 || format_version() > 3)
    return corrupt_data(fmt::format("format-version {} is not supported (1 to 3 are)", format_version()));
  if (location().empty()) return corrupt_data("no location");
  if (!document_["schemas"].is_array() || document_["schemas"].items().empty()) return corrupt_data("no schemas");
  if (!document_["partition-specs"].is_array()) return corrupt_data("no partition-specs");
  if (schema(current_schema_id()).is_null())
    return corrupt_data(fmt::format("current-schema-id {} is not among the schemas", current_schema_id()));
  const auto& specs = document_["partition-specs"].items();
  const auto is_default = [&](const Json& spec) { return spec["spec-id"].as_int() == default_spec_id(); };
  if (std::ranges::none_of(specs, is_default))
    return corrupt_data(fmt::format("default-spec-id {} is not among the partition specs", default_spec_id()));
  return {};
}

Status TableMetadata::read_snapshots() {
  for (const auto& item : document_["snapshots"].items()) {
    GRISTMILL_TRY(auto snapshot, snapshot_of(item));
    snapshots_.push_back(std::move(snapshot));
  }
  const auto current = document_["current-snapshot-id"].as_int(-1);
  current_snapshot_id_ = std::max<std::int64_t>(current, 0);
  if (current > 0 && find_snapshot(current) == nullptr)
    return corrupt_data(fmt::format("current-snapshot-id {} is not among the snapshots", current));
  return {};
}

const Snapshot* TableMetadata::find_snapshot(std::int64_t id) const {
  // The newest are asked for most.
  const auto found = std::find_if(snapshots_.rbegin(), snapshots_.rend(),
                                  [&](const Snapshot& item) { return item.id == id; });
  return id == 0 || found == snapshots_.rend() ? nullptr : &*found;
}

std::vector<Reference> TableMetadata::references() const {
  std::vector<Reference> references;
  for (const auto& [name, value] : document_["refs"].members()) {
    references.push_back({.name = name,
                          .snapshot_id = value["snapshot-id"].as_int(),
                          .is_tag = value["type"].as_string() == "tag",
                          .snapshots_min = number_of(value["min-snapshots-to-keep"]),
                          .age_ms_max = number_of(value["max-snapshot-age-ms"])});
  }
  return references;
}

const Snapshot* TableMetadata::snapshot_at(std::int64_t timestamp_ms) const {
  const Snapshot* found = nullptr;
  for (const auto& entry : document_["snapshot-log"].items()) {
    if (entry["timestamp-ms"].as_int() > timestamp_ms) break;
    if (const auto* snapshot = find_snapshot(entry["snapshot-id"].as_int())) found = snapshot;
  }
  if (found != nullptr || document_["snapshot-log"].size() > 0) return found;
  // Without a log: the newest on the line of the current one.
  for (found = current_snapshot(); found != nullptr && found->timestamp_ms > timestamp_ms;) {
    found = find_snapshot(found->parent_id);
  }
  return found;
}

const Json& TableMetadata::schema(std::int64_t schema_id) const {
  static const Json none;
  const auto& schemas = document_["schemas"].items();
  const auto found = std::ranges::find_if(schemas,
                                          [&](const Json& item) { return item["schema-id"].as_int() == schema_id; });
  return found == schemas.end() ? none : *found;
}

Result<std::vector<formats::TableColumn>> TableMetadata::columns(std::int64_t schema_id) const {
  const auto& json = schema(schema_id);
  if (json.is_null()) return corrupt_data(fmt::format("schema {} is not among the table's schemas", schema_id));
  std::vector<formats::TableColumn> columns;
  for (const auto& field : json["fields"].items()) columns.push_back(column_of(field));
  const auto names = mapped_names(property(name_mapping_property));
  for (auto& column : columns) {
    if (const auto known = names.find(column.field_id); known != names.end()) column.file_names = known->second;
    if (!column.nested.is_null()) column.part_names = names;
  }
  return columns;
}

const Json* TableMetadata::field_by_id(int field_id) const {
  const auto in_schema = [&](const Json& schema) -> const Json* {
    const auto& fields = schema["fields"].items();
    const auto found = std::ranges::find_if(fields, [&](const Json& item) { return item["id"].as_int() == field_id; });
    return found == fields.end() ? nullptr : &*found;
  };
  // A column may have been renamed: what it is called now counts.
  const auto* found = in_schema(schema(current_schema_id()));
  const auto& schemas = document_["schemas"].items();
  for (auto one = schemas.rbegin(); one != schemas.rend() && found == nullptr; ++one) found = in_schema(*one);
  return found;
}

std::optional<formats::TableColumn> TableMetadata::column_by_id(int field_id) const {
  const auto* field = field_by_id(field_id);
  return field == nullptr ? std::nullopt : std::optional(column_of(*field));
}

bool TableMetadata::has_logged(std::string_view location) const {
  return std::ranges::any_of(document_["metadata-log"].items(),
                             [&](const Json& entry) { return entry["metadata-file"].as_string() == location; });
}

std::vector<formats::TableColumn> TableMetadata::plan_columns(std::vector<formats::TableColumn> columns) const {
  int next_id = next_field_id();
  const auto& schemas = document_["schemas"].items();
  for (auto& column : columns) {
    column.field_id = 0;
    for (auto schema = schemas.rbegin(); schema != schemas.rend() && column.field_id == 0; ++schema) {
      for (const auto& field : (*schema)["fields"].items()) {
        const auto known = column_of(field);
        if (known.name != column.name || known.type != column.type) continue;
        // An id whose column goes by another name now is taken.
        if (column_by_id(known.field_id)->name == column.name) column.field_id = known.field_id;
      }
    }
    if (column.field_id == 0) column.field_id = next_id++;
  }
  return columns;
}

std::int64_t TableMetadata::next_timestamp_ms(std::int64_t now_ms) const {
  // Clocks of several machines differ and may step back; history must not.
  auto earliest = last_updated_ms() + 1;
  if (!snapshots_.empty()) earliest = std::max(earliest, snapshots_.back().timestamp_ms + 1);
  return std::max(now_ms, earliest);
}

const Snapshot* TableMetadata::branch_head(std::string_view branch) const {
  const auto& head = document_["refs"][branch];
  return branch == main_branch || head.is_null() ? current_snapshot() : find_snapshot(head["snapshot-id"].as_int());
}

bool TableMetadata::is_ancestor(std::int64_t ancestor_id, std::int64_t snapshot_id) const {
  // Damaged metadata may hold a ring of parents: nobody has more ancestors than there are snapshots.
  for (auto steps = snapshots_.size() + 1; steps > 0; --steps) {
    if (snapshot_id == ancestor_id) return true;
    const auto* snapshot = find_snapshot(snapshot_id);
    if (snapshot == nullptr) return false;
    snapshot_id = snapshot->parent_id;
  }
  return false;
}

void TableMetadata::add_snapshot(Snapshot snapshot, std::string_view branch) {
  document_.set("last-sequence-number", snapshot.sequence_number);
  document_.at("snapshots").push(snapshot_json(snapshot));
  snapshots_.push_back(std::move(snapshot));
  const auto& added = snapshots_.back();
  if (branch == main_branch) return set_current_snapshot(added, added.timestamp_ms);
  set_branch(branch, added.id);
  touch(added.timestamp_ms);
}

void TableMetadata::set_current_snapshot(const Snapshot& snapshot, std::int64_t timestamp_ms) {
  current_snapshot_id_ = snapshot.id;
  document_.set("current-snapshot-id", snapshot.id);
  if (snapshot.schema_id >= 0 && snapshot.schema_id != current_schema_id() && !schema(snapshot.schema_id).is_null())
    use_schema(snapshot.schema_id);
  document_.at("refs").at("main").set("snapshot-id", snapshot.id).set("type", "branch");
  document_.at("snapshot-log").push(log_entry("snapshot-id", snapshot.id, timestamp_ms));
  touch(timestamp_ms);
}

void TableMetadata::set_tag(std::string_view name, std::int64_t snapshot_id) {
  document_.at("refs").set(name, Json::object({{"snapshot-id", snapshot_id}, {"type", "tag"}}));
}

void TableMetadata::set_branch(std::string_view name, std::int64_t snapshot_id) {
  document_.at("refs").at(name).set("snapshot-id", snapshot_id).set("type", "branch");
}

void TableMetadata::remove_reference(std::string_view name) { document_.at("refs").erase(name); }

void TableMetadata::remove_snapshots(const std::set<std::int64_t>& ids) {
  const auto is_gone = [&](const Json& item) { return ids.contains(item["snapshot-id"].as_int()); };
  for (const auto* list : {"snapshots", "statistics", "partition-statistics"}) {
    auto items = document_[list].items();
    if (std::erase_if(items, is_gone) > 0) document_.set(list, Json(std::move(items)));
  }
  // What was current when, the log only tells from behind the last gap on.
  const auto& log = document_["snapshot-log"].items();
  const auto gap = std::find_if(log.rbegin(), log.rend(), is_gone);
  document_.set("snapshot-log", Json(Json::Array(gap.base(), log.end())));
  std::erase_if(snapshots_, [&](const Snapshot& item) { return ids.contains(item.id); });
}

std::vector<std::pair<std::int64_t, std::string>> TableMetadata::statistics_files() const {
  std::vector<std::pair<std::int64_t, std::string>> files;
  for (const auto* list : {"statistics", "partition-statistics"}) {
    for (const auto& item : document_[list].items()) {
      const auto& path = item["statistics-path"].as_string();
      if (!path.empty()) files.emplace_back(item["snapshot-id"].as_int(), path);
    }
  }
  return files;
}

std::vector<std::string> TableMetadata::logged_files() const {
  std::vector<std::string> files;
  for (const auto& entry : document_["metadata-log"].items()) files.push_back(entry["metadata-file"].as_string());
  return files;
}

std::vector<std::string> TableMetadata::log_previous(const std::string& location, std::int64_t its_timestamp_ms) {
  document_.at("metadata-log").push(log_entry("metadata-file", location, its_timestamp_ms));
  auto previous_max = previous_versions_default;
  const auto& wanted = property("write.metadata.previous-versions-max");
  std::from_chars(wanted.data(), wanted.data() + wanted.size(), previous_max);
  const auto& log = document_["metadata-log"].items();
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(previous_max, 1));
  if (log.size() <= kept) return {};
  const auto cut = log.end() - static_cast<std::ptrdiff_t>(kept);
  std::vector<std::string> dropped;
  for (auto entry = log.begin(); entry != cut; ++entry) dropped.push_back((*entry)["metadata-file"].as_string());
  document_.set("metadata-log", Json(Json::Array(cut, log.end())));
  if (property("write.metadata.delete-after-commit.enabled") != "true") dropped.clear();
  return dropped;
}

std::string new_uuid() {
  std::random_device random;
  std::array<std::uint32_t, 4> words{random(), random(), random(), random()};
  words[1] = (words[1] & 0xFFFF0FFFU) | 0x00004000U;
  words[2] = (words[2] & 0x3FFFFFFFU) | 0x80000000U;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16, words[1] & 0xFFFF,
                     words[2] >> 16, words[2] & 0xFFFF, words[3]);
}

std::int64_t new_snapshot_id() {
  std::random_device random;
  const auto bits = (static_cast<std::uint64_t>(random()) << 32 | random()) & static_cast<std::uint64_t>(INT64_MAX);
  return std::max<std::int64_t>(static_cast<std::int64_t>(bits), 1);
}

std::int64_t current_time_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace gristmill::store
