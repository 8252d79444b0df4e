// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/run_document.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "gristmill/base/clock.h"
#include "gristmill/base/units.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/observe/report.h"
#include "gristmill/platform/cost_parts.h"
#include "gristmill/platform/ingest.h"

namespace gristmill::platform {
namespace {

Json counts_json(const std::map<std::string, std::int64_t>& counts) {
  auto json = Json::object();
  for (const auto& [name, count] : counts) json.set(name, count);
  return json;
}

Json operator_json(const engine::OperatorAccount& account, const Json& options) {
  auto examples = Json::object();
  for (const auto& [reason, list] : account.examples) {
    auto items = Json::array();
    for (const auto& example : list) {
      items.push(Json::object({{"id", example.id},
                               {"origin_uri", example.origin_uri},
                               {"offset", example.offset},
                               {"text", example.text}}));
    }
    examples.set(reason, std::move(items));
  }
  auto tally = Json::object();
  for (const auto& [subject, counts] : account.tally) tally.set(subject, counts_json(counts));
  return Json::object({{"name", account.name},
                       {"version", account.version},
                       {"options", options},
                       {"in", account.in},
                       {"created", account.created},
                       {"out", account.out},
                       {"dropped", counts_json(account.dropped)},
                       {"merged", account.merged},
                       {"quarantined", account.quarantined_total()},
                       {"quarantine_reasons", counts_json(account.quarantined)},
                       {"tally", std::move(tally)},
                       {"cpu_seconds", account.cpu_seconds},
                       {"bytes_in", account.bytes_in},
                       {"bytes_out", account.bytes_out},
                       {"examples", std::move(examples)}});
}

Json log_buckets(const engine::LogHistogram& histogram) {
  auto buckets = Json::array();
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    if (histogram.counts[i] == 0) continue;
    const auto from = i == 0 ? std::int64_t{0} : std::int64_t{1} << (i - 1);
    buckets.push(Json::object({{"from", from}, {"to", std::int64_t{1} << i}, {"count", histogram.counts[i]}}));
  }
  return Json::object({{"buckets", std::move(buckets)}});
}

Json share_buckets(const engine::ShareHistogram& histogram) {
  auto buckets = Json::array();
  const auto width = 1.0 / static_cast<double>(histogram.counts.size());
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    const auto edge = [&](std::size_t position) {
      return std::round(static_cast<double>(position) * width * 100) / 100;
    };
    buckets.push(Json::object({{"from", edge(i)}, {"to", edge(i + 1)}, {"count", histogram.counts[i]}}));
  }
  return Json::object({{"buckets", std::move(buckets)}});
}

Json distributions_json(const engine::Distributions& distributions) {
  auto json = Json::object({{"text_bytes", log_buckets(distributions.text_bytes)}});
  for (const auto& [name, counts] : distributions.words) {
    auto values = Json::array();
    for (const auto& [value, count] : counts) values.push(Json::object({{"value", value}, {"count", count}}));
    json.set(name, std::move(values));
  }
  for (const auto& [name, histogram] : distributions.shares) json.set(name, share_buckets(histogram));
  for (const auto& [name, histogram] : distributions.integers) json.set(name, log_buckets(histogram));
  return json;
}

Json tokens_json(const RunFacts& facts) {
  auto shards = Json::array();
  std::uint64_t bytes = 0;
  std::uint64_t documents = 0;
  std::uint64_t tokens = 0;
  for (const auto& shard : facts.result->shards) {
    shards.push(Json::object({{"path", shard.path},
                              {"tokens", shard.tokens},
                              {"documents", shard.documents},
                              {"bytes", shard.bytes},
                              {"sha256", shard.sha256}}));
    bytes += shard.bytes;
    documents += shard.documents;
    tokens += shard.tokens;
  }
  std::string tokenizer;
  for (const auto& step : *facts.steps) {
    if (step.op->spec().name == "tokenize.bpe") tokenizer = step.options["tokenizer"].as_string();
  }
  return Json::object({{"dataset", facts.pipeline->tokens_into},
                       {"tokens", tokens},
                       {"documents", documents},
                       {"bytes", bytes},
                       {"tokenizer", tokenizer},
                       {"shards", std::move(shards)}});
}

/// Limits that were passed: the run is finished and its version committed, but somebody should look.
Json alerts_of(const RunFacts& facts) {
  auto alerts = Json::array();
  const auto& account = facts.result->account;
  const auto quarantined = account.quarantined_total();
  if (static_cast<double>(quarantined) > facts.pipeline->quarantine_limit * static_cast<double>(account.documents_in)) {
    alerts.push(Json::object(
        {{"name", "quarantine"},
         {"message", fmt::format("{} of {} documents went to quarantine, more than the limit of {:.1f}%", quarantined,
                                 account.documents_in, facts.pipeline->quarantine_limit * 100)}}));
  }
  if (account.documents_in > 0 && account.documents_out == 0) {
    alerts.push(Json::object({{"name", "nothing_kept"}, {"message", "no document passed the pipeline"}}));
  }
  return alerts;
}

