// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>

#include "gristmill/meta/database.h"
#include "temporary_folder.h"

/// Where a test's database is: a new SQLite file, or a new schema of a PostgreSQL server.
class Place {
 public:
  explicit Place(bool is_postgres) {
    if (!is_postgres) {
      address_ = folder_.file("a.db");
      return;
    }
    static std::atomic<int> number = 0;
    const auto schema = "unit" + std::to_string(::getpid()) + "_" + std::to_string(++number);
    const std::string server = std::getenv("GRISTMILL_TEST_POSTGRES");
    const auto database = gristmill::meta::open_postgres({.url = server});
    REQUIRE_MESSAGE(database.ok(), (database.ok() ? "" : database.error().message));
    REQUIRE((*database)
                ->write([&](gristmill::meta::Transaction& transaction) -> gristmill::Status {
                  const auto made = transaction.execute("CREATE SCHEMA " + schema);
                  return made ? gristmill::Status() : gristmill::Status(made.error());
                })
                .ok());
    address_ = server + "?options=-csearch_path%3D" + schema;
  }

  [[nodiscard]] bool is_postgres() const { return gristmill::meta::is_postgres_url(address_); }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] gristmill::Result<std::unique_ptr<gristmill::meta::Database>> try_open(int busy_ms = 60'000) const {
    if (!is_postgres()) return gristmill::meta::open_sqlite(address_, false, busy_ms);
    return gristmill::meta::open_postgres({.url = address_, .busy_timeout_ms = busy_ms});
  }
  [[nodiscard]] std::unique_ptr<gristmill::meta::Database> open(int busy_ms = 60'000) const {
    auto database = try_open(busy_ms);
    REQUIRE_MESSAGE(database.ok(), (database.ok() ? "" : database.error().message));
    return *std::move(database);
  }

 private:
  TemporaryFolder folder_;
  std::string address_;
};

inline bool has_postgres() { return std::getenv("GRISTMILL_TEST_POSTGRES") != nullptr; }

/// A test that runs once on each database; PostgreSQL where GRISTMILL_TEST_POSTGRES names a server.
#define DATABASE_TEST_CASE(name) DATABASE_TEST_CASE_AS(name, DOCTEST_ANONYMOUS(test_on_a_database_))
#define DATABASE_TEST_CASE_AS(name, function)      \
  static void function(const Place& place);        \
  TEST_CASE(name) {                                \
    for (const bool is_postgres : {false, true}) { \
      if (is_postgres && !has_postgres()) break;   \
      INFO("on PostgreSQL: " << is_postgres);      \
      function(Place(is_postgres));                \
    }                                              \
  }                                                \
  static void function(const Place& place)

/// Runs one statement.
inline gristmill::Status run(gristmill::meta::Database& database, std::string_view sql) {
  return database.write([&](gristmill::meta::Transaction& transaction) -> gristmill::Status {
    const auto done = transaction.execute(sql);
    return done ? gristmill::Status() : gristmill::Status(done.error());
  });
}

/// The only whole number that a query gives, -1 for a query that fails.
inline std::int64_t single(gristmill::meta::Database& database, std::string_view sql) {
  std::int64_t value = -1;
  const auto status = database.read([&](gristmill::meta::Transaction& transaction) -> gristmill::Status {
    GRISTMILL_TRY(const auto rows, transaction.query(sql));
    if (rows.size() == 1) value = gristmill::meta::integer(rows[0][0]);
    return {};
  });
  return status.ok() ? value : -1;
}
