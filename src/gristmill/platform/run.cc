// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/run.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "gristmill/base/clock.h"
#include "gristmill/base/units.h"
#include "gristmill/data/memory.h"
#include "gristmill/engine/execute.h"
#include "gristmill/io/file.h"
#include "gristmill/io/lock_file.h"
#include "gristmill/observe/report.h"
#include "gristmill/ops/tokenize/bpe.h"
#include "gristmill/platform/compaction.h"
#include "gristmill/platform/cost_parts.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/id_indexes.h"
#include "gristmill/platform/input_versions.h"
#include "gristmill/platform/pipeline_file.h"
#include "gristmill/platform/run_document.h"
#include "gristmill/platform/run_journal.h"
#include "gristmill/platform/run_place.h"
#include "gristmill/platform/shared_run.h"
#include "gristmill/platform/task_outputs.h"
#include "gristmill/store/partition.h"
#include "gristmill/store/table.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t split_bytes = std::uint64_t{32} << 20;
// Those who share a run take its commit as they take its tasks.
constexpr std::string_view commit_stage = "commit";

/// An input version with what is needed to read it.
struct RunInput {
  std::string dataset;
  std::int64_t version = 0;
  std::string metadata_location;  ///< Of the table when it was looked at.
  std::vector<formats::DatasetPiece> files;
  std::int64_t records = 0;
  std::vector<data::Column> columns;
  std::map<std::string, std::string> meanings;  ///< Of its columns, by name.
};

std::int64_t peak_memory_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

/// Why a run without a single good document failed, with what was wrong with the first; of a traceback its last line.
std::string hopeless_message(const engine::Account& account) {
  std::string_view first = account.quarantine.empty() ? std::string_view() : account.quarantine.front().message;
  while (first.ends_with('\n')) first.remove_suffix(1);
  first.remove_prefix(first.rfind('\n') + 1);
  return fmt::format("every document went to quarantine; nothing was committed{}{}",
                     first.empty() ? "" : "; the first: ", first);
}

/// Status and documents of a recorded run.
struct RunRow {
  std::string run_id;
  std::string status;
  std::string started_at;
  Json plan;
  Json summary;
};

Result<RunRow> find_run(const Workspace& workspace, std::string_view column, const std::string& value) {
  RunRow run;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    const auto sql = value == "last"
                         ? std::string(
                               "SELECT run_id, status, started_at, plan, summary FROM runs WHERE ? <> '' ORDER BY "
                               "started_at DESC, run_id DESC LIMIT 1")
                         : fmt::format("SELECT run_id, status, started_at, plan, summary FROM runs WHERE {} = ?",
                                       column);
    GRISTMILL_TRY(const auto rows, transaction.query(sql, {value}));
    if (rows.empty() && value == "last") return not_found("there is no run yet: `gristmill run` makes one");
    if (rows.empty()) return not_found(fmt::format("no run '{}'; `gristmill runs list` shows them", value));
    run.run_id = meta::text(rows[0][0]);
    run.status = meta::text(rows[0][1]);
    run.started_at = meta::text(rows[0][2]);
    GRISTMILL_TRY(run.plan, Json::parse(meta::text(rows[0][3])));
    if (!meta::text(rows[0][4]).empty()) {
      GRISTMILL_TRY(run.summary, Json::parse(meta::text(rows[0][4])));
    }
    return {};
  }));
  return run;
}

/// A pipeline with everything resolved, and the run that executes it.
class PipelineRun {
 public:
  PipelineRun(const Workspace& workspace, const WorkOptions& options)
      : workspace_(workspace),
        options_(options),
        is_shared_(options.is_shared || options.leaves_work || !workspace.settings().catalog_url.empty()) {}

