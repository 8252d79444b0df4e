// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "gristmill/formats/dataset_file.h"
#include "gristmill/formats/document_index.h"
#include "gristmill/formats/token_shard.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/file_tree.h"
#include "gristmill/platform/id_indexes.h"
#include "gristmill/platform/ingest.h"
#include "gristmill/platform/row_changes.h"
#include "gristmill/platform/run.h"
#include "gristmill/store/row_deletes.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view change_prefix = "change-";

/// Where a document is in one version of one dataset.
struct Location {
  std::string dataset;
  std::int64_t version = 0;
  std::string run_id;
  std::string file;
  std::int64_t row = 0;
};

/// Row of a document in a file without an index, by reading its id column.
Result<std::optional<std::int64_t>> search_file(const std::string& path, const Hash128& id) {
  GRISTMILL_TRY(const auto reader, formats::open_dataset_file({path}, {}, std::size_t{1} << 20, false));
  data::Batch batch;
  std::int64_t row = 0;
  while (true) {
    batch.clear();
    GRISTMILL_TRY(const bool more, reader->read(batch));
    if (!more) return std::optional<std::int64_t>();
    for (const auto& document : batch.documents) {
      if (document.id == id) return std::optional(row);
      ++row;
    }
  }
}

/// The run that made a version, or that from which later changes of rows came.
std::string run_behind(const store::TableMetadata& metadata, const store::Snapshot& snapshot) {
  const auto* at = &snapshot;
  for (auto steps = metadata.snapshots().size() + 1; at != nullptr && steps > 0; --steps) {
    const auto run = at->note("gristmill.run-id");
    if (!run.empty()) return std::string(run);
    if (at->note("gristmill.change-id").empty() && at->note("operation") != "replace") return {};
    at = metadata.find_snapshot(at->parent_id);
  }
  return {};
}

Result<std::optional<Location>> find_in_version(const store::Table& table, const store::Snapshot& snapshot,
                                                const Hash128& id) {
  GRISTMILL_TRY(const auto files, table.scan(snapshot));
  store::RowDeletes deletes(table);
  for (const auto& file : files) {
    const auto index = index_of(file.path);
    std::optional<std::int64_t> row;
    GRISTMILL_TRY(const auto indexed, io::find_file(index));
    if (indexed) {
      GRISTMILL_TRY(const auto hit, formats::find_in_index(index, id));
      if (hit && hit->outcome.empty()) row = hit->row;
    } else {
      GRISTMILL_RETURN_IF_ERROR(check_data_file(file));
      GRISTMILL_TRY(row, search_file(file.path, id));
    }
    if (!row) continue;
    GRISTMILL_TRY(const auto deleted, deletes.of(file));
    if (!std::ranges::binary_search(deleted, *row))
      return std::optional(
          Location{table.name().text(), snapshot.id, run_behind(table.metadata(), snapshot), file.path, *row});
  }
  return std::optional<Location>();
}

/// How a run ended a document that did not come out: "filter.c4\tc4.too_short".
Result<std::string> find_outcome(const std::string& table_folder, std::string_view work_id, const Hash128& id) {
  GRISTMILL_TRY(const auto paths, index_files(table_folder, work_id));
  for (const auto& path : paths) {
    GRISTMILL_TRY(const auto hit, formats::find_in_index(path, id));
    if (hit && !hit->outcome.empty()) return hit->outcome;
  }
  return std::string();
}

Json run_chain(const Json& run) {
  auto operators = Json::array();
  for (const auto& item : run["operators"].items()) {
    operators.push(Json::object({{"name", item["name"]}, {"version", item["version"]}, {"options", item["options"]}}));
  }
  return Json::object({{"run_id", run["run_id"]},
                       {"pipeline", run["pipeline"]},
                       {"fingerprint", run["fingerprint"]},
                       {"finished_at", run["finished_at"]},
                       {"gristmill_version", run["gristmill_version"]},
                       {"inputs", run["inputs"]},
                       {"operators", std::move(operators)}});
}

/// Assembles the answer for one document id.
class Tracer {
 public:
  Tracer(const Workspace& workspace, Hash128 id) : workspace_(workspace), id_(id) {}

  /// Looks in every dataset's current version; what runs made comes before what ingestions landed. One that is damaged
  /// does not keep the others from answering: it is noted.
  Status find() {
    store::Catalog catalog(workspace_.database());
    GRISTMILL_TRY(const auto names, catalog.list_tables());
    for (const auto& name : names) {
      const auto table = store::Table::load(catalog, name);
      if (!table && table.error().code == ErrorCode::not_found) continue;  // Dropped in between.
      GRISTMILL_RETURN_IF_ERROR(unless_damaged(name.text(), table ? look_in(*table) : Status(table.error())));
    }
    std::ranges::stable_sort(
        locations_, [](const Location& a, const Location& b) { return !a.run_id.empty() && b.run_id.empty(); });
    if (!locations_.empty() || outcomes_.size() > 0) return {};
    if (damaged_.size() == 0)
      return not_found(fmt::format("no document {} in the current version of any dataset", id_.hex()));
    auto told = fmt::format("document {} is in no dataset that can be read", id_.hex());
    for (const auto& one : damaged_.items()) told += "; " + one["error"].as_string();
    return corrupt_data(std::move(told));
  }

