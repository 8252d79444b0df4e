// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gristmill/meta/database.h"

struct pg_conn;
struct pg_result;

namespace gristmill::meta {

/// What kind of failure a connection met last, for those who may try again.
enum class PostgresFault {
  none,
  race,   ///< A serialization failure or deadlock: the same transaction again may succeed.
  lost,   ///< The server or the connection is gone.
  other,
};

struct ClearResult {
  void operator()(pg_result* result) const;
};
using PostgresResult = std::unique_ptr<pg_result, ClearResult>;

/// One PostgreSQL connection with its prepared statements. Used by one thread at a time.
class PostgresConnection {
 public:
  /// Connects and prepares the session. `fault` says whether trying again makes sense.
  static Result<std::unique_ptr<PostgresConnection>> open(const PostgresSettings& settings, PostgresFault& fault);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  /// Runs statements that take no parameters, separated by `;`; the last one's result.
  Result<PostgresResult> run(const std::string& script);
  /// Runs one statement, prepared at its first use.
  Result<PostgresResult> execute(std::string_view sql, std::span<const Cell> parameters);
  /// Runs one statement for many rows without waiting for each.
  Status execute_many(std::string_view sql, std::span<const Row> rows);
  /// Hands over the rows of a query one by one.
  Status visit(std::string_view sql, std::span<const Cell> parameters, const std::function<Status(Row)>& each);
  /// COPY of rows, all of `columns` cells, into "table (columns)".
  Status copy(const std::string& table_and_columns, std::span<const Row> rows);

  [[nodiscard]] PostgresFault fault() const { return fault_; }
  /// Also after the server closed the connection.
  [[nodiscard]] bool is_usable() const;
  [[nodiscard]] bool is_in_transaction() const;
  /// Names this connection on the server.
  [[nodiscard]] const std::string& session() const { return session_; }

 private:
  struct Prepared {
    std::string name;
    std::string text;
    int parameters = 0;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  PostgresConnection(pg_conn* handle, std::string name, std::string session);
  Status prepare_session(const PostgresSettings& settings);
  Result<const Prepared*> prepare(std::string_view sql);
  Status check(const pg_result* result, std::string_view doing);
  Error error(const pg_result* result, std::string_view doing);
  Status receive_pipelined(std::size_t first, std::size_t count, std::size_t total);
  Status finish_copy(std::size_t rows);

  pg_conn* handle_;
  std::string name_;
  std::string session_;
  PostgresFault fault_ = PostgresFault::none;
  std::unordered_map<std::string, Prepared, TextHash, std::equal_to<>> statements_;
  std::int64_t statements_made_ = 0;
};

/// Row `row` of a result as cells.
Row read_row(const pg_result* result, int row);

/// A transaction on one connection; the connection has begun it.
class PostgresTransaction final : public Transaction {
 public:
  explicit PostgresTransaction(PostgresConnection& connection) : connection_(connection) {}

  using Transaction::execute;
  using Transaction::query;
  Result<std::vector<Row>> query(std::string_view sql, std::span<const Cell> parameters) override;
  Result<std::int64_t> execute(std::string_view sql, std::span<const Cell> parameters) override;
  Status execute_many(std::string_view sql, std::span<const Row> rows) override;
  Status visit(std::string_view sql, std::span<const Cell> parameters, const std::function<Status(Row)>& each) override;
  /// The first failure of a statement in this transaction, if any.
  [[nodiscard]] const Status& failure() const { return failure_; }

 private:
  template <typename T>
  T note(T result) {
    if (!result && failure_) failure_ = result.error();
    return result;
  }

  PostgresConnection& connection_;
  Status failure_;
};

}  // namespace gristmill::meta
