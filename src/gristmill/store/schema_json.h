// SPDX-License-Identifier: Apache-2.0
// Schemas, partition specs and sort orders as the JSON of Iceberg's table specification: checked, in one form,
// numbered.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "gristmill/base/json.h"

namespace gristmill::store {

/// One field of a schema, however deep it lies.
struct SchemaField {
  const Json* type = nullptr;
  std::string path;          ///< Its name with those of the structs around it, as in `address.city`.
  bool is_required = false;  ///< It, and every struct around it.
  bool is_repeated = false;  ///< Inside a list or a map.

  [[nodiscard]] bool is_primitive() const { return type->is_string(); }
};

/// All fields of a schema by their ids. The schema must outlive them.
using SchemaFields = std::map<std::int64_t, SchemaField>;

/// A schema that a client sent, checked and in the one form in which we keep schemas: two that mean the same are equal
/// as JSON but for their `schema-id`. Types that only format version 3 has are refused.
Result<Json> normal_schema(const Json& schema);

/// The fields of a schema in normal form.
SchemaFields fields_of(const Json& schema);

/// New field ids for a schema in normal form: 1, 2, 3, ... for the columns, then on for what is nested in them.
/// `renumbered` gets the new id of each old one.
Json with_fresh_ids(const Json& schema, std::map<std::int64_t, std::int64_t>& renumbered);

/// A partition spec that a client sent, in normal form; fields may lack their ids. `renumbered` maps source ids, empty:
/// they hold as they are.
Result<Json> normal_spec(const Json& spec, const std::map<std::int64_t, std::int64_t>& renumbered = {});

/// The same for a sort order.
Result<Json> normal_sort_order(const Json& order, const std::map<std::int64_t, std::int64_t>& renumbered = {});

/// Checks that a spec or a sort order in normal form goes with a schema: every source is a column of it, of a type that
/// the transform takes; names of partition fields are free.
Status check_spec_against(const Json& spec, const Json& schema);
Status check_order_against(const Json& order, const Json& schema);

}  // namespace gristmill::store
