// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <thread>

#include "gristmill/meta/database.h"
#include "gristmill/meta/postgres_connection.h"
#include "gristmill/meta/postgres_sql.h"
#include "gristmill/meta/writer_queue.h"

namespace gristmill::meta {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t idle_connections_max = 32;
constexpr int races_max = 100;
constexpr int losses_max = 10;
constexpr milliseconds first_wait{50};
constexpr milliseconds longest_wait{2000};

// Writers exclude each other by a lock on an empty table: unlike an advisory lock taken in a query, it is held before
// the transaction's snapshot is made. A commit whose answer was lost is looked up in the other table.
constexpr std::string_view own_tables =
    "BEGIN; SELECT pg_advisory_xact_lock(7308332182875957108); "
    "CREATE TABLE IF NOT EXISTS gristmill_writers (nothing BIGINT); "
    "CREATE TABLE IF NOT EXISTS gristmill_commits (session TEXT NOT NULL PRIMARY KEY, number BIGINT NOT NULL, "
    "at TIMESTAMPTZ NOT NULL DEFAULT now()) WITH (fillfactor = 50); COMMIT";
constexpr std::string_view begin_write =
    "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE gristmill_writers IN EXCLUSIVE MODE";
constexpr std::string_view begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr std::string_view begin_concurrent = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// How a transaction is begun, and whether its commit leaves a mark by which it can be found again.
struct Kind {
  std::string_view begin;
  bool is_marked = false;
};

/// What one run of a transaction came to.
struct Outcome {
  enum class End {
    settled,    ///< Committed, or failed for good: `status` says which.
    race,       ///< Rolled back for another's sake.
    lost,       ///< Rolled back since the server went away.
    ambiguous,  ///< The server went away during the commit.
  };
  End end = End::settled;
  Status status;
};

/// A mark of a commit: the connection and how many it has made.
struct Mark {
  std::string session;
  std::int64_t number = 0;
};

/// Waits longer each time, until the patience is used up.
class Backoff {
 public:
  explicit Backoff(Clock::time_point deadline) : deadline_(deadline) {}
  /// False when there is no time left; nothing was waited for then.
  bool wait() {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
    if (left <= milliseconds(0)) return false;
    std::this_thread::sleep_for(std::min(left, spread(next_)));
    next_ = std::min(next_ * 2, longest_wait);
    return true;
  }
  /// Between half and one and a half, so that many who wait do not come back at once.
  static milliseconds spread(milliseconds middle) {
    thread_local std::minstd_rand random{std::random_device{}()};
    return middle / 2 + milliseconds(static_cast<std::int64_t>(random()) % (middle.count() + 1));
  }

 private:
  Clock::time_point deadline_;
  milliseconds next_ = first_wait;
};

// Beside the name: what else takes such locks in that database.
constexpr std::int64_t name_seed = 7308332182875957127;
constexpr std::string_view hold_name = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ?, ?))";
// A name may be held for hours in silence, and a machine that vanishes must not hold it for long: on a socket of one
// machine the second has no meaning and is overlooked. Servers before 14 do not know the first.
constexpr std::string_view begin_holding =
    "SELECT set_config('idle_session_timeout', '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'; "
    "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4";

/// Holds a lock of its session: the connection is of no use for anything else, and is closed with it.
class PostgresName final : public HeldName {
 public:
  explicit PostgresName(std::unique_ptr<PostgresConnection> connection) : connection_(std::move(connection)) {}
  ~PostgresName() override {
    // The next holder need not wait until the server has seen that the connection is closed.
    [[maybe_unused]] const auto released = connection_->run("SELECT pg_advisory_unlock_all()");
  }
  PostgresName(const PostgresName&) = delete;
  PostgresName& operator=(const PostgresName&) = delete;
  /// Prepares the session for hours of silence.
  Status keep_for_long() {
    const auto done = connection_->run(std::string(begin_holding));
    return done ? Status() : Status(done.error());
  }
  bool is_held() override { return connection_->run("SELECT 1").ok(); }

 private:
  std::unique_ptr<PostgresConnection> connection_;
};

class PostgresDatabase final : public Database {
 public:
  explicit PostgresDatabase(PostgresSettings settings)
      : settings_(std::move(settings)), name_(without_password(settings_.url)) {}

