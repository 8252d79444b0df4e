// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/artifacts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/store/artifact_changes.h"
#include "gristmill/store/artifact_parts.h"
#include "gristmill/store/artifacts.h"

namespace gristmill::platform {
namespace {

constexpr std::size_t version_digits_min = 8;

/// A version as the database knows it.
struct Version {
  std::string name;
  std::string id;
  std::int64_t ordinal = 0;
  Json record;
};

/// The place of all artifacts: packs and manifests, here or in a remote place.
struct Depot {
  std::string folder;

  [[nodiscard]] std::string packs() const { return folder + "/packs"; }
  [[nodiscard]] std::string manifest(const std::string& version) const {
    return fmt::format("{}/manifests/{}.json", folder, version);
  }
  [[nodiscard]] std::string record(const std::string& name, const std::string& version) const {
    return fmt::format("{}/versions/{}/{}.json", folder, name, version);
  }
};

constexpr std::string_view add_action = "artifact.add";
constexpr std::string_view record_ending = ".json";

Depot depot_of(const Workspace& workspace) { return {workspace.warehouse() + "/artifacts"}; }

store::ArtifactWork work_of(const WorkOptions& options, const Workspace& workspace) {
  int threads = options.threads != 0 ? options.threads : workspace.settings().threads;
  if (threads == 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return {.threads = threads, .stop = options.stop};
}

Result<std::vector<Version>> versions_of(meta::Transaction& transaction, const std::string& name) {
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT name, version, ordinal, record FROM artifacts WHERE name = ? OR ? = '' ORDER "
                                  "BY name, created_at, ordinal",
                                  {name, name}));
  std::vector<Version> versions;
  for (const auto& row : rows) {
    GRISTMILL_TRY(auto record, Json::parse(meta::text(row[3])));
    versions.push_back({meta::text(row[0]), meta::text(row[1]), meta::integer(row[2]), std::move(record)});
  }
  return versions;
}

Result<std::vector<Version>> versions_of(const Workspace& workspace, const std::string& name) {
  std::vector<Version> versions;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(versions, versions_of(transaction, name));
    return {};
  }));
  return versions;
}

/// NAME and VERSION of a selector; `latest` without one.
std::pair<std::string, std::string> split_selector(const std::string& selector) {
  const auto sign = selector.find('@');
  if (sign == std::string::npos) return {selector, "latest"};
  return {selector.substr(0, sign), selector.substr(sign + 1)};
}

Result<Version> choose(const std::vector<Version>& versions, const std::string& selector) {
  const auto [name, wanted] = split_selector(selector);
  if (versions.empty()) return not_found(fmt::format("no artifact '{}'; `gristmill artifact list` shows them", name));
  if (wanted == "latest") return versions.back();
  std::vector<const Version*> found;
  for (const auto& version : versions) {
    const bool is_prefix = wanted.size() >= version_digits_min && version.id.starts_with(wanted);
    if (is_prefix || wanted == fmt::format("v{}", version.ordinal)) found.push_back(&version);
  }
  if (found.size() == 1) return *found[0];
  if (found.empty())
    return not_found(fmt::format("artifact '{}' has no version '{}': give v1 to v{} or {} digits of an id", name,
                                 wanted, versions.back().ordinal, version_digits_min));
  std::string ids;
  for (const auto* version : found) ids += (ids.empty() ? "" : ", ") + version->id;
  return invalid_argument(
      fmt::format("'{}' means several versions of '{}': give digits of an id, one of {}", wanted, name, ids));
}

Result<Version> find_version(const Workspace& workspace, const std::string& selector) {
  const auto name = split_selector(selector).first;
  GRISTMILL_RETURN_IF_ERROR(check_name("artifact", name));
  GRISTMILL_TRY(const auto versions, versions_of(workspace, name));
  return choose(versions, selector);
}

Error damaged_manifest(const std::string& path, std::string_view what) {
  return corrupt_data(fmt::format(
      "{} {}; `artifact pull` of the version or `artifact add` of the same files brings it again", path, what));
}