  /// Resolves a new run: fixed input versions, operators, columns, fingerprint. Changes nothing.
  Status prepare(const RunRequest& request) {
    GRISTMILL_TRY(pipeline_, load_pipeline(request.pipeline, request.settings));
    GRISTMILL_TRY(steps_, make_steps(pipeline_));
    GRISTMILL_RETURN_IF_ERROR(check_tokens());
    for (const auto& selector : pipeline_.inputs) {
      GRISTMILL_TRY(auto input, open_input(selector));
      inputs_.push_back(std::move(input));
    }
    std::vector<data::Column> columns;
    for (const auto& input : inputs_) {
      for (const auto& column : input.columns) {
        const auto found = std::ranges::find(columns, column.name, &data::Column::name);
        if (found == columns.end()) {
          columns.push_back(column);
        } else if (found->type != column.type) {
          return invalid_argument(fmt::format("the inputs hold the column '{}' with different types", column.name));
        }
      }
    }
    GRISTMILL_RETURN_IF_ERROR(resolve_columns(std::move(columns)));
    GRISTMILL_RETURN_IF_ERROR(assign_field_ids());
    if (!pipeline_.partition_by.empty()) {
      const auto fields = store::parse_partition(pipeline_.partition_by, formats::table_columns(columns_));
      if (!fields) return Error(fields.error()).within(pipeline_.path + ": partition_by");
    }
    fingerprint_ = platform::fingerprint(pipeline_, steps_);
    return {};
  }

  Status insert(const std::string& idempotency_key) {
    run_id_ = make_id("run");
    started_at_ = now_iso8601();
    if (is_shared_) GRISTMILL_RETURN_IF_ERROR(prepare_place());
    auto noted = workspace_.database().write([&](meta::Transaction& transaction) -> Status {
      auto inserted = transaction.execute(
          "INSERT INTO runs (run_id, pipeline, fingerprint, idempotency_key, status, started_at, plan) VALUES (?, ?, "
          "?, ?, 'running', ?, ?)",
          {run_id_, pipeline_.name, fingerprint_, idempotency_key.empty() ? meta::Cell() : meta::Cell(idempotency_key),
           started_at_, plan_json().dump()});
      if (!inserted) return std::move(inserted).error();
      for (const auto& input : inputs_)
        GRISTMILL_RETURN_IF_ERROR(
            check_version_stayed(workspace_, transaction, input.dataset, input.version, input.metadata_location));
      return audit(transaction, "run.start", run_id_,
                   Json::object({{"pipeline", pipeline_.name}, {"fingerprint", fingerprint_}}));
    });
    if (!noted && noted.error().code != ErrorCode::unavailable) workspace_.remove_internal_folder(run_id_);
    return noted;
  }

  /// Takes up a recorded run: the same inputs, columns and options, whatever has changed in the files since.
  Status load(const std::string& run_id, const Json& plan, const std::string& started_at) {
    run_id_ = run_id;
    started_at_ = started_at;
    pipeline_ = pipeline_from_json(plan["pipeline"]);
    GRISTMILL_TRY(steps_, make_steps(pipeline_));
    fingerprint_ = platform::fingerprint(pipeline_, steps_);
    if (fingerprint_ != plan["fingerprint"].as_string()) {
      return invalid_argument(fmt::format(
          "{} cannot go on: an operator's version or a model file has changed since it began; start a new run",
          run_id));
    }
    is_shared_ = plan["shared"].as_bool();
    for (const auto& item : plan["inputs"].items()) {
      GRISTMILL_TRY(auto input,
                    open_input(fmt::format("{}@{}", item["dataset"].as_string(), item["version"].as_int())));
      inputs_.push_back(std::move(input));
    }
    for (const auto& item : plan["columns"].items()) {
      columns_.push_back({item["name"].as_string(), static_cast<data::ColumnType>(item["type"].as_int()),
                          static_cast<int>(item["field_id"].as_int())});
    }
    return {};
  }

  /// Executes and commits. The caller holds the run's lock unless it is shared: then others may do the same at the same
  /// time, and one of them commits.
  Result<Json> work() {
    auto done = is_shared_ ? work_together() : work_alone();
    if (done || is_recorded_) return done;
    if (is_shared_) {
      // It may have come to its end elsewhere, which is what this process then sees of it.
      const auto now = find_run(workspace_, "run_id", run_id_);
      if (now && (now->status == "done" || now->status == "alerts")) {
        workspace_.remove_internal_folder(run_id_);  // This process may have begun it anew.
        return now->summary;
      }
      if (now && now->status != "running" && done.error().code == ErrorCode::conflict)
        return Error{ErrorCode::internal, fmt::format("{} has ended elsewhere: it is {}: {}", run_id_, now->status,
                                                      now->summary["error"].as_string())};
      if (is_worker_ && !dooms_run(done.error().code)) return done;
    }
    const auto noted = note_failure(done.error());
    auto error = std::move(done).error();
    // A database that is away cannot be told; the run can be taken up all the same.
    if (!noted && error.code != ErrorCode::unavailable) return noted.error();
    if (error.code == ErrorCode::interrupted || error.code == ErrorCode::unavailable || error.code == ErrorCode::denied)
      error.message += fmt::format("; go on with `gristmill run --resume {}`", run_id_);
    return error;
  }

