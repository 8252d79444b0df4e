// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <memory>
#include <numeric>

#include "gristmill/base/clock.h"
#include "gristmill/data/memory.h"
#include "gristmill/engine/exchange.h"
#include "gristmill/engine/flight.h"
#include "gristmill/engine/ordered_exchange.h"

namespace gristmill::engine {
namespace {

// A map task holds a row group being read, one being written (compressed), a few batches and its operators' buffers.
constexpr std::uint64_t task_memory_bytes = std::uint64_t{128} << 20;
// Keys that one grouping task takes. Fixed, so that the plan does not depend on the memory of the machine.
constexpr std::uint64_t group_task_bytes = std::uint64_t{64} << 20;

/// A stretch of per-document steps and the global steps that follow it.
struct Segment {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<std::size_t> globals;
};

std::vector<Segment> cut_at_globals(const std::vector<Step>& steps) {
  std::vector<Segment> segments(1);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].global() != nullptr) {
      segments.back().globals.push_back(i);
      continue;
    }
    if (!segments.back().globals.empty()) segments.push_back({i, i, {}});
    segments.back().end = i + 1;
  }
  // The last segment writes the output: a pipeline that ends with a global step gets an empty one.
  if (!segments.back().globals.empty()) segments.push_back({steps.size(), steps.size(), {}});
  return segments;
}

class Executor {
 public:
  Executor(Plan plan, Journal& journal, const Resources& resources)
      : plan_(std::move(plan)), journal_(journal), resources_(resources) {}

  Result<PlanResult> run() {
    const double began = process_cpu_seconds();
    if (plan_.folders.scratch.empty()) plan_.folders.scratch = plan_.folders.internal;
    if (plan_.folders.scratch != plan_.folders.internal) {
      GRISTMILL_RETURN_IF_ERROR(
          FlightRecorder::hand_over(flights(plan_.folders.scratch), flights(plan_.folders.internal)));
    }
    GRISTMILL_TRY(crashes_, FlightRecorder::crashes(flights(plan_.folders.internal)));
    GRISTMILL_TRY(flight_,
                  FlightRecorder::open(flights(plan_.folders.scratch), std::max(1, resources_.runner.threads)));
    const auto segments = cut_at_globals(*plan_.steps);
    // Moved, not copied: with very many small files the list is the largest thing in memory.
    auto splits = std::move(plan_.splits);
    Segment before;
    for (std::size_t number = 0; number < segments.size(); ++number) {
      GRISTMILL_TRY(const auto results,
                    run_map(static_cast<std::int64_t>(number), segments[number], before, std::move(splits)));
      splits.clear();
      if (number + 1 < segments.size()) {
        GRISTMILL_RETURN_IF_ERROR(decide(number, segments[number], results));
        splits = splits_of(results);
      } else {
        GRISTMILL_RETURN_IF_ERROR(finish(results));
      }
      before = segments[number];
    }
    GRISTMILL_RETURN_IF_ERROR(result_.account.check_conservation());
    count_engine(process_cpu_seconds() - began);
    return std::move(result_);
  }

 private:
  Result<StageResult> run_counted(const Stage& stage) {
    if (resources_.runner.progress) resources_.runner.progress->enter(stage.name);
    GRISTMILL_TRY(auto done, run_stage(stage, journal_, resources_.runner));
    result_.tasks += stage.task_count;
    result_.resumed += done.resumed;
    result_.retries += done.retries;
    result_.journal_cpu_seconds += done.journal_cpu_seconds;
    return done;
  }

  /// What of the process's CPU time is not counted at an operator, a reader, a writer or the journal.
  void count_engine(double process) {
    const double here = worked_cpu_seconds_.load() + result_.journal_cpu_seconds;
    const double counted = result_.account.cpu_seconds() + result_.shard_cpu_seconds + result_.journal_cpu_seconds;
    result_.engine_cpu_seconds = std::max(0.0, process - here);
    result_.resumed_cpu_seconds = std::max(0.0, counted - here);
  }

