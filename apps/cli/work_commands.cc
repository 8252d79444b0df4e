// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "gristmill/base/units.h"
#include "gristmill/platform/ingest.h"
#include "gristmill/platform/run.h"
#include "gristmill/platform/trace.h"
#include "run_text.h"
#include "session.h"

namespace gristmill::cli {
namespace {

/// Threads and memory as given on the command line.
struct ResourceWords {
  int threads = 0;
  std::string memory;

  void add_to(CLI::App& command) {
    command.add_option("--threads", threads, "Threads (default: the workspace's setting, all cores)")
        ->check(CLI::Range(1, 4096));
    command.add_option("--memory", memory, "Memory budget, as 512MiB (default: the pipeline's or workspace's)");
  }
  Result<platform::WorkOptions> options(engine::Progress& progress) const {
    platform::WorkOptions options{.threads = threads, .progress = &progress, .stop = &stop_requested};
    if (!memory.empty()) {
      GRISTMILL_TRY(options.memory_bytes, parse_size(memory));
    }
    return options;
  }
};

std::string ingestion_text(const Json& record) {
  std::string out;
  const auto& status = record["status"].as_string();
  if (record["already_present"].as_bool())
    out += "Already present: this batch landed before and nothing was doubled.\n";
  auto brief = Json::object({{"ingestion", record["ingestion_id"]},
                             {"status", status},
                             {"dataset", record["dataset"]},
                             {"version", record["version"]},
                             {"files", record["raw_file_count"]},
                             {"bytes", format_size(record["raw_size_bytes"].as_double())},
                             {"documents", record["documents"]},
                             {"quarantined", record["quarantined"]},
                             {"licence", record["license"]}});
  out += fields(brief);
  for (const auto& problem : record["problems"].items())
    out += fmt::format("problem: {}: {}\n", problem["path"].as_string(), problem["message"].as_string());
  constexpr std::size_t shown_max = 10;
  const auto& notes = record["quarantine"].items();
  for (std::size_t i = 0; i < std::min(shown_max, notes.size()); ++i) {
    out += fmt::format("quarantined: {} ({})\n", one_line(notes[i]["message"].as_string()),
                       notes[i]["reason"].as_string());
  }
  if (notes.size() > shown_max)
    out += fmt::format("quarantined: ... {} more; `gristmill ingestions show {} --json` lists them\n",
                       notes.size() - shown_max, record["ingestion_id"].as_string());
  return out;
}

/// Exit code of an ingestion that ran to its end.
int ingestion_exit(const platform::Workspace& workspace, const Json& record) {
  if (record["status"].as_string() == "failed") return 1;
  if (record["problems"].size() > 0) return 4;
  const auto records = record["records"].as_double();
  return records > 0 && record["quarantined"].as_double() > workspace.settings().quarantine_limit * records ? 4 : 0;
}

/// Says what this call claims otherwise than the ingestion that landed the batch: its record does not change.
void tell_differences(const CLI::App& command, const Json& record) {
  for (const std::string name : {"license", "owner", "sensitivity"}) {
    const auto claim = command["--" + name]->as<std::string>();
    const auto& noted = record[name].as_string();
    if (command.count("--" + name) == 0 || claim == noted) continue;
    Session::warn(fmt::format("{} '{}' is not noted: the batch landed before with '{}', and its record stays", name,
                              claim, noted));
  }
}

void add_ingest(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("ingest", "Land files or trees as one ingestion");
  command->footer(
      "Example: gristmill ingest crawl/ notes.jsonl --source web --license CC-BY-4.0 --owner data-team\nThe same batch "
      "again lands nothing twice.");
  auto request = std::make_shared<platform::IngestRequest>();
  auto words = std::make_shared<ResourceWords>();
  auto task = std::make_shared<std::string>();
  command->add_option("paths", request->paths, "Files, folders and s3://BUCKET/PREFIX");
  command->add_option("--source", request->source, "Name of the origin");
  command->add_option("--license", request->license, "SPDX id, Unknown or Proprietary (default: Unknown)");
  command->add_option("--evidence", request->license_evidence, "Where the licence claim comes from (a URL or file)");
  command->add_option("--owner", request->owner, "Who answers for it");
  command->add_option("--sensitivity", request->sensitivity,
                      "public, internal, confidential or restricted (default: public)");
  command->add_option("--into", request->into, "Dataset (default: raw/SOURCE)");
  command->add_flag("--in-place", request->is_in_place, "Leave the files where they are; remember their digests");
  command->add_option("--resume", *task, "Take up an unfinished ingestion by its task id");
  words->add_to(*command);
  command->callback([&session, command, request, words, task] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      engine::Progress progress;
      GRISTMILL_TRY(auto options, words->options(progress));
      // On a terminal the display of progress says it.
      if (::isatty(STDERR_FILENO) == 0) options.tell = [&session](const std::string& line) { session.say(line); };
      if (task->empty() && (request->paths.empty() || request->source.empty())) {
        return invalid_argument("say what and from where: gristmill ingest PATH... --source NAME --license ID");
      }
      const ProgressDisplay display(session, progress);
      GRISTMILL_TRY(const auto record, task->empty() ? platform::ingest(workspace, *request, options)
                                                     : platform::resume_ingest(workspace, *task, options));
      session.show(record, ingestion_text);
      if (record["already_present"].as_bool() && task->empty()) tell_differences(*command, record);
      session.exit_code = ingestion_exit(workspace, record);
      return {};
    });
  });
}

