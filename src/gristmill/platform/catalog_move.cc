// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/catalog_move.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/migrations.h"
#include "gristmill/platform/settings.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;
using meta::Transaction;

constexpr std::size_t batch_rows = 10'000;
constexpr std::string_view state_table = "catalog_state";

/// What a catalog says of itself; a catalog in use says nothing.
using State = std::map<std::string, std::string>;

/// Count and order-free digest of a table's rows.
struct TableSum {
  std::int64_t rows = 0;
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  void add(const meta::Row& row) {
    std::string bytes;
    for (const auto& cell : row) {
      if (const auto* text = std::get_if<std::string>(&cell)) {
        bytes.append("t").append(std::to_string(text->size())).append(":").append(*text);
      } else if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
        bytes.append("i").append(std::to_string(*whole)).append(";");
      } else if (cell.index() != 0) {
        bytes.append("r").append(Json(meta::real(cell)).dump()).append(";");
      } else {
        bytes.append("n;");
      }
    }
    const auto digest = sha256_hex(bytes);
    high += std::stoull(digest.substr(0, 16), nullptr, 16);
    low += std::stoull(digest.substr(16, 16), nullptr, 16);
    ++rows;
  }
  [[nodiscard]] std::string digest() const { return fmt::format("{:016x}{:016x}", high, low); }
  bool operator==(const TableSum&) const = default;
};

Status run(Transaction& transaction, const std::string& sql, std::initializer_list<meta::Cell> cells = {}) {
  const auto done = transaction.execute(sql, cells);
  return done ? Status() : Status(done.error());
}

/// Our tables in the order in which the migrations make them: those that others refer to come first.
std::vector<std::string> all_tables() {
  std::vector<std::string> tables;
  constexpr std::string_view words = "CREATE TABLE ";
  constexpr std::string_view condition = "IF NOT EXISTS ";
  for (const auto& migration : migrations()) {
    for (auto at = migration.sql.find(words); at != std::string_view::npos; at = migration.sql.find(words, at + 1)) {
      auto rest = migration.sql.substr(at + words.size());
      if (rest.starts_with(condition)) rest.remove_prefix(condition.size());
      const auto name = rest.substr(0, rest.find_first_of(" ("));
      if (name != state_table) tables.emplace_back(name);
    }
  }
  return tables;
}

Result<std::vector<std::string>> columns_of(Transaction& transaction, std::string_view dialect,
                                            const std::string& table) {
  const auto* sql = dialect == "postgres"
                        ? "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
                          "AND table_name = ?"
                        : "SELECT name FROM pragma_table_info(?)";
  GRISTMILL_TRY(const auto rows, transaction.query(sql, {table}));
  std::vector<std::string> columns;
  for (const auto& row : rows) columns.push_back(meta::text(row[0]));
  std::ranges::sort(columns);
  return columns;
}

Result<State> state_of(meta::Database& database) {
  State state;
  const auto status = database.read([&](Transaction& transaction) -> Status {
    state.clear();
    const auto* sql = database.dialect() == "postgres"
                          ? "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND "
                            "table_name = ?"
                          : "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?";
    GRISTMILL_TRY(const auto known, transaction.query(sql, {std::string(state_table)}));
    if (meta::integer(known[0][0]) == 0) return {};
    GRISTMILL_TRY(const auto rows, transaction.query("SELECT name, value FROM catalog_state"));
    for (const auto& row : rows) state.emplace(meta::text(row[0]), meta::text(row[1]));
    return {};
  });
  if (!status) return status.error();
  return state;
}