  /// Starts from a known version, as a token shard names it.
  Status find_in(const std::string& selector) {
    is_one_version_ = true;
    GRISTMILL_TRY(const auto chosen, select_version(workspace_, selector));
    GRISTMILL_TRY(const auto found, find_in_version(chosen.first, chosen.second, id_));
    if (!found)
      return corrupt_data(fmt::format("document {} is not in {}, from which the shard was made", id_.hex(), selector));
    locations_.push_back(*found);
    return {};
  }

  Result<Json> answer() {
    auto result = Json::object(
        {{"document", Json::object({{"id", id_.hex()}, {"dataset", nullptr}, {"version", nullptr}})},
         {"run", nullptr},
         {"ingestion", nullptr},
         {"origin", nullptr},
         {"license", nullptr}});
    std::string ingestion_id;
    for (const auto& location : locations_) {
      auto& document = result.at("document");
      if (document["dataset"].is_null()) {
        const auto read = add_origin(location, result, ingestion_id);
        GRISTMILL_RETURN_IF_ERROR(unless_damaged(location.dataset, read));
        if (!read) continue;
        document.set("dataset", location.dataset)
            .set("version", location.version)
            .set("file", location.file)
            .set("row", location.row);
        if (ingestion_id.starts_with(change_prefix)) GRISTMILL_RETURN_IF_ERROR(add_change(ingestion_id, result));
      }
      const bool is_given_here = result["change"]["dataset"].as_string() == location.dataset;
      if (result["run"].is_null() && !location.run_id.empty() && !is_given_here) {
        GRISTMILL_TRY(const auto run, show_run(workspace_, location.run_id));
        result.set("run", run_chain(run));
      }
    }
    if (outcomes_.size() > 0) result.at("document").set("outcomes", outcomes_);
    if (!ingestion_id.empty() && result["change"].is_null())
      GRISTMILL_RETURN_IF_ERROR(add_ingestion(ingestion_id, result));
    if (damaged_.size() > 0) result.set("damaged", damaged_);
    return result;
  }

 private:
  Status look_in(const store::Table& table) {
    const auto* snapshot = table.metadata().current_snapshot();
    if (snapshot == nullptr) return {};
    GRISTMILL_TRY(const auto found, find_in_version(table, *snapshot, id_));
    if (!found) return note_outcome(table, *snapshot);
    locations_.push_back(*found);
    return {};
  }

  /// Notes damage of a dataset, which then counts as looked through. A document that was asked for in one version has
  /// nowhere else to be.
  Status unless_damaged(const std::string& dataset, const Status& looked) {
    if (looked || looked.error().code != ErrorCode::corrupt_data || is_one_version_) return looked;
    damaged_.push(Json::object({{"dataset", dataset}, {"error", looked.error().message}}));
    return {};
  }

  Status note_outcome(const store::Table& table, const store::Snapshot& snapshot) {
    GRISTMILL_RETURN_IF_ERROR(note_removal(table.name().text()));
    const auto run_id = run_behind(table.metadata(), snapshot);
    if (run_id.empty()) return {};
    GRISTMILL_TRY(const auto outcome, find_outcome(workspace_.table_folder(table.name().text()), run_id, id_));
    if (outcome.empty()) return {};
    const auto tab = outcome.find('\t');
    outcomes_.push(Json::object({{"dataset", table.name().text()},
                                 {"run_id", run_id},
                                 {"operator", outcome.substr(0, tab)},
                                 {"reason", outcome.substr(tab + 1)}}));
    return {};
  }

  /// The newest change of rows that removed the document, and whose it was.
  Status note_removal(const std::string& dataset) {
    GRISTMILL_TRY(const auto changes, removals_of(workspace_, dataset));
    for (const auto& change : changes) {
      GRISTMILL_TRY(const auto outcome,
                    find_outcome(workspace_.table_folder(dataset), change["change_id"].as_string(), id_));
      if (outcome.empty()) continue;
      outcomes_.push(Json::object({{"dataset", dataset},
                                   {"change_id", change["change_id"]},
                                   {"operator", change["operation"]},
                                   {"reason", change["where"]},
                                   {"by", change["by"]},
                                   {"at", change["at"]},
                                   {"version", change["to"]}}));
      return {};
    }
    return {};
  }

  static Status add_origin(const Location& location, Json& result, std::string& ingestion_id) {
    data::Batch batch;
    GRISTMILL_RETURN_IF_ERROR(formats::read_dataset_row(location.file, location.row, {}, false, batch));
    const auto& document = batch.documents.front();
    ingestion_id = document.ingestion_id;
    std::string_view file = document.origin_uri;
    if (file.starts_with("file://")) file.remove_prefix(7);
    result.set("origin", Json::object({{"uri", document.origin_uri},
                                       {"file", file},
                                       {"offset", document.origin_offset},
                                       {"url", document.url.empty() ? Json() : Json(document.url)},
                                       {"media_type", document.media_type}}));
    return {};
  }

