// SPDX-License-Identifier: Apache-2.0
// Commits to one table, one data file each, and prints as JSON what a commit costs as the history grows:
// commit_rate FOLDER COMMITS. Nothing but metadata is written.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/store/table.h"

using namespace gristmill;

namespace {

double cpu_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Result<Json> measure(const std::string& folder, int commits) {
  GRISTMILL_TRY(const auto database, meta::open_sqlite(folder + "/catalog.db"));
  store::Catalog catalog(*database);
  GRISTMILL_RETURN_IF_ERROR(catalog.create_tables());
  GRISTMILL_TRY(auto table,
                store::Table::create(catalog, {"bench", "commits"}, formats::table_columns({}), folder + "/table"));
  Json::Array points;
  std::vector<double> cpu;
  std::vector<double> wall;
  for (int i = 1; i <= commits; ++i) {
    store::CommitRequest request;
    request.files = {{.path = fmt::format("{}/table/data/{}.parquet", folder, i),
                      .records = 1000,
                      .bytes = 100'000,
                      .split_offsets = {4},
                      .columns = {}}};
    for (int column = 1; column <= 10; ++column)
      request.files[0].columns.push_back({column, 10'000, 1000, 0, "aaaaaaaaaaaaaaaa", "zzzzzzzzzzzzzzzz"});
    const double cpu_before = cpu_ms();
    const auto wall_before = std::chrono::steady_clock::now();
    GRISTMILL_TRY([[maybe_unused]] const auto snapshot, table.append(request));
    cpu.push_back(cpu_ms() - cpu_before);
    wall.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - wall_before).count());
    if (i % 100 != 0) continue;
    points.push_back(Json::object({{"commits", i}, {"cpu_ms_p50", median(cpu)}, {"wall_ms_p50", median(wall)}}));
    cpu.clear();
    wall.clear();
  }
  return Json(std::move(points));
}

}  // namespace

int main(int count, char** values) {
  int commits = 1000;
  if (count > 2) std::from_chars(values[2], values[2] + std::string_view(values[2]).size(), commits);
  const auto points = count > 1 ? measure(values[1], commits) : invalid_argument("usage: commit_rate FOLDER [COMMITS]");
  fmt::print("{}\n", points ? points->dump() : points.error().message);
  return points ? 0 : 1;
}
