// SPDX-License-Identifier: Apache-2.0
#include "gristmill/meta/postgres_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <random>

#include "gristmill/meta/postgres_cells.h"
#include "gristmill/meta/postgres_sql.h"

namespace gristmill::meta {
namespace {

constexpr std::size_t statements_max = 500;
constexpr std::size_t sql_shown_bytes = 200;
constexpr int server_version_min = 120000;
// Statements sent before their answers are read: the answers are small, so that they fit the socket's buffer.
constexpr std::size_t pipeline_rows = 500;
constexpr std::size_t copy_chunk_bytes = std::size_t{256} << 10;

/// libpq's messages come in lines, some with a tab before the hint.
std::string flat(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    const char plain = byte == '\n' || byte == '\t' ? ' ' : byte;
    if (plain != ' ' || (!out.empty() && out.back() != ' ')) out += plain;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string shown(std::string_view sql) { return flat(sql.substr(0, std::min(sql.size(), sql_shown_bytes))); }

struct Explanation {
  ErrorCode code;
  std::string_view advice;
};

/// What a five-letter state means for us and what to do about it.
Explanation explain(std::string_view state) {
  const auto family = state.substr(0, 2);
  if (state == "23505") return {ErrorCode::already_exists, ""};
  if (state == "25006") return {ErrorCode::internal, "a read transaction may not change anything"};
  if (state == catalog_moved_state) return {ErrorCode::denied, ""};
  if (state == "22021") return {ErrorCode::invalid_argument, "PostgreSQL holds only text that is valid UTF-8"};
  if (state == "42501") return {ErrorCode::denied, "ask the owner of the database for the rights"};
  if (state == "3D000" || state == "3F000") return {ErrorCode::not_found, ""};
  if (state == "55P03")
    return {ErrorCode::unavailable, "another process holds the database for too long: wait for it or stop it"};
  if (state == "57014") return {ErrorCode::interrupted, ""};
  if (family == "22" || family == "23") return {ErrorCode::invalid_argument, ""};
  if (family == "28") return {ErrorCode::denied, "check user and password"};
  if (family == "40") return {ErrorCode::unavailable, ""};
  if (family == "53" || family == "57" || family == "58" || family == "08")
    return {ErrorCode::unavailable, "look after the server and try again"};
  if (family == "54") return {ErrorCode::limit_exceeded, ""};
  if (family == "XX") return {ErrorCode::corrupt_data, "look into the server's log"};
  return {ErrorCode::internal, ""};
}

PostgresFault fault_of(std::string_view state, bool is_connected) {
  if (!is_connected) return PostgresFault::lost;
  if (state == "40001" || state == "40P01") return PostgresFault::race;
  // Shut down by an administrator, crashed, not up yet, or the transaction's session was ended for idling.
  if (state == "57P01" || state == "57P02" || state == "57P03" || state == "25P03" || state.starts_with("08"))
    return PostgresFault::lost;
  return PostgresFault::other;
}

std::string_view field(const pg_result* result, int which) {
  const char* text = result == nullptr ? nullptr : PQresultErrorField(result, which);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

/// Why connecting failed. libpq gives no state here, only the server's words.
Error connection_error(const std::string& name, std::string_view said, PostgresFault& fault) {
  const auto has = [&](std::string_view words) { return said.find(words) != std::string_view::npos; };
  fault = PostgresFault::other;
  const auto message = fmt::format("opening database {}: {}", name, flat(said));
  if (has("database \"") && has("does not exist"))
    return not_found(message + "; create it with `createdb --template=template0 --encoding=UTF8`");
  if (has("password") || has("authentication") || has("pg_hba.conf") || has("role \"") || has("permission denied for"))
    return {ErrorCode::denied, message + "; check user and password (PGPASSWORD or the password file)"};
  fault = PostgresFault::lost;
  return unavailable(message);
}

std::string new_session() {
  std::random_device random;
  return fmt::format("gristmill-{:08x}{:08x}", random(), random());
}

void ignore_notice(void*, const char*) {}

}  // namespace

void ClearResult::operator()(pg_result* result) const { PQclear(result); }

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresSettings& settings,
                                                                     PostgresFault& fault) {
  fault = PostgresFault::other;
  auto name = without_password(settings.url);
  auto session = new_session();
  // Later words win over earlier ones, so that the URL may say otherwise where that is sensible.
  const std::array<const char*, 10> keys{"connect_timeout",
                                         "keepalives_idle",
                                         "keepalives_interval",
                                         "keepalives_count",
                                         "tcp_user_timeout",
                                         "dbname",
                                         "application_name",
                                         "client_encoding",
                                         nullptr,
                                         nullptr};
  const std::array<const char*, 10> values{"10",   "15",    "5",    "4", "40000", settings.url.c_str(), session.c_str(),
                                           "UTF8", nullptr, nullptr};
  char* complaint = nullptr;
  auto* parsed = PQconninfoParse(settings.url.c_str(), &complaint);
  // What libpq says of a string that it cannot read may repeat a password.
  PQfreemem(complaint);
  if (parsed == nullptr)
    return invalid_argument(
        fmt::format("{} is not a URL of a PostgreSQL database: write postgresql://USER@HOST:PORT/DATABASE", name));
  PQconninfoFree(parsed);
  auto* handle = PQconnectdbParams(keys.data(), values.data(), 1);
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(handle, std::move(name), std::move(session)));
  if (handle == nullptr || PQstatus(handle) != CONNECTION_OK)
    return connection_error(connection->name_, handle == nullptr ? "not enough memory" : PQerrorMessage(handle), fault);
  auto status = connection->prepare_session(settings);
  if (!status) {
    fault = connection->fault_;
    return std::move(status).error();
  }
  fault = PostgresFault::none;
  return connection;
}

PostgresConnection::PostgresConnection(pg_conn* handle, std::string name, std::string session)
    : handle_(handle), name_(std::move(name)), session_(std::move(session)) {
  if (handle_ != nullptr) PQsetNoticeProcessor(handle_, ignore_notice, nullptr);
}

PostgresConnection::~PostgresConnection() { PQfinish(handle_); }

Status PostgresConnection::prepare_session(const PostgresSettings& settings) {
  if (PQserverVersion(handle_) < server_version_min)
    return invalid_argument(fmt::format("database {}: the server is too old; PostgreSQL 12 or newer is needed", name_));
  // A transaction that idles belongs to a process that hangs or vanished: others must not wait for it for ever.
  GRISTMILL_TRY(const auto facts,
                run(fmt::format("SET lock_timeout = {}; SET idle_in_transaction_session_timeout = 300000; "
                                "SET standard_conforming_strings = on; SET extra_float_digits = 1; "
                                "SELECT current_setting('server_encoding'), current_schema() IS NULL",
                                settings.busy_timeout_ms)));
  if (std::string_view(PQgetvalue(facts.get(), 0, 0)) != "UTF8")
    return invalid_argument(
        fmt::format("database {} holds text as {}: create one with `createdb --template=template0 "
                    "--encoding=UTF8`",
                    name_, PQgetvalue(facts.get(), 0, 0)));
  if (*PQgetvalue(facts.get(), 0, 1) == 't')
    return not_found(fmt::format("database {}: the schema of its search path does not exist: create it", name_));
  return {};
}

bool PostgresConnection::is_usable() const { return PQstatus(handle_) == CONNECTION_OK; }

bool PostgresConnection::is_in_transaction() const { return PQtransactionStatus(handle_) != PQTRANS_IDLE; }

Status PostgresConnection::check(const pg_result* result, std::string_view doing) {
  const auto status = result == nullptr ? PGRES_FATAL_ERROR : PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE ||
      status == PGRES_PIPELINE_SYNC || status == PGRES_EMPTY_QUERY)
    return {};
  return error(result, doing);
}

