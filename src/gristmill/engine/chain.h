// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/data/document.h"
#include "gristmill/engine/accounting.h"
#include "gristmill/ops/operator.h"

namespace gristmill::engine {

/// One step of a resolved pipeline: the operator, made from checked options.
struct Step {
  std::unique_ptr<ops::Operator> op;
  Json options;           ///< Resolved, defaults filled in.
  bool annotates = false; ///< A filter that writes its verdict as a column instead of dropping.

  [[nodiscard]] const ops::GlobalOperator* global() const { return dynamic_cast<const ops::GlobalOperator*>(op.get()); }
};

/// Name of the column that an annotating filter writes: `filter.c4` -> `filter_c4_reason`.
std::string annotation_column(std::string_view operator_name);

/// All operator columns of a pipeline: those of the input, then what each step adds, each name once. The error names a
/// step that needs a column nobody made, or that makes a name with another type; `failed` is its position.
Result<std::vector<data::Column>> pipeline_columns(const std::vector<Step>& steps,
                                                   std::vector<data::Column> input_columns, std::size_t& failed);

/// What the columns that the steps write mean, by name.
std::map<std::string, std::string> column_meanings(const std::vector<Step>& steps);

/// Called for each document that leaves the chain other than by being kept.
using Departure = std::function<void(const data::Document&, const std::string& operator_name, const ops::Verdict&)>;

/// The per-document steps [begin, end) of a pipeline, applied to batches by one thread. Operator by operator over a
/// batch that stays in cache, so that CPU time is measured for each operator at the cost of two clock reads a batch.
class Chain {
 public:
  Chain(const std::vector<Step>& steps, std::size_t begin, std::size_t end, const std::vector<data::Column>& columns);
  ~Chain();
  Chain(Chain&&) noexcept;

  /// Applies all steps; `batch.documents` keeps what is left, in order. `ordinal` is the first document's number in
  /// the task; documents listed in `poison` (ordinal, step) are quarantined instead of processed by that step.
  /// Fails when an operator cannot work at all; what is wrong with a document is a verdict.
  Status run(data::Batch& batch, std::int64_t ordinal, const std::set<std::pair<std::int64_t, std::int64_t>>& poison,
             const Departure& depart);

  [[nodiscard]] std::vector<OperatorAccount>& accounts() { return accounts_; }

 private:
  struct Bound;
  Status run_step(std::size_t index, data::Batch& batch, const std::set<std::pair<std::int64_t, std::int64_t>>& poison,
                  const Departure& depart);
  Status judge_together(const Bound& bound, data::Batch& batch,
                        const std::set<std::pair<std::int64_t, std::int64_t>>& poison);

  struct Bound {
    const Step* step;
    std::size_t position;  ///< In the pipeline.
    std::unique_ptr<ops::Scratch> scratch;
    std::size_t annotation_slot = 0;
  };
  std::unique_ptr<ops::SharedWords> shared_words_;
  std::vector<Bound> bound_;
  std::vector<OperatorAccount> accounts_;
  std::vector<std::int64_t> ordinals_;
  std::vector<ops::Verdict> verdicts_;  ///< Of a batch that was judged as a whole.
};

}  // namespace gristmill::engine