  Status write(const std::function<Status(Transaction&)>& work) override;
  Status read(const std::function<Status(Transaction&)>& work) override { return repeat({.begin = begin_read}, work); }
  Status write_concurrently(const std::function<Status(Transaction&)>& work) override {
    return repeat({.begin = begin_concurrent}, work);
  }
  Result<std::unique_ptr<HeldName>> try_hold(const std::string& name) override;
  [[nodiscard]] std::string_view dialect() const override { return "postgres"; }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::string clock_ms_sql() const override {
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
  }
  /// Opens the first connection, so that a server that cannot be used is refused at once, and makes the own tables.
  Status open_first();

 protected:
  Status level_columns(Transaction& transaction, std::string_view sql) override;

 private:
  using Connection = std::unique_ptr<PostgresConnection>;
  Result<Connection> take();
  Result<Connection> open_patiently();
  Result<Connection> open_at_once();
  void give_back(Connection connection);
  void forget_idle();
  Status repeat(const Kind& kind, const std::function<Status(Transaction&)>& work);
  Outcome run(PostgresConnection& connection, const Kind& kind, const std::function<Status(Transaction&)>& work,
              Mark& mark);
  Outcome commit(PostgresConnection& connection, const Kind& kind, Mark& mark);
  static Outcome failed(const PostgresConnection& connection, Status status);
  Result<bool> was_committed(const Mark& mark);
  Result<bool> find_mark(PostgresConnection& connection, const Mark& mark);

  PostgresSettings settings_;
  std::string name_;
  std::mutex idle_mutex_;
  std::vector<Connection> idle_;
  std::int64_t commits_ = 0;  ///< Of writers, who come one by one.
  std::atomic<Clock::time_point> away_since_{Clock::time_point()};
  std::atomic<bool> is_probed_ = false;
  WriterQueue writers_;
};

Status PostgresDatabase::open_first() {
  auto fault = PostgresFault::none;
  auto opened = PostgresConnection::open(settings_, fault);
  // A server that is just starting says so; one that is not there at all is told at once.
  Backoff backoff(Clock::now() + milliseconds(settings_.outage_ms));
  while (!opened && fault == PostgresFault::lost && opened.error().message.find("starting up") != std::string::npos &&
         backoff.wait())
    opened = PostgresConnection::open(settings_, fault);
  if (!opened) return std::move(opened).error();
  auto connection = *std::move(opened);
  GRISTMILL_TRY(const auto found, connection->run("SELECT to_regclass('gristmill_commits') IS NULL"));
  if (*PQgetvalue(found.get(), 0, 0) == 't') {
    GRISTMILL_TRY([[maybe_unused]] const auto made, connection->run(std::string(own_tables)));
  }
  give_back(std::move(connection));
  return {};
}

Result<PostgresDatabase::Connection> PostgresDatabase::take() {
  {
    const std::scoped_lock lock(idle_mutex_);
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->is_usable()) return connection;
    }
  }
  // While all is well several threads may connect at the same time.
  if (WithoutPatience::is_on() && away_since_.load() != Clock::time_point()) return open_at_once();
  return open_patiently();
}

Result<PostgresDatabase::Connection> PostgresDatabase::open_at_once() {
  // A server whose machine is gone lets one wait for a while: one thread finds out for all.
  if (is_probed_.exchange(true)) return unavailable(fmt::format("database {}: the server is away", name_));
  auto fault = PostgresFault::none;
  auto connection = PostgresConnection::open(settings_, fault);
  is_probed_ = false;
  if (connection) away_since_ = Clock::time_point();
  return connection;
}

Result<PostgresDatabase::Connection> PostgresDatabase::open_patiently() {
  // One outage is waited for once: when the patience is used up, later calls find out at once.
  auto since = away_since_.load();
  Backoff backoff((since == Clock::time_point() ? Clock::now() : since) + milliseconds(settings_.outage_ms));
  while (true) {
    auto fault = PostgresFault::none;
    auto connection = PostgresConnection::open(settings_, fault);
    if (connection) away_since_ = Clock::time_point();
    if (connection || fault != PostgresFault::lost) return connection;
    since = Clock::time_point();
    away_since_.compare_exchange_strong(since, Clock::now());
    if (WithoutPatience::is_on() || !backoff.wait()) {
      auto error = std::move(connection).error();
      if (!WithoutPatience::is_on())
        error.message += fmt::format("; the server has been away for {} s: start it and go on",
                                     settings_.outage_ms / 1000);
      return error;
    }
  }
}

