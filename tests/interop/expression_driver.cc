// SPDX-License-Identifier: Apache-2.0
// Evaluates expressions for the differential tests. Each line of standard input is
//   {"where": "...", "columns": {"name": "integer" | "number" | "string" | "boolean"}, "rows": [[value, ...], ...]}
// and is answered by {"values": [true | false | null | "overflow", ...]} or {"error": "..."}.
#include <cstdio>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/ops/expression/evaluate.h"
#include "gristmill/ops/expression/parser.h"

namespace {

using namespace gristmill;
using ops::expression::Tree;

data::ColumnType type_of(const std::string& name) {
  if (name == "integer") return data::ColumnType::int64;
  if (name == "number") return data::ColumnType::float64;
  return name == "boolean" ? data::ColumnType::boolean : data::ColumnType::string;
}

data::Value to_value(const Json& json, data::ColumnType type) {
  if (json.is_null()) return {};
  switch (type) {
    case data::ColumnType::boolean: return json.as_bool();
    case data::ColumnType::int64: return json.as_int();
    case data::ColumnType::float64: return json.as_double();
    case data::ColumnType::string: break;
  }
  return std::string_view(json.as_string());
}

Result<Tree> prepare(const Json& request, std::vector<data::Column>& columns, std::vector<std::uint16_t>& slots) {
  GRISTMILL_TRY(auto tree, ops::expression::parse(request["where"].as_string()));
  for (const auto& [name, type] : request["columns"].members()) columns.push_back({name, type_of(type.as_string())});
  GRISTMILL_RETURN_IF_ERROR(ops::expression::check_types(tree, columns, true));
  for (const auto& wanted : tree.columns) {
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i].name == wanted) slots.push_back(static_cast<std::uint16_t>(i));
  }
  return tree;
}

Json answer(const Json& request) {
  std::vector<data::Column> columns;
  std::vector<std::uint16_t> slots;
  const auto tree = prepare(request, columns, slots);
  if (!tree) return Json::object({{"error", tree.error().message}});
  ops::expression::Workspace workspace;
  auto values = Json::array();
  for (const auto& row : request["rows"].items()) {
    std::vector<data::Value> cells;
    for (std::size_t i = 0; i < columns.size(); ++i) cells.push_back(to_value(row.items()[i], columns[i].type));
    data::Document document{.columns = cells};
    const auto result = ops::expression::evaluate(*tree, document, slots, workspace);
    const auto* flag = std::get_if<bool>(&result.value);
    values.push(result.has_overflow ? Json("overflow") : flag != nullptr ? Json(*flag) : Json());
  }
  return Json::object({{"values", std::move(values)}});
}

}  // namespace

int main() {
  std::string line;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    const auto request = Json::parse(line);
    const auto reply = request ? answer(*request) : Json::object({{"error", request.error().message}});
    std::puts(reply.dump().c_str());
    line.clear();
  }
  return 0;
}
