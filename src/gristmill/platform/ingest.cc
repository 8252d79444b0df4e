// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/ingest.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/data/memory.h"
#include "gristmill/engine/execute.h"
#include "gristmill/io/file.h"
#include "gristmill/io/lock_file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/platform/compaction.h"
#include "gristmill/platform/cost_parts.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/file_tree.h"
#include "gristmill/platform/id_indexes.h"
#include "gristmill/platform/ingest_turn.h"
#include "gristmill/platform/run_journal.h"
#include "gristmill/platform/shared_run.h"
#include "gristmill/platform/task_outputs.h"
#include "gristmill/store/catalog.h"
#include "gristmill/store/table.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

// Part of what decides output bytes, so constants: sizes of tasks and of the pieces of large files.
constexpr std::uint64_t split_bytes = std::uint64_t{32} << 20;
constexpr std::uint64_t compressed_weight = 4;
// Raw documents are read once more and then rarely: fast compression.
constexpr int raw_zstd_level = 1;
constexpr std::uint64_t uploaded_whole_max = std::uint64_t{4} << 20;  // Smaller files are never sent in parts.
constexpr std::size_t copy_buffer_bytes = std::size_t{1} << 20;

/// A file of an ingestion and what became of it.
struct IngestFile {
  std::int64_t ordinal = 0;
  TreeFile file;
  std::string sha256;
  std::string status;   ///< pending, landed, present, unreadable
  std::string message;
  std::string landed_path;
  std::vector<std::uint64_t> cuts;
};

