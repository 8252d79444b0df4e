// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/expression/evaluate.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstring>
#include <limits>
#include <optional>

#include "gristmill/kernels/case_map.h"
#include "gristmill/kernels/url.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::ops::expression {
namespace {

using data::Value;

bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }

std::optional<double> number_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

/// As in SQL: not-a-number equals itself and is above all others.
std::weak_ordering compare_numbers(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  return a < b ? std::weak_ordering::less : a > b ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

/// Nothing for null or two types that have no order between them.
std::optional<std::weak_ordering> compare(const Value& a, const Value& b) {
  const auto* whole_a = std::get_if<std::int64_t>(&a);
  const auto* whole_b = std::get_if<std::int64_t>(&b);
  if (whole_a != nullptr && whole_b != nullptr) return *whole_a <=> *whole_b;
  const auto number_a = number_of(a);
  const auto number_b = number_of(b);
  if (number_a && number_b) return compare_numbers(*number_a, *number_b);
  const auto* text_a = std::get_if<std::string_view>(&a);
  const auto* text_b = std::get_if<std::string_view>(&b);
  if (text_a != nullptr && text_b != nullptr) return *text_a <=> *text_b;
  const auto* flag_a = std::get_if<bool>(&a);
  const auto* flag_b = std::get_if<bool>(&b);
  if (flag_a != nullptr && flag_b != nullptr) return *flag_a <=> *flag_b;
  return std::nullopt;
}

/// `memmem` takes linear time, where std::string_view::find does not.
bool contains(std::string_view text, std::string_view part) {
  return part.empty() || memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

class Evaluator {
 public:
  Evaluator(const Tree& tree, const data::Document& document, std::span<const std::uint16_t> slots,
            Workspace& workspace)
      : tree_(tree), document_(document), slots_(slots), workspace_(workspace) {}

  Evaluation run() {
    auto value = of(static_cast<std::uint32_t>(tree_.nodes.size() - 1));
    return {overflow_offset_ ? Value() : value, overflow_offset_.has_value(), overflow_offset_.value_or(0)};
  }

 private:
  Value of(std::uint32_t index) {
    const auto& node = tree_.nodes[index];
    switch (node.action) {
      case Action::literal:
        return node.type == Type::string ? Value(std::string_view(tree_.strings[node.index])) : node.value;
      case Action::column: return document_.columns[slots_[node.index]];
      case Action::field: return of_field(node.field);
      case Action::metadata: return of_metadata(tree_.paths[node.index]);
      case Action::logical_and: return junction(node, false);
      case Action::logical_or: return junction(node, true);
      case Action::logical_not: {
        const auto value = operand(node, 0);
        const auto* flag = std::get_if<bool>(&value);
        return flag == nullptr ? Value() : Value(!*flag);
      }
      case Action::is_null: return is_null(operand(node, 0));
      case Action::is_true: return operand(node, 0) == Value(true);
      case Action::is_false: return operand(node, 0) == Value(false);
      case Action::in_list: return in_list(node);
      case Action::between: return between(node);
      case Action::matches: {
        const auto value = operand(node, 0);
        const auto* text = std::get_if<std::string_view>(&value);
        return text == nullptr ? Value() : Value(tree_.patterns[node.index].is_in(*text));
      }
      case Action::call: return call(node);
      case Action::negate: return negate(node);
      case Action::add:
      case Action::subtract:
      case Action::multiply:
      case Action::divide:
      case Action::modulo: return arithmetic(node);
      default: return comparison(node);
    }
  }
  Value operand(const Node& node, std::size_t at) { return of(node.operands[at]); }

  Value of_field(Field field) {
    const auto or_null = [](std::string_view text) { return text.empty() ? Value() : Value(text); };
    switch (field) {
      case Field::text: return document_.text;
      case Field::url: return or_null(document_.url);
      case Field::id: return made(document_.id.hex());
      case Field::ingestion_id: return or_null(document_.ingestion_id);
      case Field::origin_uri: return or_null(document_.origin_uri);
      case Field::origin_offset: return document_.origin_offset;
      case Field::media_type: return or_null(document_.media_type);
      case Field::conversation: return or_null(document_.conversation);
    }
    return {};
  }

  Value of_metadata(const std::vector<std::string>& path) {
    if (!workspace_.has_metadata) {
      auto parsed = Json::parse(document_.metadata);
      workspace_.metadata = parsed ? *std::move(parsed) : Json();
      workspace_.has_metadata = true;
    }
    const auto* at = &workspace_.metadata;
    for (const auto& name : path) at = &(*at)[name];
    if (at->is_null()) return {};
    if (at->is_bool()) return at->as_bool();
    if (at->is_int()) return at->as_int();
    if (at->is_double()) return at->as_double();
    return at->is_string() ? Value(std::string_view(at->as_string())) : made(at->dump());
  }

  /// A string of the workspace's own.
  Value made(std::string text) {
    if (workspace_.strings_used == workspace_.strings.size()) workspace_.strings.emplace_back();
    auto& kept = workspace_.strings[workspace_.strings_used++];
    kept = std::move(text);
    return std::string_view(kept);
  }

  /// and (false decides) or or (true decides); null unless decided when any operand is null.
  Value junction(const Node& node, bool deciding) {
    bool has_null = false;
    for (std::size_t i = 0; i < node.operands.size(); ++i) {
      const auto value = operand(node, i);
      const auto* flag = std::get_if<bool>(&value);
      if (flag != nullptr && *flag == deciding) return deciding;
      has_null |= flag == nullptr;
    }
    return has_null ? Value() : Value(!deciding);
  }

  Value comparison(const Node& node) {
    const auto order = compare(operand(node, 0), operand(node, 1));
    if (!order) return {};
    switch (node.action) {
      case Action::equal: return *order == 0;
      case Action::not_equal: return *order != 0;
      case Action::less: return *order < 0;
      case Action::less_equal: return *order <= 0;
      case Action::greater: return *order > 0;
      default: return *order >= 0;
    }
  }
  Value between(const Node& node) {
    const auto value = operand(node, 0);
    const auto low = compare(value, operand(node, 1));
    const auto high = compare(value, operand(node, 2));
    if ((low && *low < 0) || (high && *high > 0)) return false;
    return low && high ? Value(true) : Value();
  }
  Value in_list(const Node& node) {
    const auto value = operand(node, 0);
    bool has_null = is_null(value);
    for (std::size_t i = 1; i < node.operands.size() && !is_null(value); ++i) {
      const auto order = compare(value, operand(node, i));
      if (order && *order == 0) return true;
      has_null |= !order;
    }
    return has_null ? Value() : Value(false);
  }

  Value overflow(const Node& node) {
    if (!overflow_offset_) overflow_offset_ = node.offset;
    return {};
  }
  Value negate(const Node& node) {
    const auto value = operand(node, 0);
    if (const auto* whole = std::get_if<std::int64_t>(&value))
      return *whole == std::numeric_limits<std::int64_t>::min() ? overflow(node) : Value(-*whole);
    const auto* number = std::get_if<double>(&value);
    return number == nullptr ? Value() : Value(-*number);
  }
  Value arithmetic(const Node& node) {
    const auto left = operand(node, 0);
    const auto right = operand(node, 1);
    const auto* whole_left = std::get_if<std::int64_t>(&left);
    const auto* whole_right = std::get_if<std::int64_t>(&right);
    if (whole_left != nullptr && whole_right != nullptr && node.action != Action::divide)
      return whole_arithmetic(node, *whole_left, *whole_right);
    const auto a = number_of(left);
    const auto b = number_of(right);
    if (!a || !b) return {};
    switch (node.action) {
      case Action::add: return *a + *b;
      case Action::subtract: return *a - *b;
      case Action::multiply: return *a * *b;
      case Action::divide: return *b == 0 ? Value() : Value(*a / *b);
      default: return *b == 0 ? Value() : Value(std::fmod(*a, *b));
    }
  }
  Value whole_arithmetic(const Node& node, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    bool has_overflow = false;
    switch (node.action) {
      case Action::add: has_overflow = __builtin_add_overflow(a, b, &result); break;
      case Action::subtract: has_overflow = __builtin_sub_overflow(a, b, &result); break;
      case Action::multiply: has_overflow = __builtin_mul_overflow(a, b, &result); break;
      default:
        if (b == 0) return {};
        result = b == -1 ? 0 : a % b;
    }
    return has_overflow ? overflow(node) : Value(result);
  }

  Value call(const Node& node) {
    switch (node.function) {
      case Function::coalesce: return coalesce(node);
      case Function::least: return extreme(node, true);
      case Function::greatest: return extreme(node, false);
      case Function::abs:
      case Function::floor:
      case Function::ceil:
      case Function::round: return of_number(node, operand(node, 0));
      default: break;
    }
    const auto first = operand(node, 0);
    const auto* text = std::get_if<std::string_view>(&first);
    if (text == nullptr) return {};
    if (node.operands.size() == 1) return of_text(node.function, *text);
    const auto second = operand(node, 1);
    const auto* part = std::get_if<std::string_view>(&second);
    if (part == nullptr) return {};
    switch (node.function) {
      case Function::contains: return contains(*text, *part);
      case Function::starts_with: return text->starts_with(*part);
      default: return text->ends_with(*part);
    }
  }
  Value coalesce(const Node& node) {
    for (std::size_t i = 0; i < node.operands.size(); ++i) {
      const auto value = operand(node, i);
      if (!is_null(value)) return value;
    }
    return {};
  }
  /// The least or greatest operand; null ones do not count.
  Value extreme(const Node& node, bool is_least) {
    Value best;
    for (std::size_t i = 0; i < node.operands.size(); ++i) {
      const auto value = operand(node, i);
      if (is_null(value)) continue;
      const auto order = compare(value, best);
      if (is_null(best) || (order && (is_least ? *order < 0 : *order > 0))) best = value;
    }
    return best;
  }
  Value of_number(const Node& node, const Value& value) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      if (node.function != Function::abs || *whole >= 0) return value;
      return *whole == std::numeric_limits<std::int64_t>::min() ? overflow(node) : Value(-*whole);
    }
    const auto* number = std::get_if<double>(&value);
    if (number == nullptr) return {};
    switch (node.function) {
      case Function::abs: return std::abs(*number);
      case Function::floor: return std::floor(*number);
      case Function::ceil: return std::ceil(*number);
      default: return std::round(*number);
    }
  }
  Value of_text(Function function, std::string_view text) {
    std::string out;
    switch (function) {
      case Function::length: return static_cast<std::int64_t>(kernels::count_code_points(text));
      case Function::byte_length: return static_cast<std::int64_t>(text.size());
      case Function::trim: return trimmed(text);
      case Function::lower: kernels::append_lower_case(text, out); break;
      case Function::upper: kernels::append_upper_case(text, out); break;
      default:
        text = kernels::url_host(text);
        if (text.empty()) return {};
        kernels::append_lower_case(text, out);
    }
    return made(std::move(out));
  }

  const Tree& tree_;
  const data::Document& document_;
  std::span<const std::uint16_t> slots_;
  Workspace& workspace_;
  std::optional<std::uint32_t> overflow_offset_;
};

}  // namespace

Evaluation evaluate(const Tree& tree, const data::Document& document, std::span<const std::uint16_t> slots,
                    Workspace& workspace) {
  workspace.strings_used = 0;
  workspace.has_metadata = false;
  return Evaluator(tree, document, slots, workspace).run();
}

}  // namespace gristmill::ops::expression