  Result<std::vector<MapResult>> run_map(std::int64_t number, const Segment& segment, const Segment& before,
                                         std::vector<Split> splits) {
    MapStage stage{.name = fmt::format("map-{}", number),
                   .number = number,
                   .steps = plan_.steps,
                   .begin = segment.begin,
                   .end = segment.end,
                   .decided = before.globals,
                   .decision_paths = decisions_,
                   .keyed = segment.globals,
                   .columns = &plan_.columns,
                   .splits = std::move(splits),
                   .folders = plan_.folders,
                   .writer = plan_.writer,
                   .ingestion_id = plan_.ingestion_id,
                   .tokenizer_digest = plan_.tokenizer_digest,
                   .vocabulary_size = plan_.vocabulary_size};
    GRISTMILL_TRY(auto done, run_counted({stage.name, static_cast<std::int64_t>(stage.splits.size()),
                                          [&](const TaskContext& context) -> Result<std::string> {
                                            GRISTMILL_TRY(auto poison, poison_of(number, context));
                                            flight_->enter(context.worker, number, context.task);
                                            auto made = run_map_task(stage, context, std::move(poison));
                                            FlightRecorder::leave();
                                            if (!made) return std::move(made).error();
                                            worked_cpu_seconds_ += cost_of(*made);
                                            return made->to_json().dump();
                                          }}));
    std::vector<MapResult> results;
    for (const auto& text : done.results) {
      GRISTMILL_TRY(const auto json, Json::parse(text));
      results.push_back(MapResult::from_json(json));
      done.results[results.size() - 1].clear();
    }
    // The next stage works with other sizes: what this one's threads keep for reuse would count twice.
    data::release_unused_memory();
    add_accounts(segment, before, results);
    return results;
  }

  /// Where earlier attempts at a task crashed. Those of other processes may have crashed since this one began.
  [[nodiscard]] Result<Poison> poison_of(std::int64_t stage, const TaskContext& context) const {
    auto sites = crashes_;
    if (context.is_repeated) {
      GRISTMILL_TRY(sites, FlightRecorder::crashes(flights(plan_.folders.internal)));
    }
    Poison poison;
    for (const auto& site : sites) {
      if (site.stage == stage && site.task == context.task) poison.insert({site.ordinal, site.step});
    }
    return poison;
  }

  static std::string flights(const std::string& folder) { return folder + "/flight"; }

  static double cost_of(const MapResult& result) {
    return std::accumulate(result.key_cpu_seconds.begin(), result.key_cpu_seconds.end(), result.account.cpu_seconds());
  }

  /// Appends what this stage's operators did to the run's account.
  void add_accounts(const Segment& segment, const Segment& before, const std::vector<MapResult>& results) {
    Account stage_account;
    // A stage without tasks (no documents left) still names its operators.
    if (results.empty()) stage_account.operators = empty_accounts(segment, before);
    for (const auto& result : results) stage_account.add(result.account);
    auto& total = result_.account;
    const bool is_first = before.globals.empty() && total.operators.empty();
    if (is_first) {
      total.documents_in = stage_account.documents_in;
      total.text_bytes_in = stage_account.text_bytes_in;
    }
    total.documents_out = stage_account.documents_out;
    total.text_bytes_out = stage_account.text_bytes_out;
    total.file_bytes_out = stage_account.file_bytes_out;
    total.tokens = stage_account.tokens;
    total.read_cpu_seconds += stage_account.read_cpu_seconds;
    total.write_cpu_seconds += stage_account.write_cpu_seconds;
    total.distributions = stage_account.distributions;
    for (const auto& [kind, count] : stage_account.skipped) total.skipped[kind] += count;
    // The keys of a global step were computed in the stage before its decision, and grouped after it: its cost is all.
    for (std::size_t i = 0; i < before.globals.size() && i < stage_account.operators.size(); ++i) {
      stage_account.operators[i].cpu_seconds += pending_cpu_seconds_[i];
    }
    for (auto& account : stage_account.operators) total.operators.push_back(std::move(account));
    for (auto& note : stage_account.quarantine) total.quarantine.push_back(std::move(note));
    pending_cpu_seconds_.assign(segment.globals.size(), 0);
    for (const auto& result : results) {
      for (std::size_t i = 0; i < result.key_cpu_seconds.size(); ++i)
        pending_cpu_seconds_[i] += result.key_cpu_seconds[i];
      if (!result.quarantine_path.empty()) result_.quarantine_paths.push_back(result.quarantine_path);
    }
  }

