// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "gristmill/base/json.h"
#include "gristmill/store/metadata.h"

namespace gristmill::store {

/// Table metadata while the updates of one commit change it, one after the other.
class TableDraft {
 public:
  /// Starts from a table's metadata, or from nothing for a new one.
  static TableDraft of(const TableMetadata& base, std::int64_t now_ms);
  static TableDraft of_nothing(std::int64_t now_ms);

  /// Applies one update of Iceberg's REST specification.
  Status apply(const Json& update);
  /// The metadata when all updates are in; refuses what no reader could make sense of.
  Result<TableMetadata> finish();

  Status add_schema(const Json& schema, std::int64_t last_column_id);
  Status add_spec(Json spec);
  Status add_sort_order(Json order);
  /// -1: that which was added last.
  Status set_default(std::string_view list, std::string_view key, std::string_view default_key, std::int64_t id,
                     std::optional<std::int64_t> added);
  Status set_properties(const Json& properties);

 private:
  TableDraft(Json document, std::int64_t now_ms) : document_(std::move(document)), now_ms_(now_ms) {}

  Status apply_to_schema(const std::string& action, const Json& update, bool& is_known);
  Status apply_to_table(const std::string& action, const Json& update, bool& is_known);
  Status apply_to_snapshots(const std::string& action, const Json& update, bool& is_known);
  Status assign_uuid(const Json& update);
  Status upgrade(const Json& update);
  Status remove_properties(const Json& update);
  Status remove_unused(std::string_view list, std::string_view key, std::string_view default_key, const Json& ids);
  Status add_snapshot(const Json& snapshot);
  Status set_reference(const Json& update);
  void set_main(std::int64_t snapshot_id);
  void remove_reference(std::string_view name);
  Status remove_snapshots(const Json& update);
  Status set_statistics(std::string_view list, const Json& update);
  Status remove_statistics(std::string_view list, const Json& update);

  [[nodiscard]] std::int64_t highest_id(std::string_view list, std::string_view key) const;
  [[nodiscard]] const Json* find(std::string_view list, std::string_view key, std::int64_t id) const;
  [[nodiscard]] Status check_whole();
  [[nodiscard]] Status check_references() const;
  void add_defaults();
  void order_times();

  Json document_;
  std::int64_t now_ms_;
  bool has_new_shape_ = false;  ///< Another schema, spec or sort order is in use now.
  std::optional<std::int64_t> added_schema_;
  std::optional<std::int64_t> added_spec_;
  std::optional<std::int64_t> added_order_;
  std::set<std::int64_t> added_snapshots_;
};

}  // namespace gristmill::store
