// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

#include "gristmill/base/result.h"

namespace gristmill::meta {

/// The writers of one process, one after the other: they are woken at once, and only one of them waits for other
/// processes.
class WriterQueue {
 public:
  /// Waits for the turn; `unavailable` after `timeout_ms`, `internal` for a writer inside its own transaction.
  Status enter(std::string_view database_name, int timeout_ms);
  void leave();

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  std::thread::id writer_;  ///< Nobody: the default id.
};

}  // namespace gristmill::meta