  [[nodiscard]] std::vector<OperatorAccount> empty_accounts(const Segment& segment, const Segment& before) const {
    std::vector<OperatorAccount> accounts;
    if (before.globals.empty() && result_.account.operators.empty()) accounts.push_back({.name = "reader"});
    auto positions = before.globals;
    for (auto i = segment.begin; i < segment.end; ++i) positions.push_back(i);
    for (const auto i : positions) {
      const auto& spec = (*plan_.steps)[i].op->spec();
      accounts.push_back({.name = std::string(spec.name), .version = spec.version});
    }
    return accounts;
  }

  /// Exchange and clustering for each global step of a cut, one after the other: a document that one drops takes
  /// no part in the next.
  Status decide(std::size_t cut, const Segment& segment, const std::vector<MapResult>& results) {
    decisions_.clear();
    std::int64_t documents = 0;
    for (const auto& result : results) documents += result.account.documents_out;
    std::string gone;
    for (std::size_t i = 0; i < segment.globals.size(); ++i) {
      std::vector<KeyFile> files;
      std::int64_t ordinal = 0;
      for (const auto& result : results) {
        files.push_back({result.key_paths[i], ordinal});
        ordinal += result.account.documents_out;
      }
      const auto name = fmt::format("{}-{}", cut, i);
      auto& cpu_seconds = pending_cpu_seconds_[i];
      GRISTMILL_TRY(const auto edges, group(name, segment.globals[i], files, documents, gone, cpu_seconds));
      GRISTMILL_TRY(gone, cluster(name, segment.globals[i], edges, documents, gone, cpu_seconds));
      decisions_.push_back(gone);
    }
    return {};
  }

  Result<std::vector<std::string>> group(const std::string& name, std::size_t step, const std::vector<KeyFile>& files,
                                         std::int64_t documents, const std::string& gone, double& cpu_seconds) {
    const auto values = (*plan_.steps)[step].global()->key_values();
    GRISTMILL_TRY(const auto bytes, partition_bytes(files, values));
    std::vector<std::uint32_t> starts{0};
    std::uint64_t sum = 0;
    for (std::uint32_t partition = 0; partition < exchange_partitions; ++partition) {
      if (sum > 0 && sum + bytes[partition] > group_task_bytes) {
        starts.push_back(partition);
        sum = 0;
      }
      sum += bytes[partition];
    }
    const auto edge_path = [&](std::int64_t task) {
      return fmt::format("{}/group-{}-{:06}.edges", plan_.folders.internal, name, task);
    };
    const auto memory = resources_.memory_bytes / 8 /
                        static_cast<std::uint64_t>(std::max(1, resources_.runner.threads));
    GRISTMILL_TRY(const auto done,
                  run_counted({"group-" + name, static_cast<std::int64_t>(starts.size()),
                               [&](const TaskContext& context) -> Result<std::string> {
                                 const double began = thread_cpu_seconds();
                                 const auto task = static_cast<std::size_t>(context.task);
                                 const auto end = task + 1 < starts.size() ? starts[task + 1] : exchange_partitions;
                                 const auto path = edge_path(context.task);
                                 GRISTMILL_RETURN_IF_ERROR(
                                     values == 1 ? group_keys(files, starts[task], end, documents, gone, memory, path)
                                                 : group_ordered_keys(files, values, starts[task], end, documents, gone,
                                                                      memory, path));
                                 return noted_cost(thread_cpu_seconds() - began);
                               }}));
    add_noted_costs(done, cpu_seconds);
    std::vector<std::string> paths;
    for (std::size_t task = 0; task < starts.size(); ++task)
      paths.push_back(edge_path(static_cast<std::int64_t>(task)));
    return paths;
  }

