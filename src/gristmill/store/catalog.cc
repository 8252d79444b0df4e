// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/catalog.h"

#include <fmt/format.h>

#include <algorithm>

namespace gristmill::store {
namespace {

using meta::Cell;
constexpr std::size_t name_bytes_max = 255;
constexpr std::size_t location_bytes_max = 1000;

bool is_name_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte == '-';
}

Status check_length(const std::string& location) {
  if (location.size() <= location_bytes_max) return {};
  return invalid_argument(
      fmt::format("the catalog holds locations of at most {} bytes: {}", location_bytes_max, location));
}

Status make_visible(meta::Transaction& transaction, const std::string& name_space) {
  const auto done = transaction.execute(
      "INSERT INTO iceberg_namespace_properties (catalog_name, namespace, property_key, property_value) "
      "VALUES (?, ?, 'exists', 'true') ON CONFLICT (catalog_name, namespace, property_key) DO NOTHING",
      {std::string(catalog_name), name_space});
  return done ? Status() : Status(done.error());
}

}  // namespace

Result<TableName> TableName::parse(std::string_view text) {
  TableName name{.name_space = "default", .name = std::string(text)};
  if (const auto slash = text.rfind('/'); slash != std::string_view::npos) {
    name.name_space = text.substr(0, slash);
    name.name = text.substr(slash + 1);
  }
  const auto bad = invalid_argument(fmt::format(
      "bad dataset name \"{}\": letters, digits, _ and - are allowed, / between parts", text.substr(0, 300)));
  if (name.name.empty() || name.name.size() > name_bytes_max || !std::ranges::all_of(name.name, is_name_byte))
    return bad;
  if (name.name_space.empty() || name.name_space.size() > name_bytes_max) return bad;
  char before = '/';
  for (char& byte : name.name_space) {
    if (byte == '/' ? before == '/' : !is_name_byte(byte)) return bad;
    before = byte;
    if (byte == '/') byte = '.';
  }
  if (before == '/') return bad;
  return name;
}

std::string TableName::text() const {
  if (name_space == "default") return name;
  auto path = name_space;
  std::ranges::replace(path, '.', '/');
  return path + "/" + name;
}

Status Catalog::create_tables() {
  // Looking first lets a warehouse that may only be read be opened.
  const auto is_there = database_->read([](meta::Transaction& transaction) -> Status {
    for (const auto* table : {"iceberg_tables", "iceberg_namespace_properties"}) {
      GRISTMILL_TRY([[maybe_unused]] const auto rows, transaction.query(fmt::format("SELECT count(*) FROM {}", table)));
    }
    return {};
  });
  if (is_there) return {};
  return database_->write([](meta::Transaction& transaction) -> Status {
    const auto done = transaction.execute(catalog_tables_sql);
    return done ? Status() : Status(done.error());
  });
}

Status Catalog::create_namespace(std::string_view name_space) {
  return database_->write(
      [&](meta::Transaction& transaction) { return make_visible(transaction, std::string(name_space)); });
}

Result<std::vector<std::string>> Catalog::namespaces() const {
  std::vector<std::string> names;
  GRISTMILL_RETURN_IF_ERROR(database_->read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto rows,
        transaction.query("SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = ? "
                          "UNION SELECT table_namespace FROM iceberg_tables WHERE catalog_name = ? ORDER BY 1",
                          {std::string(catalog_name), std::string(catalog_name)}));
    for (const auto& row : rows) names.push_back(meta::text(row[0]));
    return {};
  }));
  return names;
}

Result<std::vector<TableName>> Catalog::list_tables() const {
  std::vector<TableName> names;
  GRISTMILL_RETURN_IF_ERROR(database_->read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(
        const auto rows,
        transaction.query("SELECT table_namespace, table_name FROM iceberg_tables WHERE catalog_name = ? AND "
                          "(iceberg_type IS NULL OR iceberg_type = 'TABLE') ORDER BY table_namespace, table_name",
                          {std::string(catalog_name)}));
    for (const auto& row : rows) names.push_back({meta::text(row[0]), meta::text(row[1])});
    return {};
  }));
  return names;
}

Result<std::string> Catalog::metadata_location(const TableName& name) const {
  std::string location;
  GRISTMILL_RETURN_IF_ERROR(database_->read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(location, metadata_location(transaction, name));
    return {};
  }));
  return location;
}

Status Catalog::drop_table(const TableName& name) {
  return database_->write([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto count, transaction.execute("DELETE FROM iceberg_tables WHERE catalog_name = ? AND "
                                                        "table_namespace = ? AND table_name = ?",
                                                        {std::string(catalog_name), name.name_space, name.name}));
    return count == 1 ? Status() : Status(not_found(fmt::format("no dataset named {}", name.text())));
  });
}

Result<std::string> Catalog::metadata_location(meta::Transaction& transaction, const TableName& name) {
  GRISTMILL_TRY(
      const auto rows,
      transaction.query("SELECT metadata_location, iceberg_type FROM iceberg_tables WHERE catalog_name = ? AND "
                        "table_namespace = ? AND table_name = ?",
                        {std::string(catalog_name), name.name_space, name.name}));
  if (rows.empty()) return not_found(fmt::format("no dataset named {}", name.text()));
  if (meta::text(rows[0][1]) == "VIEW") return invalid_argument(fmt::format("{} is a view, not a table", name.text()));
  return meta::text(rows[0][0]);
}

Status Catalog::insert(meta::Transaction& transaction, const TableName& name, const std::string& location) {
  GRISTMILL_RETURN_IF_ERROR(check_length(location));
  GRISTMILL_RETURN_IF_ERROR(make_visible(transaction, name.name_space));
  GRISTMILL_TRY(
      const auto count,
      transaction.execute("INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, "
                          "previous_metadata_location, iceberg_type) VALUES (?, ?, ?, ?, NULL, 'TABLE') "
                          "ON CONFLICT (catalog_name, table_namespace, table_name) DO NOTHING",
                          {std::string(catalog_name), name.name_space, name.name, location}));
  if (count == 1) return {};
  return Error{ErrorCode::already_exists, fmt::format("there is a dataset named {} already", name.text())};
}

Result<bool> Catalog::swap(meta::Transaction& transaction, const TableName& name, const std::string& old_location,
                           const std::string& new_location) {
  GRISTMILL_RETURN_IF_ERROR(check_length(new_location));
  GRISTMILL_TRY(const auto count,
                transaction.execute(
                    "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "
                    "WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?",
                    {new_location, old_location, std::string(catalog_name), name.name_space, name.name, old_location}));
  return count == 1;
}

}  // namespace gristmill::store
