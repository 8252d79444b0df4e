// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/release.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gristmill/base/clock.h"
#include "gristmill/engine/accounting.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/document_counts.h"
#include "gristmill/platform/run.h"

namespace gristmill::platform {
namespace {

// What `releases.status` holds. A release in creation has its row but maybe not all of its tags.
constexpr std::string_view in_creation = "creating";
constexpr std::string_view is_pending = "pending";
constexpr std::string_view is_released = "released";

/// A row of `releases` with its approvals.
struct Release {
  std::string status;
  Json contents;
  Json approvals = Json::array();

  [[nodiscard]] Json json() const {
    auto json = contents;
    json.set("status", status).set("approvals", approvals);
    return json;
  }
};

Result<std::vector<Release>> read_releases(meta::Transaction& transaction) {
  GRISTMILL_TRY(const auto rows, transaction.query("SELECT status, contents FROM releases ORDER BY created_at, name"));
  GRISTMILL_TRY(const auto approvals,
                transaction.query("SELECT release_name, actor, at, comment FROM release_approvals ORDER BY at, actor"));
  std::vector<Release> releases;
  for (const auto& row : rows) {
    Release release{.status = meta::text(row[0]), .contents = {}};
    GRISTMILL_TRY(release.contents, Json::parse(meta::text(row[1])));
    for (const auto& approval : approvals) {
      if (meta::text(approval[0]) != release.contents["name"].as_string()) continue;
      release.approvals.push(Json::object(
          {{"by", meta::text(approval[1])}, {"at", meta::text(approval[2])}, {"comment", meta::text(approval[3])}}));
    }
    releases.push_back(std::move(release));
  }
  return releases;
}

Result<std::optional<Release>> find_release(meta::Transaction& transaction, const std::string& name) {
  GRISTMILL_TRY(auto releases, read_releases(transaction));
  for (auto& release : releases) {
    if (release.contents["name"].as_string() == name) return std::optional(std::move(release));
  }
  return std::optional<Release>();
}

Error no_release(const std::string& name) {
  return not_found(fmt::format("no release '{}'; `gristmill release list` shows them", name));
}

Result<Json> token_sets_of(meta::Transaction& transaction, const std::string& dataset, std::int64_t version) {
  auto list = Json::array();
  GRISTMILL_TRY(const auto rows, transaction.query("SELECT dataset, run_id, contents FROM token_sets WHERE "
                                                   "source_dataset = ? AND source_version = ? ORDER BY created_at",
                                                   {dataset, version}));
  for (const auto& row : rows) {
    GRISTMILL_TRY(auto contents, Json::parse(meta::text(row[2])));
    list.push(Json::object({{"dataset", meta::text(row[0])},
                            {"run_id", meta::text(row[1])},
                            {"tokens", contents["tokens"]},
                            {"shards", contents["shards"]}}));
  }
  return list;
}

/// Every file that an operator of the run computed with, and the source of operators of the user's own.
Json models_of(const Json& run) {
  constexpr std::string_view suffix = "_sha256";
  auto models = Json::array();
  for (const auto& step : run["operators"].items()) {
    for (const auto& [key, value] : step["options"].members()) {
      if (!key.ends_with(suffix)) continue;
      const std::string option(key.substr(0, key.size() - suffix.size()));
      models.push(Json::object({{"operator", step["name"]},
                                {"version", step["version"]},
                                {"option", option},
                                {"file", step["options"][option]},
                                {"sha256", value}}));
    }
  }
  return models;
}

Result<Json> pin(const Workspace& workspace, meta::Transaction& transaction, const store::Table& table,
                 const store::Snapshot& snapshot) {
  const std::string run_id(snapshot.note("gristmill.run-id"));
  GRISTMILL_TRY(auto tokens, token_sets_of(transaction, table.name().text(), snapshot.id));
  auto member = Json::object({{"dataset", table.name().text()},
                              {"version", snapshot.id},
                              {"documents", DocumentCounts(table).of(snapshot)},
                              {"run_id", run_id.empty() ? Json() : Json(run_id)},
                              {"fingerprint", nullptr},
                              {"content_digest", nullptr},
                              {"code_version", nullptr},
                              {"models", Json::array()},
                              {"token_sets", std::move(tokens)}});
  for (const auto* key : {"fingerprint", "content-digest"}) {
    if (const auto value = snapshot.note(fmt::format("gristmill.{}", key)); !value.empty())
      member.set(key == std::string_view("fingerprint") ? "fingerprint" : "content_digest", value);
  }
  if (run_id.empty()) return member;
  GRISTMILL_TRY(const auto run, show_run(workspace, run_id));
  return member.set("code_version", run["gristmill_version"]).set("models", models_of(run));
}

using Members = std::vector<std::pair<store::Table, store::Snapshot>>;

/// Whether no table of which the current version was chosen has changed since it was read: then all of them were like
/// this at one moment, also where a commit changes several at once.
Result<bool> are_still_current(const Workspace& workspace, const Members& members) {
  bool are_current = true;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    for (const auto& [table, snapshot] : members) {
      if (snapshot.id != table.metadata().current_snapshot_id()) continue;
      GRISTMILL_TRY(const auto location, store::Catalog::metadata_location(transaction, table.name()));
      are_current = are_current && location == table.metadata_location();
    }
    return {};
  }));
  return are_current;
}