  /// A task's result that says nothing but what it cost, in nanoseconds.
  std::string noted_cost(double seconds) {
    worked_cpu_seconds_ += seconds;
    return fmt::format("{}", static_cast<std::int64_t>(seconds * 1e9));
  }

  static void add_noted_costs(const StageResult& done, double& seconds) {
    for (const auto& text : done.results) {
      std::int64_t nanoseconds = 0;
      std::from_chars(text.data(), text.data() + text.size(), nanoseconds);
      seconds += static_cast<double>(nanoseconds) * 1e-9;
    }
  }

  Result<std::string> cluster(const std::string& name, std::size_t step, const std::vector<std::string>& edges,
                              std::int64_t documents, const std::string& gone, double& cpu_seconds) {
    const auto path = fmt::format("{}/cluster-{}.bits", plan_.folders.internal, name);
    const auto forest = fmt::format("{}/cluster-{}.forest", plan_.folders.scratch, name);
    const auto& global = *(*plan_.steps)[step].global();
    // The task has threads of its own, and no other task runs beside it.
    GRISTMILL_TRY(const auto done,
                  run_counted({"cluster-" + name, 1, [&](const TaskContext&) -> Result<std::string> {
                                 const double began = process_cpu_seconds();
                                 const auto marked = global.key_values() == 1
                                                         ? cluster_edges(edges, documents, global.keeps_first(), gone,
                                                                         resources_.runner.threads, forest, path)
                                                         : cluster_ordered_edges(edges, documents, gone, forest, path);
                                 if (!marked) return marked.error();
                                 return noted_cost(process_cpu_seconds() - began);
                               }}));
    add_noted_costs(done, cpu_seconds);
    return path;
  }

  /// Internal files of a map stage, gathered to splits of about the wanted size; order and numbering stay.
  [[nodiscard]] std::vector<Split> splits_of(const std::vector<MapResult>& results) const {
    std::vector<Split> splits;
    std::int64_t ordinal = 0;
    for (const auto& result : results) {
      if (result.file.path.empty()) continue;
      const auto bytes = static_cast<std::uint64_t>(result.file.text_bytes);
      if (splits.empty() || splits.back().bytes + bytes > plan_.split_bytes)
        splits.push_back({.pieces = {}, .first_ordinal = ordinal});
      auto& split = splits.back();
      split.pieces.emplace_back(formats::DatasetPiece{result.file.path});
      split.bytes += bytes;
      split.document_count += result.file.documents;
      ordinal += result.file.documents;
    }
    return splits;
  }

  Status finish(const std::vector<MapResult>& results) {
    std::vector<std::string> segments;
    for (const auto& result : results) {
      result_.digest.append(result.digest);
      if (!result.file.path.empty()) result_.files.push_back(result.file);
      if (!result.segment_path.empty()) segments.push_back(result.segment_path);
    }
    return plan_.folders.tokens.empty() ? Status() : build_shards(segments);
  }

  /// A stretch of one segment's documents that goes into a shard.
  struct ShardPart {
    std::size_t segment;
    std::uint64_t first_document;
    std::uint64_t count;
  };

  Result<std::vector<std::vector<ShardPart>>> plan_shards(const std::vector<formats::ShardReader>& readers) const {
    std::vector<std::vector<ShardPart>> shards;
    std::uint64_t tokens = 0;
    bool is_open = false;
    for (std::size_t segment = 0; segment < readers.size(); ++segment) {
      const auto& reader = readers[segment];
      for (std::uint64_t document = 0; document < reader.documents(); ++document) {
        if (!is_open) shards.emplace_back();
        is_open = true;
        auto& parts = shards.back();
        if (parts.empty() || parts.back().segment != segment) parts.push_back({segment, document, 0});
        ++parts.back().count;
        tokens += reader.document(document).length;
        // A shard ends with the document that fills it: documents are never cut.
        if (tokens >= static_cast<std::uint64_t>(plan_.shard_tokens)) {
          tokens = 0;
          is_open = false;
        }
      }
    }
    return shards;
  }

