// SPDX-License-Identifier: Apache-2.0
#include "gristmill/meta/writer_queue.h"

#include <fmt/format.h>

#include <chrono>

namespace gristmill::meta {

Status WriterQueue::enter(std::string_view database_name, int timeout_ms) {
  const auto me = std::this_thread::get_id();
  std::unique_lock lock(mutex_);
  if (writer_ == me)
    return Error{ErrorCode::internal, fmt::format("database {}: a write transaction inside another", database_name)};
  const auto is_free = [&] { return writer_ == std::thread::id(); };
  if (!left_.wait_for(lock, std::chrono::milliseconds(timeout_ms), is_free))
    return unavailable(
        fmt::format("database {}: another thread has been writing for {} s", database_name, timeout_ms / 1000));
  writer_ = me;
  return {};
}

void WriterQueue::leave() {
  {
    const std::scoped_lock lock(mutex_);
    writer_ = std::thread::id();
  }
  left_.notify_one();
}

}  // namespace gristmill::meta
