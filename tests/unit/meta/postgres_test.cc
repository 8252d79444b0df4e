// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "cutting_proxy.h"
#include "gristmill/meta/database.h"
#include "places.h"

using namespace gristmill;
using meta::Row;
using meta::Transaction;

namespace {

Status insert(Transaction& transaction, std::string_view sql, std::span<const meta::Cell> cells = {}) {
  const auto done = transaction.execute(sql, cells);
  return done ? Status() : Status(done.error());
}

/// Ends, on the server, all connections of a database but the asking one.
void end_connections(meta::Database& other) {
  const auto done = other.read([](Transaction& transaction) -> Status {
    GRISTMILL_TRY([[maybe_unused]] const auto rows,
                  transaction.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                                    "pg_backend_pid() AND application_name LIKE 'gristmill-%'"));
    return {};
  });
  REQUIRE(done.ok());
}

int port_of(const std::string& url) {
  const auto colon = url.rfind(':');
  return std::stoi(url.substr(colon + 1));
}

std::string through(const std::string& url, int port) {
  const auto colon = url.rfind(':', url.find("/postgres"));
  const auto end = url.find('/', colon);
  return url.substr(0, colon + 1) + std::to_string(port) + url.substr(end);
}

}  // namespace

TEST_CASE("text that PostgreSQL cannot hold is refused in words" * doctest::skip(!has_postgres())) {
  const Place place(true);
  const auto database = place.open();
  REQUIRE(run(*database, "CREATE TABLE t (name TEXT)").ok());
  const auto refused = database->write([](Transaction& transaction) {
    return insert(transaction, "INSERT INTO t VALUES (?)", std::vector<meta::Cell>{std::string("a\0b", 3)});
  });
  CHECK(refused.error().code == ErrorCode::invalid_argument);
  CHECK(refused.error().message.find("NUL byte") != std::string::npos);
  const std::vector<Row> rows(20, Row{std::string("a\0b", 3)});
  const auto copied = database->write(
      [&](Transaction& transaction) { return transaction.execute_many("INSERT INTO t VALUES (?)", rows); });
  CHECK(copied.error().message.find("row 1 of 20") != std::string::npos);
  const auto invalid = database->write([](Transaction& transaction) {
    return insert(transaction, "INSERT INTO t VALUES (?)", std::vector<meta::Cell>{std::string("a\xFF")});
  });
  CHECK(invalid.error().code == ErrorCode::invalid_argument);
  CHECK(invalid.error().message.find("UTF-8") != std::string::npos);
  CHECK(single(*database, "SELECT count(*) FROM t") == 0);
}

TEST_CASE("a connection lost in the middle of a transaction is replaced" * doctest::skip(!has_postgres())) {
  const Place place(true);
  const auto database = place.open();
  const auto other = place.open();
  REQUIRE(run(*database, "CREATE TABLE t (id BIGINT PRIMARY KEY)").ok());
  int turns = 0;
  const auto work = [&](Transaction& transaction) -> Status {
    GRISTMILL_RETURN_IF_ERROR(insert(transaction, "INSERT INTO t VALUES (1)"));
    if (++turns == 1) end_connections(*other);
    return insert(transaction, "INSERT INTO t VALUES (2)");
  };
  CHECK(database->write(work).ok());
  CHECK(turns == 2);
  CHECK(single(*database, "SELECT count(*) FROM t") == 2);
  end_connections(*other);
  CHECK(single(*database, "SELECT count(*) FROM t") == 2);
}

TEST_CASE("a commit without an answer is neither lost nor done twice" * doctest::skip(!has_postgres())) {
  const Place place(true);
  const auto direct = place.open();
  REQUIRE(run(*direct, "CREATE TABLE t (id BIGINT)").ok());
  CuttingProxy proxy(port_of(std::getenv("GRISTMILL_TEST_POSTGRES")), "COMMIT");
  const auto url = through(place.address(), proxy.port());
  const auto database = meta::open_postgres({.url = url + "&sslmode=disable"});
  REQUIRE_MESSAGE(database.ok(), (database.ok() ? "" : database.error().message));
  int expected = 0;
  for (const auto cut : {CuttingProxy::Cut::before, CuttingProxy::Cut::after, CuttingProxy::Cut::before}) {
    proxy.arm(cut);
    int turns = 0;
    const auto status = (*database)->write([&](Transaction& transaction) {
      ++turns;
      return insert(transaction, "INSERT INTO t VALUES (1)");
    });
    CHECK_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
    CHECK(single(*direct, "SELECT count(*) FROM t") == ++expected);
    CHECK(turns == (cut == CuttingProxy::Cut::after ? 1 : 2));
    CHECK(proxy.cuts() == expected);
  }
}

TEST_CASE("a server that stays away is told after the patience is used up" * doctest::skip(!has_postgres())) {
  const Place place(true);
  std::unique_ptr<meta::Database> database;
  {
    CuttingProxy proxy(port_of(std::getenv("GRISTMILL_TEST_POSTGRES")), "never said");
    auto opened = meta::open_postgres(
        {.url = through(place.address(), proxy.port()) + "&password=secret", .outage_ms = 300});
    REQUIRE(opened.ok());
    database = *std::move(opened);
  }
  const auto gone = run(*database, "CREATE TABLE t (id BIGINT)");
  REQUIRE(!gone.ok());
  CHECK(gone.error().code == ErrorCode::unavailable);
  CHECK(gone.error().message.find("has been away") != std::string::npos);
  CHECK(gone.error().message.find("secret") == std::string::npos);
  CHECK(database->name().find("secret") == std::string::npos);
}

