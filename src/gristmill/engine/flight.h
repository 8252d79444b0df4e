// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::engine {

/// A document at which a process crashed: stage number, task, ordinal within the task, operator position.
struct CrashSite {
  std::int64_t stage = 0;
  std::int64_t task = 0;
  std::int64_t ordinal = 0;
  std::int64_t step = 0;
};

/// Remembers, in a small mapped file, which document each thread is working on. When an operator crashes the process, a
/// signal handler marks the thread's slot; the next process finds the exact document there and quarantines it instead
/// of crashing again. A plain kill leaves no mark, so interrupted work is never mistaken for poison.
class FlightRecorder {
 public:
  /// One slot a thread, in `folder`. Installs the handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT.
  static Result<std::unique_ptr<FlightRecorder>> open(const std::string& folder, int threads);
  ~FlightRecorder();
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  /// Binds the calling thread to a slot for the given task.
  void enter(int worker, std::int64_t stage, std::int64_t task);
  /// What the calling thread does now; two stores.
  static void at(std::int64_t ordinal, std::int64_t step);
  /// The calling thread does nothing that could be blamed.
  static void leave();

  /// Copies what processes of this machine marked to where others look for it too.
  static Status hand_over(const std::string& folder, const std::string& shared_folder);
  /// Crash sites that earlier processes marked in `folder`.
  static Result<std::vector<CrashSite>> crashes(const std::string& folder);

 private:
  FlightRecorder(void* mapping, std::size_t bytes) : mapping_(mapping), bytes_(bytes) {}
  void* mapping_;
  std::size_t bytes_;
};

}  // namespace gristmill::engine