Error PostgresConnection::error(const pg_result* result, std::string_view doing) {
  const auto state = field(result, PG_DIAG_SQLSTATE);
  fault_ = fault_of(state, is_usable());
  if (state == catalog_moved_state) return {ErrorCode::denied, std::string(field(result, PG_DIAG_MESSAGE_PRIMARY))};
  if (fault_ == PostgresFault::lost && state.empty())
    return unavailable(
        fmt::format("database {}: {}: the connection was lost: {}", name_, doing, flat(PQerrorMessage(handle_))));
  const auto [code, advice] = explain(state);
  const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  const auto said = field(result, PG_DIAG_MESSAGE_PRIMARY);
  return {code, fmt::format("database {}: {}: {}{}{}{}{}", name_, doing,
                            said.empty() ? flat(PQerrorMessage(handle_)) : std::string(said), detail.empty() ? "" : " ",
                            detail, advice.empty() ? "" : "; ", advice)};
}

Result<PostgresResult> PostgresConnection::run(const std::string& script) {
  fault_ = PostgresFault::none;
  PostgresResult result(PQexec(handle_, script.c_str()));
  GRISTMILL_RETURN_IF_ERROR(check(result.get(), fmt::format("running \"{}\"", shown(script))));
  return result;
}

Result<const PostgresConnection::Prepared*> PostgresConnection::prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  auto translated = to_postgres_sql(sql);
  if (translated.statements != 1)
    return Error{ErrorCode::internal, fmt::format("one statement expected: {}", shown(sql))};
  if (statements_.size() >= statements_max) {
    GRISTMILL_TRY([[maybe_unused]] const auto gone, run("DEALLOCATE ALL"));
    statements_.clear();
  }
  Prepared prepared{.name = fmt::format("s{}", ++statements_made_),
                    .text = std::move(translated.text),
                    .parameters = translated.parameters};
  const PostgresResult result(PQprepare(handle_, prepared.name.c_str(), prepared.text.c_str(), 0, nullptr));
  GRISTMILL_RETURN_IF_ERROR(check(result.get(), fmt::format("preparing \"{}\"", shown(sql))));
  return &statements_.emplace(std::string(sql), std::move(prepared)).first->second;
}

