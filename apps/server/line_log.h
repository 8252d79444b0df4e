// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace gristmill::server {

/// Writes lines to a descriptor, by a thread of its own: who reads them slowly, or not at all, holds nobody up. Lines
/// that have no room in memory are left out and counted; their number is told when there is room again.
class LineLog {
 public:
  explicit LineLog(int descriptor, std::size_t bytes_max = std::size_t{1} << 20);
  /// Writes what is still to be written, but waits for no reader.
  ~LineLog();
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;

  /// Takes a line without its end, from any thread; never waits for the descriptor.
  void put(std::string_view line);

 private:
  void work();
  void write(std::string_view text) const;

  int descriptor_;
  std::size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  std::uint64_t left_out_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::thread thread_;
};

}  // namespace gristmill::server
