// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "gristmill/meta/database.h"
#include "gristmill/meta/sqlite_connection.h"

namespace gristmill::meta {
namespace {

constexpr std::size_t idle_connections_max = 32;

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(SqliteSettings settings) : settings_(std::move(settings)) {}

  Status write(const std::function<Status(Transaction&)>& work) override;
  Status read(const std::function<Status(Transaction&)>& work) override;
  [[nodiscard]] std::string_view dialect() const override { return "sqlite"; }
  /// Opens the first connection, so that a file that cannot be used is refused at once.
  Status open_first();

 private:
  Status enter_as_writer();
  void leave_as_writer();
  Status write_alone(const std::function<Status(Transaction&)>& work);
  Result<std::unique_ptr<SqliteConnection>> take();
  void give_back(std::unique_ptr<SqliteConnection> connection);
  Status run(SqliteConnection& connection, bool may_write, const std::function<Status(Transaction&)>& work);

  SqliteSettings settings_;
  std::mutex idle_mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  // Writers of this process queue here and are woken at once; SQLite's own waiting, which polls, is left for other
  // processes.
  std::mutex writer_mutex_;
  std::condition_variable writer_left_;
  std::thread::id writer_;  ///< Nobody: the default id.
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

Status SqliteDatabase::enter_as_writer() {
  const auto me = std::this_thread::get_id();
  std::unique_lock lock(writer_mutex_);
  if (writer_ == me)
    return Error{ErrorCode::internal, fmt::format("database {}: a write transaction inside another", settings_.path)};
  const auto is_free = [&] { return writer_ == std::thread::id(); };
  if (!writer_left_.wait_for(lock, std::chrono::milliseconds(settings_.busy_timeout_ms), is_free))
    return unavailable(fmt::format("database {}: another thread has been writing for {} s", settings_.path,
                                   settings_.busy_timeout_ms / 1000));
  writer_ = me;
  return {};
}

void SqliteDatabase::leave_as_writer() {
  {
    const std::lock_guard lock(writer_mutex_);
    writer_ = std::thread::id();
  }
  writer_left_.notify_one();
}

Status SqliteDatabase::write(const std::function<Status(Transaction&)>& work) {
  GRISTMILL_RETURN_IF_ERROR(enter_as_writer());
  auto status = write_alone(work);
  leave_as_writer();
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