Result<Members> read_members(const Workspace& workspace, std::vector<std::string> selectors) {
  if (selectors.empty()) {
    GRISTMILL_TRY(const auto names, store::Catalog(workspace.database()).list_tables());
    for (const auto& name : names) selectors.push_back(name.text());
  }
  if (selectors.empty()) return invalid_argument("there is no dataset to release yet");
  Members members;
  for (const auto& selector : selectors) {
    GRISTMILL_TRY(auto chosen, select_version(workspace, selector));
    const auto& name = chosen.first.name();
    if (std::ranges::any_of(members, [&](const auto& other) { return other.first.name() == name; }))
      return invalid_argument(fmt::format("a release holds one version of {}: name it once", name.text()));
    members.push_back(std::move(chosen));
  }
  return members;
}

Result<Members> choose_members(const Workspace& workspace, const std::vector<std::string>& selectors) {
  constexpr int attempts_max = 50;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    GRISTMILL_TRY(auto members, read_members(workspace, selectors));
    GRISTMILL_TRY(const bool are_current, are_still_current(workspace, members));
    if (are_current) return members;
  }
  return Error{ErrorCode::conflict,
               "the datasets change all the time, so that their current versions cannot be told of one moment: name "
               "versions, DATASET@VERSION, or try again later"};
}

/// The digest of a release's content: it covers all but time and status.
std::string digest_of(Json contents) {
  for (const auto* key : {"digest", "created_at"}) contents.erase(key);
  return sha256_hex(contents.dump());
}

/// The whole content of a release.
Result<Json> compose(const Workspace& workspace, const ReleaseRequest& request) {
  GRISTMILL_TRY(const auto members, choose_members(workspace, request.datasets));
  auto selectors = Json::array();
  for (const auto& selector : request.datasets) selectors.push(selector);
  auto datasets = Json::array();
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    for (const auto& [table, snapshot] : members) {
      GRISTMILL_TRY(auto member, pin(workspace, transaction, table, snapshot));
      datasets.push(std::move(member));
    }
    return {};
  }));
  auto release = Json::object({{"name", request.name},
                               {"label", request.label},
                               {"description", request.description},
                               {"requested", std::move(selectors)},
                               {"datasets", std::move(datasets)},
                               {"gristmill_version", program_version()},
                               {"created_by", acting_user()},
                               {"approvals_needed", workspace.settings().release_approvals}});
  release.set("digest", digest_of(release));
  release.set("created_at", now_iso8601());
  return release;
}

bool is_same_request(const Json& contents, const ReleaseRequest& request) {
  std::vector<std::string> selectors;
  for (const auto& item : contents["requested"].items()) selectors.push_back(item.as_string());
  return contents["label"].as_string() == request.label && contents["description"].as_string() == request.description &&
         selectors == request.datasets;
}