  /// This process takes part in a run that another one leads: its own troubles are not the run's.
  void be_worker() { is_worker_ = true; }
  [[nodiscard]] bool is_shared() const { return is_shared_; }
  /// Tasks of a shared run that this process did.
  [[nodiscard]] std::int64_t tasks_done() const { return board_ ? board_->recorded() : 0; }

  [[nodiscard]] Json dry_run() const {
    const auto plan = make_plan();
    auto stages = Json::array();
    for (const auto& name : engine::stage_names(steps_, !pipeline_.tokens_into.empty())) stages.push(name);
    auto json = plan_json();
    json.set("stages", std::move(stages));
    json.set("splits", plan ? plan->splits.size() : 0);
    return json;
  }

  [[nodiscard]] const std::string& run_id() const { return run_id_; }
  [[nodiscard]] const std::string& pipeline_name() const { return pipeline_.name; }

 private:
  [[nodiscard]] std::uint64_t memory() const {
    if (options_.memory_bytes != 0) return options_.memory_bytes;
    return pipeline_.memory_bytes != 0 ? pipeline_.memory_bytes : workspace_.settings().memory_bytes;
  }

  /// Whether a failure would be the same on any machine.
  static bool dooms_run(ErrorCode code) {
    return code == ErrorCode::internal || code == ErrorCode::corrupt_data || code == ErrorCode::invalid_argument;
  }

  static Status remove_temporaries(const engine::Folders& folders) {
    for (const auto& folder : {folders.data, folders.index, folders.quarantine, folders.tokens}) {
      if (!folder.empty()) GRISTMILL_RETURN_IF_ERROR(io::remove_temporaries(folder));
    }
    return {};
  }

  Result<Json> work_alone() {
    GRISTMILL_RETURN_IF_ERROR(forget_lost_tasks(workspace_.database(), run_id_));
    GRISTMILL_TRY(auto plan, make_plan());
    GRISTMILL_RETURN_IF_ERROR(remove_temporaries(plan.folders));
    RunJournal journal(workspace_.database(), run_id_);
    return execute(std::move(plan), journal);
  }

  Result<Json> work_together() {
    GRISTMILL_TRY(auto plan, make_plan());
    folders_ = plan.folders;
    GRISTMILL_RETURN_IF_ERROR(io::create_folders(plan.folders.scratch));
    board_ = std::make_unique<SharedRunJournal>(workspace_.database(), run_id_,
                                                std::chrono::seconds(workspace_.settings().lease_seconds));
    GRISTMILL_RETURN_IF_ERROR(board_->release_dead());
    return execute(std::move(plan), *board_);
  }

