// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/branches.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gristmill/store/table.h"

namespace gristmill::store {
namespace {

/// The partition spec that a branch brings along for new files since it left `main`: that of its newest version with
/// one.
std::optional<std::int64_t> spec_of_branch(const TableMetadata& metadata, const Snapshot* head) {
  for (; head != nullptr && head->id != metadata.current_snapshot_id();
       head = metadata.find_snapshot(head->parent_id)) {
    if (const auto spec = head->count(partition_spec_note)) return spec;
  }
  return std::nullopt;
}

}  // namespace

Status check_branch_head(const TableMetadata& metadata, std::string_view branch) {
  for (const auto& reference : metadata.references()) {
    if (reference.name == branch && metadata.find_snapshot(reference.snapshot_id) == nullptr)
      return corrupt_data(
          fmt::format("branch {} is at snapshot {}, which is not there", branch, reference.snapshot_id));
  }
  return {};
}

std::int64_t schema_of_branch(const TableMetadata& metadata, std::string_view branch) {
  const auto* head = metadata.branch_head(branch);
  const bool is_of_table = head == nullptr || head->id == metadata.current_snapshot_id() ||
                           metadata.schema(head->schema_id).is_null();
  return is_of_table ? metadata.current_schema_id() : head->schema_id;
}

Status Table::publish_branch(const std::string& branch, std::int64_t head_id, const InSameTransaction& also) {
  const Change change = [&](TableMetadata& next, AttemptFiles&) -> Result<Outcome> {
    const auto references = next.references();
    const auto found = std::ranges::find(references, branch, &Reference::name);
    if (found == references.end() || found->is_tag || branch == main_branch)
      return not_found(fmt::format("dataset {} has no branch {} to publish", name_.text(), branch));
    const auto* head = next.find_snapshot(head_id);
    if (head == nullptr || found->snapshot_id != head_id)
      return Error{ErrorCode::conflict,
                   fmt::format("dataset {}: the branch {} went on to snapshot {} in between: look again", name_.text(),
                               branch, found->snapshot_id)};
    if (!next.is_ancestor(next.current_snapshot_id(), head_id))
      return Error{
          ErrorCode::conflict,
          fmt::format("dataset {}: it changed (snapshot {}) since the branch {} left it: remove the branch and "
                      "run again",
                      name_.text(), next.current_snapshot_id(), branch)};
    const auto target = *head;
    const auto spec = spec_of_branch(next, head);
    const auto* replaced = next.current_snapshot();
    const auto shape_before = next.shape();
    // Columns that changed for readers since the branch left stay, unless it brings columns of its own.
    const bool has_own_columns = replaced == nullptr || target.schema_id != replaced->schema_id;
    next.set_current_snapshot(target, next.next_timestamp_ms(current_time_ms()));
    if (!has_own_columns) next.restore(shape_before);
    if (spec) next.use_spec(*spec);
    next.remove_reference(branch);
    return Outcome{head_id, false};
  };
  const auto done = commit(change, also);
  return done ? Status() : Status(done.error());
}

}  // namespace gristmill::store