Status check_request(const IngestRequest& request) {
  GRISTMILL_RETURN_IF_ERROR(check_name("source", request.source));
  GRISTMILL_RETURN_IF_ERROR(check_dataset_name(request.into));
  constexpr std::array levels{"public", "internal", "confidential", "restricted"};
  if (std::ranges::find(levels, request.sensitivity) == levels.end()) {
    return invalid_argument(
        fmt::format("sensitivity '{}' is not one of public, internal, confidential, restricted", request.sensitivity));
  }
  const bool is_expression = std::ranges::all_of(request.license, [](unsigned char c) {
    return std::isalnum(c) || std::string_view(".+-:() ").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (request.license.empty() || !is_expression) {
    return invalid_argument(fmt::format(
        "'{}' is not a licence: give an SPDX id such as CC-BY-4.0, or Unknown or Proprietary", request.license));
  }
  return {};
}

std::string format_of(std::string_view name) {
  const auto file = name.substr(name.rfind('/') + 1);
  const auto dot = file.find('.');
  return dot == std::string_view::npos ? "unknown" : std::string(file.substr(dot + 1));
}

/// Identifies a batch by what can be known before reading: source, dataset, names and sizes.
std::string listing_digest(const IngestRequest& request, const FileTree& tree) {
  auto list = Json::array({request.source, request.into, request.is_in_place});
  for (const auto& file : tree.files) list.push(Json::array({file.name, file.bytes}));
  return sha256_hex(list.dump());
}

/// One ingestion at work.
class Ingestion {
 public:
  Ingestion(const Workspace& workspace, const WorkOptions& options) : workspace_(workspace), options_(options) {}

  /// Writes the record before the first byte is read, or finds the unfinished one of the same batch.
  Status start(const IngestRequest& request) {
    GRISTMILL_RETURN_IF_ERROR(check_request(request));
    GRISTMILL_TRY(const auto tree, list_files(request.paths));
    if (tree.files.empty() && tree.problems.empty())
      return invalid_argument("nothing to ingest: the paths hold no files");
    const auto digest = listing_digest(request, tree);
    return workspace_.database().write([&](meta::Transaction& transaction) -> Status {
      GRISTMILL_TRY(const auto open_ones,
                    transaction.query("SELECT record FROM ingestions WHERE source = ? AND dataset = ? AND status IN "
                                      "('running', 'failed') ORDER BY ordinal",
                                      {request.source, request.into}));
      for (const auto& row : open_ones) {
        GRISTMILL_TRY(auto record, Json::parse(meta::text(row[0])));
        if (record["listing_digest"].as_string() != digest) continue;
        record_ = std::move(record);
        return {};
      }
      GRISTMILL_RETURN_IF_ERROR(insert_source(transaction, request));
      return insert_record(transaction, request, tree, digest);
    });
  }

  Status load(const std::string& task_id) {
    return workspace_.database().read([&](meta::Transaction& transaction) -> Status {
      GRISTMILL_TRY(
          const auto rows,
          transaction.query("SELECT record FROM ingestions WHERE task_id = ? OR ingestion_id = ?", {task_id, task_id}));
      if (rows.empty())
        return not_found(
            fmt::format("no ingestion with task id '{}'; `gristmill ingestions list` shows them", task_id));
      GRISTMILL_TRY(record_, Json::parse(meta::text(rows[0][0])));
      return {};
    });
  }

  Result<Json> work() {
    start_cpu_seconds_ = process_cpu_seconds();
    const auto id = task_id();
    GRISTMILL_TRY(const auto lock, io::LockFile::acquire(workspace_.internal_folder(id) + "/lock"));
    while (true) {
      auto done = work_in_turn(id);
      if (done || !is_overtaken_) return done;
    }
  }

 private:
  /// One attempt. Fails with `is_overtaken_` set when others landed the same files before the commit.
  Result<Json> work_in_turn(const std::string& id) {
    is_overtaken_ = false;
    auto turn = IngestTurn::wait(workspace_, source(), dataset(), options_);
    if (!turn) return resumable(std::move(turn).error()).error();
    // Another process may have finished it, or may have been killed after its commit, before the turn was ours.
    GRISTMILL_RETURN_IF_ERROR(load(id));
    if (!is_unfinished()) {
      workspace_.remove_internal_folder(id);
      return record_;
    }
    GRISTMILL_RETURN_IF_ERROR(resumable(remove_leftovers()));
    GRISTMILL_RETURN_IF_ERROR(resumable(forget_lost_tasks(workspace_.database(), id)));
    GRISTMILL_RETURN_IF_ERROR(load_files());
    GRISTMILL_RETURN_IF_ERROR(resumable(land(*turn)));
    if (std::ranges::none_of(files_, [](const IngestFile& file) { return file.status == "landed"; })) {
      return finish_without_documents();
    }
    auto result = read_documents();
    if (!result) return resumable(std::move(result).error()).error();
    auto committed = commit(*result);
    if (!committed) return resumable(std::move(committed).error()).error();
    return committed;
  }

  [[nodiscard]] const std::string& ingestion_id() const { return record_["ingestion_id"].as_string(); }
  [[nodiscard]] const std::string& task_id() const { return record_["task_id"].as_string(); }
  [[nodiscard]] const std::string& source() const { return record_["source"].as_string(); }
  [[nodiscard]] const std::string& dataset() const { return record_["dataset"].as_string(); }
  [[nodiscard]] bool is_in_place() const { return record_["in_place"].as_bool(); }

  [[nodiscard]] bool is_unfinished() const {
    const auto& status = record_["status"].as_string();
    return status == "running" || status == "failed";
  }

  /// Tells how to go on after an interruption, or when what was away or closed is there again.
  [[nodiscard]] Status resumable(Status status) const {
    constexpr std::array passing{ErrorCode::interrupted, ErrorCode::unavailable, ErrorCode::denied};
    if (status || std::ranges::find(passing, status.error().code) == passing.end()) return status;
    auto error = std::move(status).error();
    error.message += fmt::format("; go on with `gristmill ingest --resume {}`", task_id());
    return error;
  }

  [[nodiscard]] engine::Folders folders() const {
    const auto table = workspace_.table_folder(dataset());
    return {.internal = workspace_.internal_folder(task_id()),
            .scratch = {},
            .data = fmt::format("{}/data/{}", table, ingestion_id()),
            .index = index_folder(table, ingestion_id()),
            .quarantine = workspace_.quarantine_folder(ingestion_id()),
            .tokens = {}};
  }

  /// Temporary files of killed attempts; all these folders belong to this ingestion, whose lock is held.
  [[nodiscard]] Status remove_leftovers() const {
    const auto own = folders();
    for (const auto& folder : {record_["storage_prefix"].as_string(), own.data, own.index, own.quarantine}) {
      if (!folder.empty()) GRISTMILL_RETURN_IF_ERROR(io::remove_temporaries(folder));
    }
    return {};
  }

  static Status insert_source(meta::Transaction& transaction, const IngestRequest& request) {
    auto inserted = transaction.execute(
        "INSERT INTO sources (name, kind, location, owner, license, license_evidence, sensitivity, created_at) "
        "VALUES (?, 'folder', ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        {request.source, absolute_path(request.paths.front()), request.owner, request.license, request.license_evidence,
         request.sensitivity, now_iso8601()});
    if (!inserted) return std::move(inserted).error();
    return *inserted == 0
               ? Status()
               : audit(transaction, "source.add", request.source, Json::object({{"license", request.license}}));
  }

  Status insert_record(meta::Transaction& transaction, const IngestRequest& request, const FileTree& tree,
                       const std::string& digest) {
    GRISTMILL_TRY(const auto newest, transaction.query("SELECT COALESCE(MAX(ordinal), 0) FROM ingestions"));
    const auto ordinal = meta::integer(newest[0][0]) + 1;
    // Derived from what is asked and its place in the workspace's history, not from time or chance: the same
    // commands in another workspace give the same ids, and so the same data-file bytes.
    const auto id = "ing-" + sha256_hex(fmt::format("{}\n{}", digest, ordinal)).substr(0, 24);
    std::uint64_t bytes = 0;
    std::map<std::string, std::int64_t> formats;
    for (const auto& file : tree.files) {
      bytes += file.bytes;
      ++formats[format_of(file.name)];
    }
    auto format_counts = Json::object();
    for (const auto& [name, count] : formats) format_counts.set(name, count);
    auto problems = Json::array();
    for (const auto& problem : tree.problems)
      problems.push(Json::object({{"path", problem.path}, {"message", problem.message}}));
    auto locations = Json::array();
    for (const auto& path : request.paths) locations.push(uri_of(absolute_path(path)));
    const auto prefix = request.is_in_place ? std::string() : workspace_.landing_folder(request.source, id);
    record_ = Json::object(
        {{"ingestion_id", id},
         {"task_id", "task-" + id.substr(4)},
         {"status", "running"},
         {"source", request.source},
         {"source_url", std::move(locations)},
         {"dataset", request.into},
         {"started_at", now_iso8601()},
         {"license", request.license},
         {"license_evidence",
          request.license_evidence.empty() ? "stated by the caller of ingest" : request.license_evidence},
         {"owner", request.owner},
         {"sensitivity", request.sensitivity},
         {"formats", std::move(format_counts)},
         {"format_version", "1"},
         {"raw_file_count", tree.files.size()},
         {"raw_size_bytes", bytes},
         {"in_place", request.is_in_place},
         {"storage_prefix", prefix},
         {"agent", Json::object({{"name", "gristmill"}, {"version", program_version()}})},
         {"listing_digest", digest},
         {"already_present", false},
         {"skipped_files", tree.hidden == 0 ? Json::object() : Json::object({{"hidden", tree.hidden}})},
         {"problems", std::move(problems)}});
    auto inserted = transaction.execute(
        "INSERT INTO ingestions (ingestion_id, ordinal, task_id, source, dataset, status, started_at, record) VALUES "
        "(?, ?, ?, ?, ?, 'running', ?, ?)",
        {id, ordinal, task_id(), request.source, request.into, record_["started_at"].as_string(), record_.dump()});
    if (!inserted) return std::move(inserted).error();
    std::vector<meta::Row> rows;
    for (std::size_t i = 0; i < tree.files.size(); ++i) {
      const auto& file = tree.files[i];
      rows.push_back({id, static_cast<std::int64_t>(i), file.name, file.path, static_cast<std::int64_t>(file.bytes),
                      std::string("pending")});
    }
    GRISTMILL_RETURN_IF_ERROR(transaction.execute_many(
        "INSERT INTO ingestion_files (ingestion_id, ordinal, name, path, bytes, status) VALUES (?, ?, ?, ?, ?, ?)",
        rows));
    return audit(transaction, "ingest.start", id,
                 Json::object({{"source", request.source}, {"into", request.into}, {"files", tree.files.size()}}));
  }

  Status load_files() {
    return workspace_.database().read([&](meta::Transaction& transaction) -> Status {
      files_.clear();
      known_.clear();
      GRISTMILL_TRY(known_ingestions_, finished_ingestions(transaction));
      GRISTMILL_TRY(
          const auto rows,
          transaction.query(
              "SELECT ordinal, name, path, bytes FROM ingestion_files WHERE ingestion_id = ? ORDER BY ordinal",
              {ingestion_id()}));
      for (const auto& row : rows) {
        files_.push_back({meta::integer(row[0]),
                          {meta::text(row[1]), meta::text(row[2]), static_cast<std::uint64_t>(meta::integer(row[3]))}});
      }
      // What this source has put into this dataset before, by relative name and content.
      GRISTMILL_TRY(const auto known, transaction.query("SELECT f.name, f.sha256, f.ingestion_id FROM ingestion_files "
                                                        "f JOIN ingestions i ON i.ingestion_id = f.ingestion_id "
                                                        "WHERE i.source = ? AND i.dataset = ? AND i.completed_at IS "
                                                        "NOT NULL AND f.status = 'landed' ORDER BY i.ordinal",
                                                        {source(), dataset()}));
      for (const auto& row : known)
        known_.emplace(std::pair(meta::text(row[0]), meta::text(row[1])), meta::text(row[2]));
      return {};
    });
  }

  /// The finished ingestions of this source into this dataset.
  Result<std::set<std::string>> finished_ingestions(meta::Transaction& transaction) const {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT ingestion_id FROM ingestions WHERE source = ? AND dataset "
                                                     "= ? AND completed_at IS NOT NULL AND ingestion_id <> ?",
                                                     {source(), dataset(), ingestion_id()}));
    std::set<std::string> ids;
    for (const auto& row : rows) ids.insert(meta::text(row[0]));
    return ids;
  }

  /// Fails when others have landed one of these files since the work was planned: the turn was lost with the
  /// connection that held it. In the transaction of the commit, so nobody can come in between.
  Status check_not_overtaken(meta::Transaction& transaction) {
    is_overtaken_ = false;
    GRISTMILL_TRY(const auto finished, finished_ingestions(transaction));
    std::set<std::pair<std::string, std::string>> mine;
    for (const auto& file : files_)
      if (file.status == "landed") mine.emplace(file.file.name, file.sha256);
    for (const auto& id : finished) {
      if (known_ingestions_.contains(id)) continue;
      GRISTMILL_TRY(const auto rows, transaction.query("SELECT name, sha256 FROM ingestion_files WHERE ingestion_id = "
                                                       "? AND status = 'landed'",
                                                       {id}));
      for (const auto& row : rows) {
        if (!mine.contains({meta::text(row[0]), meta::text(row[1])})) continue;
        is_overtaken_ = true;
        return Error{ErrorCode::conflict, fmt::format("{} was landed by {} meanwhile", meta::text(row[0]), id)};
      }
    }
    return {};
  }

  /// Copies every file into the warehouse with its digest, or reads it where it lies.
  Status land(const IngestTurn& turn) {
    GRISTMILL_RETURN_IF_ERROR(land_files());
    const auto is_known = [&](const IngestFile& file) {
      return file.status == "landed" && known_.contains({file.file.name, file.sha256});
    };
    if (std::ranges::none_of(files_, is_known)) return {};
    // Landed by an earlier attempt, and since then by others as well: which documents are read, and in which tasks, is
    // no longer what it was.
    GRISTMILL_RETURN_IF_ERROR(start_over(turn));
    return land_files();
  }

  /// Forgets the finished tasks of earlier attempts and removes what they made.
  Status start_over(const IngestTurn& turn) {
    const auto own = folders();
    std::vector<std::string> paths;
    for (const auto& folder : {own.data, own.index, own.quarantine, record_["storage_prefix"].as_string()}) {
      if (folder.empty()) continue;
      GRISTMILL_TRY(const auto entries, io::list_folder(folder));
      for (const auto& entry : entries) paths.push_back(entry.path);
    }
    // Without the turn another process may have committed these very files.
    if (!turn.is_held()) return unavailable("the connection to the catalog was lost, and the turn to ingest with it");
    GRISTMILL_RETURN_IF_ERROR(workspace_.database().write(
        [&](meta::Transaction& transaction) { return forget_tasks(transaction, task_id()); }));
    resumed_ = 0;
    return io::remove_files(paths);
  }

  Status land_files() {
    RunJournal journal(workspace_.database(), task_id());
    GRISTMILL_TRY(const auto done,
                  engine::run_stage({"land", static_cast<std::int64_t>(files_.size()),
                                     [&](const engine::TaskContext& context) {
                                       return land_file(files_[static_cast<std::size_t>(context.task)]);
                                     }},
                                    journal, runner_options(workspace_, options_)));
    resumed_ += done.resumed;
    std::set<std::pair<std::string, std::string>> in_batch;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      GRISTMILL_TRY(const auto json, Json::parse(done.results[i]));
      auto& file = files_[i];
      file.sha256 = json["sha256"].as_string();
      file.status = json["status"].as_string();
      file.message = json["message"].as_string();
      file.landed_path = json["path"].as_string();
      file.cuts.clear();
      for (const auto& cut : json["cuts"].items()) file.cuts.push_back(static_cast<std::uint64_t>(cut.as_int()));
      // Two roots may hold the same file under the same name: it is landed once.
      if (file.status == "landed" && !in_batch.insert({file.file.name, file.sha256}).second) file.status = "present";
    }
    return {};
  }

  Result<std::string> land_file(const IngestFile& file) const {
    auto result = Json::object();
    // Only what is wrong with the user's file is noted beside it; a fault of the warehouse fails the work.
    if (const auto readable = io::open_file(file.file.path); !readable) {
      const auto code = readable.error().code;
      if (code != ErrorCode::not_found && code != ErrorCode::denied) return readable.error();
      return result.set("status", "unreadable").set("message", readable.error().message).dump();
    }
    const auto earlier = known_.lower_bound({file.file.name, {}});
    const bool name_known = earlier != known_.end() && earlier->first.first == file.file.name;
    const auto target = fmt::format("{}/{}", record_["storage_prefix"].as_string(), landed_name(file));
    // A name that came before is hashed first: most likely nothing has changed and nothing is copied.
    const bool copies = !is_in_place();
    GRISTMILL_TRY(auto digest,
                  copies && !name_known ? copy_file(file.file.path, target) : io::file_sha256(file.file.path));
    if (known_.contains({file.file.name, digest})) {
      return result.set("sha256", digest).set("status", "present").dump();
    }
    if (copies && name_known) {
      GRISTMILL_TRY(digest, copy_file(file.file.path, target));
    }
    const auto path = copies ? target : file.file.path;
    GRISTMILL_TRY(const auto cuts, formats::split_points(path, file.file.name, split_bytes));
    auto list = Json::array();
    for (const auto cut : cuts) list.push(cut);
    return result.set("sha256", digest).set("status", "landed").set("path", path).set("cuts", std::move(list)).dump();
  }

  /// Names may collide when several roots were given (files are sorted by name): the ordinal keeps them apart.
  [[nodiscard]] std::string landed_name(const IngestFile& file) const {
    const auto name_of = [](const IngestFile& other) -> const std::string& { return other.file.name; };
    const auto same = std::ranges::equal_range(files_, file.file.name, {}, name_of);
    return same.size() > 1 ? fmt::format("{}~{}", file.file.name, file.ordinal) : file.file.name;
  }

  static Result<std::string> copy_file(const std::string& path, const std::string& target) {
    // Uploads in parts that a killed process left: some stores, MinIO too, list them by their whole key only.
    if (io::is_object(target)) {
      GRISTMILL_TRY(const auto bytes, io::file_size(path));
      if (bytes > uploaded_whole_max) GRISTMILL_RETURN_IF_ERROR(io::remove_temporaries(target));
    }
    GRISTMILL_TRY(auto source, io::open_file(path));
    GRISTMILL_TRY(auto file, io::FileWriter::create(target));
    Sha256 sha;
    std::vector<char> buffer(copy_buffer_bytes);
    while (true) {
      GRISTMILL_TRY(const auto count, source->read(buffer));
      if (count == 0) break;
      sha.update({buffer.data(), count});
      GRISTMILL_RETURN_IF_ERROR(file->write({buffer.data(), count}));
    }
    GRISTMILL_RETURN_IF_ERROR(file->publish());
    // Landed bytes are evidence: nobody should change them by accident.
    if (!io::is_object(target)) ::chmod(target.c_str(), 0444);
    return sha.hex();
  }

  /// Pieces of files, gathered to tasks of about equal size. Depends on names, sizes and contents only.
  [[nodiscard]] std::vector<engine::Split> splits() const {
    std::vector<engine::Split> splits;
    for (const auto& file : files_) {
      if (file.status != "landed") continue;
      for (std::size_t i = 0; i < file.cuts.size(); ++i) {
        formats::RawInput input{.path = file.landed_path,
                                .origin_uri = uri_of(file.file.path),
                                .name = file.file.name,
                                .sha256 = file.sha256,
                                .source = source(),
                                .begin = file.cuts[i],
                                .end = i + 1 < file.cuts.size() ? file.cuts[i + 1] : UINT64_MAX,
                                .fields = workspace_.settings().fields,
                                .limits = workspace_.settings().limits};
        const auto end = i + 1 < file.cuts.size() ? file.cuts[i + 1] : file.file.bytes;
        auto bytes = std::max<std::uint64_t>(end, file.cuts[i]) - file.cuts[i];
        if (is_compressed(file.file.name)) bytes *= compressed_weight;
        if (splits.empty() || splits.back().bytes + bytes > split_bytes) splits.emplace_back();
        splits.back().pieces.emplace_back(std::move(input));
        splits.back().bytes += bytes;
      }
    }
    return splits;
  }

  static bool is_compressed(std::string_view name) {
    constexpr std::array suffixes{".gz", ".zst", ".bz2", ".xz", ".zip", ".tgz", ".parquet"};
    return std::ranges::any_of(suffixes, [&](std::string_view suffix) { return name.ends_with(suffix); });
  }

  Result<engine::PlanResult> read_documents() {
    land_cpu_seconds_ = process_cpu_seconds() - start_cpu_seconds_;
    engine::Plan plan{.steps = &no_steps_,
                      .columns = {},
                      .splits = splits(),
                      .folders = folders(),
                      .writer = {.zstd_level = raw_zstd_level}};
    plan.ingestion_id = ingestion_id();
    data::set_arrow_limit(static_cast<std::int64_t>(memory_budget(workspace_, options_)));
    RunJournal journal(workspace_.database(), task_id());
    return engine::execute(std::move(plan), journal,
                           {runner_options(workspace_, options_), memory_budget(workspace_, options_)});
  }

  Result<Json> finish_without_documents() {
    const bool is_all_present = std::ranges::all_of(files_,
                                                    [](const IngestFile& file) { return file.status == "present"; }) &&
                                !files_.empty();
    note_unreadable();
    if (!is_all_present) {
      record_.set("status", "failed").set("completed_at", now_iso8601()).set("documents", 0).set("quarantined", 0);
    } else {
      record_.set("status", "already_present")
          .set("already_present", true)
          .set("completed_at", now_iso8601())
          .set("documents", 0)
          .set("quarantined", 0);
    }
    GRISTMILL_RETURN_IF_ERROR(
        workspace_.database().write([&](meta::Transaction& transaction) { return save(transaction); }));
    workspace_.remove_internal_folder(task_id());
    if (!is_all_present) return record_;
    // The caller gets the record under which the batch landed.
    GRISTMILL_TRY(auto original,
                  show_ingestion(workspace_, known_.at({files_.front().file.name, files_.front().sha256})));
    original.erase("files");
    return original.set("already_present", true);
  }

  void note_unreadable() {
    for (const auto& file : files_) {
      if (file.status != "unreadable") continue;
      record_.at("problems").push(Json::object({{"path", file.file.path}, {"message", file.message}}));
    }
  }

  Result<Json> commit(const engine::PlanResult& result) {
    const double began = process_cpu_seconds();
    const auto& account = result.account;
    auto quarantined = account.quarantined_total();
    note_unreadable();
    const bool is_empty = account.documents_out == 0;
    const bool has_problems = quarantined > 0 || record_["problems"].size() > 0;
    auto notes = Json::array();
    for (const auto& note : account.quarantine) {
      notes.push(Json::object({{"reason", note.reason},
                               {"message", note.message},
                               {"origin_uri", note.origin_uri},
                               {"offset", note.offset}}));
    }
    auto skipped = Json::object();
    for (const auto& [kind, count] : account.skipped) skipped.set(kind, count);
    record_
        .set("status", is_empty && account.documents_in > 0 ? "failed"
                       : has_problems                       ? "complete_with_problems"
                                                            : "complete")
        .set("completed_at", now_iso8601())
        .set("documents", account.documents_out)
        .set("records", account.documents_in)
        .set("quarantined", quarantined)
        .set("quarantine", std::move(notes))
        .set("skipped_records", std::move(skipped))
        .set("files_landed", std::ranges::count(files_, std::string_view("landed"), &IngestFile::status))
        .set("files_present", std::ranges::count(files_, std::string_view("present"), &IngestFile::status))
        .set("text_bytes", account.text_bytes_out)
        .set("content_digest", result.digest.hex())
        .set("cpu_seconds", 0.0)
        .set("parts", parts_json(result))
        .set("resumed_tasks", result.resumed + resumed_)
        .set("retries", result.retries);
    note_commit_cost(record_, process_cpu_seconds() - began);
    if (is_empty) {
      GRISTMILL_RETURN_IF_ERROR(
          workspace_.database().write([&](meta::Transaction& transaction) { return save(transaction); }));
    } else {
      GRISTMILL_RETURN_IF_ERROR(append(result, began));
    }
    workspace_.remove_internal_folder(task_id());
    return record_;
  }

  [[nodiscard]] Json parts_json(const engine::PlanResult& result) const {
    auto parts = Json::array({cost_part("start", start_cpu_seconds_),
                              cost_part("land", land_cpu_seconds_, record_["raw_size_bytes"].as_int())});
    append_plan_parts(parts, result);
    return parts;
  }

  Status append(const engine::PlanResult& result, double began_cpu_seconds) {
    GRISTMILL_RETURN_IF_ERROR(check_outputs(result));
    GRISTMILL_TRY(auto table, open_or_create(workspace_, dataset(), formats::table_columns({})));
    store::CommitRequest request{.files = {},
                                 .summary = {{"gristmill.ingestion-id", ingestion_id()},
                                             {"gristmill.documents", std::to_string(result.account.documents_out)},
                                             {"gristmill.text-bytes", std::to_string(result.account.text_bytes_out)},
                                             {"gristmill.content-digest", result.digest.hex()}},
                                 .key = ingestion_id(),
                                 .columns = {},
                                 .also = {}};
    std::vector<store::DataFile> files;
    for (const auto& file : result.files) files.push_back(store::data_file(file));
    GRISTMILL_TRY(request.files, split_by_partition(table.metadata().partition_fields(), formats::table_columns({}),
                                                    files, row_writer_threads(workspace_, options_, true)));
    request.needed_fields.assign(formats::document_fields.begin(), formats::document_fields.end());
    request.also = [&](meta::Transaction& transaction, std::int64_t snapshot) -> Status {
      GRISTMILL_RETURN_IF_ERROR(check_not_overtaken(transaction));
      record_.set("version", snapshot);
      note_commit_cost(record_, process_cpu_seconds() - began_cpu_seconds);
      return save(transaction);
    };
    GRISTMILL_TRY(const auto snapshot, table.append(request));
    remove_split_files(files, request.files);
    record_.set("version", snapshot.id);
    return {};
  }

  /// Completes the record, the files and the audit log in one transaction.
  Status save(meta::Transaction& transaction) {
    std::vector<meta::Row> rows;
    for (const auto& file : files_) {
      rows.push_back({file.sha256, file.status, file.message.empty() ? meta::Cell() : meta::Cell(file.message),
                      ingestion_id(), file.ordinal});
    }
    GRISTMILL_RETURN_IF_ERROR(transaction.execute_many(
        "UPDATE ingestion_files SET sha256 = ?, status = ?, message = ? WHERE ingestion_id = ? AND ordinal = ?", rows));
    const auto& status = record_["status"].as_string();
    const auto completed = status == "failed" ? meta::Cell() : meta::Cell(record_["completed_at"].as_string());
    auto updated = transaction.execute(
        "UPDATE ingestions SET status = ?, completed_at = ?, record = ? WHERE ingestion_id = ?",
        {status, completed, record_.dump(), ingestion_id()});
    if (!updated) return std::move(updated).error();
    // The work is over: its task records have become the ingestion's record.
    auto removed = transaction.execute("DELETE FROM tasks WHERE run_id = ?", {task_id()});
    if (!removed) return std::move(removed).error();
    return audit(transaction, "ingest.finish", ingestion_id(),
                 Json::object({{"status", status}, {"documents", record_["documents"]}}));
  }

  const Workspace& workspace_;
  const WorkOptions& options_;
  Json record_;
  std::vector<IngestFile> files_;
  std::map<std::pair<std::string, std::string>, std::string> known_;
  std::set<std::string> known_ingestions_;  ///< Those whose files are in `known_`.
  bool is_overtaken_ = false;
  std::vector<engine::Step> no_steps_;
  std::int64_t resumed_ = 0;
  double start_cpu_seconds_ = 0;
  double land_cpu_seconds_ = 0;
};

}  // namespace