/// What the run spent beside its operators. With these, all of its CPU time is named.
Json parts_json(const RunFacts& facts) {
  auto parts = Json::array({cost_part("start", facts.start_cpu_seconds)});
  append_plan_parts(parts, *facts.result);
  return parts;
}

}  // namespace

Json run_document(const RunFacts& facts) {
  const auto& account = facts.result->account;
  auto inputs = Json::array();
  for (const auto& input : facts.inputs) {
    inputs.push(Json::object({{"dataset", input.dataset}, {"version", input.version}, {"documents", input.documents}}));
  }
  auto operators = Json::array();
  std::int64_t created = 0;
  std::int64_t merged = 0;
  // The first account is the reader's; it is shown apart, since it is no step of the pipeline.
  for (std::size_t i = 1; i < account.operators.size(); ++i) {
    operators.push(operator_json(account.operators[i], (*facts.steps)[i - 1].options));
    created += account.operators[i].created;
    merged += account.operators[i].merged;
  }
  auto quarantine = Json::array();
  for (const auto& note : account.quarantine) {
    quarantine.push(Json::object({{"operator", note.operator_name},
                                  {"reason", note.reason},
                                  {"message", note.message},
                                  {"origin_uri", note.origin_uri},
                                  {"offset", note.offset}}));
  }
  auto alerts = alerts_of(facts);
  const auto status = alerts.size() > 0 ? "alerts" : "done";
  auto document = Json::object(
      {{"run_id", facts.run_id},
       {"pipeline", facts.pipeline->name},
       {"status", status},
       {"fingerprint", facts.fingerprint},
       {"gristmill_version", program_version()},
       {"started_at", facts.started_at},
       {"finished_at", now_iso8601()},
       {"inputs", std::move(inputs)},
       {"output", Json::object({{"dataset", facts.pipeline->output}, {"branch", facts.pipeline->branch}})},
       {"documents", Json::object({{"in", account.documents_in},
                                   {"created", created},
                                   {"out", account.documents_out},
                                   {"dropped", account.dropped_total()},
                                   {"merged", merged},
                                   {"quarantined", account.quarantined_total()}})},
       {"reader", operator_json(account.operators.front(), Json::object())},
       {"operators", std::move(operators)},
       {"bytes",
        Json::object(
            {{"in", account.text_bytes_in}, {"out", account.text_bytes_out}, {"files", account.file_bytes_out}})},
       {"wall_seconds", facts.wall_seconds},
       {"cpu_seconds", 0.0},
       {"parts", parts_json(facts)},
       {"peak_memory_bytes", facts.peak_memory_bytes},
       {"memory_limit_bytes", facts.memory_bytes},
       {"threads", facts.threads},
       {"cost", Json::object({{"amount", nullptr}, {"currency", nullptr}})},
       {"alerts", std::move(alerts)},
       {"tasks", facts.result->tasks},
       {"resumed_tasks", facts.result->resumed},
       {"retries", facts.result->retries},
       {"content_digest", facts.result->digest.hex()},
       {"quarantine", std::move(quarantine)},
       {"distributions", distributions_json(account.distributions)}});
  if (!facts.pipeline->tokens_into.empty()) document.set("tokens", tokens_json(facts));
  note_commit_cost(document, 0);
  return document;
}

Status write_report(const Workspace& workspace, const Json& document) {
  const auto path = workspace.report_path(document["run_id"].as_string());
  auto view = document;
  GRISTMILL_TRY(const auto ingestions, list_ingestions(workspace));
  auto used = Json::array();
  for (const auto& ingestion : ingestions.items()) {
    for (const auto& input : document["inputs"].items()) {
      if (ingestion["dataset"] != input["dataset"] || !ingestion.contains("version")) continue;
      used.push(Json::object({{"ingestion_id", ingestion["ingestion_id"]},
                              {"source", ingestion["source"]},
                              {"license", ingestion["license"]},
                              {"files", ingestion["raw_file_count"]},
                              {"bytes", ingestion["raw_size_bytes"]},
                              {"documents", ingestion["documents"]},
                              {"quarantined", ingestion["quarantined"]}}));
    }
  }
  view.set("ingestions", std::move(used));
  const auto report = observe::render_report(view);
  if (io::is_object(path)) return io::write_file(path, report);
  // Written in the run's own folder, so that a killed attempt leaves nothing among the reports.
  const auto draft = workspace.internal_folder(document["run_id"].as_string()) + "/report.html";
  GRISTMILL_RETURN_IF_ERROR(io::write_file(draft, report));
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(std::filesystem::path(path).parent_path().string()));
  std::error_code code;
  std::filesystem::rename(draft, path, code);
  // A shared run's folder lies in the warehouse, which may be on another disk.
  if (code == std::errc::cross_device_link) return io::write_file(path, report);
  if (code) return errno_error(fmt::format("moving the report to {}", path), code.value());
  return {};
}

}  // namespace gristmill::platform