  /// Waits until this process is the one to commit; an error once another has.
  Status await_commit() {
    const std::string stage(commit_stage);
    GRISTMILL_RETURN_IF_ERROR(board_->open_stage(stage, 1));
    while (true) {
      GRISTMILL_TRY(const auto claims, board_->claim(stage, 1));
      if (!claims.empty()) {
        commit_claim_ = claims.front();
        // What killed workers left; one that still writes is too late anyway.
        return remove_temporaries(folders_);
      }
      GRISTMILL_TRY([[maybe_unused]] const auto count, board_->finished_count(stage));
      if (options_.stop && options_.stop->load())
        return Error{ErrorCode::interrupted, "stopped while another process commits"};
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  Result<Json> execute(engine::Plan plan, engine::Journal& journal) {
    const auto began = std::chrono::steady_clock::now();
    data::set_arrow_limit(static_cast<std::int64_t>(memory()));
    auto options = options_;
    options.memory_bytes = memory();
    auto runner = runner_options(workspace_, options);
    if (options_.leaves_work) runner.threads = 0;
    const double start_cpu_seconds = process_cpu_seconds();
    GRISTMILL_TRY(const auto result, engine::execute(std::move(plan), journal, {runner, memory()}));
    if (is_shared_) GRISTMILL_RETURN_IF_ERROR(await_commit());
    RunFacts facts{.run_id = run_id_,
                   .pipeline = &pipeline_,
                   .steps = &steps_,
                   .columns = &columns_,
                   .fingerprint = fingerprint_,
                   .started_at = started_at_,
                   .result = &result};
    facts.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    facts.start_cpu_seconds = start_cpu_seconds;
    facts.peak_memory_bytes = peak_memory_bytes();
    facts.threads = runner.threads;
    facts.memory_bytes = memory();
    for (const auto& input : inputs_) facts.inputs.push_back({input.dataset, input.version, input.records});
    return finish(facts, result);
  }

  /// In the transaction that ends the run: nothing of its tasks stays. Of those who share it, only one may end it.
  Status end_tasks(meta::Transaction& transaction) const {
    return is_shared_ ? board_->close(transaction, std::string(commit_stage), commit_claim_)
                      : forget_tasks(transaction, run_id_);
  }

  [[nodiscard]] const ops::TokenizeBpe* tokenizer() const {
    const ops::TokenizeBpe* found = nullptr;
    for (const auto& step : steps_) {
      if (const auto* op = dynamic_cast<const ops::TokenizeBpe*>(step.op.get())) found = op;
    }
    return found;
  }

  Status check_tokens() const {
    if (pipeline_.tokens_into.empty() || tokenizer() != nullptr) return {};
    return invalid_argument(
        fmt::format("{}: `tokens` is asked for, but no step makes tokens: add tokenize.bpe", pipeline_.path));
  }

  Result<RunInput> open_input(const std::string& selector) const {
    GRISTMILL_TRY(const auto chosen, select_version(workspace_, selector));
    const auto& [table, snapshot] = chosen;
    RunInput input{
        .dataset = table.name().text(), .version = snapshot.id, .metadata_location = table.metadata_location()};
    GRISTMILL_TRY(input.columns, operator_columns(table, snapshot));
    GRISTMILL_TRY(const auto described, table.columns_at(snapshot));
    for (const auto& column : described) input.meanings.emplace(column.name, column.doc);
    GRISTMILL_TRY(const auto files, scan_in_order(table, snapshot));
    GRISTMILL_TRY(auto opener, VersionFiles::of(table, snapshot));
    for (const auto& file : files) {
      GRISTMILL_TRY(auto piece, opener.piece(file));
      input.records += file.records - static_cast<std::int64_t>(piece.view->deleted_rows.size());
      input.files.push_back(std::move(piece));
    }
    // Ids belong to a table: the output gives its own.
    for (auto& column : input.columns) column.field_id = 0;
    return input;
  }

  Status resolve_columns(std::vector<data::Column> input_columns) {
    std::size_t failed = 0;
    auto columns = engine::pipeline_columns(steps_, std::move(input_columns), failed);
    if (!columns) {
      const auto& step = pipeline_.steps[failed];
      return std::move(columns).error().within(
          fmt::format("{}, line {}, column {}", pipeline_.path, step.line, step.column));
    }
    columns_ = *std::move(columns);
    return {};
  }

  /// Columns get the ids under which the output table knows them, or will know them once this run commits.
  Status assign_field_ids() {
    auto table_columns = formats::table_columns(columns_);
    store::Catalog catalog(workspace_.database());
    GRISTMILL_TRY(const auto name, store::TableName::parse(pipeline_.output));
    const auto table = store::Table::load(catalog, name);
    if (table) {
      GRISTMILL_RETURN_IF_ERROR(table->check_writable());
      table_columns = table->assign_field_ids(std::move(table_columns));
      GRISTMILL_RETURN_IF_ERROR(check_document_columns(pipeline_.output, table_columns));
    } else if (table.error().code != ErrorCode::not_found) {
      return table.error();
    }
    const auto origin_count = table_columns.size() - columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].field_id = table_columns[origin_count + i].field_id;
    return {};
  }

  /// Before anybody can know of the run: who then finds it finds its place too.
  Status prepare_place() {
    place_ = new_run_place(workspace_);
    GRISTMILL_RETURN_IF_ERROR(mark_run_place(workspace_, run_id_, place_));
    return copy_step_files(workspace_, run_id_, pipeline_);
  }

  [[nodiscard]] Json plan_json() const {
    auto inputs = Json::array();
    for (const auto& input : inputs_) {
      inputs.push(Json::object({{"dataset", input.dataset}, {"version", input.version}, {"documents", input.records}}));
    }
    auto columns = Json::array();
    for (const auto& column : columns_) {
      columns.push(Json::object(
          {{"name", column.name}, {"type", static_cast<int>(column.type)}, {"field_id", column.field_id}}));
    }
    return Json::object({{"pipeline", to_json(pipeline_)},
                         {"fingerprint", fingerprint_},
                         {"inputs", std::move(inputs)},
                         {"columns", std::move(columns)},
                         {"shared", is_shared_},
                         {"place", place_}});
  }

  /// Row groups of the input files, in order, gathered to splits of about equal size.
  Result<engine::Plan> make_plan() const {
    engine::Plan plan{.steps = &steps_, .columns = columns_};
    for (const auto& input : inputs_) {
      for (const auto& file : input.files) {
        GRISTMILL_TRY(const auto groups, formats::dataset_row_groups(file.path));
        for (int group = 0; group < static_cast<int>(groups.size()); ++group) {
          const auto bytes = static_cast<std::uint64_t>(groups[static_cast<std::size_t>(group)].bytes);
          if (plan.splits.empty() || plan.splits.back().bytes + bytes > split_bytes) plan.splits.emplace_back();
          add_group(plan.splits.back(), {file.path, group, group + 1, file.view});
          plan.splits.back().bytes += bytes;
        }
      }
    }
    const auto table = workspace_.table_folder(pipeline_.output);
    plan.folders = {.internal = is_shared_ ? workspace_.exchange_folder(run_id_) : workspace_.internal_folder(run_id_),
                    .scratch = workspace_.internal_folder(run_id_),
                    .data = fmt::format("{}/data/{}", table, run_id_),
                    .index = index_folder(table, run_id_),
                    .quarantine = workspace_.quarantine_folder(run_id_),
                    .tokens = {}};
    if (!pipeline_.tokens_into.empty()) {
      plan.folders.tokens = fmt::format("{}/shards/{}", workspace_.table_folder(pipeline_.tokens_into), run_id_);
      plan.shard_prefix = fs::path(pipeline_.tokens_into).filename().string();
      plan.shard_tokens = pipeline_.shard_tokens;
      plan.tokenizer_digest = tokenizer()->tokenizer_digest();
      plan.vocabulary_size = tokenizer()->vocabulary_size();
    }
    return plan;
  }

  static void add_group(engine::Split& split, formats::DatasetPiece group) {
    if (!split.pieces.empty()) {
      auto& last = std::get<formats::DatasetPiece>(split.pieces.back());
      if (last.path == group.path && last.row_group_end == group.row_group_begin) {
        last.row_group_end = group.row_group_end;
        return;
      }
    }
    split.pieces.emplace_back(std::move(group));
  }

  Status note_failure(const Error& error) {
    const auto status = error.code == ErrorCode::interrupted ? "interrupted" : "failed";
    auto document = Json::object({{"run_id", run_id_},
                                  {"pipeline", pipeline_.name},
                                  {"status", status},
                                  {"fingerprint", fingerprint_},
                                  {"started_at", started_at_},
                                  {"finished_at", now_iso8601()},
                                  {"error", error.message}});
    return workspace_.database().write(
        [&](meta::Transaction& transaction) -> Status { return save(transaction, document); });
  }

  Status save(meta::Transaction& transaction, const Json& document) const {
    auto updated = transaction.execute(
        "UPDATE runs SET status = ?, finished_at = ?, summary = ? WHERE run_id = ?",
        {document["status"].as_string(), document["finished_at"].as_string(), document.dump(), run_id_});
    if (!updated) return std::move(updated).error();
    return audit(transaction, "run.finish", run_id_,
                 Json::object({{"status", document["status"]}, {"documents", document["documents"]}}));
  }

  Result<Json> finish(const RunFacts& facts, const engine::PlanResult& result) {
    const double began = process_cpu_seconds();
    auto document = run_document(facts);
    document.set("report", workspace_.report_path(run_id_));
    const auto& account = result.account;
    const bool is_hopeless = account.documents_in > 0 && account.quarantined_total() == account.documents_in;
    if (is_hopeless) {
      document.set("status", "failed").set("error", hopeless_message(account));
      GRISTMILL_RETURN_IF_ERROR(workspace_.database().write([&](meta::Transaction& transaction) {
        const auto ended = is_shared_ ? end_tasks(transaction) : Status();
        return ended ? save(transaction, document) : ended;
      }));
    } else {
      GRISTMILL_RETURN_IF_ERROR(commit(document, result, began));
    }
    is_recorded_ = true;
    if (auto written = write_report(workspace_, document); !written) return without_report(std::move(written).error());
    workspace_.remove_internal_folder(run_id_);
    // What stays now is swept another time.
    if (is_shared_) (void)sweep_run_places(workspace_);
    return document;
  }

  /// What the run did is recorded and stays: only its report is owed.
  [[nodiscard]] Error without_report(Error error) const {
    error.message = fmt::format(
        "{} is recorded, but its report could not be written: {}; `gristmill run --resume {}` "
        "writes it",
        run_id_, error.message, run_id_);
    return error;
  }

  /// One Iceberg commit publishes the version; run state, token set and audit entry ride in its transaction.
  Status commit(Json& document, const engine::PlanResult& result, double began_cpu_seconds) {
    auto columns = formats::table_columns(columns_);
    // They mean what the operators say that write them, else what they mean in the input.
    auto meanings = engine::column_meanings(steps_);
    for (const auto& input : inputs_) meanings.insert(input.meanings.begin(), input.meanings.end());
    explain_columns(columns, meanings);
    GRISTMILL_RETURN_IF_ERROR(check_outputs(result));
    GRISTMILL_TRY(auto table, open_or_create(workspace_, pipeline_.output, columns));
    GRISTMILL_RETURN_IF_ERROR(check_field_ids(table, columns));
    store::CommitRequest request{.files = {},
                                 .summary = summary_of(result),
                                 .key = run_id_,
                                 .columns = columns,
                                 .also = {},
                                 .partition_by = pipeline_.partition_by,
                                 .branch = pipeline_.branch};
    std::vector<store::DataFile> files;
    for (const auto& file : result.files) files.push_back(store::data_file(file));
    GRISTMILL_TRY(const auto fields, partition_fields(table, columns));
    GRISTMILL_TRY(request.files,
                  split_by_partition(fields, columns, files, row_writer_threads(workspace_, options_, true)));
    request.also = [&](meta::Transaction& transaction, std::int64_t snapshot) -> Status {
      document.at("output").set("version", snapshot);
      note_commit_cost(document, process_cpu_seconds() - began_cpu_seconds);
      if (!pipeline_.tokens_into.empty()) GRISTMILL_RETURN_IF_ERROR(save_tokens(transaction, document, snapshot));
      GRISTMILL_RETURN_IF_ERROR(save(transaction, document));
      return end_tasks(transaction);
    };
    GRISTMILL_TRY(const auto snapshot, table.replace(request));
    remove_split_files(files, request.files);
    document.at("output").set("version", snapshot.id);
    return {};
  }

  /// By what the output is split: as the pipeline says, else as the table is.
  Result<std::vector<formats::PartitionField>> partition_fields(
      const store::Table& table, const std::vector<formats::TableColumn>& columns) const {
    if (pipeline_.partition_by.empty()) return table.metadata().partition_fields();
    return store::parse_partition(pipeline_.partition_by, columns);
  }

  /// The data files hold the ids that were free when the run began; another run may have given them away since.
  Status check_field_ids(const store::Table& table, const std::vector<formats::TableColumn>& columns) const {
    const auto now = table.assign_field_ids(columns);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (now[i].field_id == columns[i].field_id) continue;
      return Error{ErrorCode::conflict,
                   fmt::format("{}: another run gave column ids away while this one ran ('{}'); start the run again",
                               pipeline_.output, columns[i].name)};
    }
    return {};
  }

