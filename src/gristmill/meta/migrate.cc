// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "gristmill/meta/database.h"

namespace gristmill::meta {
namespace {

constexpr std::string_view create_history =
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
    "applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)";

Result<bool> has_history(Transaction& transaction, std::string_view dialect) {
  const std::string_view sql =
      dialect == "sqlite" ? "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
                          : "SELECT count(*) FROM information_schema.tables WHERE table_name = "
                            "'schema_migrations' AND table_schema = current_schema()";
  GRISTMILL_TRY(const auto rows, transaction.query(sql));
  return !rows.empty() && integer(rows[0][0]) > 0;
}

/// Version of the database, 0 for a new one. Refuses one that a newer or another program made.
Result<int> applied_version(Transaction& transaction, std::string_view dialect, std::span<const Migration> migrations) {
  GRISTMILL_TRY(const bool is_known, has_history(transaction, dialect));
  if (!is_known) return 0;
  GRISTMILL_TRY(const auto rows, transaction.query("SELECT version, name FROM schema_migrations ORDER BY version"));
  const auto newest = rows.empty() ? 0 : integer(rows.back()[0]);
  if (newest > static_cast<std::int64_t>(migrations.size()))
    return Error{
        ErrorCode::denied,
        fmt::format("the database has schema version {}, this program knows up to version {}: a newer program wrote "
                    "it; use that program, or a database of this one",
                    newest, migrations.size())};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (integer(rows[i][0]) == static_cast<std::int64_t>(i) + 1 && text(rows[i][1]) == migrations[i].name) continue;
    return Error{
        ErrorCode::denied,
        fmt::format("the database's schema step {} is \"{}\", this program expects {} \"{}\": another program wrote it",
                    integer(rows[i][0]), text(rows[i][1]), i + 1, migrations[i].name)};
  }
  return static_cast<int>(rows.size());
}

Status apply(Transaction& transaction, std::string_view dialect, std::span<const Migration> migrations, int version) {
  // Another start-up may have been faster: only what is still missing inside this transaction is applied.
  GRISTMILL_TRY(const int applied, applied_version(transaction, dialect, migrations));
  if (applied >= version) return {};
  GRISTMILL_TRY(const bool is_known, has_history(transaction, dialect));
  if (!is_known) {
    if (const auto created = transaction.execute(create_history); !created) return created.error();
  }
  const auto& migration = migrations[static_cast<std::size_t>(version) - 1];
  const auto done = transaction.execute(migration.sql);
  if (!done) return Error(done.error()).within(fmt::format("schema step {} \"{}\"", version, migration.name));
  const auto noted = transaction.execute("INSERT INTO schema_migrations (version, name) VALUES (?, ?)",
                                         {std::int64_t{version}, std::string(migration.name)});
  return noted ? Status() : Status(noted.error());
}

}  // namespace

Status Database::migrate(std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i)
    GRISTMILL_CHECK(migrations[i].version == static_cast<int>(i) + 1, std::string(migrations[i].name));
  int applied = 0;
  // Looking first keeps start-ups from queueing for the write lock, and lets a database that may only be read be
  // opened.
  GRISTMILL_RETURN_IF_ERROR(read([&](Transaction& transaction) -> Status {
    GRISTMILL_TRY(applied, applied_version(transaction, dialect(), migrations));
    return {};
  }));
  for (int version = applied + 1; version <= static_cast<int>(migrations.size()); ++version) {
    const auto status = write([&](Transaction& transaction) -> Status {
      GRISTMILL_RETURN_IF_ERROR(apply(transaction, dialect(), migrations, version));
      return level_columns(transaction, migrations[static_cast<std::size_t>(version) - 1].sql);
    });
    if (!status) return status;
  }
  return {};
}

}  // namespace gristmill::meta
