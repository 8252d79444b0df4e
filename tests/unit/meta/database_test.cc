// SPDX-License-Identifier: Apache-2.0
// What holds for every database; tests that only one kind can pass are in files of their own.
#include "gristmill/meta/database.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "places.h"

using namespace gristmill;
using meta::Cell;
using meta::Row;
using meta::Transaction;

namespace {

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

DATABASE_TEST_CASE("cells of every type come back as they went in") {
  const auto database = place.open();
  REQUIRE(run(*database, "CREATE TABLE cells (i BIGINT, r DOUBLE PRECISION, t TEXT, n TEXT)").ok());
  const std::string text = "z\t\\N\n\xC3\xA9'; DROP TABLE cells -- \"?\" $1";
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

DATABASE_TEST_CASE("what fails is rolled back whole, and an overlooked failure cannot be committed") {
  const auto database = place.open();
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

DATABASE_TEST_CASE("statements of the wrong shape are refused in words") {
  const auto database = place.open();
  REQUIRE(
      run(*database, "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (id INTEGER REFERENCES t(id));").ok());
  const auto count = database->write([](Transaction& transaction) -> Status {
    GRISTMILL_TRY([[maybe_unused]] const auto done, transaction.execute("INSERT INTO t VALUES (?)", {}));
    return {};
  });
  CHECK(count.error().message.find("takes 1 parameters, 0 given") != std::string::npos);
  CHECK(run(*database, "INSERT INTO nowhere VALUES (1)").error().message.find("nowhere") != std::string::npos);
  const auto written = database->read([](Transaction& transaction) -> Status {
    GRISTMILL_TRY([[maybe_unused]] const auto done, transaction.execute("INSERT INTO t VALUES (1)"));
    return {};
  });
  CHECK(written.error().message.find("read transaction") != std::string::npos);
  CHECK(single(*database, "SELECT count(*) FROM t") == 0);
  const auto nested = database->write([&](Transaction&) { return run(*database, "INSERT INTO t VALUES (1)"); });
  CHECK(nested.error().message.find("inside another") != std::string::npos);
}

DATABASE_TEST_CASE("a read transaction sees one state while others write") {
  const auto database = place.open();
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

DATABASE_TEST_CASE("execute_many inserts all rows or none") {
  const auto database = place.open();
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

DATABASE_TEST_CASE("threads and processes lose no update") {
  REQUIRE(run(*place.open(), "CREATE TABLE counter (value INTEGER); INSERT INTO counter VALUES (0)").ok());
  constexpr int processes = 3;
  constexpr int threads = 3;
  constexpr int updates = 40;
  for (int process = 0; process < processes; ++process) {
    if (::fork() != 0) continue;
    const auto opened = place.try_open();
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
  CHECK(single(*place.open(), "SELECT value FROM counter") == processes * threads * updates);
}

DATABASE_TEST_CASE("processes that create one database at once all succeed") {
  for (int process = 0; process < 6; ++process) {
    if (::fork() != 0) continue;
    const auto opened = place.try_open();
    ::_exit(opened.ok() ? 0 : 1);
  }
  for (int process = 0; process < 6; ++process) {
    int status = 0;
    ::wait(&status);
    CHECK(status == 0);
  }
}

DATABASE_TEST_CASE("a process killed in the middle of a transaction leaves nothing of it") {
  REQUIRE(run(*place.open(), "CREATE TABLE t (id INTEGER)").ok());
  const auto child = ::fork();
  if (child == 0) {
    const auto database = place.try_open();
    [[maybe_unused]] const auto never = (*database)->write([](Transaction& transaction) -> Status {
      [[maybe_unused]] const auto done = transaction.execute("INSERT INTO t VALUES (1)");
      ::kill(::getpid(), SIGKILL);
      return {};
    });
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  const auto database = place.open();
  CHECK(single(*database, "SELECT count(*) FROM t") == 0);
  CHECK(run(*database, "INSERT INTO t VALUES (2)").ok());
}

DATABASE_TEST_CASE("waiting for another process ends with a clear word") {
  const auto holder = place.open();
  const auto waiter = place.open(50);
  REQUIRE(run(*holder, "CREATE TABLE t (id INTEGER)").ok());
  REQUIRE(holder
              ->write([&](Transaction&) -> Status {
                const auto refused = run(*waiter, "INSERT INTO t VALUES (1)");
                CHECK(refused.error().code == ErrorCode::unavailable);
                CHECK(refused.error().message.find("another process") != std::string::npos);
                CHECK(refused.error().message.find(place.address()) != std::string::npos);
                return {};
              })
              .ok());
  CHECK(run(*waiter, "INSERT INTO t VALUES (1)").ok());
}

DATABASE_TEST_CASE("rows are handed over one by one") {
  const auto database = place.open();
  REQUIRE(run(*database, "CREATE TABLE t (id BIGINT)").ok());
  std::vector<Row> rows;
  for (std::int64_t i = 0; i < 3000; ++i) rows.push_back({i});
  std::int64_t sum = 0;
  const auto status = database->write([&](Transaction& transaction) -> Status {
    GRISTMILL_RETURN_IF_ERROR(transaction.execute_many("INSERT INTO t (id) VALUES (?)", rows));
    GRISTMILL_RETURN_IF_ERROR(transaction.visit("SELECT id FROM t WHERE id >= ? ORDER BY id",
                                                std::vector<Cell>{std::int64_t{1000}}, [&](Row row) -> Status {
                                                  sum += meta::integer(row[0]);
                                                  return {};
                                                }));
    GRISTMILL_TRY(const auto after, transaction.query("SELECT count(*) FROM t"));
    CHECK(meta::integer(after[0][0]) == 3000);
    return {};
  });
  CHECK(status.ok());
  CHECK(sum == 3'999'000);
  const auto stopped = database->read([&](Transaction& transaction) -> Status {
    return transaction.visit("SELECT id FROM t", {}, [](Row) -> Status { return invalid_argument("enough"); });
  });
  CHECK(stopped.error().message == "enough");
  CHECK(single(*database, "SELECT count(*) FROM t") == 3000);
}

DATABASE_TEST_CASE("many statements that are no plain inserts run as one") {
  const auto database = place.open();
  REQUIRE(run(*database, "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)").ok());
  std::vector<Row> rows;
  for (std::int64_t i = 0; i < 2500; ++i) rows.push_back({i % 2000, "first " + std::to_string(i)});
  const auto insert = [&](Transaction& transaction) {
    return transaction.execute_many("INSERT INTO t (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING", rows);
  };
  REQUIRE(database->write(insert).ok());
  CHECK(single(*database, "SELECT count(*) FROM t WHERE name LIKE 'first 1%'") == 1111);
  CHECK(single(*database, "SELECT count(*) FROM t") == 2000);
  rows = {{std::int64_t{1}, "changed"}, {"no number", "x"}, {std::int64_t{3}, "changed"}};
  const auto failed = database->write([&](Transaction& transaction) -> Status {
    const auto status = transaction.execute_many("UPDATE t SET name = ? WHERE id = ?", std::vector<Row>{{"a"}});
    CHECK(!status.ok());
    return {};
  });
  CHECK(failed.error().message.find("takes 2 parameters, 1 given") != std::string::npos);
  CHECK(single(*database, "SELECT count(*) FROM t") == 2000);
}

DATABASE_TEST_CASE("concurrent writers wait for nothing but their rows") {
  const auto database = place.open();
  REQUIRE(run(*database, "CREATE TABLE t (id BIGINT)").ok());
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          failures += database->write_concurrently([](Transaction& transaction) -> Status {
                                const auto done = transaction.execute("INSERT INTO t VALUES (1)");
                                return done ? Status() : Status(done.error());
                              })
                              .ok()
                          ? 0
                          : 1;
        }
      });
    }
  }
  CHECK(failures == 0);
  CHECK(single(*database, "SELECT count(*) FROM t") == 80);
}