void add_ingestions(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("ingestions", "The ingestion records");
  command->require_subcommand(1);
  auto* list = command->add_subcommand("list", "One line an ingestion, oldest first");
  list->footer("Example: gristmill ingestions list --json");
  list->callback([&session] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto records, platform::list_ingestions(workspace));
      session.show(records, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"INGESTION", "TASK", "SOURCE", "DATASET", "STATUS", "FILES",
                                                    "DOCUMENTS", "QUARANTINED", "LICENCE", "STARTED"}};
        for (const auto& item : json.items()) {
          rows.push_back({plain(item["ingestion_id"]), plain(item["task_id"]), plain(item["source"]),
                          plain(item["dataset"]), plain(item["status"]), plain(item["raw_file_count"]),
                          plain(item["documents"]), plain(item["quarantined"]), plain(item["license"]),
                          plain(item["started_at"])});
        }
        return table(rows);
      });
      return {};
    });
  });
  auto* show = command->add_subcommand("show", "One record whole, with its files");
  show->footer("Example: gristmill ingestions show ing-3f2a...");
  auto id = std::make_shared<std::string>();
  show->add_option("id", *id, "Ingestion or task id")->required();
  show->callback([&session, id] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto record, platform::show_ingestion(workspace, *id));
      session.show(record, [](const Json& json) {
        auto brief = json;
        for (const auto* key : {"files", "problems", "quarantine"}) brief.erase(key);
        brief.set("parts", parts_text(json) + " CPU s");
        std::vector<std::vector<std::string>> rows{{"FILE", "BYTES", "STATUS", "SHA-256"}};
        for (const auto& file : json["files"].items())
          rows.push_back({plain(file["name"]), plain(file["bytes"]), plain(file["status"]), plain(file["sha256"])});
        return fields(brief) + "\n" + table(rows);
      });
      return {};
    });
  });
}

/// Examples are for the report; the document on stdout stays small enough to read.
Json without_examples(Json run) {
  auto operators = Json::array();
  for (auto item : run["operators"].items()) {
    item.erase("examples");
    operators.push(std::move(item));
  }
  run.set("operators", std::move(operators));
  run.at("reader").erase("examples");
  return run;
}

/// How a run is shared with worker processes.
struct Sharing {
  bool is_shared = false;
  bool leaves_work = false;
  bool is_detached = false;

  void add_to(CLI::App& command) {
    command.add_flag("--share", is_shared, "Let `gristmill worker` processes take part (always so with PostgreSQL)");
    command.add_flag("--coordinate-only", leaves_work, "Plan, hand out and commit; leave the tasks to workers");
    command.add_flag("--detach", is_detached, "Hand the run to workers, its commit too, and return at once");
  }
};