Status set_state(Transaction& transaction, const State& state) {
  GRISTMILL_RETURN_IF_ERROR(run(transaction, "DELETE FROM catalog_state"));
  for (const auto& [name, value] : state)
    GRISTMILL_RETURN_IF_ERROR(run(transaction, "INSERT INTO catalog_state (name, value) VALUES (?, ?)", {name, value}));
  return {};
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

std::string sql_text(std::string_view text) {
  std::string out = "'";
  for (const char byte : text) out += byte == '\'' ? std::string("''") : std::string(1, byte);
  return out + "'";
}

std::string moved_message(const std::string& to) {
  return fmt::format(
      "the catalog was moved to {}: set `[catalog]` of gristmill.toml to it, or finish the move with "
      "`gristmill catalog move --to`",
      to);
}

constexpr std::array changes{"INSERT", "UPDATE", "DELETE"};

/// Makes the database itself refuse writes, by whatever program.
Status forbid_writes(Transaction& transaction, std::string_view dialect, const std::string& message) {
  if (dialect == "postgres")
    GRISTMILL_RETURN_IF_ERROR(
        run(transaction, fmt::format("CREATE OR REPLACE FUNCTION gristmill_moved() RETURNS trigger LANGUAGE plpgsql AS "
                                     "$moved$ BEGIN RAISE EXCEPTION USING ERRCODE = 'GRMOV', MESSAGE = {}; END $moved$",
                                     sql_text(message))));
  for (const auto& table : all_tables()) {
    if (dialect == "postgres") {
      GRISTMILL_RETURN_IF_ERROR(run(
          transaction, fmt::format("CREATE TRIGGER gristmill_moved BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "
                                   "{} FOR EACH STATEMENT EXECUTE FUNCTION gristmill_moved()",
                                   table)));
      continue;
    }
    for (const auto* change : changes)
      GRISTMILL_RETURN_IF_ERROR(run(
          transaction, fmt::format("CREATE TRIGGER gristmill_moved_{0}_{1} BEFORE {1} ON {0} BEGIN SELECT RAISE(ABORT, "
                                   "{2}); END",
                                   table, change, sql_text(message))));
  }
  return {};
}

Status allow_writes(Transaction& transaction, std::string_view dialect) {
  for (const auto& table : all_tables()) {
    GRISTMILL_TRY(const auto columns, columns_of(transaction, dialect, table));
    if (columns.empty()) continue;  // A table that a later migration will make.
    if (dialect == "postgres") {
      GRISTMILL_RETURN_IF_ERROR(run(transaction, fmt::format("DROP TRIGGER IF EXISTS gristmill_moved ON {}", table)));
      continue;
    }
    for (const auto* change : changes)
      GRISTMILL_RETURN_IF_ERROR(
          run(transaction, fmt::format("DROP TRIGGER IF EXISTS gristmill_moved_{}_{}", table, change)));
  }
  return {};
}

/// One move, from a catalog in use to one that is empty or was left before.
class CatalogMove {
 public:
  CatalogMove(meta::Database& source, meta::Database& target)
      : source_(source), target_(target), tables_(all_tables()), id_(make_id("move")) {}

  Status prepare_target() {
    GRISTMILL_TRY(const auto state, state_of(target_));
    const State receiving{{"state", "receiving"}, {"move", id_}, {"from", source_.name()}};
    if (state.contains("state")) {
      // Left by an earlier move, or by one that was interrupted: what it holds is not in use.
      GRISTMILL_RETURN_IF_ERROR(target_.write([&](Transaction& transaction) {
        const auto allowed = allow_writes(transaction, target_.dialect());
        return allowed ? set_state(transaction, receiving) : allowed;
      }));
      return target_.migrate(migrations());
    }
    GRISTMILL_RETURN_IF_ERROR(target_.migrate(migrations()));
    return target_.write([&](Transaction& transaction) -> Status {
      for (const auto& table : tables_) {
        GRISTMILL_TRY(const auto rows, transaction.query(fmt::format("SELECT count(*) FROM {}", table)));
        if (meta::integer(rows[0][0]) != 0)
          return Error{ErrorCode::already_exists,
                       fmt::format("{} holds a catalog that is in use (table {} has rows): choose an empty database",
                                   target_.name(), table)};
      }
      return set_state(transaction, receiving);
    });
  }

  /// From here on the target is the catalog, and the source says so.
  Status copy_and_mark() {
    return source_.write([&](Transaction& from) -> Status {
      GRISTMILL_RETURN_IF_ERROR(lock_source(from));
      GRISTMILL_RETURN_IF_ERROR(
          audit(from, "catalog.move", target_.name(), Json::object({{"from", source_.name()}, {"move", id_}})));
      GRISTMILL_RETURN_IF_ERROR(target_.write([&](Transaction& to) { return copy(from, to); }));
      if (const auto chain = verify_audit(target_); !chain) return chain.error();
      GRISTMILL_RETURN_IF_ERROR(forbid_writes(from, source_.dialect(), moved_message(target_.name())));
      return set_state(from, {{"state", "moved"}, {"move", id_}, {"to", target_.name()}});
    });
  }

  [[nodiscard]] const Json& report() const { return report_; }
  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  /// Also against those who do not queue with our writers. Before the first query, so that all is seen afterwards.
  Status lock_source(Transaction& from) {
    if (source_.dialect() != "postgres") return {};
    return run(from, fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", listed(tables_)));
  }

  Status copy(Transaction& from, Transaction& to) {
    report_ = Json::array();
    for (auto table = tables_.rbegin(); table != tables_.rend(); ++table)
      GRISTMILL_RETURN_IF_ERROR(run(to, "DELETE FROM " + *table));
    for (const auto& table : tables_) {
      auto status = copy_table(from, to, table);
      if (!status) return std::move(status).error().within(fmt::format("table {}", table));
    }
    return {};
  }

  Status copy_table(Transaction& from, Transaction& to, const std::string& table) {
    GRISTMILL_TRY(const auto columns, columns_of(from, source_.dialect(), table));
    GRISTMILL_TRY(const auto wanted, columns_of(to, target_.dialect(), table));
    if (columns != wanted)
      return Error{ErrorCode::internal,
                   fmt::format("has the columns {} here and {} there", listed(columns), listed(wanted))};
    const auto names = listed(columns);
    const std::vector<std::string> marks(columns.size(), "?");
    const auto insert = fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names, listed(marks));
    const auto select = fmt::format("SELECT {} FROM {}", names, table);
    TableSum read;
    std::vector<meta::Row> batch;
    GRISTMILL_RETURN_IF_ERROR(from.visit(select, {}, [&](meta::Row row) -> Status {
      read.add(row);
      batch.push_back(std::move(row));
      if (batch.size() < batch_rows) return {};
      auto sent = to.execute_many(insert, batch);
      batch.clear();
      return sent;
    }));
    GRISTMILL_RETURN_IF_ERROR(to.execute_many(insert, batch));
    TableSum written;
    GRISTMILL_RETURN_IF_ERROR(to.visit(select, {}, [&](const meta::Row& row) -> Status {
      written.add(row);
      return {};
    }));
    if (written != read)
      return corrupt_data(fmt::format("{} rows with digest {} were read, {} rows with digest {} came to be", read.rows,
                                      read.digest(), written.rows, written.digest()));
    report_.push(Json::object({{"name", table}, {"rows", read.rows}, {"digest", read.digest()}}));
    return {};
  }

  meta::Database& source_;
  meta::Database& target_;
  std::vector<std::string> tables_;
  std::string id_;
  Json report_ = Json::array();
};

Status put_in_use(meta::Database& target, const std::string& id) {
  return target.write([&](Transaction& transaction) { return set_state(transaction, {{"last_move", id}}); });
}

/// The settings with another `[catalog]`; everything else stays as it was written.
Result<std::string> with_catalog(const std::string& text, const std::string& line, const std::string& path) {
  std::string out;
  bool is_inside = false;
  bool is_put = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto old = text.substr(at, end - at);
    at = end + 1;
    const auto first = old.find_first_not_of(" \t");
    const auto word = first == std::string::npos ? std::string() : old.substr(first);
    if (word.starts_with("[")) is_inside = word.starts_with("[catalog]");
    const auto key = word.substr(0, word.find_first_of(" \t="));
    if (is_inside && (key == "path" || key == "url")) continue;
    out += old + "\n";
    if (!is_inside || is_put || !word.starts_with("[")) continue;
    out += line + "\n";
    is_put = true;
  }
  if (!is_put) out += "\n[catalog]\n" + line + "\n";
  if (const auto parsed = parse_settings(out, path); !parsed) return parsed.error();
  return out;
}

