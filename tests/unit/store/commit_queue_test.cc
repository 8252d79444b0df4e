// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/commit_queue.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

#include "../meta/temporary_folder.h"

using gristmill::store::CommitTurn;
using std::chrono::milliseconds;

namespace {

/// A process that has taken a turn, or waits for one, and does not stir until it is killed.
pid_t start_holder(const std::string& path) {
  const auto child = ::fork();
  if (child != 0) return child;
  const auto turn = CommitTurn::wait(path, "raw/web");
  while (true) ::pause();
}

void end(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace

TEST_CASE("turns come one at a time and in the order of the tickets") {
  const TemporaryFolder folder;
  const auto path = folder.file("turns");
  constexpr int threads = 8;
  constexpr int turns = 25;
  std::mutex mutex;
  std::vector<std::int64_t> served;
  std::atomic<int> inside = 0;
  std::atomic<bool> was_shared = false;
  std::vector<std::thread> workers;
  for (int thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&] {
      for (int i = 0; i < turns; ++i) {
        const auto turn = CommitTurn::wait(path, "raw/web");
        if (++inside != 1) was_shared = true;
        {
          const std::scoped_lock lock(mutex);
          served.push_back(turn.ticket());
        }
        --inside;
      }
    });
  }
  for (auto& worker : workers) worker.join();
  CHECK(!was_shared);
  REQUIRE(served.size() == threads * turns);
  for (std::size_t i = 0; i < served.size(); ++i) CHECK(served[i] == static_cast<std::int64_t>(i) + 1);
}

TEST_CASE("queues of other names do not wait") {
  const TemporaryFolder folder;
  const auto path = folder.file("turns");
  const auto first = CommitTurn::wait(path, "raw/web", milliseconds(0));
  const auto other = CommitTurn::wait(path, "raw/books", milliseconds(0));
  CHECK(first.ticket() == 1);
  CHECK(other.ticket() == 1);
}

TEST_CASE("who dies leaves the queue, with or without the turn") {
  const TemporaryFolder folder;
  const auto path = folder.file("turns");
  const auto holder = start_holder(path);
  const auto waiting = start_holder(path);
  // Both have their tickets when a third would get the third one.
  std::int64_t taken = 0;
  while (taken < 2) {
    const int file = ::open(path.c_str(), O_RDONLY);
    struct stat facts{};
    for (std::int64_t at = 0; file >= 0 && ::fstat(file, &facts) == 0 && at < facts.st_size; at += 24) {
      if (::pread(file, &taken, sizeof taken, at) != sizeof taken || taken > 0) break;
    }
    ::close(file);
  }
  std::thread killer([&] {
    end(waiting);
    end(holder);
  });
  const auto turn = CommitTurn::wait(path, "raw/web");
  CHECK(turn.ticket() == 3);
  killer.join();
}

TEST_CASE("nobody waits for ever for one who does not stir, and the next not even as long") {
  const TemporaryFolder folder;
  const auto path = folder.file("turns");
  auto holder = CommitTurn::wait(path, "raw/web");
  REQUIRE(holder.ticket() == 1);
  CHECK(CommitTurn::wait(path, "raw/web", milliseconds(1)).ticket() == 0);
  CHECK(CommitTurn::wait(path, "raw/web").ticket() == 0);
  holder = CommitTurn();
  const auto turn = CommitTurn::wait(path, "raw/web");
  CHECK(turn.ticket() == 4);
}

TEST_CASE("without a file there is no queue") { CHECK(CommitTurn::wait("/nowhere/turns", "raw/web").ticket() == 0); }
