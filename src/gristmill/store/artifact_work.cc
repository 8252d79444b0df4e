// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_work.h"

#include <unistd.h>

#include <mutex>
#include <thread>
#include <vector>

namespace gristmill::store {

Status for_each_piece(std::size_t count, const ArtifactWork& work,
                      const std::function<Status(std::size_t index, int thread)>& one) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Status failure;
  const auto loop = [&](int thread) {
    for (auto i = next++; i < count; i = next++) {
      auto status = work.stop != nullptr && work.stop->load()
                        ? Status(Error{ErrorCode::interrupted, "stopped; the same command again takes it up"})
                        : one(i, thread);
      if (status) continue;
      const std::scoped_lock lock(mutex);
      if (failure) failure = std::move(status);
      next = count;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < work.threads && static_cast<std::size_t>(i) < count; ++i) threads.emplace_back(loop, i);
  loop(0);
  for (auto& thread : threads) thread.join();
  return failure;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

}  // namespace gristmill::store