Result<store::ArtifactManifest> read_manifest(const Depot& depot, const std::string& version) {
  const auto path = depot.manifest(version);
  const auto text = io::read_file(path);
  if (!text && text.error().code == ErrorCode::not_found) return damaged_manifest(path, "is gone");
  if (!text) return text.error();
  if (sha256_hex(*text) != version) return damaged_manifest(path, "was changed: its digest is not that of the version");
  auto manifest = store::ArtifactManifest::decode(*text);
  if (!manifest) return std::move(manifest).error().within(path);
  return manifest;
}

/// The same, or nothing where it is damaged.
Result<std::optional<store::ArtifactManifest>> find_manifest(const Depot& depot, const std::string& version) {
  auto manifest = read_manifest(depot, version);
  if (manifest) return std::optional(*std::move(manifest));
  if (manifest.error().code == ErrorCode::corrupt_data) return std::optional<store::ArtifactManifest>();
  return std::move(manifest).error();
}

/// Writes the manifest of a version unless it is there and whole.
Status keep_manifest(const Depot& depot, const std::string& version, const std::string& text) {
  GRISTMILL_TRY(const auto present, find_manifest(depot, version));
  return present ? Status() : io::write_file(depot.manifest(version), text);
}

Json version_record(const ArtifactRequest& request, const store::ArtifactManifest& manifest, const std::string& id) {
  return Json::object({{"name", request.name},
                       {"version", id},
                       {"message", request.message},
                       {"created_at", now_iso8601()},
                       {"kind", manifest.is_tree ? "tree" : "file"},
                       {"files", manifest.files.size()},
                       {"bytes", manifest.bytes()}});
}

/// Whether all chunks of a version are in a place as it is now.
Result<bool> has_all(const Depot& depot, const store::ArtifactManifest& manifest) {
  GRISTMILL_TRY(const auto packs, store::PackStore::open(depot.packs()));
  return std::ranges::all_of(store::chunks_of(manifest), [&](const auto& chunk) { return packs->has(chunk); });
}

/// The number of a new version. None is given twice, also not that of a version that was removed: somebody may have
/// noted it, and a remote place may still have the version.
Result<std::int64_t> next_ordinal(meta::Transaction& transaction, const std::string& name) {
  GRISTMILL_TRY(const auto rows, transaction.query("SELECT ordinal_max FROM artifact_names WHERE name = ?", {name}));
  const auto ordinal = rows.empty() ? 1 : meta::integer(rows[0][0]) + 1;
  const auto noted = transaction.execute(rows.empty() ? "INSERT INTO artifact_names (ordinal_max, name) VALUES (?, ?)"
                                                      : "UPDATE artifact_names SET ordinal_max = ? WHERE name = ?",
                                         {ordinal, name});
  if (!noted) return noted.error();
  return ordinal;
}

/// Writes the row of a version and the audit entry, and takes them back when a collection took one of its chunks.
/// `conflict`: the version was made from `base` (empty: from nothing), and that is not the newest any more. Should the
/// version be there by now, its record is taken instead.
Status insert(const Workspace& workspace, const Depot& depot, const store::ArtifactManifest& manifest, Json& record,
              std::string_view action, const std::optional<std::string>& base = {}) {
  bool is_new = false;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) -> Status {
    is_new = false;
    const auto name = record["name"].as_string();  // A copy: the record grows below.
    GRISTMILL_TRY(const auto versions, versions_of(transaction, name));
    if (base && *base != (versions.empty() ? std::string() : versions.back().id))
      return Error{ErrorCode::conflict, fmt::format("artifact '{}' got another version meanwhile", name)};
    if (const auto same = std::ranges::find(versions, record["version"].as_string(), &Version::id);
        same != versions.end()) {
      record = same->record;
      return {};
    }
    GRISTMILL_TRY(const auto ordinal, next_ordinal(transaction, name));
    record.set("ordinal", ordinal);
    // What is added is the newest, whatever the clock says; what is pulled stays as old as it is.
    if (action == add_action && !versions.empty())
      record.set("created_at",
                 std::max(record["created_at"].as_string(), versions.back().record["created_at"].as_string()));
    const auto inserted = transaction.execute(
        "INSERT INTO artifacts (name, version, ordinal, created_at, record) VALUES (?, ?, ?, ?, ?)",
        {name, record["version"].as_string(), ordinal, record["created_at"].as_string(), record.dump()});
    if (!inserted) return inserted.error();
    is_new = true;
    return audit(transaction, action, fmt::format("{}@{}", name, record["version"].as_string()), record);
  }));
  // Only now: a collection that does not see the row yet has condemned its packs already (store::collect_chunks).
  GRISTMILL_TRY(const bool is_whole, has_all(depot, manifest));
  if (is_whole || !is_new) return {};
  GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) -> Status {
    const auto name = record["name"].as_string();
    const auto id = record["version"].as_string();
    const auto removed = transaction.execute("DELETE FROM artifacts WHERE name = ? AND version = ?", {name, id});
    if (!removed) return removed.error();
    return audit(transaction, "artifact.remove", fmt::format("{}@{}", name, id), record);
  }));
  return unavailable("a chunk was collected while the version was put together; the same command again stores it");
}