void PostgresDatabase::give_back(Connection connection) {
  if (!connection->is_usable() || connection->is_in_transaction()) return;
  const std::scoped_lock lock(idle_mutex_);
  if (idle_.size() < idle_connections_max) idle_.push_back(std::move(connection));
}

void PostgresDatabase::forget_idle() {
  const std::scoped_lock lock(idle_mutex_);
  idle_.clear();
}

Status PostgresDatabase::write(const std::function<Status(Transaction&)>& work) {
  GRISTMILL_RETURN_IF_ERROR(writers_.enter(name_, settings_.busy_timeout_ms));
  auto status = repeat({.begin = begin_write, .is_marked = true}, work);
  writers_.leave();
  return status;
}

Result<std::unique_ptr<HeldName>> PostgresDatabase::try_hold(const std::string& name) {
  for (int losses = 0;; ++losses) {
    GRISTMILL_TRY(auto connection, take());
    const auto asked = connection->execute(hold_name, std::array<Cell, 2>{name, name_seed});
    if (asked && *PQgetvalue(asked->get(), 0, 0) != 't') {
      give_back(std::move(connection));
      return std::unique_ptr<HeldName>();
    }
    if (asked) {
      auto held = std::make_unique<PostgresName>(std::move(connection));
      GRISTMILL_RETURN_IF_ERROR(held->keep_for_long());
      return std::unique_ptr<HeldName>(std::move(held));
    }
    if (connection->fault() != PostgresFault::lost || losses >= losses_max) return asked.error();
    forget_idle();
  }
}

Status PostgresDatabase::repeat(const Kind& kind, const std::function<Status(Transaction&)>& work) {
  int races = 0;
  int losses = 0;
  while (true) {
    GRISTMILL_TRY(auto connection, take());
    Mark mark;
    auto outcome = run(*connection, kind, work, mark);
    give_back(std::move(connection));
    switch (outcome.end) {
      case Outcome::End::settled: return outcome.status;
      case Outcome::End::race:
        if (++races > races_max) return outcome.status;
        std::this_thread::sleep_for(Backoff::spread(milliseconds(std::min(races, 20))));
        continue;
      case Outcome::End::ambiguous: {
        GRISTMILL_TRY(const bool is_committed, was_committed(mark));
        if (is_committed) return {};
        [[fallthrough]];
      }
      case Outcome::End::lost:
        // The other connections were lost with this one.
        forget_idle();
        if (++losses > losses_max) return outcome.status;
        continue;
    }
  }
}

Outcome PostgresDatabase::failed(const PostgresConnection& connection, Status status) {
  auto end = Outcome::End::settled;
  if (connection.fault() == PostgresFault::race) end = Outcome::End::race;
  if (connection.fault() == PostgresFault::lost || !connection.is_usable()) end = Outcome::End::lost;
  return {end, std::move(status)};
}

Outcome PostgresDatabase::run(PostgresConnection& connection, const Kind& kind,
                              const std::function<Status(Transaction&)>& work, Mark& mark) {
  if (auto begun = connection.run(std::string(kind.begin)); !begun) {
    auto outcome = failed(connection, std::move(begun).error());
    // A lock that was waited for in vain leaves a broken transaction.
    if (connection.is_usable()) [[maybe_unused]]
      const auto ended = connection.run("ROLLBACK");
    return outcome;
  }
  PostgresTransaction transaction(connection);
  auto status = work(transaction);
  // A failed statement dooms the transaction even when `work` overlooked it.
  if (!transaction.failure()) {
    auto outcome = failed(connection, status ? transaction.failure() : std::move(status));
    if (connection.is_usable()) [[maybe_unused]]
      const auto ended = connection.run("ROLLBACK");
    return outcome;
  }
  if (status) return commit(connection, kind, mark);
  [[maybe_unused]] const auto ended = connection.run("ROLLBACK");
  return {Outcome::End::settled, std::move(status)};
}

