// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/workspace.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/io/s3_client.h"
#include "gristmill/platform/acting.h"
#include "gristmill/platform/catalog_move.h"
#include "gristmill/platform/migrations.h"
#include "gristmill/platform/settings.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view settings_file = "gristmill.toml";

std::string absolute(const std::string& path) {
  return fs::absolute(path.empty() ? "." : path).lexically_normal().string();
}

/// Slashes of a dataset name are folders; everything else is checked to be harmless when a name is given.
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string path;
  for (const auto part : parts) {
    if (!path.empty() && path.back() != '/') path += '/';
    path += part;
  }
  return path;
}

std::string audit_digest(std::string_view before, std::int64_t sequence, std::string_view at, std::string_view who,
                         std::string_view action, std::string_view subject, std::string_view details) {
  return sha256_hex(Json::array({before, sequence, at, who, action, subject, details}).dump());
}

}  // namespace

Result<std::unique_ptr<Workspace>> Workspace::init(const std::string& folder, const std::string& profile,
                                                   const std::string& catalog_url) {
  const auto root = absolute(folder);
  const auto file = joined({root, settings_file});
  if (io::exists(file))
    return Error{ErrorCode::already_exists, fmt::format("{} exists already: this is a workspace", file)};
  GRISTMILL_TRY(const auto text, settings_template(fs::path(root).filename().string(), profile, catalog_url));
  if (!catalog_url.empty()) {
    // Before anything is written, and as later commands will open it.
    GRISTMILL_TRY([[maybe_unused]] const auto catalog,
                  meta::open_postgres({.url = meta::without_password(catalog_url)}));
  }
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(root));
  GRISTMILL_RETURN_IF_ERROR(io::write_file(file, text));
  GRISTMILL_TRY(auto workspace, open(root));
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(workspace->warehouse()));
  GRISTMILL_RETURN_IF_ERROR(workspace->database().write([&](meta::Transaction& transaction) {
    return audit(transaction, "init", root, Json::object({{"profile", profile}}));
  }));
  return workspace;
}

Result<std::unique_ptr<Workspace>> Workspace::open(const std::string& folder, bool accepts_moved) {
  fs::path root = absolute(folder);
  if (folder.empty()) {
    while (!fs::exists(root / settings_file) && root.has_relative_path()) root = root.parent_path();
  }
  const auto file = root / settings_file;
  if (!fs::exists(file)) {
    return invalid_argument(fmt::format("no {} in {}{}: make a workspace with `gristmill init`", settings_file,
                                        absolute(folder), folder.empty() ? " or any folder above it" : ""));
  }
  GRISTMILL_TRY(const auto text, io::read_file(file.string()));
  GRISTMILL_TRY(auto settings, parse_settings(text, file.string()));
  auto root_text = root.lexically_normal().string();
  while (root_text.size() > 1 && root_text.back() == '/') root_text.pop_back();
  std::unique_ptr<Workspace> workspace(new Workspace(std::move(root_text), std::move(settings)));
  GRISTMILL_RETURN_IF_ERROR(workspace->connect(accepts_moved));
  return workspace;
}

Status Workspace::connect(bool accepts_moved) {
  auto objects = settings_.objects;
  for (auto* path : {&objects.credentials_file, &objects.ca_file}) {
    if (!path->empty()) *path = (fs::path(folder_) / *path).lexically_normal().string();
  }
  if (auto known = io::check_scheme(settings_.warehouse); !known)
    return std::move(known).error().within("[warehouse] path of gristmill.toml");
  GRISTMILL_RETURN_IF_ERROR(io::configure_objects(objects, settings_.warehouse));
  warehouse_ = settings_.warehouse;
  while (warehouse_.size() > 1 && warehouse_.ends_with('/')) warehouse_.pop_back();
  if (!io::is_object(warehouse_)) warehouse_ = (fs::path(folder_) / settings_.warehouse).lexically_normal().string();
  if (settings_.catalog_url.empty()) {
    const auto catalog = (fs::path(folder_) / settings_.catalog).lexically_normal();
    GRISTMILL_RETURN_IF_ERROR(io::create_folders(catalog.parent_path().string()));
    GRISTMILL_TRY(database_, meta::open_sqlite(catalog.string()));
  } else {
    GRISTMILL_TRY(database_, meta::open_postgres({.url = settings_.catalog_url}));
  }
  // Before the migrations: nothing is done to a catalog that is not in use any more.
  if (!accepts_moved) GRISTMILL_RETURN_IF_ERROR(check_in_use(*database_));
  return database_->migrate(migrations());
}