/// A time behind that of the newest version, whatever the clock says.
std::string next_moment(const std::vector<Version>& versions) {
  const auto newest = parse_iso8601(versions.back().record["created_at"].as_string()).value_or(0);
  return iso8601(std::max(now_ms(), newest + 1));
}

/// Makes a version that was added again the newest, so that `latest` is what was added last. `base` as for `insert`.
Status make_newest(const Workspace& workspace, Json& record, const std::optional<std::string>& base) {
  return workspace.database().write([&](meta::Transaction& transaction) -> Status {
    const auto name = record["name"].as_string();
    const auto id = record["version"].as_string();
    GRISTMILL_TRY(const auto versions, versions_of(transaction, name));
    const auto found = std::ranges::find(versions, id, &Version::id);
    if (found == versions.end() || (base && *base != versions.back().id))
      return Error{ErrorCode::conflict,
                   fmt::format("artifact '{}' got or lost a version meanwhile: add it again", name)};
    record = found->record;
    if (id == versions.back().id) return {};
    record.set("created_at", next_moment(versions));
    const auto updated = transaction.execute(
        "UPDATE artifacts SET created_at = ?, record = ? WHERE name = ? AND "
        "version = ?",
        {record["created_at"].as_string(), record.dump(), name, id});
    if (!updated) return updated.error();
    return audit(transaction, add_action, fmt::format("{}@{}", name, id), record);
  });
}

/// Makes what was stored a version, unless it is one already; gives the version's record and what it cost.
Result<Json> record_version(const Workspace& workspace, const Depot& depot, const ArtifactRequest& request,
                            const store::StoredTree& stored, const std::vector<Version>& versions,
                            const std::optional<std::string>& base) {
  const auto text = stored.manifest.encode();
  const auto id = sha256_hex(text);
  const auto same = std::ranges::find(versions, id, &Version::id);
  Json record;
  if (same != versions.end()) {
    record = same->record;
    GRISTMILL_RETURN_IF_ERROR(keep_manifest(depot, id, text));
    GRISTMILL_RETURN_IF_ERROR(make_newest(workspace, record, base));
  } else {
    GRISTMILL_RETURN_IF_ERROR(io::write_file(depot.manifest(id), text));
    record = version_record(request, stored.manifest, id);
    GRISTMILL_RETURN_IF_ERROR(insert(workspace, depot, stored.manifest, record, add_action, base));
  }
  return record.set("already_present", same != versions.end())
      .set("chunks_new", stored.chunks_new)
      .set("stored_bytes", stored.bytes_new);
}

}  // namespace

Result<Json> add_artifact(const Workspace& workspace, const ArtifactRequest& request, const WorkOptions& options) {
  GRISTMILL_RETURN_IF_ERROR(check_name("artifact", request.name));
  const auto depot = depot_of(workspace);
  GRISTMILL_TRY(auto versions, versions_of(workspace, request.name));
  std::optional<store::ArtifactManifest> earlier;
  if (!versions.empty()) {
    GRISTMILL_TRY(earlier, find_manifest(depot, versions.back().id));
  }
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(depot.packs()));
  GRISTMILL_TRY(const auto packs, store::PackStore::open(depot.packs()));
  auto work = work_of(options, workspace);
  work.follows_links = request.follows_links;
  const bool is_part = !request.into.empty();
  GRISTMILL_TRY(auto stored, store::store_tree(request.path, earlier && !is_part ? &*earlier : nullptr, *packs, work));
  if (!is_part) return record_version(workspace, depot, request, stored, versions, {});
  // Each sees what the others added meanwhile, on whatever machine.
  constexpr int attempts_max = 100;
  for (int attempt = 1;; ++attempt) {
    GRISTMILL_TRY(versions, versions_of(workspace, request.name));
    store::ArtifactManifest newest;
    if (!versions.empty()) {
      GRISTMILL_TRY(newest, read_manifest(depot, versions.back().id));
    }
    auto whole = stored;
    whole.manifest = store::put_into(std::move(newest), request.into, stored.manifest);
    // A place that is none, or below a file, is refused as in any manifest.
    auto checked = store::ArtifactManifest::decode(whole.manifest.encode());
    if (!checked) return invalid_argument(fmt::format("--into '{}': {}", request.into, checked.error().message));
    const auto base = versions.empty() ? std::string() : versions.back().id;
    auto record = record_version(workspace, depot, request, whole, versions, base);
    if (record || record.error().code != ErrorCode::conflict || attempt == attempts_max) return record;
  }
}

