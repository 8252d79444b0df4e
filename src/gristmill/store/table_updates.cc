// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/table_updates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "gristmill/store/schema_json.h"
#include "gristmill/store/table_draft.h"

namespace gristmill::store {
namespace {

/// A requirement that compares one number of the metadata.
struct NumberRequirement {
  std::string_view type;
  std::string_view wanted_key;
  std::string_view metadata_key;
};
constexpr std::array number_requirements{
    NumberRequirement{"assert-last-assigned-field-id", "last-assigned-field-id", "last-column-id"},
    NumberRequirement{"assert-current-schema-id", "current-schema-id", "current-schema-id"},
    NumberRequirement{"assert-last-assigned-partition-id", "last-assigned-partition-id", "last-partition-id"},
    NumberRequirement{"assert-default-spec-id", "default-spec-id", "default-spec-id"},
    NumberRequirement{"assert-default-sort-order-id", "default-sort-order-id", "default-sort-order-id"},
};

Error failed(std::string message) {
  return {ErrorCode::conflict, fmt::format("a requirement of the commit fails: {}", message)};
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Status check_reference(const TableMetadata& table, const Json& requirement) {
  const auto& name = requirement["ref"].as_string();
  const auto& wanted = requirement["snapshot-id"];
  if (name.empty() || (!wanted.is_null() && !wanted.is_int()))
    return invalid_argument("assert-ref-snapshot-id needs \"ref\" and \"snapshot-id\", a number or null");
  const auto references = table.references();
  const auto found = std::ranges::find(references, name, &Reference::name);
  // Metadata of other writers may do without an entry for main.
  const auto fallback = name == main_branch ? table.current_snapshot_id() : 0;
  const auto actual = found == references.end() ? fallback : found->snapshot_id;
  const auto expected = wanted.as_int(0) < 0 ? 0 : wanted.as_int(0);
  if (actual == expected) return {};
  if (expected == 0) return failed(fmt::format("there is a branch or tag {} already", name));
  if (actual == 0) return failed(fmt::format("there is no branch or tag {} any more", name));
  return failed(fmt::format("{} is at snapshot {}, expected {}", name, actual, expected));
}

Status check_number(const TableMetadata& table, const NumberRequirement& kind, const Json& requirement) {
  const auto& wanted = requirement[kind.wanted_key];
  if (!wanted.is_int()) return invalid_argument(fmt::format("{} needs the number \"{}\"", kind.type, kind.wanted_key));
  const auto actual = table.document()[kind.metadata_key].as_int();
  if (actual == wanted.as_int()) return {};
  return failed(fmt::format("{} is {}, expected {}", kind.metadata_key, actual, wanted.as_int()));
}

Status check_requirement(const TableMetadata* table, const Json& requirement) {
  const auto& type = requirement["type"].as_string();
  if (type == "assert-create") return table == nullptr ? Status() : Status(failed("the table exists already"));
  const auto* number = std::ranges::find(number_requirements, type, &NumberRequirement::type);
  const bool is_known = number != number_requirements.end() || type == "assert-table-uuid" ||
                        type == "assert-ref-snapshot-id";
  if (!is_known) return invalid_argument(fmt::format("unknown requirement \"{}\"", type.substr(0, 200)));
  // A commit that creates the table presumes nothing of it.
  if (table == nullptr) return failed("there is no such table");
  if (number != number_requirements.end()) return check_number(*table, *number, requirement);
  if (type == "assert-ref-snapshot-id") return check_reference(*table, requirement);
  const auto& uuid = requirement["uuid"].as_string();
  if (uuid.empty()) return invalid_argument("assert-table-uuid needs \"uuid\"");
  if (equal_without_case(uuid, table->uuid())) return {};
  return failed(fmt::format("the table's uuid is {}, expected {}", table->uuid(), uuid));
}

}  // namespace

bool demands_new_table(const Json& requirements) {
  return std::ranges::any_of(requirements.items(),
                             [](const Json& item) { return item["type"].as_string() == "assert-create"; });
}

Status check_requirements(const TableMetadata* table, const Json& requirements) {
  if (!requirements.is_null() && !requirements.is_array()) return invalid_argument("\"requirements\" must be a list");
  for (const auto& requirement : requirements.items()) GRISTMILL_RETURN_IF_ERROR(check_requirement(table, requirement));
  return {};
}

Result<TableMetadata> apply_updates(const TableMetadata* base, const Json& updates, std::int64_t now_ms) {
  if (!updates.is_null() && !updates.is_array()) return invalid_argument("\"updates\" must be a list");
  auto draft = base != nullptr ? TableDraft::of(*base, now_ms) : TableDraft::of_nothing(now_ms);
  std::size_t ordinal = 0;
  for (const auto& update : updates.items()) {
    auto status = draft.apply(update);
    if (!status)
      return std::move(status).error().within(
          fmt::format("update {} ({})", ordinal, update["action"].as_string().substr(0, 100)));
    ++ordinal;
  }
  return draft.finish();
}

bool is_applied_already(const TableMetadata& table, const Json& requirements, const Json& updates) {
  bool is_found = false;
  for (const auto& update : updates.items()) {
    const auto& action = update["action"].as_string();
    if (action == "assign-uuid") {
      if (!equal_without_case(update["uuid"].as_string(), table.uuid())) return false;
      // A table may be told its own uuid again beside other updates.
      is_found = is_found || demands_new_table(requirements);
    }
    if (action != "add-snapshot") continue;
    const auto& wanted = update["snapshot"];
    const auto* known = table.find_snapshot(wanted["snapshot-id"].as_int());
    if (known == nullptr || known->manifest_list != wanted["manifest-list"].as_string()) return false;
    is_found = true;
  }
  return is_found;
}

Result<TableMetadata> create_metadata(const NewTable& table, std::int64_t now_ms) {
  GRISTMILL_TRY(const auto schema, normal_schema(table.schema));
  std::map<std::int64_t, std::int64_t> renumbered;
  const auto fresh = with_fresh_ids(schema, renumbered);
  auto draft = TableDraft::of_nothing(now_ms);
  const auto apply = [&](Json update) { return draft.apply(update); };
  GRISTMILL_RETURN_IF_ERROR(apply(Json::object({{"action", "assign-uuid"}, {"uuid", new_uuid()}})));
  GRISTMILL_RETURN_IF_ERROR(apply(Json::object({{"action", "set-location"}, {"location", table.location}})));
  GRISTMILL_RETURN_IF_ERROR(draft.add_schema(fresh, 0));
  GRISTMILL_RETURN_IF_ERROR(apply(Json::object({{"action", "set-current-schema"}, {"schema-id", -1}})));
  if (!table.spec.is_null()) {
    GRISTMILL_TRY(auto spec, normal_spec(table.spec, renumbered));
    GRISTMILL_RETURN_IF_ERROR(draft.add_spec(std::move(spec)));
    GRISTMILL_RETURN_IF_ERROR(apply(Json::object({{"action", "set-default-spec"}, {"spec-id", -1}})));
  }
  if (!table.sort_order.is_null()) {
    GRISTMILL_TRY(auto order, normal_sort_order(table.sort_order, renumbered));
    GRISTMILL_RETURN_IF_ERROR(draft.add_sort_order(std::move(order)));
    GRISTMILL_RETURN_IF_ERROR(apply(Json::object({{"action", "set-default-sort-order"}, {"sort-order-id", -1}})));
  }
  GRISTMILL_RETURN_IF_ERROR(draft.set_properties(table.properties));
  return draft.finish();
}

}  // namespace gristmill::store
