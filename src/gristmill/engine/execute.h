// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "gristmill/engine/map_task.h"
#include "gristmill/engine/runner.h"
#include "gristmill/formats/token_shard.h"

namespace gristmill::engine {

/// What is to be done: everything that decides the result, nothing about threads or memory.
struct Plan {
  const std::vector<Step>* steps = nullptr;
  std::vector<data::Column> columns;       ///< All operator columns with their field ids.
  std::vector<Split> splits;
  Folders folders;
  formats::WriterOptions writer;
  std::uint64_t split_bytes = std::uint64_t{32} << 20;  ///< Aim of splits after a cut.
  std::int64_t shard_tokens = 10'000'000;
  std::string shard_prefix;                ///< Names of token shards: PREFIX-00000.tokens.
  std::string ingestion_id;                ///< For raw input: the ingestion that lands it.
  std::string tokenizer_digest;
  std::uint64_t vocabulary_size = 0;
};

/// How it is done; changes no byte of the result.
struct Resources {
  RunnerOptions runner;
  std::uint64_t memory_bytes = std::uint64_t{2} << 30;
};

/// What a plan made.
struct PlanResult {
  Account account;                              ///< Reader, then every step of the pipeline in order.
  std::vector<formats::WrittenFile> files;      ///< Data files, in document order.
  std::vector<formats::WrittenShard> shards;
  std::vector<std::string> quarantine_paths;
  SequenceDigest digest;
  std::int64_t tasks = 0;
  std::int64_t resumed = 0;
  std::int64_t retries = 0;
  double shard_cpu_seconds = 0;    ///< Token shards from the tasks' segments.
  double journal_cpu_seconds = 0;  ///< Recording finished tasks.
  double engine_cpu_seconds = 0;   ///< Of this process while the plan ran, beyond all that is counted elsewhere.
  double resumed_cpu_seconds = 0;  ///< Of what is counted, the share of tasks that an earlier process finished.
};

/// Runs all stages of a plan: map stages cut at global steps, with exchange and clustering between them, then token
/// shards. Tasks that the journal knows are not run again. The sums are checked at every operator.
Result<PlanResult> execute(Plan plan, Journal& journal, const Resources& resources);

/// Names of the stages of a pipeline with these steps, in order: what `run --dry-run` prints.
std::vector<std::string> stage_names(const std::vector<Step>& steps, bool with_tokens);

/// Threads that the memory budget allows: each map task needs about `task_memory_bytes`.
int threads_within(std::uint64_t memory_bytes, int threads);

}  // namespace gristmill::engine