std::string Workspace::internal_folder(std::string_view id) const {
  return io::is_object(warehouse_) ? joined({folder_, ".gristmill/runs", id}) : joined({runs_folder(), id});
}

std::string Workspace::exchange_folder(std::string_view id) const { return joined({runs_folder(), id}); }

std::string Workspace::runs_folder() const {
  return settings_.catalog_url.empty() ? joined({folder_, ".gristmill/runs"}) : joined({warehouse_, ".runs"});
}

void Workspace::remove_internal_folder(std::string_view id) const noexcept {
  std::error_code ignored;
  std::filesystem::remove_all(internal_folder(id), ignored);
  const auto exchange = exchange_folder(id);
  if (!io::is_object(exchange)) return;
  if (const auto files = io::list_folder(exchange)) {
    std::vector<std::string> paths;
    for (const auto& file : *files) paths.push_back(file.path);
    // What stays is swept at the end of a later run.
    (void)io::remove_files(paths);
  }
}
Result<std::int64_t> Workspace::careful_now_ms() const {
  const auto here = now_ms();
  if (settings_.catalog_url.empty()) return here;
  auto there = here;
  GRISTMILL_RETURN_IF_ERROR(database_->read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows, transaction.query(fmt::format("SELECT {}", database_->clock_ms_sql()), {}));
    there = meta::integer(rows.at(0).at(0), here);
    return {};
  }));
  return std::min(here, there);
}

std::string Workspace::table_folder(std::string_view dataset) const { return joined({warehouse_, dataset}); }
std::string Workspace::quarantine_folder(std::string_view id) const { return joined({warehouse_, "quarantine", id}); }
std::string Workspace::landing_folder(std::string_view source, std::string_view ingestion) const {
  return joined({warehouse_, "landing", source, ingestion});
}
std::string Workspace::report_path(std::string_view run) const {
  return joined({io::is_object(warehouse_) ? warehouse_ : folder_, "reports", fmt::format("{}.html", run)});
}

std::string acting_user() {
  if (!acting_as().empty()) return acting_as();
  if (const char* name = std::getenv("GRISTMILL_ACTOR")) return name;
  const auto* entry = ::getpwuid(::getuid());
  return entry ? entry->pw_name : fmt::format("uid-{}", ::getuid());
}

Status audit(meta::Transaction& transaction, std::string_view action, std::string_view subject, const Json& details) {
  GRISTMILL_TRY(const auto newest,
                transaction.query("SELECT sequence, digest FROM audit ORDER BY sequence DESC LIMIT 1"));
  const auto sequence = newest.empty() ? 1 : meta::integer(newest[0][0]) + 1;
  const auto before = newest.empty() ? std::string() : meta::text(newest[0][1]);
  const auto at = now_iso8601();
  const auto who = acting_user();
  const auto text = details.dump();
  const auto digest = audit_digest(before, sequence, at, who, action, subject, text);
  auto inserted = transaction.execute(
      "INSERT INTO audit (sequence, at, actor, action, subject, details, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
      {sequence, at, who, std::string(action), std::string(subject), text, digest});
  if (!inserted) return std::move(inserted).error();
  return {};
}

