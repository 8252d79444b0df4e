// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/engine/accounting.h"
#include "gristmill/engine/chain.h"
#include "gristmill/engine/runner.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/formats/reader.h"

namespace gristmill::engine {

/// A range of a raw file or of a dataset file.
using Piece = std::variant<formats::RawInput, formats::DatasetPiece>;

/// What one task reads, in order.
struct Split {
  std::vector<Piece> pieces;
  std::uint64_t bytes = 0;          ///< About; for progress.
  std::int64_t first_ordinal = 0;   ///< Number of its first document in the stage before; unused for raw input.
  std::int64_t document_count = 0;  ///< Known after a cut only.
};

/// Where map tasks write. A file's name says stage and task only: an attempt writes under a temporary name and renames
/// when it is whole, and every attempt makes the same bytes, so a repeated task replaces a file by its equal and leaves
/// no orphan.
struct Folders {
  std::string internal;    ///< Run-internal files, which all who share the run read; deleted after it.
  std::string scratch;     ///< On a disk of this machine's own, for what is mapped; empty = among the internal ones.
  std::string data;        ///< Data files of the output table.
  std::string index;       ///< Document indexes beside them.
  std::string quarantine;  ///< Whole documents that could not be handled.
  std::string tokens;      ///< Token shards; empty = none are written.
};

/// The stage of a pipeline between two cuts: reads splits, applies a cut's decisions, runs a chain of operators, and
/// writes documents with either the keys for the next cut or the final outputs.
struct MapStage {
  std::string name;
  std::int64_t number = 0;                      ///< 0 = reads the inputs.
  const std::vector<Step>* steps = nullptr;     ///< Of the whole pipeline.
  std::size_t begin = 0;                        ///< Steps of this stage's chain.
  std::size_t end = 0;
  std::vector<std::size_t> decided;             ///< Global steps of the cut before, applied first.
  std::vector<std::string> decision_paths;      ///< One a decided step, cumulative.
  std::vector<std::size_t> keyed;               ///< Global steps of the cut after: their keys are written.
  const std::vector<data::Column>* columns = nullptr;
  std::vector<Split> splits;
  Folders folders;
  formats::WriterOptions writer;
  std::size_t batch_bytes = std::size_t{1} << 20;
  std::string ingestion_id;                     ///< Given to documents of raw input.
  std::string tokenizer_digest;                 ///< Written into token segments.
  std::uint64_t vocabulary_size = 0;

  [[nodiscard]] bool is_last() const { return keyed.empty(); }
};

/// Result of one map task.
struct MapResult {
  Account account;
  formats::WrittenFile file;           ///< Empty path when no document was left.
  std::vector<std::string> key_paths;  ///< One a keyed step.
  std::vector<double> key_cpu_seconds; ///< Spent on the keys of each keyed step.
  std::string index_path;              ///< Empty when there was nothing to index.
  std::string quarantine_path;
  std::string segment_path;            ///< Token segment of the last stage.
  SequenceDigest digest;

  [[nodiscard]] Json to_json() const;
  static MapResult from_json(const Json& json);
};

/// Documents at which an operator crashed the process: ordinal within the task, step.
using Poison = std::set<std::pair<std::int64_t, std::int64_t>>;

/// Runs one task of the stage. Pure: the same split gives the same bytes under the same names. Documents listed in
/// `poison` are quarantined instead of processed by that step.
Result<MapResult> run_map_task(const MapStage& stage, const TaskContext& context, Poison poison = {});

Json to_json(const formats::WrittenFile& file);
formats::WrittenFile written_file_from(const Json& json);

}  // namespace gristmill::engine