/// Whether the same request made the release before.
Result<bool> is_made(const Workspace& workspace, const ReleaseRequest& request) {
  bool is_found = false;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto release, find_release(transaction, request.name));
    is_found = release && release->status != in_creation && is_same_request(release->contents, request);
    return {};
  }));
  return is_found;
}

/// Takes the name: from here on nobody else gets it. A creation that was interrupted is taken up again.
Result<Json> reserve(const Workspace& workspace, const ReleaseRequest& request, const Json& proposed) {
  auto contents = proposed;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(auto taken, find_release(transaction, request.name));
    if (!taken) {
      auto inserted = transaction.execute(
          "INSERT INTO releases (name, label, description, created_at, digest, status, contents) VALUES (?, ?, ?, ?, "
          "?, ?, ?)",
          {request.name, request.label, request.description, contents["created_at"].as_string(),
           contents["digest"].as_string(), std::string(in_creation), contents.dump()});
      if (!inserted) return std::move(inserted).error();
      return audit(transaction, "release.begin", request.name, Json::object({{"digest", contents["digest"]}}));
    }
    if (taken->status != in_creation || !is_same_request(taken->contents, request))
      return Error{ErrorCode::already_exists,
                   fmt::format("there is a release '{}' already{}; releases never change: choose another name",
                               request.name, taken->status == in_creation ? ", not completed by who began it" : "")};
    contents = std::move(taken->contents);
    return {};
  }));
  return contents;
}

/// Whether a table has the tag of a release on the version that the release pins.
bool is_tagged(const store::Table& table, const Json& member, const std::string& release) {
  const auto references = table.metadata().references();
  const auto tag = std::ranges::find(references, release, &store::Reference::name);
  return tag != references.end() && tag->is_tag && tag->snapshot_id == member["version"].as_int();
}

/// Lets go of a name whose versions vanished before they could be pinned. Tags and branches that bear it and lead
/// elsewhere are somebody else's, and stay.
Status abandon(const Workspace& workspace, const Json& release) {
  const auto& name = release["name"].as_string();
  for (const auto& member : release["datasets"].items()) {
    auto table = store::Table::load(store::Catalog(workspace.database()),
                                    *store::TableName::parse(member["dataset"].as_string()));
    if (!table || !is_tagged(*table, member, name)) continue;
    const auto removed = table->remove_tag(name);
    if (!removed && removed.error().code != ErrorCode::not_found) return removed;
  }
  return workspace.database().write([&](meta::Transaction& transaction) -> Status {
    auto removed = transaction.execute("DELETE FROM releases WHERE name = ? AND status = ?",
                                       {name, std::string(in_creation)});
    if (!removed) return std::move(removed).error();
    return audit(transaction, "release.abandon", name, Json::object());
  });
}

/// A tag on each version keeps it from expiry and lets NAME@RELEASE select it. Set again it does nothing.
Status set_tags(const Workspace& workspace, const Json& release) {
  const auto& tag = release["name"].as_string();
  for (const auto& member : release["datasets"].items()) {
    GRISTMILL_TRY(const auto name, store::TableName::parse(member["dataset"].as_string()));
    GRISTMILL_TRY(auto table, store::Table::load(store::Catalog(workspace.database()), name));
    const auto version = member["version"].as_int();
    GRISTMILL_RETURN_IF_ERROR(table.set_tag(tag, version, [&](meta::Transaction& transaction, std::int64_t) {
      return audit(transaction, "dataset.tag", name.text(), Json::object({{"tag", tag}, {"version", version}}));
    }));
  }
  return {};
}

/// Sets the status by the approvals that there are.
Status settle(meta::Transaction& transaction, const Release& release) {
  const auto& name = release.contents["name"].as_string();
  const auto needed = release.contents["approvals_needed"].as_int();
  const bool is_approved = static_cast<std::int64_t>(release.approvals.size()) >= needed;
  const auto status = is_approved ? is_released : is_pending;
  auto updated = transaction.execute("UPDATE releases SET status = ? WHERE name = ?", {std::string(status), name});
  if (!updated) return std::move(updated).error();
  if (!is_approved && release.status != in_creation) return {};
  return audit(transaction, is_approved ? "release.create" : "release.propose", name,
               Json::object({{"digest", release.contents["digest"]}}));
}

