// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/engine/worker_process.h"
#include "gristmill/ops/operator.h"

namespace gristmill::engine {

/// What a step `python` of a pipeline says, paths resolved.
struct PythonFunction {
  std::string name;         ///< Of the function or class: the operator is `python.<name>`.
  std::string reference;    ///< `/path/file.py:name` or `module:name`.
  std::string folder;       ///< Where modules are looked for first.
  std::string interpreter;  ///< Python 3.11 or newer.
  std::string worker;       ///< Path of worker.py.
  std::vector<data::Column> columns;  ///< That it writes beside the text.
  std::vector<std::string> reads;     ///< Parts of documents and operator columns that it is given.
  std::size_t batch = 1000;           ///< Documents a call.
  std::chrono::milliseconds timeout{60'000};  ///< Of a call with a whole batch.
  Json config;
};

/// A function or class of the user's own, called batch by batch in a process of its own for each thread. A call that
/// fails, ends the process or takes too long is repeated with halves of its documents, until those at fault stand
/// alone: they go to quarantine, the others pass.
class PythonOperator final : public ops::Operator {
 public:
  /// Starts a first worker, which loads the function; the error holds Python's traceback.
  static Result<std::unique_ptr<PythonOperator>> make(PythonFunction function);
  ~PythonOperator() override;

  [[nodiscard]] const ops::Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<ops::Scratch> make_scratch() const override;
  ops::Verdict apply(data::Document& document, ops::Scratch& scratch) const override;
  [[nodiscard]] bool is_batched() const override { return true; }
  Status apply_batch(std::span<data::Document* const> documents, ops::Scratch& scratch,
                     std::span<ops::Verdict> verdicts) const override;
  /// SHA-256 of the function's source and of what it imports from its own folder.
  [[nodiscard]] const std::string& source_digest() const { return source_digest_; }

 private:
  struct Worker {
    std::unique_ptr<WorkerProcess> process;
    std::string source_digest;
    double cpu_seconds = 0;  ///< That it told of so far.
  };
  struct Answer;
  using Documents = std::span<data::Document* const>;
  using Verdicts = std::span<ops::Verdict>;

  explicit PythonOperator(PythonFunction function);
  Result<Worker*> worker() const;
  Result<Worker> start_worker() const;
  Status judge(Documents documents, ops::Scratch& scratch, Verdicts verdicts) const;
  Result<Answer> ask(Documents documents, ops::Scratch& scratch, Verdicts verdicts) const;
  Answer bury(Worker& worker, ops::Scratch& scratch) const;
  Status take(const Frame& frame, Documents documents, ops::Scratch& scratch, Verdicts verdicts) const;
  [[nodiscard]] std::string_view answer_type(std::string_view name) const;
  [[nodiscard]] std::string_view reason(std::string_view code, ops::Scratch& scratch) const;

  PythonFunction function_;
  std::string name_;
  std::vector<ops::ColumnSpec> columns_in_;
  std::vector<ops::ColumnSpec> columns_out_;
  ops::Spec spec_;
  std::string source_digest_;
  mutable std::mutex mutex_;
  mutable std::map<pid_t, Worker> workers_;  ///< By thread: a worker ends with the one that started it.
};

}  // namespace gristmill::engine
