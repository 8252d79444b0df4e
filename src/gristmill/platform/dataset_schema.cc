// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "gristmill/platform/datasets.h"

namespace gristmill::platform {
namespace {

std::string_view name_of(store::SchemaChange::Kind kind) {
  switch (kind) {
    case store::SchemaChange::Kind::drop: return "drop";
    case store::SchemaChange::Kind::rename: return "rename";
    case store::SchemaChange::Kind::widen: return "widen";
    case store::SchemaChange::Kind::add: return "add";
    case store::SchemaChange::Kind::move: return "move";
  }
  return "add";
}

}  // namespace

Result<Json> change_dataset_schema(const Workspace& workspace, const std::string& dataset,
                                   const std::vector<store::SchemaChange>& changes) {
  if (dataset.find('@') != std::string::npos)
    return invalid_argument(fmt::format("{}: columns change in a dataset, not in one of its versions", dataset));
  GRISTMILL_TRY(const auto name, store::TableName::parse(dataset));
  GRISTMILL_TRY(auto table, store::Table::load(store::Catalog(workspace.database()), name));
  auto list = Json::array();
  for (const auto& change : changes) {
    auto item = Json::object({{"change", name_of(change.kind)}, {"column", change.column}});
    if (!change.value.empty()) item.set("to", change.value);
    list.push(std::move(item));
  }
  const auto note = [&](meta::Transaction& transaction, std::int64_t) {
    return audit(transaction, "dataset.schema", name.text(), Json::object({{"changes", list}}));
  };
  GRISTMILL_TRY([[maybe_unused]] const bool is_changed, table.change_schema(changes, note));
  return dataset_schema(workspace, dataset);
}

}  // namespace gristmill::platform
