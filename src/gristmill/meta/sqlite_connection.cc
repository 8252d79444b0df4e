// SPDX-License-Identifier: Apache-2.0
#include "gristmill/meta/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

namespace gristmill::meta {
namespace {

constexpr std::size_t statements_max = 256;
constexpr std::size_t sql_shown_bytes = 200;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool is_missing(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) != 0;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The path as an SQLite URI that reads the file alone, without log and locks.
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char byte : path) {
    if (byte == '?' || byte == '#' || byte == '%') {
      fmt::format_to(std::back_inserter(uri), "%{:02X}", static_cast<unsigned char>(byte));
    } else {
      uri += byte;
    }
  }
  return uri + "?immutable=1";
}

ErrorCode constraint_code(int extended) {
  // The only triggers are those that guard a catalog that was moved elsewhere.
  if (extended == SQLITE_CONSTRAINT_TRIGGER) return ErrorCode::denied;
  const bool is_duplicate = extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
                            extended == SQLITE_CONSTRAINT_ROWID;
  return is_duplicate ? ErrorCode::already_exists : ErrorCode::invalid_argument;
}

/// Kind of a failure, and what the user can do about it.
std::pair<ErrorCode, std::string_view> explain(int extended, int system_error) {
  const bool is_disk_full = system_error == ENOSPC || system_error == EDQUOT;
  switch (extended & 0xFF) {
    case SQLITE_FULL: return {ErrorCode::unavailable, "the disk or the database is full: make room and try again"};
    case SQLITE_IOERR:
      if (is_disk_full) return {ErrorCode::unavailable, "the disk is full: make room and try again"};
      return {ErrorCode::unavailable, "the disk failed: check it and try again"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorCode::denied, "the database may only be read: check the permissions of the file and its folder"};
    case SQLITE_CANTOPEN:
      if (is_disk_full) return {ErrorCode::unavailable, "the disk is full: make room and try again"};
      if (system_error == EACCES || system_error == EPERM || system_error == EROFS)
        return {ErrorCode::denied, "permission denied: check the permissions of the file and its folder"};
      if (system_error == ENOENT) return {ErrorCode::not_found, "the folder does not exist"};
      return {ErrorCode::unavailable,
              "the file cannot be opened: check that it is a file and that its folder may be written"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::unavailable, "another process holds the database for too long: wait for it or stop it"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::corrupt_data, "the file is damaged or no SQLite database: restore it from a backup"};
    case SQLITE_CONSTRAINT: return {constraint_code(extended), ""};
    case SQLITE_NOMEM: return {ErrorCode::unavailable, "not enough memory"};
    case SQLITE_TOOBIG: return {ErrorCode::limit_exceeded, "a value is too large"};
    case SQLITE_INTERRUPT: return {ErrorCode::interrupted, ""};
    default: return {ErrorCode::internal, ""};
  }
}

Result<sqlite3*> open_handle(const std::string& name, int flags, const std::string& path) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code == SQLITE_OK) return handle;
  // SQLite tries again read-only, whose "no such file" would hide that the folder may not be written.
  const bool is_refused = is_missing(path) && !is_missing(folder_of(path)) &&
                          ::access(folder_of(path).c_str(), W_OK | X_OK) != 0;
  const int system_error = is_refused ? errno : handle != nullptr ? sqlite3_system_errno(handle) : 0;
  const auto [kind, advice] = explain(code, system_error);
  Error error{
      kind, fmt::format("opening database {}: {}{}{}", path, sqlite3_errstr(code), advice.empty() ? "" : "; ", advice)};
  sqlite3_close_v2(handle);
  return error;
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const SqliteSettings& settings) {
  // A cleanly closed database in a folder without write permission has no log beside it, and SQLite would fail to make
  // one. Nobody is writing then, so the file alone is the whole truth.
  const bool is_immutable = ::access(settings.path.c_str(), R_OK) == 0 && is_missing(settings.path + "-wal") &&
                            ::access(folder_of(settings.path).c_str(), W_OK) != 0;
  GRISTMILL_TRY(sqlite3 * handle,
                is_immutable
                    ? open_handle(immutable_uri(settings.path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, settings.path)
                    : open_handle(settings.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, settings.path));
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle, settings, is_immutable));
  GRISTMILL_RETURN_IF_ERROR(connection->prepare_session());
  return connection;
}

