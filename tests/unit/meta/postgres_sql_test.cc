// SPDX-License-Identifier: Apache-2.0
#include "gristmill/meta/postgres_sql.h"

#include <doctest/doctest.h>

#include "gristmill/meta/database.h"

using namespace gristmill;

TEST_CASE("placeholders are numbered outside quotes and comments only") {
  const auto check = [](std::string_view sql, std::string_view wanted, int parameters, int statements) {
    const auto out = meta::to_postgres_sql(sql);
    CHECK(out.text == wanted);
    CHECK_MESSAGE(out.parameters == parameters, sql);
    CHECK_MESSAGE(out.statements == statements, sql);
  };
  check("SELECT ? + ?", "SELECT $1 + $2", 2, 1);
  check("a = '?' AND b = ?", "a = '?' AND b = $1", 1, 1);
  check("'it''s ?' ?", "'it''s ?' $1", 1, 1);
  check("\"odd ?\"\"\" ?", "\"odd ?\"\"\" $1", 1, 1);
  check("x -- what?\n? -- and?", "x -- what?\n$1 -- and?", 1, 1);
  check("/* ? /* ? */ ? */ ?", "/* ? /* ? */ ? */ $1", 1, 1);
  check("$$ ? ; $$ ?", "$$ ? ; $$ $1", 1, 1);
  check("$a$ ? $$ ? $a$ ?", "$a$ ? $$ ? $a$ $1", 1, 1);
  check("a$b$ ?", "a$b$ $1", 1, 1);
  check("SELECT 1; SELECT ';'; -- done;\n", "SELECT 1; SELECT ';'; -- done;\n", 0, 2);
  check(" ; ;-- nothing", " ; ;-- nothing", 0, 0);
  check("'never closed ?", "'never closed ?", 0, 1);
  check("/* never closed ?", "/* never closed ?", 0, 0);
  check("", "", 0, 0);
}

TEST_CASE("an INSERT of one row of placeholders is a COPY, anything else is not") {
  const auto target = meta::plain_insert("insert into t (a, b)\n VALUES (?, ?)");
  REQUIRE(target.has_value());
  CHECK(target->table_and_columns == "t (a, b)");
  CHECK(target->columns == 2);
  CHECK(meta::plain_insert("INSERT INTO t VALUES(?)")->table_and_columns == "t");
  for (const auto* other :
       {"INSERT INTO t VALUES (?, 1)", "INSERT INTO t VALUES (?) ON CONFLICT DO NOTHING", "INSERT INTO t (a) SELECT ?",
        "INSERT INTO t (a, b) VALUES (?)", "INSERT INTO t VALUES (?, ?) RETURNING a", "UPDATE t SET a = ?", "INSERT",
        "INSERT INTO \"t\" VALUES (?)", "INSERT INTO t VALUES (lower(?))", "INSERT INTO t VALUES (?), (?)", ""})
    CHECK_MESSAGE(!meta::plain_insert(other).has_value(), other);
}

TEST_CASE("a shown address has no password") {
  const auto check = [](std::string_view url, std::string_view wanted) {
    CHECK(meta::without_password(url) == wanted);
  };
  check("postgresql://a:secret@h:1/d", "postgresql://a@h:1/d");
  check("postgresql://a:se:c@ret@h/d?x=1", "postgresql://a@h/d?x=1");
  check("postgresql://a@h/d?password=secret", "postgresql://a@h/d");
  check("postgresql://h/d?password=secret&port=5", "postgresql://h/d?port=5");
  check("postgresql://h/d?port=5&password=secret&x=1", "postgresql://h/d?port=5&x=1");
  check("postgresql://h/d?port=5&password=a&sslpassword=b", "postgresql://h/d?port=5");
  check("postgresql:///d?host=/run/pg", "postgresql:///d?host=/run/pg");
  check("postgresql://", "postgresql://");
  check("host=h password=secret", "(a connection string)");
}

TEST_CASE("table names are found as whole words") {
  CHECK(meta::names_word("CREATE TABLE runs (x)", "runs"));
  CHECK(meta::names_word("runs", "runs"));
  CHECK(!meta::names_word("CREATE TABLE old_runs (x); CREATE TABLE runs2 (x)", "runs"));
}