/// Says when a table has lost the tag of a release, or gives its name to another version: then the version is no longer
/// kept from expiry by other programs.
void check_tag(const store::Table& table, const Json& member, const std::string& release, Json& faults) {
  if (is_tagged(table, member, release)) return;
  const auto references = table.metadata().references();
  const auto tag = std::ranges::find(references, release, &store::Reference::name);
  const auto version = member["version"].as_int();
  const auto what = tag == references.end() ? std::string("is missing: another program removed it")
                                            : fmt::format("names version {}, not {}", tag->snapshot_id, version);
  faults.push(Json::object(
      {{"where", table.name().text()},
       {"what",
        fmt::format("the tag '{0}' of the table {1}; `gristmill release restore {0}` sets it again", release, what)}}));
}

/// Removes a tag or branch that bears the name of a release and leads elsewhere.
Status remove_impostor(store::Table& table, const std::string& release, std::int64_t version) {
  const auto references = table.metadata().references();
  const auto found = std::ranges::find(references, release, &store::Reference::name);
  if (found == references.end() || (found->is_tag && found->snapshot_id == version)) return {};
  const auto note = [&](meta::Transaction& transaction, std::int64_t) {
    return audit(transaction, "dataset.untag", table.name().text(),
                 Json::object({{"tag", release}, {"version", found->snapshot_id}}));
  };
  return found->is_tag ? table.remove_tag(release, note) : table.remove_branch(release, note);
}

/// Reads every document of a pinned version; adds what is wrong to `faults`.
Result<std::int64_t> verify_version(const Workspace& workspace, const std::string& release, const Json& member,
                                    Json& faults) {
  const auto selector = fmt::format("{}@{}", member["dataset"].as_string(), member["version"].as_int());
  const auto fault = [&](const std::string& what) { faults.push(Json::object({{"where", selector}, {"what", what}})); };
  const auto chosen = select_version(workspace, selector);
  if (!chosen) {
    fault(chosen.error().message);
    return 0;
  }
  check_tag(chosen->first, member, release, faults);
  std::int64_t documents = 0;
  std::int64_t damaged = 0;
  engine::SequenceDigest digest;
  const auto origin = formats::table_columns({});
  const auto column = std::ranges::find(origin, "content_digest", &formats::TableColumn::name);
  const auto read = for_each_document(chosen->first, chosen->second,
                                      {{column->name, data::ColumnType::string, column->field_id}},
                                      [&](const data::Document& document) -> Result<bool> {
                                        const auto content = xxh3_128(document.text);
                                        const auto* noted = std::get_if<std::string_view>(&document.columns[0]);
                                        if (noted == nullptr || *noted != content.hex()) ++damaged;
                                        digest.add(document.id, content);
                                        ++documents;
                                        return true;
                                      });
  if (!read) fault(read.error().message);
  if (damaged > 0) fault(fmt::format("{} documents do not match their digest", damaged));
  // An ingestion's note is about what it added, not about the whole version.
  const auto& expected = member["content_digest"];
  if (read && !member["run_id"].is_null() && !expected.is_null() && expected.as_string() != digest.hex())
    fault("the documents are not those that the run wrote, or not in their order");
  return documents;
}

