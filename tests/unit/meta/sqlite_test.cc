// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "gristmill/meta/database.h"
#include "temporary_folder.h"

using namespace gristmill;
using meta::Cell;
using meta::Row;
using meta::Transaction;

namespace {

std::unique_ptr<meta::Database> open_new(const std::string& path, int busy_timeout_ms = 60'000) {
  auto database = meta::open_sqlite(path, false, busy_timeout_ms);
  REQUIRE_MESSAGE(database.ok(), (database.ok() ? "" : database.error().message));
  return *std::move(database);
}

Status run(meta::Database& database, std::string_view sql) {
  return database.write([&](Transaction& transaction) -> Status {
    const auto done = transaction.execute(sql);
    return done ? Status() : Status(done.error());
  });
}

std::int64_t single(meta::Database& database, std::string_view sql) {
  std::int64_t value = -1;
  const auto status = database.read([&](Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query(sql));
    if (rows.size() == 1) value = meta::integer(rows[0][0]);
    return {};
  });
  CHECK(status.ok());
  return value;
}

/// Adds one to the counter, reading first: loses updates unless write transactions exclude each other.
Status add_one(meta::Database& database) {
  return database.write([](Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT value FROM counter"));
    GRISTMILL_TRY(const auto changed,
                  transaction.execute("UPDATE counter SET value = ?", {meta::integer(rows[0][0]) + 1}));
    return changed == 1 ? Status() : Status(Error{ErrorCode::internal, "no row"});
  });
}

}  // namespace

TEST_CASE("cells of every type come back as they went in") {
  const TemporaryFolder folder;
  const auto database = open_new(folder.file("a.db"));
  REQUIRE(run(*database, "CREATE TABLE cells (i BIGINT, r DOUBLE PRECISION, t TEXT, n TEXT)").ok());
  const std::string text("z\0\xC3\xA9'; DROP TABLE cells", 23);
  REQUIRE(database
              ->write([&](Transaction& transaction) -> Status {
                GRISTMILL_TRY(const auto count, transaction.execute("INSERT INTO cells VALUES (?, ?, ?, ?)",
                                                                    {INT64_MIN, 0.1, text, std::monostate()}));
                CHECK(count == 1);
                return {};
              })
              .ok());
  REQUIRE(database
              ->read([&](Transaction& transaction) -> Status {
                GRISTMILL_TRY(const auto rows,
                              transaction.query("SELECT i, r, t, n, '' FROM cells WHERE t = ?", {text}));
                REQUIRE(rows.size() == 1);
                CHECK(meta::integer(rows[0][0]) == INT64_MIN);
                CHECK(meta::real(rows[0][1]) == 0.1);
                CHECK(meta::text(rows[0][2]) == text);
                CHECK(rows[0][3] == Cell());
                CHECK(rows[0][4] == Cell(std::string()));
                return {};
              })
              .ok());
}

TEST_CASE("cell access falls back instead of throwing") {
  CHECK(meta::integer(Cell(std::string("7")), 3) == 3);
  CHECK(meta::integer(Cell(), 5) == 5);
  CHECK(meta::real(Cell(std::int64_t{2})) == 2.0);
  CHECK(meta::text(Cell(1.5)).empty());
}

