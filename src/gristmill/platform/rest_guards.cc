// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_guards.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gristmill/base/json.h"

namespace gristmill::platform {
namespace {

Error denied(std::string message) { return {ErrorCode::denied, std::move(message)}; }

/// Version by name of the release.
Result<std::map<std::string, std::int64_t>> releases_of(meta::Transaction& transaction, const std::string& dataset) {
  std::map<std::string, std::int64_t> releases;
  GRISTMILL_TRY(const auto rows, transaction.query("SELECT name, contents FROM releases"));
  for (const auto& row : rows) {
    GRISTMILL_TRY(const auto contents, Json::parse(meta::text(row[1])));
    for (const auto& member : contents["datasets"].items()) {
      if (member["dataset"].as_string() == dataset) releases[meta::text(row[0])] = member["version"].as_int();
    }
  }
  return releases;
}

Status guard_runs(meta::Transaction& transaction, const store::TableChange& change) {
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT run_id, plan FROM runs WHERE status NOT IN ('done', 'alerts')"));
  for (const auto& row : rows) {
    GRISTMILL_TRY(const auto plan, Json::parse(meta::text(row[1])));
    for (const auto& input : plan["inputs"].items()) {
      const auto version = input["version"].as_int();
      if (input["dataset"].as_string() != change.name.text() || change.after.find_snapshot(version) != nullptr ||
          change.before->find_snapshot(version) == nullptr)
        continue;
      return denied(fmt::format("snapshot {} of {} cannot go: the unfinished run {} reads it", version,
                                change.name.text(), meta::text(row[0])));
    }
  }
  return {};
}

}  // namespace

Status guard_versions(meta::Transaction& transaction, const store::TableChange& change) {
  if (!change.before) return {};
  const auto before = change.before->references();
  const auto after = change.after.references();
  const bool has_lost_snapshots = std::ranges::any_of(change.before->snapshots(), [&](const store::Snapshot& one) {
    return change.after.find_snapshot(one.id) == nullptr;
  });
  const auto has = [](const std::vector<store::Reference>& references, const std::string& name, std::int64_t id) {
    return std::ranges::any_of(references, [&](const store::Reference& one) {
      return one.is_tag && one.name == name && one.snapshot_id == id;
    });
  };
  const bool has_lost_tags = std::ranges::any_of(
      before, [&](const store::Reference& one) { return one.is_tag && !has(after, one.name, one.snapshot_id); });
  if (!has_lost_snapshots && !has_lost_tags) return {};
  GRISTMILL_TRY(const auto releases, releases_of(transaction, change.name.text()));
  for (const auto& [release, version] : releases) {
    const bool is_gone = change.before->find_snapshot(version) != nullptr &&
                         change.after.find_snapshot(version) == nullptr;
    if (is_gone || (has(before, release, version) && !has(after, release, version)))
      return denied(fmt::format("version {} of {} belongs to the release {}, which never changes", version,
                                change.name.text(), release));
  }
  return has_lost_snapshots ? guard_runs(transaction, change) : Status();
}

Status guard_name(meta::Transaction& transaction, const store::TableName& name) {
  GRISTMILL_TRY(const auto releases, releases_of(transaction, name.text()));
  if (releases.empty()) return {};
  return denied(fmt::format("{} belongs to the release {}, which never changes", name.text(), releases.begin()->first));
}

}  // namespace gristmill::platform