/// Checks the record itself: against its digest, against what the audit log says was begun under this name, and that
/// it has the approvals that it needs.
Status verify_record(meta::Transaction& transaction, const Release& release, Json& faults) {
  const auto& name = release.contents["name"].as_string();
  const auto& digest = release.contents["digest"].as_string();
  const auto fault = [&](std::string_view what) {
    faults.push(Json::object(
        {{"where", fmt::format("release {}", name)},
         {"what", fmt::format("{}: the metadata database was changed by hand; `gristmill doctor` checks the audit log",
                              what)}}));
  };
  if (digest_of(release.contents) != digest) fault("the record does not match its digest");
  GRISTMILL_TRY(const auto begun, transaction.query("SELECT details FROM audit WHERE action = 'release.begin' AND "
                                                    "subject = ? ORDER BY sequence DESC LIMIT 1",
                                                    {name}));
  GRISTMILL_TRY(const auto noted, Json::parse(begun.empty() ? "{}" : meta::text(begun[0][0])));
  if (noted["digest"].as_string() != digest) fault("the audit log does not know its digest");
  GRISTMILL_TRY(const auto approvals, transaction.query("SELECT count(*) FROM release_approvals WHERE release_name = ? "
                                                        "AND digest = ? AND actor <> ?",
                                                        {name, digest, release.contents["created_by"].as_string()}));
  if (release.status == is_released && meta::integer(approvals[0][0]) < release.contents["approvals_needed"].as_int())
    fault("it is released without the approvals that it needs");
  return {};
}

Status verify_shards(const Json& member, Json& faults, std::int64_t& shards) {
  for (const auto& set : member["token_sets"].items()) {
    for (const auto& shard : set["shards"].items()) {
      const auto& path = shard["path"].as_string();
      const auto found = io::file_sha256(path);
      if (!found) {
        faults.push(Json::object({{"where", path}, {"what", found.error().message}}));
      } else if (*found != shard["sha256"].as_string()) {
        faults.push(Json::object({{"where", path}, {"what", "the file does not match its SHA-256"}}));
      }
      ++shards;
    }
  }
  return {};
}

}  // namespace

Result<Json> create_release(const Workspace& workspace, const ReleaseRequest& request) {
  GRISTMILL_RETURN_IF_ERROR(check_reference_name("release", request.name));
  if (request.name == "main")
    return invalid_argument("a release cannot be called main: that is what everybody reads who names no version");
  const auto is_blank = [](const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; };
  if (is_blank(request.label) || is_blank(request.description))
    return invalid_argument("a release needs a label and a description: --label TEXT --description TEXT");
  GRISTMILL_TRY(const bool is_done, request.reattaches ? is_made(workspace, request) : Result<bool>(false));
  if (is_done) return show_release(workspace, request.name);
  GRISTMILL_TRY(const auto proposed, compose(workspace, request));
  GRISTMILL_TRY(const auto release, reserve(workspace, request, proposed));
  if (auto tagged = set_tags(workspace, release); !tagged) {
    const auto code = tagged.error().code;
    if (code == ErrorCode::not_found || code == ErrorCode::already_exists)
      GRISTMILL_RETURN_IF_ERROR(abandon(workspace, release));
    return std::move(tagged).error();
  }
  GRISTMILL_RETURN_IF_ERROR(workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto found, find_release(transaction, request.name));
    if (!found) return no_release(request.name);
    // The same call at the same time may have been faster.
    return found->status == in_creation ? settle(transaction, *found) : Status();
  }));
  return show_release(workspace, request.name);
}

Result<Json> list_releases(const Workspace& workspace) {
  auto list = Json::array();
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto releases, read_releases(transaction));
    for (const auto& release : releases) list.push(release.json());
    return {};
  }));
  return list;
}

Result<Json> show_release(const Workspace& workspace, const std::string& name) {
  Json json;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto release, find_release(transaction, name));
    if (!release) return no_release(name);
    json = release->json();
    return {};
  }));
  return json;
}