SqliteConnection::SqliteConnection(sqlite3* handle, const SqliteSettings& settings, bool is_immutable)
    : handle_(handle), settings_(settings), is_immutable_(is_immutable) {
  sqlite3_busy_handler(handle_, &SqliteConnection::wait_while_busy, this);
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Status SqliteConnection::prepare_session() {
  if (!is_readonly()) GRISTMILL_RETURN_IF_ERROR(enter_wal_mode());
  GRISTMILL_RETURN_IF_ERROR(run("PRAGMA foreign_keys = ON"));
  GRISTMILL_RETURN_IF_ERROR(run(settings_.is_durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  GRISTMILL_RETURN_IF_ERROR(run("PRAGMA cache_size = -16384"));
  // Reads the file's first page: a file that is no database is refused here, not in the middle of the work.
  return run("SELECT count(*) FROM sqlite_master");
}

Status SqliteConnection::enter_wal_mode() {
  const auto started_ms = now_ms();
  while (true) {
    const auto mode = journal_mode("PRAGMA journal_mode");
    if (mode && *mode == "wal") return {};
    const auto changed = mode ? journal_mode("PRAGMA journal_mode = WAL") : mode;
    if (changed && *changed == "wal") return {};
    if (changed)
      return unavailable(fmt::format("opening database {}: the file system cannot hold a write-ahead log (mode {})",
                                     settings_.path, *changed));
    // Several processes that create the file at once stand in each other's way here without the busy handler
    // being asked (it could deadlock), so the waiting is done by hand.
    const int code = sqlite3_errcode(handle_) & 0xFF;
    if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || now_ms() - started_ms > settings_.busy_timeout_ms)
      return changed.error();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Result<std::string> SqliteConnection::journal_mode(std::string_view pragma) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(handle_, pragma.data(), static_cast<int>(pragma.size()), &statement, nullptr);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code != SQLITE_ROW) {
    auto failure = error("setting the journal mode");
    sqlite3_finalize(statement);
    return failure;
  }
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, 0));
  std::string mode(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
  sqlite3_finalize(statement);
  return mode;
}

int SqliteConnection::wait_while_busy(void* connection, int attempt) {
  auto* self = static_cast<SqliteConnection*>(connection);
  if (attempt == 0) self->busy_since_ms_ = now_ms();
  if (now_ms() - self->busy_since_ms_ >= self->settings_.busy_timeout_ms) return 0;
  // Short at first, since most transactions take less than a millisecond; spread so that waiters do not march in step.
  const int ceiling_us = std::min(100 << std::min(attempt, 7), 10'000);
  const auto spread = static_cast<int>(static_cast<std::uint32_t>(now_ms() + ::getpid() + attempt) * 2654435761U >> 24);
  std::this_thread::sleep_for(std::chrono::microseconds(ceiling_us / 2 + ceiling_us * spread / 512));
  return 1;
}

bool SqliteConnection::is_readonly() const { return sqlite3_db_readonly(handle_, "main") == 1; }
bool SqliteConnection::is_in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
std::int64_t SqliteConnection::changes() const { return sqlite3_changes64(handle_); }

Result<sqlite3_stmt*> SqliteConnection::prepare(std::string_view sql, std::string_view& tail) {
  tail = {};
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, &rest);
  const auto shown = sql.substr(0, std::min(sql.size(), sql_shown_bytes));
  if (code != SQLITE_OK) return error(fmt::format("preparing \"{}\"", shown));
  tail = sql.substr(static_cast<std::size_t>(rest - sql.data()));
  if (tail.find_first_not_of(" \t\r\n;") == std::string_view::npos) tail = {};
  if (!tail.empty() || statement == nullptr) {
    sqlite3_finalize(statement);
    return static_cast<sqlite3_stmt*>(nullptr);
  }
  if (statements_.size() >= statements_max) {
    for (const auto& [text, old] : statements_) sqlite3_finalize(old);
    statements_.clear();
  }
  statements_.emplace(std::string(sql), statement);
  return statement;
}

Status SqliteConnection::run(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return error(fmt::format("running \"{}\"", sql.substr(0, std::min(sql.size(), sql_shown_bytes))));
}

Error SqliteConnection::error(std::string_view doing) const {
  const int extended = sqlite3_extended_errcode(handle_);
  const auto [code, advice] = explain(extended, sqlite3_system_errno(handle_));
  return {code, fmt::format("database {}: {}: {}{}{}", settings_.path, doing, sqlite3_errmsg(handle_),
                            advice.empty() ? "" : "; ", advice)};
}

}  // namespace gristmill::meta
