// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/artifacts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <thread>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/store/artifact_changes.h"
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
  return found.empty()
             ? Result<Version>(
                   not_found(fmt::format("artifact '{}' has no version '{}': give v1 to v{} or {} digits of an id",
                                         name, wanted, versions.back().ordinal, version_digits_min)))
             : Result<Version>(invalid_argument(fmt::format("'{}' means several versions of '{}'", wanted, name)));
}

Result<Version> find_version(const Workspace& workspace, const std::string& selector) {
  const auto name = split_selector(selector).first;
  GRISTMILL_RETURN_IF_ERROR(check_name("artifact", name));
  GRISTMILL_TRY(const auto versions, versions_of(workspace, name));
  return choose(versions, selector);
}

Result<store::ArtifactManifest> read_manifest(const Depot& depot, const std::string& version) {
  const auto path = depot.manifest(version);
  GRISTMILL_TRY(const auto text, io::read_file(path));
  if (sha256_hex(text) != version)
    return corrupt_data(fmt::format("{} was changed: its digest is not that of the version", path));
  auto manifest = store::ArtifactManifest::decode(text);
  if (!manifest) return std::move(manifest).error().within(path);
  return manifest;
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
    std::int64_t ordinal = 1;
    for (const auto& version : versions) ordinal = std::max(ordinal, version.ordinal + 1);
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

/// What is added at a place within the newest version: that version with it in place of what was there.
store::ArtifactManifest put_into(store::ArtifactManifest tree, const std::string& place,
                                 store::ArtifactManifest added) {
  const auto is_replaced = [&](const std::string& path) { return path == place || path.starts_with(place + "/"); };
  const auto prefix = [&](std::string& path) { path = path.empty() ? place : place + "/" + path; };
  std::erase_if(tree.files, [&](const store::ArtifactFile& file) { return is_replaced(file.path); });
  std::erase_if(tree.links, [&](const store::ArtifactLink& link) { return is_replaced(link.path); });
  std::erase_if(tree.folders,
                [&](const std::string& folder) { return is_replaced(folder) || place.starts_with(folder + "/"); });
  for (auto& file : added.files) prefix(file.path);
  for (auto& link : added.links) prefix(link.path);
  for (auto& folder : added.folders) prefix(folder);
  std::ranges::move(added.files, std::back_inserter(tree.files));
  std::ranges::move(added.links, std::back_inserter(tree.links));
  std::ranges::move(added.folders, std::back_inserter(tree.folders));
  std::ranges::sort(tree.files, {}, &store::ArtifactFile::path);
  std::ranges::sort(tree.links, {}, &store::ArtifactLink::path);
  std::ranges::sort(tree.folders);
  tree.is_tree = true;
  return tree;
}

/// The part of a version at or below a path, as a version of its own.
Result<store::ArtifactManifest> part_of(const store::ArtifactManifest& tree, const std::string& place) {
  store::ArtifactManifest part;
  for (const auto& file : tree.files) {
    if (file.path == place) {
      part.files = {file};
      part.files[0].path.clear();
      return part;
    }
    if (!file.path.starts_with(place + "/")) continue;
    part.files.push_back(file);
    part.files.back().path.erase(0, place.size() + 1);
  }
  part.is_tree = true;
  for (const auto& link : tree.links) {
    const auto path = link.path.starts_with(place + "/") ? link.path.substr(place.size() + 1) : std::string();
    if (!path.empty() && store::stays_inside(path, link.target)) part.links.push_back({path, link.target});
  }
  if (part.files.empty() && part.links.empty())
    return not_found(fmt::format("nothing at '{}'; `gristmill artifact show` lists what there is", place));
  return part;
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
    GRISTMILL_TRY(earlier, read_manifest(depot, versions.back().id));
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
    whole.manifest = put_into(std::move(newest), request.into, stored.manifest);
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
  auto record = version.record;
  return record.set("entries", std::move(entries));
}

Result<Json> get_artifact(const Workspace& workspace, const ArtifactPart& wanted, const std::string& destination,
                          const WorkOptions& options) {
  const auto depot = depot_of(workspace);
  GRISTMILL_TRY(const auto version, find_version(workspace, wanted.selector));
  GRISTMILL_TRY(auto manifest, read_manifest(depot, version.id));
  if (!wanted.only.empty()) {
    GRISTMILL_TRY(manifest, part_of(manifest, wanted.only));
  }
  GRISTMILL_TRY(const auto packs, store::PackStore::open(depot.packs()));
  GRISTMILL_RETURN_IF_ERROR(store::restore_tree(manifest, *packs, destination, work_of(options, workspace)));
  auto record = version.record;
  return record.set("path", std::filesystem::absolute(destination).lexically_normal().string());
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
    if (!file.path.ends_with(".json")) continue;
    GRISTMILL_TRY(const auto text, io::read_file(file.path));
    GRISTMILL_TRY(auto record, Json::parse(text));
    versions.push_back({name, record["version"].as_string(), record["ordinal"].as_int(), std::move(record)});
  }
  std::ranges::sort(versions, {}, [](const Version& version) { return std::pair(version.ordinal, version.id); });
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
  if (same == known.end()) {
    GRISTMILL_RETURN_IF_ERROR(io::write_file(depot.manifest(chosen->id), manifest.encode()));
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
    for (const auto& version : versions) {
      GRISTMILL_TRY(const auto manifest, read_manifest(depot, version.id));
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
    GRISTMILL_TRY(const auto manifest, read_manifest(depot, version.id));
    GRISTMILL_RETURN_IF_ERROR(
        store::for_each_piece(manifest.files.size(), work_of(options, workspace), [&](std::size_t i, int) -> Status {
          for (const auto& piece : manifest.files[i].pieces) {
            const auto content = store::read_piece(*packs, piece);
            const std::scoped_lock lock(mutex);
            bytes += static_cast<std::int64_t>(piece.bytes);
            if (!content)
              faults.push_back(fmt::format("{}@{} {}: {}", version.name, version.id.substr(0, version_digits_min),
                                           manifest.files[i].path, content.error().message));
          }
          return {};
        }));
  }
  if (faults.empty()) return Json::object({{"versions", versions.size()}, {"bytes", bytes}, {"intact", true}});
  std::ranges::sort(faults);
  return corrupt_data(fmt::format("{} pieces are damaged, the first: {}", faults.size(), faults.front()));
}

}  // namespace gristmill::platform
