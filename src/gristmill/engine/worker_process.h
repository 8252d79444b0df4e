// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"

namespace gristmill::engine {

/// A message to or from a worker: a JSON header and raw bytes.
struct Frame {
  Json header;
  std::string body;
};

/// A child process that answers frames over pipes. It may crash, hang or talk nonsense: every call ends by its deadline
/// with an answer or an error. It dies with the thread that started it and is killed when this object goes.
class WorkerProcess {
 public:
  /// Starts a program with these words; its standard input and output become the pipes. `environment` is added to this
  /// process's own, as NAME=VALUE.
  static Result<std::unique_ptr<WorkerProcess>> start(const std::vector<std::string>& words,
                                                      const std::vector<std::string>& environment);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  Status send(std::string_view header, std::string_view body, std::chrono::milliseconds limit);
  Result<Frame> receive(std::chrono::milliseconds limit);

  /// Kills the process if it still runs, and says how it ended: "exit status 3", "signal 11 (Segmentation fault)".
  std::string end();
  /// CPU seconds that it used in all, once `end` was called.
  [[nodiscard]] double cpu_seconds() const { return cpu_seconds_; }
  [[nodiscard]] bool is_running();

 private:
  WorkerProcess(pid_t pid, int request, int reply) : pid_(pid), request_(request), reply_(reply) {}
  using Deadline = std::chrono::steady_clock::time_point;
  Status write_all(std::string_view bytes, Deadline deadline);
  Status read_all(char* bytes, std::size_t size, Deadline deadline);
  Status wait_for(int descriptor, short events, Deadline deadline);
  void note_end(int status, double cpu_seconds);

  pid_t pid_;
  int request_;
  int reply_;
  bool is_over_ = false;
  bool was_late_ = false;
  std::string ending_;
  double cpu_seconds_ = 0;
};

}  // namespace gristmill::engine