Result<std::int64_t> verify_audit(meta::Database& database) {
  std::int64_t count = 0;
  const auto status = database.read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto rows,
        transaction.query("SELECT sequence, at, actor, action, subject, details, digest FROM audit ORDER BY sequence"));
    std::string before;
    for (const auto& row : rows) {
      const auto digest = audit_digest(before, meta::integer(row[0]), meta::text(row[1]), meta::text(row[2]),
                                       meta::text(row[3]), meta::text(row[4]), meta::text(row[5]));
      if (meta::integer(row[0]) != count + 1 || digest != meta::text(row[6])) {
        return corrupt_data(
            fmt::format("audit entry {} was changed or entries before it were removed", meta::integer(row[0])));
      }
      before = digest;
      ++count;
    }
    return {};
  });
  if (!status) return status.error();
  return count;
}

Result<Json> audit_entries(meta::Database& database, std::int64_t limit) {
  auto list = Json::array();
  GRISTMILL_RETURN_IF_ERROR(database.read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto rows,
        transaction.query(
            "SELECT sequence, at, actor, action, subject, details, digest FROM audit ORDER BY sequence DESC LIMIT ?",
            {limit}));
    for (const auto& row : rows) {
      GRISTMILL_TRY(auto details, Json::parse(meta::text(row[5])));
      list.push(Json::object({{"sequence", meta::integer(row[0])},
                              {"at", meta::text(row[1])},
                              {"actor", meta::text(row[2])},
                              {"action", meta::text(row[3])},
                              {"subject", meta::text(row[4])},
                              {"details", std::move(details)},
                              {"digest", meta::text(row[6])}}));
    }
    return {};
  }));
  return list;
}

Status check_name(std::string_view kind, std::string_view name) {
  const bool is_plain = std::ranges::all_of(
      name, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c == '.'; });
  if (name.empty() || name.size() > 200 || !is_plain || name.front() == '.' || name.front() == '-') {
    return invalid_argument(
        fmt::format("'{}' is not {} {} name: use letters, digits, '_', '-' and '.', starting with a letter or digit",
                    name, std::string_view("aeiou").find(kind.front()) == std::string_view::npos ? "a" : "an", kind));
  }
  return {};
}

Status check_reference_name(std::string_view kind, std::string_view name) {
  GRISTMILL_RETURN_IF_ERROR(check_name(kind, name));
  const bool is_number = name.size() > 1 && name.front() == 'v' &&
                         name.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (!is_number && name != "latest") return {};
  return invalid_argument(
      fmt::format("a {0} cannot be called {1}: in every dataset NAME@{1} is the {2}; choose another name", kind, name,
                  is_number ? "version of that number" : "newest version"));
}

Status check_dataset_name(std::string_view name) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos || name.find('/', slash + 1) != std::string_view::npos) {
    return invalid_argument(fmt::format("'{}' is not a dataset name: write namespace/name, as in raw/web", name));
  }
  GRISTMILL_RETURN_IF_ERROR(check_name("dataset", name.substr(0, slash)));
  for (const auto reserved : {"landing", "quarantine"}) {
    if (name.substr(0, slash) == reserved)
      return invalid_argument(fmt::format("the namespace '{}' is used by Gristmill itself", reserved));
  }
  return check_name("dataset", name.substr(slash + 1));
}

std::string make_id(std::string_view prefix) {
  // Uniqueness rests on chance alone: clocks stand still and go back.
  constexpr std::uint64_t twelve_digits = (std::uint64_t{1} << 48) - 1;
  std::random_device random;
  const auto chance = (std::uint64_t{random()} << 32 | random()) & twelve_digits;
  const auto now = iso8601(now_ms());
  return fmt::format("{}-{}{}{}-{}{}{}-{:012x}", prefix, now.substr(0, 4), now.substr(5, 2), now.substr(8, 2),
                     now.substr(11, 2), now.substr(14, 2), now.substr(17, 2), chance);
}

}  // namespace gristmill::platform