Result<Json> list_artifacts(const Workspace& workspace, const std::string& name) {
  GRISTMILL_TRY(const auto versions, versions_of(workspace, name));
  if (!name.empty() && versions.empty())
    return not_found(fmt::format("no artifact '{}'; `gristmill artifact list` shows them", name));
  auto list = Json::array();
  for (const auto& version : versions) list.push(version.record);
  return list;
}

Result<Json> show_artifact(const Workspace& workspace, const std::string& selector) {
  GRISTMILL_TRY(const auto version, find_version(workspace, selector));
  GRISTMILL_TRY(const auto manifest, read_manifest(depot_of(workspace), version.id));
  auto entries = Json::array();
  for (const auto& file : manifest.files)
    entries.push(Json::object(
        {{"path", file.path}, {"mode", fmt::format("{:o}", file.mode)}, {"bytes", file.bytes}, {"link", nullptr}}));
  for (const auto& link : manifest.links)
    entries.push(Json::object({{"path", link.path}, {"mode", nullptr}, {"bytes", nullptr}, {"link", link.target}}));
  for (const auto& folder : manifest.folders)
    entries.push(Json::object({{"path", folder + "/"}, {"mode", nullptr}, {"bytes", nullptr}, {"link", nullptr}}));
  auto record = version.record;
  return record.set("entries", std::move(entries));
}

Result<Json> get_artifact(const Workspace& workspace, const ArtifactPart& wanted, const std::string& destination,
                          const WorkOptions& options) {
  const auto depot = depot_of(workspace);
  GRISTMILL_TRY(const auto version, find_version(workspace, wanted.selector));
  GRISTMILL_TRY(auto manifest, read_manifest(depot, version.id));
  if (!wanted.only.empty()) {
    GRISTMILL_TRY(manifest, store::part_of(manifest, wanted.only));
  }
  GRISTMILL_TRY(const auto packs, store::PackStore::open(depot.packs()));
  GRISTMILL_RETURN_IF_ERROR(store::restore_tree(manifest, *packs, destination, work_of(options, workspace)));
  auto record = version.record;
  return record.set("path", io::is_object(destination)
                                ? destination
                                : std::filesystem::absolute(destination).lexically_normal().string());
}

Result<Json> push_artifact(const Workspace& workspace, const std::string& selector, const std::string& remote,
                           const WorkOptions& options) {
  const auto depot = depot_of(workspace);
  const Depot there{remote};
  GRISTMILL_TRY(const auto version, find_version(workspace, selector));
  GRISTMILL_TRY(const auto manifest, read_manifest(depot, version.id));
  GRISTMILL_TRY(const auto from, store::PackStore::open(depot.packs()));
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(there.packs()));
  GRISTMILL_TRY(const auto to, store::PackStore::open(there.packs()));
  GRISTMILL_TRY(const auto copied,
                store::copy_chunks(store::chunks_of(manifest), *from, *to, work_of(options, workspace)));
  GRISTMILL_RETURN_IF_ERROR(io::write_file(there.manifest(version.id), manifest.encode()));
  // The record last: whoever finds it finds all that it needs.
  GRISTMILL_RETURN_IF_ERROR(io::write_file(there.record(version.name, version.id), version.record.dump()));
  GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) {
    return audit(transaction, "artifact.push", fmt::format("{}@{}", version.name, version.id),
                 Json::object({{"remote", remote}, {"bytes", copied.bytes}}));
  }));
  return Json::object({{"name", version.name},
                       {"version", version.id},
                       {"remote", remote},
                       {"bytes_sent", copied.bytes},
                       {"chunks_present", copied.chunks_present}});
}