TEST_CASE("what fails is rolled back whole, and an overlooked failure cannot be committed") {
  const TemporaryFolder folder;
  const auto database = open_new(folder.file("a.db"));
  REQUIRE(run(*database, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL)").ok());
  const auto asked = database->write([](Transaction& transaction) -> Status {
    CHECK(transaction.execute("INSERT INTO t VALUES (1, 'a')").ok());
    return invalid_argument("changed my mind");
  });
  CHECK(asked.error().message == "changed my mind");
  CHECK(single(*database, "SELECT count(*) FROM t") == 0);

  const auto overlooked = database->write([](Transaction& transaction) -> Status {
    CHECK(transaction.execute("INSERT INTO t VALUES (1, 'a')").ok());
    CHECK(!transaction.execute("INSERT INTO t VALUES (1, 'b')").ok());
    CHECK(!transaction.execute("INSERT INTO t VALUES (2, 'c')").ok());
    return {};
  });
  REQUIRE(!overlooked.ok());
  CHECK(overlooked.error().code == ErrorCode::already_exists);
  CHECK(single(*database, "SELECT count(*) FROM t") == 0);
  CHECK(run(*database, "INSERT INTO t VALUES (3, NULL)").error().code == ErrorCode::invalid_argument);
}

TEST_CASE("statements of the wrong shape are refused in words") {
  const TemporaryFolder folder;
  const auto database = open_new(folder.file("a.db"));
  REQUIRE(run(*database, "CREATE TABLE t (id INTEGER); CREATE TABLE u (id INTEGER REFERENCES t(id));").ok());
  const auto count = database->write([](Transaction& transaction) -> Status {
    GRISTMILL_TRY([[maybe_unused]] const auto done, transaction.execute("INSERT INTO t VALUES (?)", {}));
    return {};
  });
  CHECK(count.error().message.find("takes 1 parameters, 0 given") != std::string::npos);
  CHECK(run(*database, "INSERT INTO nowhere VALUES (1)").error().message.find("no such table") != std::string::npos);
  const auto written = database->read([](Transaction& transaction) -> Status {
    GRISTMILL_TRY([[maybe_unused]] const auto done, transaction.execute("INSERT INTO t VALUES (1)"));
    return {};
  });
  CHECK(written.error().message.find("read transaction") != std::string::npos);
  CHECK(single(*database, "SELECT count(*) FROM t") == 0);
  const auto nested = database->write([&](Transaction&) { return run(*database, "INSERT INTO t VALUES (1)"); });
  CHECK(nested.error().message.find("inside another") != std::string::npos);
}

TEST_CASE("a read transaction sees one state while others write") {
  const TemporaryFolder folder;
  const auto database = open_new(folder.file("a.db"));
  REQUIRE(run(*database, "CREATE TABLE t (id INTEGER)").ok());
  REQUIRE(database
              ->read([&](Transaction& transaction) -> Status {
                GRISTMILL_TRY(const auto before, transaction.query("SELECT count(*) FROM t"));
                CHECK(run(*database, "INSERT INTO t VALUES (1)").ok());
                GRISTMILL_TRY(const auto after, transaction.query("SELECT count(*) FROM t"));
                CHECK(before == after);
                return {};
              })
              .ok());
  CHECK(single(*database, "SELECT count(*) FROM t") == 1);
}

TEST_CASE("execute_many inserts all rows or none") {
  const TemporaryFolder folder;
  const auto database = open_new(folder.file("a.db"));
  REQUIRE(run(*database, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)").ok());
  std::vector<Row> rows;
  for (std::int64_t i = 0; i < 10'000; ++i) rows.push_back({i, "name " + std::to_string(i)});
  const auto insert = [&](Transaction& transaction) {
    return transaction.execute_many("INSERT INTO t VALUES (?, ?)", rows);
  };
  CHECK(database->write(insert).ok());
  CHECK(single(*database, "SELECT sum(id) FROM t") == 49'995'000);
  rows = {{std::int64_t{20'000}, "new"}, {std::int64_t{5}, "taken"}};
  const auto taken = database->write(insert);
  CHECK(taken.error().code == ErrorCode::already_exists);
  CHECK(taken.error().message.find("row 2 of 2") != std::string::npos);
  rows = {{std::int64_t{30'000}}};
  CHECK(!database->write(insert).ok());
  CHECK(single(*database, "SELECT count(*) FROM t") == 10'000);
}

TEST_CASE("threads and processes lose no update") {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  REQUIRE(run(*open_new(path), "CREATE TABLE counter (value INTEGER); INSERT INTO counter VALUES (0)").ok());
  constexpr int processes = 3;
  constexpr int threads = 3;
  constexpr int updates = 40;
  for (int process = 0; process < processes; ++process) {
    if (::fork() != 0) continue;
    const auto opened = meta::open_sqlite(path, false);
    std::atomic<int> failures = opened ? 0 : 1;
    std::vector<std::thread> workers;
    for (int thread = 0; opened && thread < threads; ++thread) {
      workers.emplace_back([&] {
        for (int i = 0; i < updates; ++i) failures += add_one(**opened).ok() ? 0 : 1;
      });
    }
    for (auto& worker : workers) worker.join();
    ::_exit(failures == 0 ? 0 : 1);
  }
  for (int process = 0; process < processes; ++process) {
    int status = 0;
    ::wait(&status);
    CHECK(status == 0);
  }
  CHECK(single(*open_new(path), "SELECT value FROM counter") == processes * threads * updates);
}

TEST_CASE("processes that create one database at once all succeed") {
  const TemporaryFolder folder;
  for (int process = 0; process < 6; ++process) {
    if (::fork() != 0) continue;
    const auto opened = meta::open_sqlite(folder.file("new.db"), false);
    ::_exit(opened.ok() ? 0 : 1);
  }
  for (int process = 0; process < 6; ++process) {
    int status = 0;
    ::wait(&status);
    CHECK(status == 0);
  }
}

TEST_CASE("a process killed in the middle of a transaction leaves nothing of it") {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  REQUIRE(run(*open_new(path), "CREATE TABLE t (id INTEGER)").ok());
  const auto child = ::fork();
  if (child == 0) {
    const auto database = meta::open_sqlite(path, false);
    [[maybe_unused]] const auto never = (*database)->write([](Transaction& transaction) -> Status {
      [[maybe_unused]] const auto done = transaction.execute("INSERT INTO t VALUES (1)");
      ::kill(::getpid(), SIGKILL);
      return {};
    });
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  const auto database = open_new(path);
  CHECK(single(*database, "SELECT count(*) FROM t") == 0);
  CHECK(run(*database, "INSERT INTO t VALUES (2)").ok());
}

TEST_CASE("waiting for another process ends with a clear word") {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto holder = open_new(path);
  const auto waiter = open_new(path, 50);
  REQUIRE(run(*holder, "CREATE TABLE t (id INTEGER)").ok());
  REQUIRE(holder
              ->write([&](Transaction&) -> Status {
                const auto refused = run(*waiter, "INSERT INTO t VALUES (1)");
                CHECK(refused.error().code == ErrorCode::unavailable);
                CHECK(refused.error().message.find("another process") != std::string::npos);
                CHECK(refused.error().message.find(path) != std::string::npos);
                return {};
              })
              .ok());
  CHECK(run(*waiter, "INSERT INTO t VALUES (1)").ok());
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