/// `--set` takes every word up to the next option, `run --set output=clean/web mine.yaml` the pipeline too: it is the
/// last of them, and no KEY=VALUE.
void take_pipeline(std::vector<std::string>& sets, const std::string& resumed, std::string& pipeline) {
  const bool is_named = !pipeline.empty() || !resumed.empty();
  if (is_named || sets.size() < 2 || sets.back().find('=') != std::string::npos) return;
  pipeline = sets.back();
  sets.pop_back();
}

void add_run(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("run", "Run a pipeline or recipe");
  command->footer(
      "Example: gristmill run web-to-tokens --set output=clean/web --threads 8\nAn interrupted run goes on with "
      "--resume RUN.");
  auto request = std::make_shared<platform::RunRequest>();
  auto words = std::make_shared<ResourceWords>();
  auto sets = std::make_shared<std::vector<std::string>>();
  auto resume = std::make_shared<std::string>();
  auto engine_name = std::make_shared<std::string>("local");
  auto is_dry = std::make_shared<bool>(false);
  auto sharing = std::make_shared<Sharing>();
  command->add_option("pipeline", request->pipeline, "Pipeline file or recipe name");
  command->add_option("--set", *sets, "KEY=VALUE: output, inputs, limits.*, tokens.*, or OPERATOR.PARAMETER");
  command->add_option("--resume", *resume, "Go on with an interrupted run (`last` for the newest)");
  command->add_option("--engine", *engine_name, "local")->check(CLI::IsMember({"local"}));
  command->add_flag("--dry-run", *is_dry, "Print the plan, change nothing");
  sharing->add_to(*command);
  words->add_to(*command);
  command->callback([&session, request, words, sets, resume, is_dry, sharing] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      take_pipeline(*sets, *resume, request->pipeline);
      if (request->pipeline.empty() == resume->empty())
        return invalid_argument("give a pipeline file or recipe, or --resume RUN");
      for (const auto& pair : *sets) {
        const auto sign = pair.find('=');
        if (sign == std::string::npos) return invalid_argument(fmt::format("--set {}: write KEY=VALUE", pair));
        request->settings.emplace_back(pair.substr(0, sign), pair.substr(sign + 1));
      }
      request->idempotency_key = session.idempotency_key;
      if (*is_dry) {
        GRISTMILL_TRY(const auto plan, platform::plan_pipeline(workspace, *request));
        session.show(plan, [](const Json& json) {
          std::string out = fmt::format("fingerprint: {}\nsplits: {}\n", json["fingerprint"].as_string(),
                                        json["splits"].as_int());
          for (const auto& input : json["inputs"].items())
            out += fmt::format("input: {}@{} ({} documents)\n", input["dataset"].as_string(), input["version"].dump(),
                               plain(input["documents"]));
          for (const auto& stage : json["stages"].items()) out += fmt::format("stage: {}\n", stage.as_string());
          return out;
        });
        return {};
      }
      engine::Progress progress;
      GRISTMILL_TRY(auto options, words->options(progress));
      options.is_shared = sharing->is_shared || sharing->is_detached;
      options.leaves_work = sharing->leaves_work;
      request->is_detached = sharing->is_detached;
      const ProgressDisplay display(session, progress);
      GRISTMILL_TRY(const auto run, resume->empty() ? platform::run_pipeline(workspace, *request, options)
                                                    : platform::resume_run(workspace, *resume, options));
      session.show(without_examples(run), run_text);
      const auto& status = run["status"].as_string();
      if (status == "failed") fmt::print(stderr, "gristmill: {}\n", run["error"].as_string());
      session.exit_code = status == "failed" ? 1 : status == "alerts" ? 4 : 0;
      return {};
    });
  });
}

/// Exit code of a worker that could not help with some run.
int worker_exit(const Json& reports) {
  for (const auto& report : reports.items()) {
    if (!report.contains("error")) continue;
    const auto& code = report["code"].as_string();
    if (code == to_string(ErrorCode::unavailable)) return 5;
    return code == to_string(ErrorCode::invalid_argument) || code == to_string(ErrorCode::not_found) ? 2 : 1;
  }
  return 0;
}

