// SPDX-License-Identifier: Apache-2.0
// Versioned tables: Iceberg metadata, manifests and commits; the pointer to the newest metadata lives in the database.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/meta/database.h"

namespace gristmill::store {

/// Part of every row's key: other Iceberg programs must open the catalog under this name.
inline constexpr std::string_view catalog_name = "gristmill";

/// The tables of the Iceberg SQL catalog (schema V1), for the list of migrations. Does nothing where they exist.
inline constexpr std::string_view catalog_tables_sql =
    "CREATE TABLE IF NOT EXISTS iceberg_tables (catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT "
    "NULL, "
    "table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000), "
    "iceberg_type VARCHAR(5), PRIMARY KEY (catalog_name, table_namespace, table_name)); "
    "CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (catalog_name VARCHAR(255) NOT NULL, "
    "namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255) NOT NULL, property_value VARCHAR(1000), "
    "PRIMARY KEY (catalog_name, namespace, property_key));";

/// A table's full name. `raw/web` is table `web` in namespace `raw`, `a/b/c` is `c` in `a.b`, `web` is `web` in
/// `default`.
struct TableName {
  std::string name_space;
  std::string name;

  /// Parts are letters, digits, `_` and `-`, at most 255 bytes each way.
  static Result<TableName> parse(std::string_view text);
  /// The form that users see: `raw/web`.
  [[nodiscard]] std::string text() const;
  auto operator<=>(const TableName&) const = default;
};

/// The Iceberg SQL catalog inside the metadata database, which must outlive it. Copies are alike. Thread-safe.
class Catalog {
 public:
  explicit Catalog(meta::Database& database) : database_(&database) {}

  /// Makes the catalog tables where no migration did.
  Status create_tables();
  [[nodiscard]] meta::Database& database() const { return *database_; }
  /// Makes a namespace visible; does nothing when it is.
  Status create_namespace(std::string_view name_space);
  Result<std::vector<std::string>> namespaces() const;
  /// All tables (no views), sorted by namespace and name.
  Result<std::vector<TableName>> list_tables() const;
  /// Where the newest metadata file is; `not_found` when there is no such table.
  Result<std::string> metadata_location(const TableName& name) const;
  /// Forgets a table; its files stay.
  Status drop_table(const TableName& name);

  /// The same within a transaction, for commits.
  static Result<std::string> metadata_location(meta::Transaction& transaction, const TableName& name);
  static Status insert(meta::Transaction& transaction, const TableName& name, const std::string& location);
  /// Moves the pointer from `old_location` to `new_location`; false when it no longer stood there.
  static Result<bool> swap(meta::Transaction& transaction, const TableName& name, const std::string& old_location,
                           const std::string& new_location);

 private:
  meta::Database* database_;
};

}  // namespace gristmill::store
