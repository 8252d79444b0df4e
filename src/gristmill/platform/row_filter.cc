// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/row_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/ops/expression/parser.h"

namespace gristmill::platform {

Result<RowFilter> RowFilter::make(const std::string& where, const std::vector<data::Column>& columns) {
  auto tree = ops::expression::parse(where);
  if (!tree) return std::move(tree).error().within("where");
  if (auto checked = ops::expression::check_types(*tree, columns, true); !checked)
    return std::move(checked).error().within("where");
  RowFilter filter(*std::move(tree));
  for (const auto& name : filter.tree_.columns) {
    filter.slots_.push_back(static_cast<std::uint16_t>(filter.columns_.size()));
    filter.columns_.push_back(*std::ranges::find(columns, name, &data::Column::name));
  }
  return filter;
}

bool RowFilter::needs_text() const {
  return std::ranges::any_of(tree_.nodes, [](const ops::expression::Node& node) {
    return node.action == ops::expression::Action::field &&
           (node.field == ops::expression::Field::text || node.field == ops::expression::Field::conversation);
  });
}

Result<bool> RowFilter::test(const data::Document& document) {
  const auto result = ops::expression::evaluate(tree_, document, slots_, workspace_);
  if (result.has_overflow)
    return invalid_argument(
        fmt::format("where, document {}: {}", document.id.hex(),
                    ops::expression::at_place(tree_.source, result.offset, "the result is beyond 64 bits")));
  const auto* flag = std::get_if<bool>(&result.value);
  return flag != nullptr && *flag;
}

}  // namespace gristmill::platform