  [[nodiscard]] store::Summary summary_of(const engine::PlanResult& result) const {
    return {{"gristmill.run-id", run_id_},
            {"gristmill.fingerprint", fingerprint_},
            {"gristmill.pipeline", pipeline_.name},
            {"gristmill.documents", std::to_string(result.account.documents_out)},
            {"gristmill.text-bytes", std::to_string(result.account.text_bytes_out)},
            {"gristmill.tokens", std::to_string(result.account.tokens)},
            {"gristmill.content-digest", result.digest.hex()}};
  }

  Status save_tokens(meta::Transaction& transaction, const Json& document, std::int64_t snapshot) const {
    auto inserted = transaction.execute(
        "INSERT INTO token_sets (dataset, run_id, created_at, source_dataset, source_version, contents) VALUES (?, ?, "
        "?, ?, ?, ?)",
        {pipeline_.tokens_into, run_id_, now_iso8601(), pipeline_.output, snapshot, document["tokens"].dump()});
    return inserted ? Status() : Status(std::move(inserted).error());
  }

  const Workspace& workspace_;
  WorkOptions options_;
  bool is_shared_ = false;
  bool is_worker_ = false;
  bool is_recorded_ = false;  ///< Its end, for good or ill, is in the database.
  std::unique_ptr<SharedRunJournal> board_;
  engine::TaskClaim commit_claim_;
  Json place_;
  engine::Folders folders_;
  Pipeline pipeline_;
  std::vector<engine::Step> steps_;
  std::vector<RunInput> inputs_;
  std::vector<data::Column> columns_;
  std::string fingerprint_;
  std::string run_id_;
  std::string started_at_;
};

