// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <mutex>

#include "gristmill/meta/database.h"
#include "gristmill/meta/sqlite_connection.h"
#include "gristmill/meta/writer_queue.h"

namespace gristmill::meta {
namespace {

constexpr std::size_t idle_connections_max = 32;

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(SqliteSettings settings) : settings_(std::move(settings)) {}

  Status write(const std::function<Status(Transaction&)>& work) override;
  Status read(const std::function<Status(Transaction&)>& work) override;
  [[nodiscard]] std::string_view dialect() const override { return "sqlite"; }
  [[nodiscard]] std::string name() const override { return settings_.path; }
  /// Opens the first connection, so that a file that cannot be used is refused at once.
  Status open_first();

 private:
  Status write_alone(const std::function<Status(Transaction&)>& work);
  Result<std::unique_ptr<SqliteConnection>> take();
  void give_back(std::unique_ptr<SqliteConnection> connection);
  Status run(SqliteConnection& connection, bool may_write, const std::function<Status(Transaction&)>& work);

  SqliteSettings settings_;
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  WriterQueue writers_;  ///< SQLite's own waiting, which polls, is left for other processes.
};

Status SqliteDatabase::open_first() {
  GRISTMILL_TRY(auto connection, take());
  give_back(std::move(connection));
  return {};
}

Result<std::unique_ptr<SqliteConnection>> SqliteDatabase::take() {
  {
    const std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return SqliteConnection::open(settings_);
}

void SqliteDatabase::give_back(std::unique_ptr<SqliteConnection> connection) {
  if (connection->is_immutable() || connection->is_in_transaction()) return;
  const std::lock_guard lock(idle_mutex_);
  if (idle_.size() < idle_connections_max) idle_.push_back(std::move(connection));
}

Status SqliteDatabase::run(SqliteConnection& connection, bool may_write,
                           const std::function<Status(Transaction&)>& work) {
  GRISTMILL_RETURN_IF_ERROR(connection.run(may_write ? "BEGIN IMMEDIATE" : "BEGIN"));
  SqliteTransaction transaction(connection, may_write);
  auto status = work(transaction);
  // A failed statement dooms the transaction even when `work` overlooked it.
  if (status && !transaction.failure()) status = transaction.failure();
  if (status && may_write) status = connection.run("COMMIT");
  if (connection.is_in_transaction()) {
    const auto rolled_back = connection.run("ROLLBACK");
    if (status && !rolled_back) status = rolled_back;
  }
  return status;
}

Status SqliteDatabase::write(const std::function<Status(Transaction&)>& work) {
  GRISTMILL_RETURN_IF_ERROR(writers_.enter(settings_.path, settings_.busy_timeout_ms));
  auto status = write_alone(work);
  writers_.leave();
  return status;
}

Status SqliteDatabase::write_alone(const std::function<Status(Transaction&)>& work) {
  GRISTMILL_TRY(auto connection, take());
  if (connection->is_readonly())
    return Error{
        ErrorCode::denied,
        fmt::format("database {} may only be read: check the permissions of the file and its folder", settings_.path)};
  auto status = run(*connection, true, work);
  give_back(std::move(connection));
  return status;
}

Status SqliteDatabase::read(const std::function<Status(Transaction&)>& work) {
  GRISTMILL_TRY(auto connection, take());
  auto status = run(*connection, false, work);
  give_back(std::move(connection));
  return status;
}

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, bool durable, int busy_timeout_ms) {
  auto database = std::make_unique<SqliteDatabase>(
      SqliteSettings{.path = path, .is_durable = durable, .busy_timeout_ms = busy_timeout_ms});
  GRISTMILL_RETURN_IF_ERROR(database->open_first());
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace gristmill::meta