Result<Json> ingest(const Workspace& workspace, const IngestRequest& request, const WorkOptions& options) {
  auto full = request;
  if (full.into.empty()) full.into = "raw/" + full.source;
  Ingestion ingestion(workspace, options);
  GRISTMILL_RETURN_IF_ERROR(ingestion.start(full));
  return ingestion.work();
}

Result<Json> resume_ingest(const Workspace& workspace, const std::string& task_id, const WorkOptions& options) {
  Ingestion ingestion(workspace, options);
  GRISTMILL_RETURN_IF_ERROR(ingestion.load(task_id));
  return ingestion.work();
}

Result<Json> list_ingestions(const Workspace& workspace) {
  auto list = Json::array();
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT record FROM ingestions ORDER BY ordinal"));
    for (const auto& row : rows) {
      GRISTMILL_TRY(auto record, Json::parse(meta::text(row[0])));
      list.push(std::move(record));
    }
    return {};
  }));
  return list;
}

Result<Json> show_ingestion(const Workspace& workspace, const std::string& id) {
  Json record;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows,
                  transaction.query("SELECT ingestion_id, record FROM ingestions WHERE ingestion_id = ? OR task_id = ?",
                                    {id, id}));
    if (rows.empty()) return not_found(fmt::format("no ingestion '{}'; `gristmill ingestions list` shows them", id));
    GRISTMILL_TRY(record, Json::parse(meta::text(rows[0][1])));
    GRISTMILL_TRY(const auto files, transaction.query("SELECT name, path, bytes, sha256, status, message FROM "
                                                      "ingestion_files WHERE ingestion_id = ? ORDER BY ordinal",
                                                      {meta::text(rows[0][0])}));
    auto list = Json::array();
    for (const auto& file : files) {
      list.push(Json::object({{"name", meta::text(file[0])},
                              {"path", meta::text(file[1])},
                              {"bytes", meta::integer(file[2])},
                              {"sha256", meta::text(file[3])},
                              {"status", meta::text(file[4])},
                              {"message", meta::text(file[5])}}));
    }
    record.set("files", std::move(list));
    return {};
  }));
  return record;
}

std::uint64_t memory_budget(const Workspace& workspace, const WorkOptions& options) {
  return options.memory_bytes != 0 ? options.memory_bytes : workspace.settings().memory_bytes;
}

engine::RunnerOptions runner_options(const Workspace& workspace, const WorkOptions& options) {
  int threads = options.threads != 0 ? options.threads : workspace.settings().threads;
  if (threads == 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return {.threads = engine::threads_within(memory_budget(workspace, options), threads),
          .progress = options.progress,
          .stop = options.stop};
}

}  // namespace gristmill::platform
