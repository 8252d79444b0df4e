// SPDX-License-Identifier: Apache-2.0
#include "line_log.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace gristmill::server {
namespace {

constexpr int look_every_ms = 100;

}  // namespace

LineLog::LineLog(int descriptor, std::size_t bytes_max)
    : descriptor_(descriptor), bytes_max_(bytes_max), thread_([this] { work(); }) {}

LineLog::~LineLog() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LineLog::put(std::string_view line) {
  bool is_first = false;
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() + line.size() + 1 > bytes_max_) {
      ++left_out_;
      return;
    }
    is_first = waiting_.empty();
    waiting_.append(line) += '\n';
  }
  if (is_first) wake_.notify_one();
}

void LineLog::work() {
  std::string lines;
  while (true) {
    std::uint64_t left_out = 0;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return is_ending_ || !waiting_.empty(); });
      if (waiting_.empty() && left_out_ == 0) return;
      lines.swap(waiting_);
      left_out = std::exchange(left_out_, 0);
    }
    if (left_out > 0)
      lines += fmt::format("gristmill: lines left out of this log, as nobody read it in time: {}\n", left_out);
    write(lines);
    lines.clear();
  }
}

void LineLog::write(std::string_view text) const {
  while (!text.empty()) {
    pollfd room{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&room, 1, look_every_ms);
    if (ready == 0 && is_ending_) return;
    if (ready <= 0) continue;
    // A pipe that is ready takes so much without waiting.
    const auto written = ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    // That nobody will ever read it is no reason to end.
    if (written < 0 && errno != EINTR && errno != EAGAIN) return;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace gristmill::server
