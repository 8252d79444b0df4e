// SPDX-License-Identifier: Apache-2.0
#include "body_budget.h"

#include <utility>

namespace gristmill::server {
namespace {

/// Gives back what was taken.
class Share {
 public:
  Share(std::shared_ptr<std::atomic<std::uint64_t>> taken, std::uint64_t bytes)
      : taken_(std::move(taken)), bytes_(bytes) {}
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() { *taken_ -= bytes_; }

 private:
  std::shared_ptr<std::atomic<std::uint64_t>> taken_;
  std::uint64_t bytes_;
};

}  // namespace

std::shared_ptr<const void> BodyBudget::take(std::uint64_t bytes) {
  auto taken = taken_->load();
  do {
    if (bytes > bytes_max_ || taken > bytes_max_ - bytes) return nullptr;
  } while (!taken_->compare_exchange_weak(taken, taken + bytes));
  return std::make_shared<const Share>(taken_, bytes);
}

}  // namespace gristmill::server
