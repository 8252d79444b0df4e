// SPDX-License-Identifier: Apache-2.0
#include "gristmill/meta/database.h"

#include <ctime>
#include <utility>

namespace gristmill::meta {

std::int64_t integer(const Cell& cell, std::int64_t fallback) {
  const auto* value = std::get_if<std::int64_t>(&cell);
  return value != nullptr ? *value : fallback;
}

double real(const Cell& cell, double fallback) {
  if (const auto* value = std::get_if<double>(&cell)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*value);
  return fallback;
}

const std::string& text(const Cell& cell) {
  static const std::string empty;
  const auto* value = std::get_if<std::string>(&cell);
  return value != nullptr ? *value : empty;
}

namespace {
thread_local bool is_without_patience = false;
}  // namespace

WithoutPatience::WithoutPatience() : before_(std::exchange(is_without_patience, true)) {}
WithoutPatience::~WithoutPatience() { is_without_patience = before_; }
bool WithoutPatience::is_on() { return is_without_patience; }

std::string Database::clock_ms_sql() const {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::to_string(std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000);
}

Result<std::unique_ptr<HeldName>> Database::try_hold(const std::string& name) {
  return Error{ErrorCode::internal, "holding \"" + name + "\": only a server's database holds names"};
}

}  // namespace gristmill::meta
