// SPDX-License-Identifier: Apache-2.0
// The metadata database: one face, SQLite or PostgreSQL behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::meta {

/// A parameter or a cell: null, integer, real or text.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;
using Row = std::vector<Cell>;

/// Cell access that never throws; null or another type gives the fallback.
std::int64_t integer(const Cell& cell, std::int64_t fallback = 0);
double real(const Cell& cell, double fallback = 0);
const std::string& text(const Cell& cell);

/// An open transaction. SQL uses `?` for parameters and only what SQLite and PostgreSQL share. After a statement
/// failed, all others fail and nothing is committed.
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// Runs a statement and fetches all rows.
  virtual Result<std::vector<Row>> query(std::string_view sql, std::span<const Cell> parameters = {}) = 0;
  /// Runs a statement; returns the number of affected rows. Without parameters also several, separated by `;`.
  virtual Result<std::int64_t> execute(std::string_view sql, std::span<const Cell> parameters = {}) = 0;
  /// Runs one statement for many parameter rows (prepared once). All or the transaction's error.
  virtual Status execute_many(std::string_view sql, std::span<const Row> rows) = 0;
  /// Runs a query and hands over its rows one by one, for more rows than should be held at once. `each` may not use
  /// this transaction; when it fails, so does the transaction.
  virtual Status visit(std::string_view sql, std::span<const Cell> parameters,
                       const std::function<Status(Row)>& each) = 0;

  Result<std::vector<Row>> query(std::string_view sql, std::initializer_list<Cell> parameters) {
    return query(sql, std::span<const Cell>(parameters.begin(), parameters.size()));
  }
  Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Cell> parameters) {
    return execute(sql, std::span<const Cell>(parameters.begin(), parameters.size()));
  }
};

/// One schema step; `version`s are 1, 2, 3, ... without gaps and never change once released.
struct Migration {
  int version;
  std::string_view name;
  std::string_view sql;  ///< One or more statements, `;`-separated.
};

/// A name that is held while this lives, see `Database::try_hold`.
class HeldName {
 public:
  virtual ~HeldName() = default;
  /// Asks the server: false once the connection was cut, and then somebody else may have the name.
  virtual bool is_held() = 0;
};

/// A database shared by threads and processes. Thread-safe: calls take a connection of their own.
class Database {
 public:
  virtual ~Database() = default;

  /// Runs `work` in a transaction that sees and changes one consistent state; commits when it returns ok,
  /// else rolls back. Write transactions of several processes queue (busy time-out 60 s, then `unavailable`);
  /// a lost serialization race is retried, so `work` must have no side effects outside the transaction.
  virtual Status write(const std::function<Status(Transaction&)>& work) = 0;
  /// Runs `work` in a read-only snapshot.
  virtual Status read(const std::function<Status(Transaction&)>& work) = 0;
  /// Runs small changes that need not see one state together: each statement sees the newest. They do not queue behind
  /// `write`. When a connection is lost they may be run twice, so they must be such that this does no harm.
  virtual Status write_concurrently(const std::function<Status(Transaction&)>& work) { return write(work); }
  /// Holds a name of this database's own, over all machines that use it and for as long as it takes; nothing while
  /// somebody else has it. A holder that dies, or whose machine vanishes, gives it back. Only of a server.
  virtual Result<std::unique_ptr<HeldName>> try_hold(const std::string& name);
  /// "sqlite" or "postgres".
  [[nodiscard]] virtual std::string_view dialect() const = 0;
  /// SQL for a clock in milliseconds that is the same for all processes; a machine's wall clock does not move it.
  [[nodiscard]] virtual std::string clock_ms_sql() const;
  /// The file or the server, for people; never with a password.
  [[nodiscard]] virtual std::string name() const = 0;

  /// Applies the missing migrations, each in a transaction of its own, recorded in `schema_migrations`.
  /// A database newer than the list is refused with a message that names both versions.
  Status migrate(std::span<const Migration> migrations);

 protected:
  /// Makes the columns of the tables that a migration names behave alike in all dialects; called after it, in its
  /// transaction.
  virtual Status level_columns(Transaction&, std::string_view) { return {}; }
};

/// Opens or creates an SQLite file (WAL, foreign keys on). `durable` fsyncs each commit (synchronous=FULL); without
/// it a power cut, not a crash, may lose the newest commits. A file that may only be read opens for reading.
Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, bool durable = true,
                                              int busy_timeout_ms = 60'000);

/// How a PostgreSQL database is used.
struct PostgresSettings {
  std::string url;                ///< postgresql://USER@HOST:PORT/DATABASE, or what else libpq understands.
  int busy_timeout_ms = 60'000;   ///< How long a writer waits for another.
  int outage_ms = 90'000;         ///< How long work waits for a server that went away.
};

/// While one lives, the calling thread does not wait for a server that is away: its calls fail at once (`unavailable`).
class WithoutPatience {
 public:
  WithoutPatience();
  ~WithoutPatience();
  WithoutPatience(const WithoutPatience&) = delete;
  WithoutPatience& operator=(const WithoutPatience&) = delete;
  /// Whether the calling thread is in such a stretch.
  static bool is_on();

 private:
  bool before_;
};

/// Opens a PostgreSQL database (UTF-8). The password comes from the URL, PGPASSWORD or the password file, and is never
/// shown. A transaction whose server goes away is run again once it is back, within `outage_ms`; whether a commit that
/// was cut off took effect is read back from the server. Text with NUL bytes is refused.
Result<std::unique_ptr<Database>> open_postgres(PostgresSettings settings);
/// True for the URLs that `open_postgres` opens.
bool is_postgres_url(std::string_view url);
/// A URL as it may be shown and stored: without its password.
std::string without_password(std::string_view url);

}  // namespace gristmill::meta
