// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace gristmill::server {

/// Memory that the bodies of all requests may take together. Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// So many bytes of it, until the last copy of what it gives is gone; null when there is not so much left.
  std::shared_ptr<const void> take(std::uint64_t bytes);

 private:
  std::uint64_t bytes_max_;
  /// Shared, as a request that no thread takes up any more may outlive the listener's parts.
  std::shared_ptr<std::atomic<std::uint64_t>> taken_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace gristmill::server