/// A run that had stopped is open to workers again.
Status reopen(const Workspace& workspace, const std::string& run_id) {
  return workspace.database().write([&](meta::Transaction& transaction) -> Status {
    const auto done = transaction.execute(
        "UPDATE runs SET status = 'running' WHERE run_id = ? AND status IN ('failed', "
        "'interrupted')",
        {run_id});
    return done ? Status() : Status(done.error());
  });
}

Result<Json> go_on(const Workspace& workspace, const std::string& run_id, const WorkOptions& options) {
  GRISTMILL_TRY(auto found, find_run(workspace, "run_id", run_id));
  std::unique_ptr<io::LockFile> lock;
  if (!found.plan["shared"].as_bool()) {
    GRISTMILL_TRY(lock, io::LockFile::acquire(workspace.internal_folder(run_id) + "/lock"));
    // Read under the lock: another process may have finished it just now.
    GRISTMILL_TRY(found, find_run(workspace, "run_id", run_id));
  }
  if (found.status == "done" || found.status == "alerts") {
    // Killed between its commit and its last steps, a run still owes its report.
    GRISTMILL_TRY(const auto report, io::find_file(workspace.report_path(run_id)));
    if (!report) {
      const auto written = write_report(workspace, found.summary);
      // Others who resume it at the same time may have written it, and tidied up the folder of our draft.
      GRISTMILL_TRY(const auto by_others, io::find_file(workspace.report_path(run_id)));
      if (!written && !by_others) return written.error();
    }
    workspace.remove_internal_folder(run_id);
    return found.summary;
  }
  if (found.plan["shared"].as_bool()) {
    if (found.status != "running")
      GRISTMILL_RETURN_IF_ERROR(forget_lost_tasks_if_stopped(workspace.database(), run_id));
    GRISTMILL_RETURN_IF_ERROR(reopen_run_place(workspace, run_id, found.plan["place"]));
  }
  PipelineRun run(workspace, options);
  GRISTMILL_RETURN_IF_ERROR(run.load(found.run_id, found.plan, found.started_at));
  if (run.is_shared() && found.status != "running") GRISTMILL_RETURN_IF_ERROR(reopen(workspace, run_id));
  return run.work();
}