  Status build_shards(const std::vector<std::string>& segments) {
    std::vector<formats::ShardReader> readers;
    for (const auto& path : segments) {
      GRISTMILL_TRY(auto reader, formats::ShardReader::open(path));
      readers.push_back(std::move(reader));
    }
    GRISTMILL_TRY(const auto shards, plan_shards(readers));
    const auto path = [&](std::int64_t task) {
      return fmt::format("{}/{}-{:05}.tokens", plan_.folders.tokens, plan_.shard_prefix, task);
    };
    GRISTMILL_TRY(const auto done,
                  run_counted({"shards", static_cast<std::int64_t>(shards.size()),
                               [&](const TaskContext& context) -> Result<std::string> {
                                 const double began = thread_cpu_seconds();
                                 GRISTMILL_TRY(auto writer, formats::ShardWriter::create(
                                                                path(context.task),
                                                                {plan_.tokenizer_digest, plan_.vocabulary_size}));
                                 for (const auto& part : shards[static_cast<std::size_t>(context.task)]) {
                                   GRISTMILL_RETURN_IF_ERROR(
                                       writer->append_range(readers[part.segment], part.first_document, part.count));
                                 }
                                 GRISTMILL_TRY(const auto shard, writer->close());
                                 const double cost = thread_cpu_seconds() - began;
                                 worked_cpu_seconds_ += cost;
                                 return Json::object({{"path", shard.path},
                                                      {"bytes", shard.bytes},
                                                      {"tokens", shard.tokens},
                                                      {"documents", shard.documents},
                                                      {"sha256", shard.sha256},
                                                      {"cpu_seconds", cost}})
                                     .dump();
                               }}));
    for (const auto& text : done.results) {
      GRISTMILL_TRY(const auto json, Json::parse(text));
      formats::WrittenShard shard;
      shard.path = json["path"].as_string();
      shard.bytes = static_cast<std::uint64_t>(json["bytes"].as_int());
      shard.tokens = static_cast<std::uint64_t>(json["tokens"].as_int());
      shard.documents = static_cast<std::uint64_t>(json["documents"].as_int());
      shard.sha256 = json["sha256"].as_string();
      result_.shard_cpu_seconds += json["cpu_seconds"].as_double();
      result_.shards.push_back(std::move(shard));
    }
    return {};
  }

  Plan plan_;
  Journal& journal_;
  const Resources& resources_;
  std::vector<CrashSite> crashes_;
  std::unique_ptr<FlightRecorder> flight_;
  std::vector<std::string> decisions_;
  std::vector<double> pending_cpu_seconds_;
  std::atomic<double> worked_cpu_seconds_ = 0;  // Counted in tasks that this process ran.
  PlanResult result_;
};

}  // namespace

Result<PlanResult> execute(Plan plan, Journal& journal, const Resources& resources) {
  Executor executor(std::move(plan), journal, resources);
  return executor.run();
}

std::vector<std::string> stage_names(const std::vector<Step>& steps, bool with_tokens) {
  std::vector<std::string> names;
  const auto segments = cut_at_globals(steps);
  for (std::size_t number = 0; number < segments.size(); ++number) {
    std::string operators;
    for (auto i = segments[number].begin; i < segments[number].end; ++i)
      operators += fmt::format(" {}", steps[i].op->spec().name);
    names.push_back(fmt::format("map-{}: {}{}", number, number == 0 ? "read inputs" : "apply decisions", operators));
    for (std::size_t i = 0; i < segments[number].globals.size(); ++i) {
      const auto name = steps[segments[number].globals[i]].op->spec().name;
      names.push_back(fmt::format("group-{}-{}: exchange keys of {} by hash range", number, i, name));
      names.push_back(fmt::format("cluster-{}-{}: choose the survivors of {}", number, i, name));
    }
  }
  if (with_tokens) names.push_back("shards: assemble token shards");
  return names;
}

int threads_within(std::uint64_t memory_bytes, int threads) {
  const auto fitting = static_cast<int>(std::max<std::uint64_t>(1, memory_bytes / task_memory_bytes));
  return std::clamp(threads, 1, fitting);
}

}  // namespace gristmill::engine
