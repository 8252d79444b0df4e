// SPDX-License-Identifier: Apache-2.0
// A table of many snapshots and data files, of which only the metadata exists; each command prints one JSON line:
//   table_rate FOLDER build COMMITS FILES            so many commits with so many files each
//   table_rate FOLDER commit COUNT FIRST             appends of one file; how long each took
//   table_rate FOLDER plan COUNT LOW HIGH            plans scans of the files with LOW <= origin_offset < HIGH
//   table_rate FOLDER count                          files and snapshots
//   table_rate FOLDER compete SECONDS FIRST          says "ready", waits for a line, then appends one file after the
//                                                    other until the time is up; how long each took
// Where CATALOG_URL is set the catalog is on that PostgreSQL server, else in FOLDER/catalog.db.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/store/scan.h"
#include "gristmill/store/table.h"

using namespace gristmill;

namespace {

const store::TableName table_name{"bench", "files"};

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double clock_ms(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string bytes_of(std::int64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

/// A file of 1,000 rows whose offsets follow from its number.
store::DataFile data_file(const std::string& folder, std::int64_t file) {
  store::DataFile made{.path = fmt::format("{}/table/data/{:08}.parquet", folder, file),
                       .records = 1000,
                       .bytes = 100'000,
                       .split_offsets = {4},
                       .columns = {}};
  for (int column = 1; column <= 10; ++column)
    made.columns.push_back({column, 10'000, 1000, 0, "aaaaaaaaaaaaaaaa", "zzzzzzzzzzzzzzzz"});
  made.columns[3].lower_bound = bytes_of(file * 1000);
  made.columns[3].upper_bound = bytes_of(file * 1000 + 999);
  made.columns[6].lower_bound = made.columns[6].upper_bound = "";
  return made;
}

Result<Json> build(store::Catalog& catalog, const std::string& folder, std::int64_t commits, std::int64_t files) {
  GRISTMILL_RETURN_IF_ERROR(catalog.create_tables());
  GRISTMILL_TRY(auto table, store::Table::create(catalog, table_name, formats::table_columns({}), folder + "/table"));
  for (std::int64_t i = 0; i < commits; ++i) {
    store::CommitRequest request;
    for (std::int64_t file = 0; file < files; ++file) request.files.push_back(data_file(folder, i * files + file));
    GRISTMILL_TRY([[maybe_unused]] const auto snapshot, table.append(request));
  }
  return Json::object({{"snapshots", table.snapshots().size()}});
}

Result<Json> commit(store::Catalog& catalog, const std::string& folder, std::int64_t count, std::int64_t first) {
  GRISTMILL_TRY(auto table, store::Table::load(catalog, table_name));
  std::vector<double> wall;
  const double cpu_before = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
  for (std::int64_t i = 0; i < count; ++i) {
    store::CommitRequest request;
    request.files = {data_file(folder, first + i)};
    const double before = clock_ms(CLOCK_MONOTONIC);
    GRISTMILL_TRY([[maybe_unused]] const auto snapshot, table.append(request));
    wall.push_back(clock_ms(CLOCK_MONOTONIC) - before);
  }
  const double cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
  return Json::object({{"commits", count},
                       {"wall_ms_p50", median(wall)},
                       {"cpu_ms", cpu / static_cast<double>(std::max<std::int64_t>(count, 1))},
                       {"snapshots", table.snapshots().size()}});
}

Result<Json> compete(store::Catalog& catalog, const std::string& folder, std::int64_t seconds, std::int64_t first) {
  GRISTMILL_TRY(auto table, store::Table::load(catalog, table_name));
  fmt::print("ready\n");
  std::fflush(stdout);
  while (std::getchar() != '\n') {
  }
  auto walls = Json::array();
  for (const double end = clock_ms(CLOCK_MONOTONIC) + 1e3 * static_cast<double>(seconds);
       clock_ms(CLOCK_MONOTONIC) < end;) {
    store::CommitRequest request;
    request.files = {data_file(folder, first++)};
    const double before = clock_ms(CLOCK_MONOTONIC);
    GRISTMILL_TRY([[maybe_unused]] const auto snapshot, table.append(request));
    walls.push(clock_ms(CLOCK_MONOTONIC) - before);
  }
  return Json::object({{"wall_ms", std::move(walls)}, {"failures", 0}, {"cpu_ms", clock_ms(CLOCK_PROCESS_CPUTIME_ID)}});
}

/// Files of the current snapshot, and its number of records.
Result<Json> count(store::Catalog& catalog) {
  GRISTMILL_TRY(const auto table, store::Table::load(catalog, table_name));
  GRISTMILL_TRY(const auto files, table.scan(*table.metadata().current_snapshot()));
  return Json::object({{"files", files.size()}, {"snapshots", table.snapshots().size()}});
}

Result<Json> plan(store::Catalog& catalog, std::int64_t count, std::int64_t low, std::int64_t high) {
  std::vector<double> cpu;
  std::size_t files = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double before = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
    GRISTMILL_TRY(const auto table, store::Table::load(catalog, table_name));
    const store::ScanFilter filter{
        {.field_id = 4, .type = "long", .test = store::Condition::Test::greater_equal, .values = {low}},
        {.field_id = 4, .type = "long", .test = store::Condition::Test::less, .values = {high}}};
    GRISTMILL_TRY(const auto found, store::scan_filtered(table, *table.metadata().current_snapshot(), filter));
    files = found.size();
    cpu.push_back(clock_ms(CLOCK_PROCESS_CPUTIME_ID) - before);
  }
  return Json::object({{"files", files}, {"cpu_ms_p50", median(cpu)}});
}

Result<Json> work(const std::vector<std::string>& words) {
  if (words.empty()) return invalid_argument("usage: table_rate FOLDER COMMAND ...");
  const char* const url = std::getenv("CATALOG_URL");
  GRISTMILL_TRY(const auto database,
                url != nullptr ? meta::open_postgres({.url = url}) : meta::open_sqlite(words[0] + "/catalog.db"));
  store::Catalog catalog(*database);
  if (words.size() == 2 && words[1] == "count") return count(catalog);
  if (words.size() < 4) return invalid_argument("usage: table_rate FOLDER build|commit|plan|compete|count NUMBER...");
  const auto first = number(words[2]);
  if (words[1] == "build") return build(catalog, words[0], first, number(words[3]));
  if (words[1] == "commit") return commit(catalog, words[0], first, number(words[3]));
  if (words[1] == "compete") return compete(catalog, words[0], first, number(words[3]));
  if (words.size() < 5) return invalid_argument("usage: table_rate FOLDER plan COUNT LOW HIGH");
  return plan(catalog, first, number(words[3]), number(words[4]));
}

}  // namespace

int main(int word_count, char** words) {
  const auto done = work({words + 1, words + word_count});
  fmt::print("{}\n", done ? done->dump() : done.error().message);
  return done ? 0 : 1;
}