/// Takes part in one run until it ends; what became of it, and how many tasks were done here.
Result<Json> help_with(const Workspace& workspace, const std::string& run_id, const WorkOptions& options) {
  GRISTMILL_TRY(const auto found, find_run(workspace, "run_id", run_id));
  auto report = Json::object({{"run_id", found.run_id}, {"status", found.status}, {"tasks", 0}});
  if (found.status != "running") return report;
  if (!found.plan["shared"].as_bool())
    return invalid_argument(fmt::format("{} is not shared: begin it with `gristmill run --share`", run_id));
  const auto as_failed = [&](const Error& error) {
    // It may have ended this moment, and its files are gone.
    const auto now = find_run(workspace, "run_id", run_id);
    if (now && now->status != "running") return report.set("status", now->status);
    return report.set("error", error.message).set("code", to_string(error.code));
  };
  if (const auto placed = check_run_place(workspace, run_id, found.plan["place"]); !placed)
    return as_failed(placed.error());
  PipelineRun run(workspace, options);
  run.be_worker();
  if (const auto loaded = run.load(found.run_id, found.plan, found.started_at); !loaded)
    return as_failed(loaded.error());
  auto done = run.work();
  report.set("tasks", run.tasks_done());
  if (done) return report.set("status", (*done)["status"]);
  if (done.error().code == ErrorCode::interrupted) return std::move(done).error();
  return report.set("error", done.error().message).set("code", to_string(done.error().code));
}

}  // namespace