  /// Rows that an upsert or overwrite brought have no ingestion, but that change.
  Status add_change(const std::string& change_id, Json& result) const {
    GRISTMILL_TRY(auto change, show_change(workspace_, change_id));
    result.at("origin").set("sha256", change["sha256"]);
    result.set("change", std::move(change));
    return {};
  }

  Status add_ingestion(const std::string& ingestion_id, Json& result) const {
    GRISTMILL_TRY(auto record, show_ingestion(workspace_, ingestion_id));
    const auto uri = result["origin"]["file"].as_string();
    for (const auto& file : record["files"].items()) {
      const auto& path = file["path"].as_string();
      // The origin of an archive member starts with its archive's path.
      if (uri == path || uri.starts_with(path + "!"))
        result.at("origin").set("sha256", file["sha256"]).set("bytes", file["bytes"]).set("name", file["name"]);
    }
    result.set("license", Json::object({{"id", record["license"]}, {"evidence", record["license_evidence"]}}));
    auto brief = Json::object();
    for (const auto* key : {"ingestion_id", "task_id", "source", "source_url", "dataset", "started_at", "completed_at",
                            "owner", "sensitivity", "storage_prefix", "agent"}) {
      brief.set(key, record[key]);
    }
    result.set("ingestion", std::move(brief));
    return {};
  }

  const Workspace& workspace_;
  Hash128 id_;
  std::vector<Location> locations_;
  Json outcomes_ = Json::array();
  Json damaged_ = Json::array();
  bool is_one_version_ = false;
};

/// A token set and the shard of it that was meant.
struct ShardChoice {
  std::string path;
  std::string dataset;
  std::string run_id;
  std::string source;
};

/// The shard by path, file name, or DATASET/NUMBER of the newest token set of that dataset.
Result<ShardChoice> find_shard(const Workspace& workspace, const std::string& name) {
  std::optional<ShardChoice> found;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto rows,
        transaction.query(
            "SELECT dataset, run_id, source_dataset, source_version, contents FROM token_sets ORDER BY created_at"));
    for (const auto& row : rows) {
      GRISTMILL_TRY(const auto contents, Json::parse(meta::text(row[4])));
      for (std::size_t i = 0; i < contents["shards"].size(); ++i) {
        const auto& path = contents["shards"].items()[i]["path"].as_string();
        const auto file = fs::path(path).filename().string();
        const auto numbered = fmt::format("{}/{}", meta::text(row[0]), i);
        if (name != file && name != numbered && absolute_path(name) != path) continue;
        found = ShardChoice{path, meta::text(row[0]), meta::text(row[1]),
                            fmt::format("{}@{}", meta::text(row[2]), meta::integer(row[3]))};
      }
    }
    return {};
  }));
  if (!found)
    return not_found(fmt::format(
        "no token shard '{}' in this workspace; `gristmill runs show RUN` lists the shards of a run", name));
  return *std::move(found);
}

Result<Json> trace_position(const Workspace& workspace, const std::string& shard_name, std::uint64_t position) {
  GRISTMILL_TRY(const auto shard, find_shard(workspace, shard_name));
  auto opened = formats::ShardReader::open(shard.path);
  if (!opened && opened.error().code == ErrorCode::not_found)
    return corrupt_data(fmt::format("{}: the token shard is missing: restore it from a copy", shard.path));
  if (!opened) return std::move(opened).error();
  const auto reader = *std::move(opened);
  if (position >= reader.tokens())
    return invalid_argument(
        fmt::format("{} holds {} tokens, positions 0 to {}", shard.path, reader.tokens(), reader.tokens() - 1));
  GRISTMILL_TRY(const auto place, reader.locate(position));
  GRISTMILL_TRY(const auto ids, reader.read(position, 1));
  Tracer tracer(workspace, place.id);
  if (auto found = tracer.find_in(shard.source); !found) return std::move(found).error().within(shard.path);
  GRISTMILL_TRY(auto answer, tracer.answer());
  answer.set("token", Json::object({{"shard", shard.path},
                                    {"dataset", shard.dataset},
                                    {"position", position},
                                    {"id", ids.front()},
                                    {"document_start", place.start},
                                    {"document_tokens", place.length},
                                    {"offset_in_document", position - place.start}}));
  return answer;
}

}  // namespace

Result<Json> trace(const Workspace& workspace, const std::string& subject) {
  Hash128 id;
  if (Hash128::parse(subject, id)) {
    Tracer tracer(workspace, id);
    GRISTMILL_RETURN_IF_ERROR(tracer.find());
    return tracer.answer();
  }
  const auto colon = subject.rfind(':');
  if (colon != std::string::npos) {
    std::uint64_t position = 0;
    const char* const end = subject.data() + subject.size();
    const auto parsed = std::from_chars(subject.data() + colon + 1, end, position);
    if (parsed.ec == std::errc() && parsed.ptr == end)
      return trace_position(workspace, subject.substr(0, colon), position);
  }
  return invalid_argument(fmt::format("'{}' is neither a document id (32 hex digits) nor SHARD:POSITION", subject));
}

}  // namespace gristmill::platform
