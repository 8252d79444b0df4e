// SPDX-License-Identifier: Apache-2.0
// The updates of a table's snapshots, its branches and tags, and their statistics.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gristmill/store/table_draft.h"

namespace gristmill::store {
namespace {

constexpr std::int64_t clock_ahead_ms_max = std::int64_t{24} * 60 * 60 * 1000;
constexpr std::size_t reference_name_bytes_max = 255;

Status check_summary(const Json& summary) {
  constexpr std::array operations{"append", "replace", "overwrite", "delete"};
  if (!summary.is_object()) return invalid_argument("the snapshot needs a \"summary\"");
  for (const auto& [key, value] : summary.members()) {
    if (!value.is_string()) return invalid_argument(fmt::format("the summary entry {} must be a string", key));
  }
  if (std::ranges::find(operations, summary["operation"].as_string()) != operations.end()) return {};
  return invalid_argument("the summary's operation must be append, replace, overwrite or delete");
}

/// Only what the specification knows of a snapshot is kept.
Json normal_snapshot(const Json& snapshot) {
  auto normal = Json::object();
  for (const auto* key : {"sequence-number", "snapshot-id", "parent-snapshot-id", "timestamp-ms", "summary",
                          "manifest-list", "schema-id"}) {
    if (!snapshot[key].is_null()) normal.set(key, snapshot[key]);
  }
  return normal;
}

Status check_retention(const Json& update, bool is_tag) {
  for (const auto* key : {"max-ref-age-ms", "max-snapshot-age-ms", "min-snapshots-to-keep"}) {
    const auto& value = update[key];
    if (value.is_null()) continue;
    if (!value.is_int() || value.as_int() <= 0)
      return invalid_argument(fmt::format("\"{}\" must be a whole number above 0", key));
    if (is_tag && std::string_view(key) != "max-ref-age-ms")
      return invalid_argument(fmt::format("a tag cannot have \"{}\"", key));
  }
  return {};
}

/// The name of a branch or tag: anything that can be seen.
Status check_reference_name(const std::string& name) {
  const bool is_plain = std::ranges::none_of(name, [](unsigned char byte) { return byte < ' ' || byte == 0x7F; });
  if (!name.empty() && name.size() <= reference_name_bytes_max && is_plain) return {};
  return invalid_argument("\"ref-name\" must have 1 to 255 bytes and no control characters");
}

}  // namespace

Status TableDraft::apply_to_snapshots(const std::string& action, const Json& update, bool& is_known) {
  if (action == "add-snapshot") return add_snapshot(update["snapshot"]);
  if (action == "set-snapshot-ref") return set_reference(update);
  if (action == "remove-snapshots") return remove_snapshots(update);
  if (action == "remove-snapshot-ref") {
    remove_reference(update["ref-name"].as_string());
    return {};
  }
  if (action == "set-statistics") return set_statistics("statistics", update["statistics"]);
  if (action == "set-partition-statistics")
    return set_statistics("partition-statistics", update["partition-statistics"]);
  if (action == "remove-statistics") return remove_statistics("statistics", update);
  if (action == "remove-partition-statistics") return remove_statistics("partition-statistics", update);
  is_known = false;
  return {};
}

Status TableDraft::add_snapshot(const Json& snapshot) {
  const auto id = snapshot["snapshot-id"].as_int(-1);
  if (id <= 0) return invalid_argument("\"snapshot-id\" must be a whole number above 0");
  if (find("snapshots", "snapshot-id", id) != nullptr)
    return Error{ErrorCode::conflict, fmt::format("the table has another snapshot {} already", id)};
  const auto sequence_number = snapshot["sequence-number"].as_int(-1);
  const auto last = document_["last-sequence-number"].as_int();
  // The writer counted from an older state of the table: it must write its list anew.
  if (sequence_number <= last)
    return Error{ErrorCode::conflict,
                 fmt::format("the snapshot has sequence number {}, the table is at {} already", sequence_number, last)};
  const auto timestamp_ms = snapshot["timestamp-ms"].as_int(-1);
  if (timestamp_ms < 0 || timestamp_ms > now_ms_ + clock_ahead_ms_max)
    return invalid_argument("\"timestamp-ms\" is missing, or more than a day ahead of the server's clock");
  const auto& list = snapshot["manifest-list"].as_string();
  if (list.empty()) return invalid_argument("the snapshot needs a \"manifest-list\"");
  if (const auto& schema = snapshot["schema-id"];
      !schema.is_null() && find("schemas", "schema-id", schema.as_int(-1)) == nullptr)
    return invalid_argument(fmt::format("the snapshot's schema {} is not among the table's", schema.dump()));
  GRISTMILL_RETURN_IF_ERROR(check_summary(snapshot["summary"]));
  document_.at("snapshots").push(normal_snapshot(snapshot));
  document_.set("last-sequence-number", sequence_number);
  added_snapshots_.insert(id);
  return {};
}

Status TableDraft::set_reference(const Json& update) {
  const auto& name = update["ref-name"].as_string();
  const auto& type = update["type"].as_string();
  const auto id = update["snapshot-id"].as_int(-1);
  GRISTMILL_RETURN_IF_ERROR(check_reference_name(name));
  if (type != "branch" && type != "tag")
    return invalid_argument(fmt::format("\"type\" must be branch or tag, not \"{}\"", type.substr(0, 100)));
  if (name == main_branch && type == "tag") return invalid_argument("main is a branch and cannot be a tag");
  if (find("snapshots", "snapshot-id", id) == nullptr)
    return invalid_argument(fmt::format("{} cannot be set to {}: the table has no such snapshot", name, id));
  GRISTMILL_RETURN_IF_ERROR(check_retention(update, type == "tag"));
  auto reference = Json::object({{"snapshot-id", id}, {"type", type}});
  for (const auto* key : {"min-snapshots-to-keep", "max-snapshot-age-ms", "max-ref-age-ms"}) {
    if (!update[key].is_null()) reference.set(key, update[key]);
  }
  document_.at("refs").set(name, std::move(reference));
  if (name == main_branch) set_main(id);
  return {};
}

void TableDraft::set_main(std::int64_t snapshot_id) {
  if (document_["current-snapshot-id"].as_int(-1) == snapshot_id) return;
  document_.set("current-snapshot-id", snapshot_id);
  const auto* snapshot = find("snapshots", "snapshot-id", snapshot_id);
  const auto timestamp_ms = added_snapshots_.contains(snapshot_id) ? (*snapshot)["timestamp-ms"].as_int() : now_ms_;
  // What was set and replaced within this commit was never seen by anybody.
  auto log = document_["snapshot-log"].items();
  while (!log.empty() && added_snapshots_.contains(log.back()["snapshot-id"].as_int())) log.pop_back();
  log.push_back(Json::object({{"timestamp-ms", timestamp_ms}, {"snapshot-id", snapshot_id}}));
  document_.set("snapshot-log", Json(std::move(log)));
}

void TableDraft::remove_reference(std::string_view name) {
  document_.at("refs").erase(name);
  if (name == main_branch) document_.set("current-snapshot-id", -1).set("snapshot-log", Json::array());
}

Status TableDraft::remove_snapshots(const Json& update) {
  if (!update["snapshot-ids"].is_array()) return invalid_argument("\"snapshot-ids\" must be a list");
  std::set<std::int64_t> ids;
  for (const auto& id : update["snapshot-ids"].items()) ids.insert(id.as_int(-1));
  const auto is_gone = [&](const Json& item) { return ids.contains(item["snapshot-id"].as_int()); };
  for (const auto* list : {"snapshots", "statistics", "partition-statistics"}) {
    auto items = document_[list].items();
    if (std::erase_if(items, is_gone) > 0) document_.set(list, Json(std::move(items)));
  }
  // What was current when, the log only tells from behind the last gap on.
  const auto& log = document_["snapshot-log"].items();
  const auto gap = std::find_if(log.rbegin(), log.rend(), is_gone);
  document_.set("snapshot-log", Json(Json::Array(gap.base(), log.end())));
  return {};
}

Status TableDraft::set_statistics(std::string_view list, const Json& statistics) {
  const auto& id = statistics["snapshot-id"];
  if (!id.is_int() || statistics["statistics-path"].as_string().empty())
    return invalid_argument("statistics need \"snapshot-id\" and \"statistics-path\"");
  if (find("snapshots", "snapshot-id", id.as_int()) == nullptr)
    return invalid_argument(fmt::format("statistics of snapshot {}, which the table does not have", id.as_int()));
  auto items = document_[list].items();
  std::erase_if(items, [&](const Json& item) { return item["snapshot-id"] == id; });
  items.push_back(statistics);
  document_.set(list, Json(std::move(items)));
  return {};
}

Status TableDraft::remove_statistics(std::string_view list, const Json& update) {
  if (!update["snapshot-id"].is_int()) return invalid_argument("\"snapshot-id\" must be a whole number");
  auto items = document_[list].items();
  std::erase_if(items, [&](const Json& item) { return item["snapshot-id"] == update["snapshot-id"]; });
  document_.set(list, Json(std::move(items)));
  return {};
}

Status TableDraft::check_references() const {
  for (const auto& [name, reference] : document_["refs"].members()) {
    const auto id = reference["snapshot-id"].as_int();
    if (find("snapshots", "snapshot-id", id) == nullptr)
      return invalid_argument(
          fmt::format("snapshot {} cannot go while {} {} needs it", id, reference["type"].as_string(), name));
  }
  const auto current = document_["current-snapshot-id"].as_int(-1);
  if (current > 0 && find("snapshots", "snapshot-id", current) == nullptr)
    return invalid_argument(fmt::format("snapshot {} is the current one and cannot go", current));
  return {};
}

void TableDraft::order_times() {
  // Clocks of clients differ and may step back; the history that readers search by time must not.
  auto log = document_["snapshot-log"].items();
  std::int64_t latest = 0;
  for (auto& entry : log) {
    latest = std::max(latest, entry["timestamp-ms"].as_int());
    if (entry["timestamp-ms"].as_int() != latest) entry.set("timestamp-ms", latest);
  }
  document_.set("snapshot-log", Json(std::move(log)));
  document_.set("last-updated-ms", std::max({now_ms_, latest, document_["last-updated-ms"].as_int()}));
}

}  // namespace gristmill::store