void add_worker(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("worker", "Take part in shared runs: claim their tasks, commit what is done");
  command->footer(
      "Example: gristmill worker --threads 8\nMachines share a run through the catalog (PostgreSQL) and the warehouse: "
      "the same s3://BUCKET/PREFIX, or a\nfolder that all of them mount at the same path. Each has a workspace of its "
      "own. The tasks of a worker that\nvanishes return after `[workers] lease_seconds` of the settings.");
  auto request = std::make_shared<platform::WorkerRequest>();
  auto words = std::make_shared<ResourceWords>();
  command->add_option("--run", request->run_id, "Only this run");
  command->add_flag("--until-idle", request->is_until_idle, "End when no run is left, instead of waiting for the next");
  words->add_to(*command);
  command->callback([&session, request, words] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      engine::Progress progress;
      GRISTMILL_TRY(const auto options, words->options(progress));
      const ProgressDisplay display(session, progress);
      GRISTMILL_TRY(const auto reports, platform::work_on_runs(workspace, *request, options));
      session.show(reports, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"RUN", "STATUS", "TASKS", "ERROR"}};
        for (const auto& item : json.items())
          rows.push_back({plain(item["run_id"]), plain(item["status"]), plain(item["tasks"]), plain(item["error"])});
        return table(rows);
      });
      session.exit_code = worker_exit(reports);
      return {};
    });
  });
}

void add_runs(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("runs", "Executed runs");
  command->require_subcommand(1);
  auto* list = command->add_subcommand("list", "One line a run, newest first");
  list->footer("Example: gristmill runs list");
  list->callback([&session] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto runs, platform::list_runs(workspace));
      session.show(runs, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"RUN", "PIPELINE", "STATUS", "IN", "OUT", "CPU S", "STARTED"}};
        for (const auto& item : json.items()) {
          rows.push_back({plain(item["run_id"]), plain(item["pipeline"]), plain(item["status"]),
                          plain(item["documents"]["in"]), plain(item["documents"]["out"]), plain(item["cpu_seconds"]),
                          plain(item["started_at"])});
        }
        return table(rows);
      });
      return {};
    });
  });
  auto* show = command->add_subcommand("show", "One run: operators, counts, resources");
  show->footer("Example: gristmill runs show last");
  auto id = std::make_shared<std::string>("last");
  show->add_option("run", *id, "Run id, or `last`");
  show->callback([&session, id] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto run, platform::show_run(workspace, *id));
      session.show(run, run_text);
      return {};
    });
  });
}

void add_trace(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("trace", "From a document or token back to its origin and licence");
  command->footer("Example: gristmill trace web-00000.tokens:123456");
  auto subject = std::make_shared<std::string>();
  command->add_option("subject", *subject, "Document id, or SHARD:POSITION")->required();
  command->callback([&session, subject] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto chain, platform::trace(workspace, *subject));
      session.show(chain, [](const Json& json) {
        std::string out;
        for (const auto& [part, value] : json.members()) {
          if (!value.is_object()) continue;
          auto brief = value;
          brief.erase("operators");
          out += fmt::format("{}\n", part);
          const auto lines = fields(brief);
          for (std::size_t at = 0; at < lines.size();) {
            const auto end = lines.find('\n', at);
            out += "  " + lines.substr(at, end - at + 1);
            at = end + 1;
          }
          for (const auto& item : value["operators"].items())
            out += fmt::format("  operator: {} version {} {}\n", item["name"].as_string(), item["version"].as_int(),
                               item["options"].dump());
        }
        return out;
      });
      for (const auto& item : chain["damaged"].items()) session.warn(item["error"].as_string());
      if (chain["damaged"].size() > 0) session.exit_code = 1;
      return {};
    });
  });
}

}  // namespace

void add_work_commands(CLI::App& app, Session& session) {
  add_ingest(app, session);
  add_ingestions(app, session);
  add_run(app, session);
  add_worker(app, session);
  add_runs(app, session);
  add_trace(app, session);
}

}  // namespace gristmill::cli
