// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"

namespace gristmill::store {

/// One change of a table's columns. Only top-level columns change; ids stay with their columns.
struct SchemaChange {
  enum class Kind : std::uint8_t { drop, rename, widen, add, move };
  Kind kind = Kind::add;
  std::string column;
  std::string value;  ///< New name (rename), type (widen, add), `first`, `after:NAME` or `before:NAME` (move).
};

/// What stands in the way of changes beside the specification's own rules.
struct SchemaBounds {
  std::set<std::string> fixed_names;  ///< Columns that must stay as they are called and typed.
  std::set<int> used_ids;             ///< Columns that partitions or sort orders are made from: not to be dropped.
};

/// The fields of a schema (JSON list) after changes, made in the given order. New columns are optional and get ids
/// behind `last_column_id`, which moves on. An error says what is not possible, and what is.
Result<Json> change_fields(const Json& fields, std::span<const SchemaChange> changes, const SchemaBounds& bounds,
                           std::int64_t& last_column_id);

/// Whether files with values of one primitive type may be read as the other: int as long, float as double, decimals
/// with more digits of the same scale.
bool is_wider(const std::string& from, const std::string& to);

/// A primitive type in Iceberg's spelling ("decimal(10, 2)"), from that or without its blanks; empty when it is none.
std::string normal_type(const std::string& type);

}  // namespace gristmill::store