TEST_CASE("a change beside a write transaction makes it start again" * doctest::skip(!has_postgres())) {
  const Place place(true);
  const auto database = place.open();
  REQUIRE(run(*database, "CREATE TABLE counter (value BIGINT); INSERT INTO counter VALUES (0)").ok());
  int turns = 0;
  const auto added = database->write([&](Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT value FROM counter"));
    if (++turns == 1) {
      std::thread([&] {
        const auto beside = database->write_concurrently(
            [](Transaction& other) { return insert(other, "UPDATE counter SET value = value + 10"); });
        CHECK(beside.ok());
      }).join();
    }
    return insert(transaction, "UPDATE counter SET value = ?", std::vector<meta::Cell>{meta::integer(rows[0][0]) + 1});
  });
  CHECK(added.ok());
  CHECK(turns == 2);
  CHECK(single(*database, "SELECT value FROM counter") == 11);
}

TEST_CASE("deadlocks are resolved and started again" * doctest::skip(!has_postgres())) {
  const Place place(true);
  const auto database = place.open();
  REQUIRE(run(*database, "CREATE TABLE t (id BIGINT, value BIGINT); INSERT INTO t VALUES (1, 0), (2, 0)").ok());
  std::atomic<int> both = 0;
  const auto touch = [&](std::int64_t first, std::int64_t second) {
    bool is_first_turn = true;
    return database->write_concurrently([&](Transaction& transaction) -> Status {
      constexpr std::string_view sql = "UPDATE t SET value = value + 1 WHERE id = ?";
      GRISTMILL_RETURN_IF_ERROR(insert(transaction, sql, std::vector<meta::Cell>{first}));
      if (std::exchange(is_first_turn, false)) {
        ++both;
        while (both < 2) std::this_thread::yield();
      }
      return insert(transaction, sql, std::vector<meta::Cell>{second});
    });
  };
  Status other;
  {
    const std::jthread beside([&] { other = touch(2, 1); });
    CHECK(touch(1, 2).ok());
  }
  CHECK(other.ok());
  CHECK(single(*database, "SELECT sum(value) FROM t") == 4);
}

TEST_CASE("databases that cannot be used are told apart, without the password" * doctest::skip(!has_postgres())) {
  const std::string server = std::getenv("GRISTMILL_TEST_POSTGRES");
  const auto host = server.substr(server.find('@') + 1, server.rfind('/') - server.find('@') - 1);
  const auto code_of = [](const std::string& url) {
    const auto refused = meta::open_postgres({.url = url, .outage_ms = 100});
    REQUIRE(!refused.ok());
    CHECK_MESSAGE(refused.error().message.find("secret") == std::string::npos, refused.error().message);
    return refused.error().code;
  };
  CHECK(code_of("postgresql://grist:secret@" + host + "/nowhere") == ErrorCode::not_found);
  CHECK(code_of("postgresql://nobody_known:secret@" + host + "/postgres") == ErrorCode::denied);
  CHECK(code_of("postgresql://grist:secret@127.0.0.1:1/postgres") == ErrorCode::unavailable);
  CHECK(code_of("postgresql://grist:secret@" + host + "/postgres?options=-csearch_path%3Dnowhere") ==
        ErrorCode::not_found);
  CHECK(code_of("postgresql://grist:secret@" + host + "/postgres?nonsense=1") == ErrorCode::invalid_argument);
}

TEST_CASE("columns of migrated tables are alike in all dialects, others' tables are left alone" *
          doctest::skip(!has_postgres())) {
  const Place place(true);
  const auto database = place.open();
  REQUIRE(run(*database, "CREATE TABLE foreign_runs (name VARCHAR(3), id INTEGER)").ok());
  constexpr std::array steps{
      meta::Migration{1, "first", "CREATE TABLE runs (name VARCHAR(3) PRIMARY KEY, id INTEGER, share REAL)"}};
  REQUIRE(database->migrate(steps).ok());
  CHECK(run(*database, "INSERT INTO runs VALUES ('longer than three', 5000000000, 0.1)").ok());
  CHECK(run(*database, "INSERT INTO runs VALUES ('B', 1, 0.1), ('a', 1, 0.1), ('\xC3\xA9', 1, 0.1)").ok());
  REQUIRE(database
              ->read([](Transaction& transaction) -> Status {
                GRISTMILL_TRY(const auto rows, transaction.query("SELECT name, share FROM runs ORDER BY name"));
                REQUIRE(rows.size() == 4);
                CHECK(meta::text(rows[0][0]) == "B");
                CHECK(meta::text(rows[3][0]) == "\xC3\xA9");
                CHECK(meta::real(rows[0][1]) == 0.1);
                return {};
              })
              .ok());
  CHECK(!run(*database, "INSERT INTO foreign_runs VALUES ('longer than three', 1)").ok());
}
