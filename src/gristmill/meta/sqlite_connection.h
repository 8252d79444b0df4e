// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gristmill/meta/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace gristmill::meta {

/// How the connections of one database are opened.
struct SqliteSettings {
  std::string path;
  bool is_durable = true;
  int busy_timeout_ms = 60'000;
};

/// One SQLite connection with its prepared statements. Used by one thread at a time.
class SqliteConnection {
 public:
  /// Opens or creates the file in WAL mode. A file that may only be read opens too; writing then is `denied`.
  static Result<std::unique_ptr<SqliteConnection>> open(const SqliteSettings& settings);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  /// Opened past the write-ahead log since the folder cannot hold one: good for one transaction only.
  [[nodiscard]] bool is_immutable() const { return is_immutable_; }
  [[nodiscard]] bool is_readonly() const;
  /// False outside a transaction, also after SQLite itself rolled one back.
  [[nodiscard]] bool is_in_transaction() const;

  /// A prepared statement out of the cache; the rest of `sql` behind its first `;` goes to `tail`.
  Result<sqlite3_stmt*> prepare(std::string_view sql, std::string_view& tail);
  /// Runs a statement that takes no parameters and gives no rows, or several separated by `;`.
  Status run(std::string_view sql);
  [[nodiscard]] std::int64_t changes() const;
  /// The newest failure as an Error: what was being done, SQLite's words, and what to do about it.
  [[nodiscard]] Error error(std::string_view doing) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  SqliteConnection(sqlite3* handle, const SqliteSettings& settings, bool is_immutable);
  Status prepare_session();
  Status enter_wal_mode();
  Result<std::string> journal_mode(std::string_view pragma);
  static int wait_while_busy(void* connection, int attempt);

  sqlite3* handle_;
  SqliteSettings settings_;
  bool is_immutable_;
  std::int64_t busy_since_ms_ = 0;
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> statements_;
};

/// A transaction on one connection. After a failed statement it refuses everything else, as PostgreSQL does, so that
/// half of a change can never be committed.
class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(SqliteConnection& connection, bool may_write) : connection_(connection), may_write_(may_write) {}

  using Transaction::execute;
  using Transaction::query;
  Result<std::vector<Row>> query(std::string_view sql, std::span<const Cell> parameters) override;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Cell> parameters) override;
  Status execute_many(std::string_view sql, std::span<const Row> rows) override;
  Status visit(std::string_view sql, std::span<const Cell> parameters, const std::function<Status(Row)>& each) override;
  /// The first failure of a statement in this transaction, if any.
  [[nodiscard]] const Status& failure() const { return failure_; }

 private:
  Result<sqlite3_stmt*> prepare_single(std::string_view sql);
  Status check_allowed(sqlite3_stmt* statement, std::string_view sql);
  Status run_script(std::string_view sql);
  Error fail(Error error);

  SqliteConnection& connection_;
  bool may_write_;
  Status failure_;
};

}  // namespace gristmill::meta
