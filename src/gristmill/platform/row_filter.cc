// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/row_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gristmill/ops/expression/parser.h"

namespace gristmill::platform {
namespace {

using ops::expression::Action;
using ops::expression::Node;
using Test = store::Condition::Test;

/// The name of the column that a node stands for; empty when it is none.
std::string column_name(const ops::expression::Tree& tree, const Node& node) {
  if (node.action == Action::column) return tree.columns[node.index];
  if (node.action != Action::field) return {};
  for (const auto name : ops::expression::field_names()) {
    if (ops::expression::find_field(name) == node.field) return std::string(name);
  }
  return {};
}

/// Dates and timestamps are compared by the text that rows show.
bool is_compared_as_text(const std::string& type) {
  return type == "string" || type == "date" || type == "timestamp" || type == "timestamptz";
}

/// Types of which a value is null exactly when the file says so.
bool is_plain(const std::string& type) {
  return type == "int" || type == "long" || type == "float" || type == "double" || type == "boolean" ||
         is_compared_as_text(type);
}

/// A literal as a value of a column's type; null when it is none.
Json literal(const ops::expression::Tree& tree, const Node& node, const std::string& type) {
  if (node.action != Action::literal) return {};
  const bool is_number = type == "int" || type == "long" || type == "float" || type == "double";
  if (const auto* whole = std::get_if<std::int64_t>(&node.value)) return is_number ? Json(*whole) : Json();
  if (const auto* number = std::get_if<double>(&node.value)) return is_number ? Json(*number) : Json();
  if (const auto* flag = std::get_if<bool>(&node.value)) return type == "boolean" ? Json(*flag) : Json();
  if (node.type != ops::expression::Type::string) return {};
  return is_compared_as_text(type) ? Json(tree.strings[node.index]) : Json();
}

std::optional<Test> test_of(Action action, bool is_swapped) {
  switch (action) {
    case Action::equal:
    case Action::in_list: return Test::equal;
    case Action::less: return is_swapped ? Test::greater : Test::less;
    case Action::less_equal: return is_swapped ? Test::greater_equal : Test::less_equal;
    case Action::greater: return is_swapped ? Test::less : Test::greater;
    case Action::greater_equal: return is_swapped ? Test::less_equal : Test::greater_equal;
    default: return std::nullopt;
  }
}

}  // namespace

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

store::ScanFilter RowFilter::conditions(const std::vector<formats::TableColumn>& columns) const {
  store::ScanFilter filter;
  if (!tree_.nodes.empty()) add_conditions(tree_.nodes.size() - 1, columns, filter);
  return filter;
}

void RowFilter::add_conditions(std::size_t index, const std::vector<formats::TableColumn>& columns,
                               store::ScanFilter& filter) const {
  const auto& node = tree_.nodes[index];
  switch (node.action) {
    case Action::logical_and:
      for (const auto operand : node.operands) add_conditions(operand, columns, filter);
      return;
    case Action::between:
      add_condition(node.operands[0], Test::greater_equal, std::span(&node.operands[1], 1), columns, filter);
      add_condition(node.operands[0], Test::less_equal, std::span(&node.operands[2], 1), columns, filter);
      return;
    case Action::in_list:
      add_condition(node.operands[0], Test::equal, std::span(node.operands).subspan(1), columns, filter);
      return;
    case Action::matches: return add_prefix(node, columns, filter);
    case Action::is_null: return add_null_test(node, false, columns, filter);
    case Action::logical_not:
      if (tree_.nodes[node.operands[0]].action == Action::is_null)
        add_null_test(tree_.nodes[node.operands[0]], true, columns, filter);
      return;
    default: break;
  }
  if (node.operands.size() != 2) return;
  const bool is_swapped = column_name(tree_, tree_.nodes[node.operands[0]]).empty();
  if (const auto test = test_of(node.action, is_swapped)) {
    add_condition(node.operands[is_swapped ? 1 : 0], *test, std::span(&node.operands[is_swapped ? 0 : 1], 1), columns,
                  filter);
  }
}

const formats::TableColumn* RowFilter::subject(const Node& node,
                                               const std::vector<formats::TableColumn>& columns) const {
  const auto name = column_name(tree_, node);
  const auto column = std::ranges::find(columns, name, &formats::TableColumn::name);
  if (name.empty() || column == columns.end()) return nullptr;
  // Rows of other writers without an id are read under one that no bound knows of, those without a text as empty.
  const bool has_stand_in = name == "id" || name == "text";
  return has_stand_in && !column->required ? nullptr : &*column;
}

void RowFilter::add_condition(std::size_t place, Test test, std::span<const std::uint32_t> literals,
                              const std::vector<formats::TableColumn>& columns, store::ScanFilter& filter) const {
  const auto* column = subject(tree_.nodes[place], columns);
  if (column == nullptr) return;
  store::Condition condition{.field_id = column->field_id, .type = column->type, .test = test, .values = {}};
  for (const auto at : literals) {
    condition.values.push_back(literal(tree_, tree_.nodes[at], column->type));
    if (condition.values.back().is_null()) return;
  }
  // A row without an offset is read with 0.
  if (column->name == "origin_offset" && store::may_match(condition, Json(std::int64_t{0}))) return;
  filter.push_back(std::move(condition));
}

void RowFilter::add_prefix(const Node& node, const std::vector<formats::TableColumn>& columns,
                           store::ScanFilter& filter) const {
  const auto prefix = tree_.patterns[node.index].prefix();
  const auto* column = subject(tree_.nodes[node.operands[0]], columns);
  if (prefix.empty() || column == nullptr || !is_compared_as_text(column->type)) return;
  filter.push_back(
      {.field_id = column->field_id, .type = column->type, .test = Test::starts_with, .values = {std::string(prefix)}});
}

void RowFilter::add_null_test(const Node& node, bool is_negated, const std::vector<formats::TableColumn>& columns,
                              store::ScanFilter& filter) const {
  const auto& of = tree_.nodes[node.operands[0]];
  const auto* column = subject(of, columns);
  // Of a field an empty text counts as null.
  if (column == nullptr || (of.action != Action::column && !is_negated) || !is_plain(column->type)) return;
  filter.push_back({.field_id = column->field_id,
                    .type = column->type,
                    .test = is_negated ? Test::not_null : Test::is_null,
                    .values = {}});
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
