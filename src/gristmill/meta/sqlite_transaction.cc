// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sqlite3.h>

#include "gristmill/meta/sqlite_connection.h"

namespace gristmill::meta {
namespace {

/// Gives a cached statement back clean: SQLite refuses to commit while one is half read.
class ResetOnExit {
 public:
  explicit ResetOnExit(sqlite3_stmt* statement) : statement_(statement) {}
  ~ResetOnExit() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  ResetOnExit(const ResetOnExit&) = delete;
  ResetOnExit& operator=(const ResetOnExit&) = delete;

 private:
  sqlite3_stmt* statement_;
};

int bind_cell(sqlite3_stmt* statement, int index, const Cell& cell) {
  switch (cell.index()) {
    case 0: return sqlite3_bind_null(statement, index);
    case 1: return sqlite3_bind_int64(statement, index, std::get<1>(cell));
    case 2: return sqlite3_bind_double(statement, index, std::get<2>(cell));
    default: break;
  }
  // The caller's string outlives the step, so no copy is made.
  const auto& value = std::get<3>(cell);
  return sqlite3_bind_text64(statement, index, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

bool bind_all(sqlite3_stmt* statement, std::span<const Cell> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (bind_cell(statement, static_cast<int>(i) + 1, cells[i]) != SQLITE_OK) return false;
  }
  return true;
}

Cell read_cell(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: return std::monostate();
    case SQLITE_INTEGER: return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    default: break;
  }
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

std::string parameter_error(std::string_view sql, int wanted, std::size_t given) {
  return fmt::format("statement takes {} parameters, {} given: {}", wanted, given, sql);
}

}  // namespace

Error SqliteTransaction::fail(Error error) {
  if (failure_) failure_ = error;
  return error;
}

Status SqliteTransaction::check_allowed(sqlite3_stmt* statement, std::string_view sql) {
  if (may_write_ || sqlite3_stmt_readonly(statement) != 0) return {};
  return fail(Error{ErrorCode::internal, fmt::format("a read transaction may not run: {}", sql)});
}

Result<sqlite3_stmt*> SqliteTransaction::prepare_single(std::string_view sql) {
  if (!failure_) return failure_.error();
  std::string_view tail;
  auto prepared = connection_.prepare(sql, tail);
  if (!prepared) return fail(std::move(prepared).error());
  if (*prepared == nullptr) return fail(Error{ErrorCode::internal, fmt::format("one statement expected: {}", sql)});
  GRISTMILL_RETURN_IF_ERROR(check_allowed(*prepared, sql));
  return *prepared;
}

Result<std::vector<Row>> SqliteTransaction::query(std::string_view sql, std::span<const Cell> parameters) {
  std::vector<Row> rows;
  GRISTMILL_RETURN_IF_ERROR(visit(sql, parameters, [&](Row row) -> Status {
    rows.push_back(std::move(row));
    return {};
  }));
  return rows;
}

Status SqliteTransaction::visit(std::string_view sql, std::span<const Cell> parameters,
                                const std::function<Status(Row)>& each) {
  GRISTMILL_TRY(sqlite3_stmt * statement, prepare_single(sql));
  const int wanted = sqlite3_bind_parameter_count(statement);
  if (static_cast<std::size_t>(wanted) != parameters.size())
    return fail(Error{ErrorCode::internal, parameter_error(sql, wanted, parameters.size())});
  const ResetOnExit reset(statement);
  if (!bind_all(statement, parameters)) return fail(connection_.error("binding"));
  const int columns = sqlite3_column_count(statement);
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    Row row;
    row.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) row.push_back(read_cell(statement, column));
    if (auto status = each(std::move(row)); !status) return fail(std::move(status).error());
  }
  return code == SQLITE_DONE ? Status() : Status(fail(connection_.error("query")));
}

Status SqliteTransaction::run_script(std::string_view sql) {
  if (!may_write_) return fail(Error{ErrorCode::internal, fmt::format("a read transaction may not run: {}", sql)});
  auto status = connection_.run(sql);
  return status ? status : Status(fail(std::move(status).error()));
}

Result<std::int64_t> SqliteTransaction::execute(std::string_view sql, std::span<const Cell> parameters) {
  if (!failure_) return failure_.error();
  std::string_view tail;
  auto prepared = connection_.prepare(sql, tail);
  if (!prepared) return fail(std::move(prepared).error());
  if (*prepared == nullptr && parameters.empty()) {
    GRISTMILL_RETURN_IF_ERROR(run_script(sql));
    return connection_.changes();
  }
  GRISTMILL_TRY(sqlite3_stmt * statement, prepare_single(sql));
  const int wanted = sqlite3_bind_parameter_count(statement);
  if (static_cast<std::size_t>(wanted) != parameters.size())
    return fail(Error{ErrorCode::internal, parameter_error(sql, wanted, parameters.size())});
  const ResetOnExit reset(statement);
  if (!bind_all(statement, parameters)) return fail(connection_.error("binding"));
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
  }
  if (code != SQLITE_DONE) return fail(connection_.error("statement"));
  return connection_.changes();
}

Status SqliteTransaction::execute_many(std::string_view sql, std::span<const Row> rows) {
  GRISTMILL_TRY(sqlite3_stmt * statement, prepare_single(sql));
  const auto wanted = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
  const ResetOnExit reset(statement);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // Every row binds every parameter, so nothing of the row before can leak into it.
    if (rows[i].size() != wanted)
      return fail(Error{ErrorCode::internal, parameter_error(sql, static_cast<int>(wanted), rows[i].size())});
    if (!bind_all(statement, rows[i])) return fail(connection_.error("binding"));
    int code = 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    }
    if (code != SQLITE_DONE) return fail(connection_.error(fmt::format("row {} of {}", i + 1, rows.size())));
    sqlite3_reset(statement);
  }
  return {};
}

}  // namespace gristmill::meta
