// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "gristmill/meta/database.h"
#include "places.h"

using namespace gristmill;
using meta::Transaction;

namespace {

std::unique_ptr<meta::Database> open_new(const std::string& path) {
  auto database = meta::open_sqlite(path, false);
  REQUIRE_MESSAGE(database.ok(), (database.ok() ? "" : database.error().message));
  return *std::move(database);
}

}  // namespace

TEST_CASE("SQLite holds text of any bytes") {
  const TemporaryFolder folder;
  const auto database = open_new(folder.file("a.db"));
  REQUIRE(run(*database, "CREATE TABLE t (bytes TEXT)").ok());
  const std::string bytes("a\0\xFF\xFE z", 6);
  REQUIRE(database
              ->write([&](Transaction& transaction) -> Status {
                GRISTMILL_TRY([[maybe_unused]] const auto done,
                              transaction.execute("INSERT INTO t VALUES (?)", {bytes}));
                GRISTMILL_TRY(const auto rows, transaction.query("SELECT bytes FROM t"));
                CHECK(meta::text(rows[0][0]) == bytes);
                return {};
              })
              .ok());
}

TEST_CASE("a full database says so and works on when there is room") {
  const TemporaryFolder folder;
  const auto database = open_new(folder.file("a.db"));
  REQUIRE(run(*database, "CREATE TABLE t (bytes TEXT)").ok());
  const auto fill = [&](int pages) {
    return database->write([&](Transaction& transaction) -> Status {
      GRISTMILL_TRY([[maybe_unused]] const auto pragma,
                    transaction.query("PRAGMA max_page_count = " + std::to_string(pages)));
      GRISTMILL_TRY([[maybe_unused]] const auto done,
                    transaction.execute("INSERT INTO t VALUES (?)", {std::string(200'000, 'x')}));
      return {};
    });
  };
  const auto full = fill(10);
  REQUIRE(!full.ok());
  CHECK(full.error().code == ErrorCode::unavailable);
  CHECK(full.error().message.find("full: make room") != std::string::npos);
  CHECK(single(*database, "SELECT count(*) FROM t") == 0);
  CHECK(fill(1'000'000).ok());
}

TEST_CASE("a file size limit in mid-transaction harms nothing that was committed") {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  REQUIRE(run(*open_new(path), "CREATE TABLE t (bytes TEXT); INSERT INTO t VALUES ('kept')").ok());
  const auto child = ::fork();
  if (child == 0) {
    const rlimit limit{200'000, 200'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    const auto database = meta::open_sqlite(path, true);
    const auto status = (*database)->write([](Transaction& transaction) -> Status {
      GRISTMILL_TRY([[maybe_unused]] const auto done,
                    transaction.execute("INSERT INTO t VALUES (?)", {std::string(4'000'000, 'x')}));
      return {};
    });
    ::_exit(!status.ok() && status.error().code == ErrorCode::unavailable ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(single(*open_new(path), "SELECT count(*) FROM t") == 1);
}

TEST_CASE("files that are no database, folders and missing folders are told apart") {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  std::ofstream(path) << std::string(5000, 'x');
  CHECK(meta::open_sqlite(path).error().code == ErrorCode::corrupt_data);
  CHECK(meta::open_sqlite(folder.path()).error().code == ErrorCode::unavailable);
  const auto missing = meta::open_sqlite(folder.file("nowhere/a.db"));
  CHECK(missing.error().code == ErrorCode::not_found);
  CHECK(missing.error().message.find("nowhere/a.db") != std::string::npos);
}

TEST_CASE("a database that may only be read can be read, and writing is denied") {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  REQUIRE(run(*open_new(path), "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1)").ok());
  REQUIRE(::chmod(path.c_str(), 0444) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
  const auto child = ::fork();
  if (child == 0) {
    // Permissions say nothing to the superuser.
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(9);
    const auto database = meta::open_sqlite(path);
    if (!database) ::_exit(2);
    std::int64_t count = 0;
    const auto read = (*database)->read([&](Transaction& transaction) -> Status {
      GRISTMILL_TRY(const auto rows, transaction.query("SELECT count(*) FROM t"));
      count = meta::integer(rows[0][0]);
      return {};
    });
    if (!read || count != 1) ::_exit(3);
    const auto written = run(**database, "INSERT INTO t VALUES (2)");
    if (written.ok() || written.error().code != ErrorCode::denied) ::_exit(4);
    const auto created = meta::open_sqlite(folder.file("new.db"));
    ::_exit(!created && created.error().code == ErrorCode::denied ? 0 : 5);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  ::chmod(folder.path().c_str(), 0755);
}