Result<PostgresResult> PostgresConnection::execute(std::string_view sql, std::span<const Cell> parameters) {
  fault_ = PostgresFault::none;
  GRISTMILL_TRY(const auto* prepared, prepare(sql));
  ParameterTexts texts;
  GRISTMILL_RETURN_IF_ERROR(texts.assign(sql, prepared->parameters, parameters));
  PostgresResult result(PQexecPrepared(handle_, prepared->name.c_str(), prepared->parameters, texts.values(),
                                       texts.lengths(), nullptr, 0));
  GRISTMILL_RETURN_IF_ERROR(check(result.get(), fmt::format("\"{}\"", shown(sql))));
  return result;
}

Status PostgresConnection::visit(std::string_view sql, std::span<const Cell> parameters,
                                 const std::function<Status(Row)>& each) {
  fault_ = PostgresFault::none;
  GRISTMILL_TRY(const auto* prepared, prepare(sql));
  ParameterTexts texts;
  GRISTMILL_RETURN_IF_ERROR(texts.assign(sql, prepared->parameters, parameters));
  if (PQsendQueryPrepared(handle_, prepared->name.c_str(), prepared->parameters, texts.values(), texts.lengths(),
                          nullptr, 0) != 1 ||
      PQsetSingleRowMode(handle_) != 1)
    return error(nullptr, fmt::format("\"{}\"", shown(sql)));
  // All answers are read, whatever happens, so that the connection stays in step.
  Status status;
  while (const PostgresResult result{PQgetResult(handle_)}) {
    if (auto good = check(result.get(), fmt::format("\"{}\"", shown(sql))); !good && status) status = std::move(good);
    for (int row = 0; status && row < PQntuples(result.get()); ++row) status = each(read_row(result.get(), row));
  }
  return status;
}