Result<Json> work_on_runs(const Workspace& workspace, const WorkerRequest& request, const WorkOptions& options) {
  auto reports = Json::array();
  if (!request.run_id.empty()) {
    GRISTMILL_TRY(auto report, help_with(workspace, request.run_id, options));
    reports.push(std::move(report));
    return reports;
  }
  std::set<std::string> left;  // Runs that this machine cannot help with.
  while (!(options.stop && options.stop->load())) {
    GRISTMILL_TRY(auto ids, open_shared_runs(workspace.database()));
    std::erase_if(ids, [&](const std::string& id) { return left.contains(id); });
    if (ids.empty()) {
      if (request.is_until_idle) return reports;
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
      continue;
    }
    GRISTMILL_TRY(auto report, help_with(workspace, ids.front(), options));
    if (report.contains("error")) left.insert(ids.front());
    reports.push(std::move(report));
  }
  return Error{ErrorCode::interrupted, "stopped; tasks in hand were given back"};
}

Result<Json> run_pipeline(const Workspace& workspace, const RunRequest& request, const WorkOptions& options) {
  if (!request.idempotency_key.empty()) {
    const auto known = find_run(workspace, "idempotency_key", request.idempotency_key);
    if (known) return go_on(workspace, known->run_id, options);
    if (known.error().code != ErrorCode::not_found) return known.error();
  }
  PipelineRun run(workspace, options);
  GRISTMILL_RETURN_IF_ERROR(run.prepare(request));
  GRISTMILL_RETURN_IF_ERROR(run.insert(request.idempotency_key));
  if (request.is_detached)
    return Json::object({{"run_id", run.run_id()}, {"status", "running"}, {"pipeline", run.pipeline_name()}});
  if (run.is_shared()) return run.work();
  GRISTMILL_TRY(const auto lock, io::LockFile::acquire(workspace.internal_folder(run.run_id()) + "/lock"));
  if (request.started) request.started(run.run_id());
  return run.work();
}

Result<Json> resume_run(const Workspace& workspace, const std::string& run_id, const WorkOptions& options) {
  GRISTMILL_TRY(const auto found, find_run(workspace, "run_id", run_id));
  return go_on(workspace, found.run_id, options);
}

Result<Json> plan_pipeline(const Workspace& workspace, const RunRequest& request) {
  PipelineRun run(workspace, {});
  GRISTMILL_RETURN_IF_ERROR(run.prepare(request));
  return run.dry_run();
}

Result<Json> list_runs(const Workspace& workspace) {
  auto list = Json::array();
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT run_id, pipeline, status, started_at, finished_at, "
                                                     "summary FROM runs ORDER BY started_at DESC, run_id DESC"));
    for (const auto& row : rows) {
      auto item = Json::object({{"run_id", meta::text(row[0])},
                                {"pipeline", meta::text(row[1])},
                                {"status", meta::text(row[2])},
                                {"started_at", meta::text(row[3])},
                                {"finished_at", meta::text(row[4])}});
      if (!meta::text(row[5]).empty()) {
        GRISTMILL_TRY(const auto summary, Json::parse(meta::text(row[5])));
        for (const auto* key : {"documents", "output", "wall_seconds", "cpu_seconds"}) item.set(key, summary[key]);
      }
      list.push(std::move(item));
    }
    return {};
  }));
  return list;
}

Result<Json> show_run(const Workspace& workspace, const std::string& run_id) {
  GRISTMILL_TRY(auto found, find_run(workspace, "run_id", run_id));
  if (found.summary.is_null()) {
    return Json::object({{"run_id", found.run_id},
                         {"pipeline", found.plan["pipeline"]["name"]},
                         {"status", found.status},
                         {"started_at", found.started_at},
                         {"fingerprint", found.plan["fingerprint"]},
                         {"inputs", found.plan["inputs"]}});
  }
  return found.summary;
}

}  // namespace gristmill::platform
