// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "gristmill/meta/database.h"
#include "places.h"

using namespace gristmill;
using meta::Migration;
using meta::Transaction;

namespace {

constexpr std::array steps{
    Migration{1, "first", "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER);"},
    Migration{2, "second", "ALTER TABLE b ADD COLUMN name TEXT"},
    Migration{3, "third", "INSERT INTO b VALUES (1, 'x; y')"},
};

}  // namespace

DATABASE_TEST_CASE("migrations run once, in order, and go on where an older program stopped") {
  const auto database = place.open();
  REQUIRE(database->migrate(std::span(steps).first(1)).ok());
  CHECK(single(*database, "SELECT count(*) FROM schema_migrations") == 1);
  for (int i = 0; i < 2; ++i) REQUIRE(database->migrate(steps).ok());
  CHECK(single(*database, "SELECT count(*) FROM schema_migrations") == 3);
  CHECK(single(*database, "SELECT count(*) FROM b") == 1);
}

DATABASE_TEST_CASE("a database newer than the program is refused, naming both versions") {
  const auto database = place.open();
  REQUIRE(database->migrate(steps).ok());
  const auto refused = database->migrate(std::span(steps).first(2));
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find("version 3") != std::string::npos);
  CHECK(refused.error().message.find("version 2") != std::string::npos);
  constexpr std::array others{Migration{1, "something else", "SELECT 1"}, steps[1], steps[2]};
  CHECK(database->migrate(others).error().message.find("something else") != std::string::npos);
}

DATABASE_TEST_CASE("a migration that fails half-way leaves nothing of itself") {
  const auto database = place.open();
  constexpr std::array broken{steps[0],
                              Migration{2, "bad", "CREATE TABLE c (id INTEGER); CREATE TABLE a (id INTEGER)"}};
  const auto failed = database->migrate(broken);
  REQUIRE(!failed.ok());
  CHECK(failed.error().message.find("schema step 2 \"bad\"") != std::string::npos);
  CHECK(single(*database, "SELECT count(*) FROM schema_migrations") == 1);
  CHECK(single(*database, "SELECT count(*) FROM c") == -1);
  CHECK(database->migrate(steps).ok());
}

DATABASE_TEST_CASE("processes that start at once apply each migration once") {
  for (int process = 0; process < 5; ++process) {
    if (::fork() != 0) continue;
    const auto database = place.try_open();
    ::_exit(database.ok() && (*database)->migrate(steps).ok() ? 0 : 1);
  }
  for (int process = 0; process < 5; ++process) {
    int status = 0;
    ::wait(&status);
    CHECK(status == 0);
  }
  const auto database = place.open();
  CHECK(single(*database, "SELECT count(*) FROM schema_migrations") == 3);
  CHECK(single(*database, "SELECT count(*) FROM b") == 1);
}
