// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/row_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
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

/// "2024-02-29" as days from 1970; null for anything else.
Json days_of(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return {};
  const char* const data = text.data();
  const bool is_read = std::from_chars(data, data + 4, year).ptr == data + 4 &&
                       std::from_chars(data + 5, data + 7, month).ptr == data + 7 &&
                       std::from_chars(data + 8, data + 10, day).ptr == data + 10;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!is_read || !date.ok()) return {};
  return std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()};
}

/// A literal as a value of a column's type; null when it is none.
Json literal(const ops::expression::Tree& tree, const Node& node, const std::string& type) {
  if (node.action != Action::literal) return {};
  const bool is_number = type == "int" || type == "long" || type == "float" || type == "double";
  if (const auto* whole = std::get_if<std::int64_t>(&node.value)) return is_number ? Json(*whole) : Json();
  if (const auto* number = std::get_if<double>(&node.value)) return is_number ? Json(*number) : Json();
  if (const auto* flag = std::get_if<bool>(&node.value)) return type == "boolean" ? Json(*flag) : Json();
  if (node.type != ops::expression::Type::string) return {};
  const auto& text = tree.strings[node.index];
  if (type == "date") return days_of(text);
  return type == "string" ? Json(text) : Json();
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
  if (node.action == Action::logical_and) {
    for (const auto operand : node.operands) add_conditions(operand, columns, filter);
    return;
  }
  if (node.operands.size() < 2) return;
  auto subject = column_name(tree_, tree_.nodes[node.operands[0]]);
  const bool is_swapped = subject.empty() && node.operands.size() == 2;
  if (is_swapped) subject = column_name(tree_, tree_.nodes[node.operands[1]]);
  const auto test = test_of(node.action, is_swapped);
  const auto column = std::ranges::find(columns, subject, &formats::TableColumn::name);
  if (!test || subject.empty() || column == columns.end()) return;
  // Rows of other writers without an id are read under one that no bound knows of.
  if (subject == "id" && !column->required) return;
  if (is_swapped && node.action == Action::in_list) return;
  store::Condition condition{.field_id = column->field_id, .type = column->type, .test = *test, .values = {}};
  for (std::size_t i = 0; i < node.operands.size(); ++i) {
    if (i == (is_swapped ? 1 : 0)) continue;
    condition.values.push_back(literal(tree_, tree_.nodes[node.operands[i]], column->type));
    if (condition.values.back().is_null()) return;
  }
  filter.push_back(std::move(condition));
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