Status write_settings(const Workspace& workspace, const std::string& to) {
  const auto file = workspace.folder() + "/gristmill.toml";
  GRISTMILL_TRY(const auto text, io::read_file(file));
  const auto line = meta::is_postgres_url(to) ? "url = " + Json(meta::without_password(to)).dump()
                                              : "path = " + Json(fs::relative(to, workspace.folder()).string()).dump();
  GRISTMILL_TRY(const auto changed, with_catalog(text, line, file));
  return io::write_file(file, changed);
}

Result<std::unique_ptr<meta::Database>> open_target(const std::string& to) {
  if (meta::is_postgres_url(to)) return meta::open_postgres({.url = to});
  if (to.find("://") != std::string::npos)
    return invalid_argument("a catalog is moved to postgresql://USER@HOST:PORT/DATABASE or to an SQLite file");
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(fs::path(to).parent_path().string()));
  return meta::open_sqlite(to);
}

std::string field(const State& state, const std::string& name) {
  const auto found = state.find(name);
  return found == state.end() ? std::string() : found->second;
}

}  // namespace

Status check_in_use(meta::Database& database) {
  GRISTMILL_TRY(const auto state, state_of(database));
  if (field(state, "state") == "moved") return Error{ErrorCode::denied, moved_message(field(state, "to"))};
  if (field(state, "state") == "receiving")
    return Error{ErrorCode::denied,
                 fmt::format("{} waits for a catalog that is being moved here from {}: finish that with `gristmill "
                             "catalog move --to`",
                             database.name(), field(state, "from"))};
  return {};
}

Result<Json> move_catalog(const std::string& folder, const std::string& to) {
  GRISTMILL_TRY(const auto workspace, Workspace::open(folder, true));
  const auto place = to.find("://") != std::string::npos ? to : fs::absolute(to).lexically_normal().string();
  GRISTMILL_TRY(const auto target, open_target(place));
  auto& source = workspace->database();
  if (source.name() == target->name())
    return invalid_argument(fmt::format("the catalog is at {} already", source.name()));
  GRISTMILL_TRY(const auto source_state, state_of(source));
  auto id = field(source_state, "move");
  auto tables = Json::array();
  if (field(source_state, "state") == "moved") {
    // Interrupted after the source was left: the target holds everything, it may not know yet.
    GRISTMILL_TRY(const auto state, state_of(*target));
    if (id != field(state, "move") && id != field(state, "last_move"))
      return Error{ErrorCode::denied, moved_message(field(source_state, "to"))};
  } else {
    GRISTMILL_RETURN_IF_ERROR(check_in_use(source));
    CatalogMove move(source, *target);
    GRISTMILL_RETURN_IF_ERROR(move.prepare_target());
    GRISTMILL_RETURN_IF_ERROR(move.copy_and_mark());
    id = move.id();
    tables = move.report();
  }
  GRISTMILL_RETURN_IF_ERROR(put_in_use(*target, id));
  GRISTMILL_RETURN_IF_ERROR(write_settings(*workspace, place));
  return Json::object({{"from", source.name()}, {"to", target->name()}, {"tables", std::move(tables)}});
}

}  // namespace gristmill::platform
