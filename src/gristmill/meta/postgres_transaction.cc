// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>

#include "gristmill/meta/postgres_cells.h"
#include "gristmill/meta/postgres_connection.h"
#include "gristmill/meta/postgres_sql.h"

namespace gristmill::meta {
namespace {

// Fewer rows than this are sent as statements: COPY costs two more turns of the conversation.
constexpr std::size_t copy_rows_min = 8;

std::int64_t affected(pg_result* result) {
  const std::string_view text(PQcmdTuples(result));
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

Status check_rows(std::string_view sql, std::span<const Row> rows, int columns) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != static_cast<std::size_t>(columns))
      return Error{ErrorCode::internal,
                   fmt::format("statement takes {} parameters, {} given: {}", columns, rows[i].size(), sql)};
    for (const auto& cell : rows[i])
      GRISTMILL_RETURN_IF_ERROR(check_text(cell, fmt::format("row {} of {}", i + 1, rows.size())));
  }
  return {};
}

}  // namespace

Row read_row(const pg_result* result, int row) {
  const int columns = PQnfields(result);
  Row cells;
  cells.reserve(static_cast<std::size_t>(columns));
  for (int column = 0; column < columns; ++column) {
    if (PQgetisnull(result, row, column) != 0) {
      cells.emplace_back();
      continue;
    }
    const std::string_view text(PQgetvalue(result, row, column),
                                static_cast<std::size_t>(PQgetlength(result, row, column)));
    cells.push_back(read_cell(PQftype(result, column), text));
  }
  return cells;
}

Result<std::vector<Row>> PostgresTransaction::query(std::string_view sql, std::span<const Cell> parameters) {
  if (!failure_) return failure_.error();
  GRISTMILL_TRY(const auto result, note(connection_.execute(sql, parameters)));
  std::vector<Row> rows;
  const int count = PQntuples(result.get());
  rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) rows.push_back(read_row(result.get(), row));
  return rows;
}

Result<std::int64_t> PostgresTransaction::execute(std::string_view sql, std::span<const Cell> parameters) {
  if (!failure_) return failure_.error();
  if (parameters.empty()) {
    auto script = to_postgres_sql(sql);
    if (script.statements > 1 && script.parameters == 0) {
      GRISTMILL_TRY(const auto result, note(connection_.run(script.text)));
      return affected(result.get());
    }
  }
  GRISTMILL_TRY(const auto result, note(connection_.execute(sql, parameters)));
  return affected(result.get());
}

Status PostgresTransaction::execute_many(std::string_view sql, std::span<const Row> rows) {
  if (!failure_) return failure_.error();
  if (rows.size() >= copy_rows_min) {
    if (const auto target = plain_insert(sql)) {
      GRISTMILL_RETURN_IF_ERROR(note(check_rows(sql, rows, target->columns)));
      return note(connection_.copy(target->table_and_columns, rows));
    }
  }
  return note(connection_.execute_many(sql, rows));
}

Status PostgresTransaction::visit(std::string_view sql, std::span<const Cell> parameters,
                                  const std::function<Status(Row)>& each) {
  if (!failure_) return failure_.error();
  return note(connection_.visit(sql, parameters, each));
}

}  // namespace gristmill::meta
