// SPDX-License-Identifier: Apache-2.0
// Commits as Iceberg's REST catalog takes them: what a client presumes of a table, and a list of updates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/store/metadata.h"

namespace gristmill::store {

/// True when the requirements demand that there is no such table yet.
bool demands_new_table(const Json& requirements);

/// Checks what a client presumes of a table (null: there is none). `conflict` says which requirement fails; one that is
/// unknown or malformed is `invalid_argument`.
Status check_requirements(const TableMetadata* table, const Json& requirements);

/// What the updates make of a table, or of nothing (null) when they create one. The base is unchanged. An update that
/// is unknown, malformed or breaks the table is `invalid_argument`; a snapshot that was prepared on an older state of
/// the table is `conflict`.
Result<TableMetadata> apply_updates(const TableMetadata* base, const Json& updates, std::int64_t now_ms);

/// True when the table holds the snapshots that the updates add, or is the table that they were to create: the commit
/// came through before, and its client did not hear of it.
bool is_applied_already(const TableMetadata& table, const Json& requirements, const Json& updates);

/// What a client asks for when it creates a table.
struct NewTable {
  std::string location;
  Json schema;      ///< Field ids only need to differ from each other.
  Json spec;        ///< Null: not partitioned.
  Json sort_order;  ///< Null: none.
  Json properties;
};

/// Metadata of an empty table: fresh field ids from 1 on, the spec and the order moved to them.
Result<TableMetadata> create_metadata(const NewTable& table, std::int64_t now_ms);

}  // namespace gristmill::store
