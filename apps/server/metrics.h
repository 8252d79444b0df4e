// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "listener.h"

namespace gristmill::server {

/// A value that somebody else counts, as /metrics shows it: names by the conventions of Prometheus (base units, _total
/// for what only grows).
struct Figure {
  std::string name;
  std::string help;
  bool is_counter = false;
  double value = 0;
  std::string labels;  ///< `status="done"`, or empty.
};

/// Counts what is answered and writes /metrics (text exposition format 0.0.4). Thread-safe.
class Metrics {
 public:
  /// `route` is the operation's id, so that ids in paths make no series of their own; a word that outlives this.
  void note(std::string_view route, std::string_view method, int status, std::uint64_t bytes, double seconds);
  /// All series, those of `more` and the process's own among them.
  [[nodiscard]] std::string text(const ListenerFigures& listener, const std::vector<Figure>& more) const;

 private:
  /// Seconds; the last bucket is +Inf.
  static constexpr std::array bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
  struct Series {
    std::array<std::uint64_t, bounds.size() + 1> buckets{};
    double seconds = 0;
    std::uint64_t count = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::tuple<std::string_view, std::string_view, int>, std::uint64_t>
      requests_;  ///< By route, method, status.
  std::map<std::string_view, Series> durations_;                                           ///< By route.
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace gristmill::server
