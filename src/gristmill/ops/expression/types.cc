// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "gristmill/ops/expression/parser.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops::expression {
namespace {

std::string_view name_of(Type type) {
  switch (type) {
    case Type::boolean: return "a condition";
    case Type::number: return "a number";
    case Type::string: return "a string";
    case Type::unknown: break;
  }
  return "a value";
}

Type type_of(data::ColumnType type) {
  switch (type) {
    case data::ColumnType::boolean: return Type::boolean;
    case data::ColumnType::int64:
    case data::ColumnType::float64: return Type::number;
    case data::ColumnType::string: return Type::string;
  }
  return Type::unknown;
}

Type type_of(const data::Value& value) {
  if (std::holds_alternative<bool>(value)) return Type::boolean;
  return std::holds_alternative<std::monostate>(value) ? Type::unknown : Type::number;
}

/// What a function takes and gives; unknown: any type, the same for all operands.
struct Signature {
  Type operands = Type::unknown;
  Type result = Type::unknown;
};

Signature signature(Function function) {
  switch (function) {
    case Function::length:
    case Function::byte_length: return {Type::string, Type::number};
    case Function::lower:
    case Function::upper:
    case Function::trim:
    case Function::host: return {Type::string, Type::string};
    case Function::contains:
    case Function::starts_with:
    case Function::ends_with: return {Type::string, Type::boolean};
    case Function::abs:
    case Function::floor:
    case Function::ceil:
    case Function::round: return {Type::number, Type::number};
    case Function::coalesce:
    case Function::least:
    case Function::greatest: break;
  }
  return {};
}

class Checker {
 public:
  Checker(Tree& tree, std::span<const data::Column> columns) : tree_(tree), columns_(columns) {}

  Status run() {
    for (auto& node : tree_.nodes) GRISTMILL_RETURN_IF_ERROR(check(node));
    return require(tree_.nodes.back(), Type::boolean, "the whole");
  }

 private:
  [[nodiscard]] Error error(const Node& node, std::string_view message) const {
    return invalid_argument(at_place(tree_.source, node.offset, message));
  }
  Status require(const Node& node, Type wanted, std::string_view what) const {
    if (node.type == wanted || node.type == Type::unknown) return {};
    return error(node, fmt::format("{} must be {}, not {}", what, name_of(wanted), name_of(node.type)));
  }
  Status require_all(const Node& node, Type wanted, std::string_view what) const {
    for (const auto operand : node.operands) GRISTMILL_RETURN_IF_ERROR(require(tree_.nodes[operand], wanted, what));
    return {};
  }

  /// All operands of one type; tells it.
  Status unify(const Node& node, Type& common) const {
    common = Type::unknown;
    for (const auto operand : node.operands) {
      const auto type = tree_.nodes[operand].type;
      if (type == Type::unknown) continue;
      if (common != Type::unknown && common != type)
        return error(node, fmt::format("{} and {} do not go together", name_of(common), name_of(type)));
      common = type;
    }
    return {};
  }

  Type column_type(std::uint32_t index) const {
    const auto found = std::ranges::find(columns_, tree_.columns[index], &data::Column::name);
    return found == columns_.end() ? Type::unknown : type_of(found->type);
  }

  Status check(Node& node) const {
    switch (node.action) {
      case Action::literal:
        if (node.type != Type::string) node.type = type_of(node.value);
        return {};
      case Action::column: node.type = column_type(node.index); return {};
      case Action::field: node.type = node.field == Field::origin_offset ? Type::number : Type::string; return {};
      case Action::metadata: return {};
      case Action::call: return check_call(node);
      case Action::is_null: node.type = Type::boolean; return {};
      case Action::logical_and:
      case Action::logical_or:
      case Action::logical_not:
      case Action::is_true:
      case Action::is_false:
        node.type = Type::boolean;
        return require_all(node, Type::boolean, "an operand of and, or, not, is");
      case Action::matches:
        node.type = Type::boolean;
        return require_all(node, Type::string, "what a pattern is held against");
      case Action::add:
      case Action::subtract:
      case Action::multiply:
      case Action::divide:
      case Action::modulo:
      case Action::negate: node.type = Type::number; return require_all(node, Type::number, "an operand of arithmetic");
      default: break;
    }
    Type common = Type::unknown;
    node.type = Type::boolean;
    return unify(node, common);
  }

  Status check_call(Node& node) const {
    const auto [operands, result] = signature(node.function);
    if (operands == Type::unknown) return unify(node, node.type);
    node.type = result;
    return require_all(node, operands, "the operand");
  }

  Tree& tree_;
  std::span<const data::Column> columns_;
};

Error unknown_column(const Tree& tree, std::size_t index, std::span<const data::Column> columns) {
  auto known = field_names();
  for (const auto& column : columns) known.push_back(column.name);
  const auto& name = tree.columns[index];
  const auto near = nearest(name, known);
  auto message = fmt::format("no column '{}'", name);
  if (!near.empty()) {
    message += fmt::format("; did you mean '{}'?", near);
  } else if (name == "metadata") {
    message += "; name one of its members: metadata.NAME";
  } else {
    std::string all;
    for (const auto& one : known) all += (all.empty() ? "" : ", ") + std::string(one);
    message += "; there are " + all +
               ". A step of a pipeline sees what the steps before it write; a string stands in single quotes";
  }
  return invalid_argument(at_place(tree.source, tree.column_offsets[index], message));
}

}  // namespace

Status check_types(Tree& tree, std::span<const data::Column> columns, bool is_complete) {
  for (std::size_t i = 0; is_complete && i < tree.columns.size(); ++i) {
    if (std::ranges::find(columns, tree.columns[i], &data::Column::name) == columns.end())
      return unknown_column(tree, i, columns);
  }
  return Checker(tree, columns).run();
}

}  // namespace gristmill::ops::expression