Outcome PostgresDatabase::commit(PostgresConnection& connection, const Kind& kind, Mark& mark) {
  std::string script = "COMMIT";
  if (kind.is_marked) {
    mark = {connection.session(), ++commits_};
    script = fmt::format(
        "INSERT INTO gristmill_commits (session, number) VALUES ('{}', {}) ON CONFLICT (session) DO UPDATE SET number "
        "= EXCLUDED.number, at = now(); COMMIT",
        mark.session, mark.number);
  }
  const auto done = connection.run(script);
  if (done && std::string_view(PQcmdStatus(done->get())) == "COMMIT") return {};
  if (done) return {Outcome::End::settled, unavailable(fmt::format("database {}: the commit was refused", name_))};
  auto outcome = failed(connection, done.error());
  if (outcome.end == Outcome::End::lost && kind.is_marked) outcome.end = Outcome::End::ambiguous;
  if (connection.is_usable()) [[maybe_unused]]
    const auto ended = connection.run("ROLLBACK");
  return outcome;
}

Result<bool> PostgresDatabase::was_committed(const Mark& mark) {
  forget_idle();
  int losses = 0;
  while (true) {
    auto connection = take();
    if (!connection) {
      return Error(connection.error())
          .within(
              "the connection was lost during a commit, and whether it took effect is not known yet; the same "
              "command again will find out");
    }
    auto found = find_mark(**connection, mark);
    if (found || (*connection)->fault() != PostgresFault::lost || ++losses > losses_max) return found;
  }
}

Result<bool> PostgresDatabase::find_mark(PostgresConnection& connection, const Mark& mark) {
  // The old connection may still be open at the server's end: either it is committing and holds the writers' lock, or
  // the commit never reached it and it would wait for more.
  GRISTMILL_TRY([[maybe_unused]] const auto ended,
                connection.run(fmt::format("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                           "application_name = '{}' AND state LIKE 'idle in transaction%'",
                                           mark.session)));
  GRISTMILL_TRY([[maybe_unused]] const auto begun, connection.run(std::string(begin_write)));
  GRISTMILL_TRY(const auto found,
                connection.run(fmt::format("SELECT 1 FROM gristmill_commits WHERE session = '{}' AND number = {}",
                                           mark.session, mark.number)));
  const bool is_there = PQntuples(found.get()) == 1;
  // Marks are of use for a minute; the lock is held, so nobody else tidies at the same time.
  GRISTMILL_TRY([[maybe_unused]] const auto tidied,
                connection.run("DELETE FROM gristmill_commits WHERE at < now() - interval '1 day'; COMMIT"));
  return is_there;
}

Status PostgresDatabase::level_columns(Transaction& transaction, std::string_view sql) {
  // SQLite compares text by bytes, knows no longest text and holds whole numbers of 64 bits; here the same.
  GRISTMILL_TRY(const auto columns,
                transaction.query("SELECT table_name, column_name, data_type FROM information_schema.columns WHERE "
                                  "table_schema = current_schema() AND is_updatable = 'YES' AND (data_type IN "
                                  "('character varying', 'integer', 'smallint', 'real') OR (data_type = 'text' AND "
                                  "collation_name IS DISTINCT FROM 'C')) ORDER BY table_name, ordinal_position"));
  for (const auto& column : columns) {
    // The schema may hold tables of other programs.
    if (!names_word(sql, text(column[0]))) continue;
    const auto& type = text(column[2]);
    const std::string_view wanted = type == "integer" || type == "smallint" ? "BIGINT"
                                    : type == "real"                        ? "DOUBLE PRECISION"
                                                                            : "TEXT COLLATE \"C\"";
    GRISTMILL_TRY([[maybe_unused]] const auto done,
                  transaction.execute(fmt::format("ALTER TABLE \"{}\" ALTER COLUMN \"{}\" TYPE {}", text(column[0]),
                                                  text(column[1]), wanted)));
  }
  return {};
}

}  // namespace

bool is_postgres_url(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

Result<std::unique_ptr<Database>> open_postgres(PostgresSettings settings) {
  auto database = std::make_unique<PostgresDatabase>(std::move(settings));
  GRISTMILL_RETURN_IF_ERROR(database->open_first());
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace gristmill::meta