Status PostgresConnection::execute_many(std::string_view sql, std::span<const Row> rows) {
  fault_ = PostgresFault::none;
  if (rows.empty()) return {};
  GRISTMILL_TRY(const auto* prepared, prepare(sql));
  if (PQenterPipelineMode(handle_) != 1) return error(nullptr, "starting a pipeline");
  Status status;
  for (std::size_t first = 0; first < rows.size() && status; first += pipeline_rows) {
    const auto part = rows.subspan(first, std::min(pipeline_rows, rows.size() - first));
    std::size_t sent = 0;
    for (const auto& row : part) {
      ParameterTexts texts;
      status = texts.assign(sql, prepared->parameters, row);
      if (!status) break;
      if (PQsendQueryPrepared(handle_, prepared->name.c_str(), prepared->parameters, texts.values(), texts.lengths(),
                              nullptr, 0) != 1) {
        status = error(nullptr, "sending rows");
        break;
      }
      ++sent;
    }
    if (PQpipelineSync(handle_) != 1) return error(nullptr, "sending rows");
    auto received = receive_pipelined(first, sent, rows.size());
    if (status) status = std::move(received);
  }
  if (PQexitPipelineMode(handle_) != 1 && status) return error(nullptr, "ending a pipeline");
  return status;
}

Status PostgresConnection::receive_pipelined(std::size_t first, std::size_t count, std::size_t total) {
  Status status;
  // Each statement gives its result and then a null; the answer to the synchronization has no null behind it.
  for (std::size_t i = 0; i < count; ++i) {
    while (const PostgresResult result{PQgetResult(handle_)}) {
      if (!status || PQresultStatus(result.get()) == PGRES_PIPELINE_ABORTED) continue;
      status = check(result.get(), fmt::format("row {} of {}", first + i + 1, total));
    }
    if (!is_usable()) return status ? Status(error(nullptr, "sending rows")) : status;
  }
  const PostgresResult synchronized(PQgetResult(handle_));
  return status ? check(synchronized.get(), "sending rows") : status;
}

Status PostgresConnection::copy(const std::string& table_and_columns, std::span<const Row> rows) {
  fault_ = PostgresFault::none;
  {
    const PostgresResult begun(PQexec(handle_, fmt::format("COPY {} FROM STDIN", table_and_columns).c_str()));
    if (PQresultStatus(begun.get()) != PGRES_COPY_IN)
      return error(begun.get(), fmt::format("copying into {}", table_and_columns));
  }
  std::string chunk;
  for (const auto& row : rows) {
    append_copy_row(chunk, row);
    if (chunk.size() < copy_chunk_bytes) continue;
    if (PQputCopyData(handle_, chunk.data(), static_cast<int>(chunk.size())) != 1) break;
    chunk.clear();
  }
  if (!chunk.empty()) PQputCopyData(handle_, chunk.data(), static_cast<int>(chunk.size()));
  PQputCopyEnd(handle_, nullptr);
  return finish_copy(rows.size());
}

Status PostgresConnection::finish_copy(std::size_t rows) {
  Status status;
  while (const PostgresResult result{PQgetResult(handle_)}) {
    if (!status) continue;
    // The server says the place as "COPY t, line 2" in the context.
    std::string doing = "copying rows";
    const auto context = field(result.get(), PG_DIAG_CONTEXT);
    if (const auto line = context.find(", line "); line != std::string_view::npos) {
      const auto number = context.substr(line + 7);
      doing = fmt::format("row {} of {}", number.substr(0, number.find_first_not_of("0123456789")), rows);
    }
    status = check(result.get(), doing);
  }
  return !is_usable() && status ? Status(error(nullptr, "copying rows")) : status;
}

}  // namespace gristmill::meta