namespace {

/// The versions of an artifact that a remote place holds, oldest first.
Result<std::vector<Version>> remote_versions(const Depot& there, const std::string& name) {
  std::vector<Version> versions;
  GRISTMILL_TRY(const auto files, io::list_folder(there.folder + "/versions/" + name));
  for (const auto& file : files) {
    if (!file.path.ends_with(record_ending)) continue;
    GRISTMILL_TRY(const auto text, io::read_file(file.path));
    GRISTMILL_TRY(auto record, Json::parse(text));
    versions.push_back({name, record["version"].as_string(), record["ordinal"].as_int(), std::move(record)});
  }
  // As here: by when they were added, since ordinals are counted by each workspace for itself.
  std::ranges::sort(versions, {}, [](const Version& version) {
    return std::tuple(version.record["created_at"].as_string(), version.ordinal, version.id);
  });
  return versions;
}

}  // namespace

Result<Json> pull_artifact(const Workspace& workspace, const std::string& selector, const std::string& remote,
                           const WorkOptions& options) {
  const auto depot = depot_of(workspace);
  const Depot there{remote};
  const auto name = split_selector(selector).first;
  GRISTMILL_RETURN_IF_ERROR(check_name("artifact", name));
  GRISTMILL_TRY(const auto offered, remote_versions(there, name));
  auto chosen = choose(offered, selector);
  if (!chosen) return std::move(chosen).error().within(remote);
  GRISTMILL_TRY(const auto manifest, read_manifest(there, chosen->id));
  GRISTMILL_TRY(const auto from, store::PackStore::open(there.packs()));
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(depot.packs()));
  GRISTMILL_TRY(const auto to, store::PackStore::open(depot.packs()));
  GRISTMILL_TRY(const auto copied,
                store::copy_chunks(store::chunks_of(manifest), *from, *to, work_of(options, workspace)));
  GRISTMILL_TRY(const auto known, versions_of(workspace, name));
  const auto same = std::ranges::find(known, chosen->id, &Version::id);
  auto record = same == known.end() ? chosen->record : same->record;
  GRISTMILL_RETURN_IF_ERROR(keep_manifest(depot, chosen->id, manifest.encode()));
  if (same == known.end()) {
    GRISTMILL_RETURN_IF_ERROR(insert(workspace, depot, manifest, record, "artifact.pull"));
  }
  return record.set("already_present", same != known.end()).set("bytes_received", copied.bytes);
}

Result<Json> remove_artifact(const Workspace& workspace, const std::string& selector) {
  GRISTMILL_TRY(const auto version, find_version(workspace, selector));
  GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) -> Status {
    const auto removed = transaction.execute("DELETE FROM artifacts WHERE name = ? AND version = ?",
                                             {version.name, version.id});
    if (!removed) return removed.error();
    return audit(transaction, "artifact.remove", fmt::format("{}@{}", version.name, version.id), version.record);
  }));
  return version.record;
}

Result<Json> collect_artifacts(const Workspace& workspace, std::int64_t age_ms, bool is_dry_run) {
  const auto depot = depot_of(workspace);
  GRISTMILL_TRY(const auto packs, store::PackStore::open(depot.packs()));
  const auto wanted = [&]() -> Result<std::set<store::ChunkDigest>> {
    GRISTMILL_TRY(const auto versions, versions_of(workspace, ""));
    std::set<store::ChunkDigest> chunks;
    std::set<std::string> ids;
    for (const auto& version : versions) ids.insert(version.id);
    // What other workspaces pushed here counts too: they trust in finding it again.
    GRISTMILL_TRY(const auto pushed, io::list_folder(depot.folder + "/versions"));
    for (const auto& file : pushed) {
      if (file.path.ends_with(record_ending)) ids.insert(std::filesystem::path(file.path).stem().string());
    }
    for (const auto& id : ids) {
      GRISTMILL_TRY(const auto manifest, read_manifest(depot, id));
      chunks.merge(store::chunks_of(manifest));
    }
    return chunks;
  };
  GRISTMILL_TRY(const auto now, workspace.careful_now_ms());
  GRISTMILL_TRY(const auto collected, store::collect_chunks(wanted, *packs, now - age_ms, is_dry_run));
  const auto result = Json::object({{"dry_run", is_dry_run},
                                    {"packs_removed", collected.packs_removed},
                                    {"packs_rewritten", collected.packs_rewritten},
                                    {"bytes_freed", collected.bytes_freed}});
  if (!is_dry_run) {
    GRISTMILL_RETURN_IF_ERROR(workspace.database().write(
        [&](meta::Transaction& transaction) { return audit(transaction, "artifact.collect", depot.folder, result); }));
  }
  return result;
}