Result<Json> approve_release(const Workspace& workspace, const std::string& name, const std::string& comment) {
  const auto user = acting_user();
  const auto& approvers = workspace.settings().release_approvers;
  if (!approvers.empty() && std::ranges::find(approvers, user) == approvers.end())
    return Error{ErrorCode::denied, fmt::format("'{}' is not among the approvers of gristmill.toml", user)};
  const auto approved = workspace.database().write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(auto release, find_release(transaction, name));
    if (!release) return no_release(name);
    if (release->status == in_creation)
      return Error{ErrorCode::denied, fmt::format("release '{}' is not completed: its creator repeats the call", name)};
    if (release->contents["created_by"].as_string() == user)
      return Error{ErrorCode::denied, fmt::format("'{}' made release '{}': another user approves it", user, name)};
    for (const auto& approval : release->approvals.items()) {
      if (approval["by"].as_string() == user) return {};
    }
    auto inserted = transaction.execute(
        "INSERT INTO release_approvals (release_name, actor, at, digest, comment) VALUES (?, ?, ?, ?, ?)",
        {name, user, now_iso8601(), release->contents["digest"].as_string(), comment});
    if (!inserted) return std::move(inserted).error();
    GRISTMILL_RETURN_IF_ERROR(audit(transaction, "release.approve", name,
                                    Json::object({{"digest", release->contents["digest"]}, {"comment", comment}})));
    release->approvals.push(user);
    return release->status == is_pending ? settle(transaction, *release) : Status();
  });
  if (!approved) return approved.error();
  return show_release(workspace, name);
}

Result<Json> verify_release(const Workspace& workspace, const std::string& name) {
  Json release;
  auto faults = Json::array();
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    faults = Json::array();
    GRISTMILL_TRY(const auto found, find_release(transaction, name));
    if (!found) return no_release(name);
    release = found->json();
    return verify_record(transaction, *found, faults);
  }));
  std::int64_t documents = 0;
  std::int64_t shards = 0;
  for (const auto& member : release["datasets"].items()) {
    GRISTMILL_TRY(const auto count, verify_version(workspace, name, member, faults));
    documents += count;
    GRISTMILL_RETURN_IF_ERROR(verify_shards(member, faults, shards));
  }
  return Json::object({{"release", name},
                       {"digest", release["digest"]},
                       {"status", faults.size() == 0 ? "ok" : "damaged"},
                       {"documents", documents},
                       {"shards", shards},
                       {"faults", std::move(faults)}});
}

Result<Json> restore_release(const Workspace& workspace, const std::string& name) {
  GRISTMILL_TRY(const auto release, show_release(workspace, name));
  if (release["status"].as_string() == in_creation)
    return Error{ErrorCode::denied, fmt::format("release '{}' is not completed: its creator repeats the call", name)};
  auto restored = Json::array();
  for (const auto& member : release["datasets"].items()) {
    const auto selector = fmt::format("{}@{}", member["dataset"].as_string(), member["version"].as_int());
    auto chosen = select_version(workspace, selector);
    if (!chosen) return std::move(chosen).error().within(fmt::format("release '{}'", name));
    auto faults = Json::array();
    check_tag(chosen->first, member, name, faults);
    if (faults.size() == 0) continue;
    GRISTMILL_RETURN_IF_ERROR(remove_impostor(chosen->first, name, member["version"].as_int()));
    restored.push(selector);
  }
  GRISTMILL_RETURN_IF_ERROR(set_tags(workspace, release));
  return Json::object({{"release", name}, {"restored", std::move(restored)}});
}

Status check_release_usable(const Workspace& workspace, const std::string& name) {
  const auto pinned = pinned_version(workspace, name, {});
  return pinned ? Status() : Status(pinned.error());
}

Result<std::optional<std::int64_t>> pinned_version(const Workspace& workspace, const std::string& release,
                                                   const std::string& dataset) {
  std::optional<std::int64_t> version;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    version.reset();
    GRISTMILL_TRY(const auto rows,
                  transaction.query("SELECT status, contents FROM releases WHERE name = ?", {release}));
    if (rows.empty()) return {};
    GRISTMILL_TRY(const auto contents, Json::parse(meta::text(rows[0][1])));
    for (const auto& member : contents["datasets"].items()) {
      if (member["dataset"].as_string() == dataset) version = member["version"].as_int();
    }
    if (meta::text(rows[0][0]) == is_released || (!version && !dataset.empty())) return {};
    return Error{
        ErrorCode::denied,
        fmt::format("release '{}' is {}; `gristmill release show {}` says what is missing and which versions "
                    "it holds",
                    release, meta::text(rows[0][0]) == is_pending ? "waiting for approval" : "not completed", release)};
  }));
  return version;
}

}  // namespace gristmill::platform
