// SPDX-License-Identifier: Apache-2.0
// Rows and transactions of the metadata database per second, of CPU time and by the clock: database_rate FILE|URL
// [ROWS]. Prints one JSON line.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/meta/database.h"

using namespace gristmill;
using meta::Transaction;

namespace {

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Result<Json> measure(const std::string& place, std::int64_t row_count) {
  constexpr std::int64_t transaction_count = 2'000;
  GRISTMILL_TRY(const auto database,
                meta::is_postgres_url(place) ? meta::open_postgres({.url = place}) : meta::open_sqlite(place));
  GRISTMILL_RETURN_IF_ERROR(database->write([](Transaction& transaction) -> Status {
    GRISTMILL_TRY([[maybe_unused]] const auto done,
                  transaction.execute("CREATE TABLE rate (id INTEGER PRIMARY KEY, a TEXT, b BIGINT, c TEXT)"));
    return {};
  }));
  std::vector<meta::Row> rows;
  for (std::int64_t i = 0; i < row_count; ++i)
    rows.push_back({i, fmt::format("file:///data/{}", i), i * 7, "0123456789abcdef"});
  auto before = cpu_seconds();
  auto began = wall_seconds();
  GRISTMILL_RETURN_IF_ERROR(database->write([&](Transaction& transaction) {
    return transaction.execute_many("INSERT INTO rate VALUES (?, ?, ?, ?)", rows);
  }));
  const double bulk = cpu_seconds() - before;
  const double bulk_wall = wall_seconds() - began;
  before = cpu_seconds();
  began = wall_seconds();
  for (std::int64_t i = 0; i < transaction_count; ++i) {
    GRISTMILL_RETURN_IF_ERROR(database->write([&](Transaction& transaction) -> Status {
      GRISTMILL_TRY([[maybe_unused]] const auto done,
                    transaction.execute("UPDATE rate SET b = ? WHERE id = ?", {i, i}));
      return {};
    }));
  }
  const double updates = cpu_seconds() - before;
  const double updates_wall = wall_seconds() - began;
  return Json::object({{"bulk_rows_per_second", static_cast<double>(row_count) / bulk_wall},
                       {"durable_transactions_per_second", static_cast<double>(transaction_count) / updates_wall},
                       {"bulk_rows_per_cpu_second", static_cast<double>(row_count) / bulk},
                       {"durable_transactions_per_cpu_second", static_cast<double>(transaction_count) / updates}});
}

}  // namespace

int main(int count, char** values) {
  const auto result = count > 1 ? measure(values[1], count > 2 ? std::atoll(values[2]) : 500'000)
                                : invalid_argument("usage: database_rate FILE|URL [ROWS]");
  fmt::print("{}\n", result ? result->dump() : result.error().message);
  return result ? 0 : 1;
}