Result<Json> verify_artifacts(const Workspace& workspace, const std::string& name, const WorkOptions& options) {
  const auto depot = depot_of(workspace);
  GRISTMILL_TRY(const auto packs, store::PackStore::open(depot.packs()));
  GRISTMILL_TRY(const auto versions, versions_of(workspace, name));
  std::mutex mutex;
  std::vector<std::string> faults;
  std::int64_t bytes = 0;
  for (const auto& version : versions) {
    const auto named = fmt::format("{}@{}", version.name, version.id.substr(0, version_digits_min));
    const auto read = read_manifest(depot, version.id);
    if (!read && read.error().code != ErrorCode::corrupt_data) return read.error();
    if (!read) {
      faults.push_back(fmt::format("{}: {}", named, read.error().message));
      continue;
    }
    const auto& manifest = *read;
    GRISTMILL_RETURN_IF_ERROR(
        store::for_each_piece(manifest.files.size(), work_of(options, workspace), [&](std::size_t i, int) -> Status {
          for (const auto& piece : manifest.files[i].pieces) {
            const auto content = store::read_piece(*packs, piece);
            const auto code = content ? ErrorCode::corrupt_data : content.error().code;
            // A disk or server that does not answer says nothing about the bytes.
            if (code != ErrorCode::corrupt_data && code != ErrorCode::not_found) return content.error();
            const std::scoped_lock lock(mutex);
            bytes += static_cast<std::int64_t>(piece.bytes);
            if (!content)
              faults.push_back(fmt::format("{} {}: {}", named, manifest.files[i].path, content.error().message));
          }
          return {};
        }));
  }
  if (faults.empty()) return Json::object({{"versions", versions.size()}, {"bytes", bytes}, {"intact", true}});
  std::ranges::sort(faults);
  return corrupt_data(fmt::format("{} pieces are damaged, the first: {}", faults.size(), faults.front()));
}

Result<Json> check_artifact_packs(const Workspace& workspace, const std::string& place, bool mends,
                                  const WorkOptions& options) {
  const auto depot = place.empty() ? depot_of(workspace) : Depot{place};
  GRISTMILL_TRY(const auto packs, store::PackStore::open(depot.packs()));
  GRISTMILL_TRY(const auto checked, store::check_packs(*packs, work_of(options, workspace), mends));
  auto faults = Json::array();
  for (const auto& fault : checked.faults) faults.push(fault);
  auto incomplete = Json::array();
  if (mends && place.empty()) {
    GRISTMILL_TRY(const auto versions, versions_of(workspace, ""));
    for (const auto& version : versions) {
      const auto named = fmt::format("{}@{}", version.name, version.id.substr(0, version_digits_min));
      GRISTMILL_TRY(const auto manifest, find_manifest(depot, version.id));
      if (!manifest) {
        incomplete.push(named + ": its manifest");
        continue;
      }
      const auto lost = std::ranges::count_if(store::chunks_of(*manifest),
                                              [&](const auto& chunk) { return !packs->has(chunk); });
      if (lost > 0) incomplete.push(fmt::format("{}: {} chunks", named, lost));
    }
  }
  auto result = Json::object({{"place", depot.folder},
                              {"packs", checked.packs},
                              {"bytes", checked.bytes},
                              {"packs_taken_out", checked.taken_out},
                              {"faults", std::move(faults)},
                              {"incomplete", std::move(incomplete)}});
  if (mends && checked.taken_out > 0) {
    GRISTMILL_RETURN_IF_ERROR(workspace.database().write(
        [&](meta::Transaction& transaction) { return audit(transaction, "artifact.mend", depot.folder, result); }));
  }
  return result;
}

}  // namespace gristmill::platform
