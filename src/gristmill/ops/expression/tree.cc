// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/expression/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "gristmill/kernels/utf8.h"

namespace gristmill::ops::expression {
namespace {

constexpr std::size_t any_number = 64;

constexpr std::array functions{
    FunctionName{"length", Function::length, 1, 1},
    FunctionName{"byte_length", Function::byte_length, 1, 1},
    FunctionName{"lower", Function::lower, 1, 1},
    FunctionName{"upper", Function::upper, 1, 1},
    FunctionName{"trim", Function::trim, 1, 1},
    FunctionName{"host", Function::host, 1, 1},
    FunctionName{"contains", Function::contains, 2, 2},
    FunctionName{"starts_with", Function::starts_with, 2, 2},
    FunctionName{"ends_with", Function::ends_with, 2, 2},
    FunctionName{"abs", Function::abs, 1, 1},
    FunctionName{"floor", Function::floor, 1, 1},
    FunctionName{"ceil", Function::ceil, 1, 1},
    FunctionName{"round", Function::round, 1, 1},
    FunctionName{"coalesce", Function::coalesce, 1, any_number},
    FunctionName{"least", Function::least, 1, any_number},
    FunctionName{"greatest", Function::greatest, 1, any_number},
};

constexpr std::array<std::pair<std::string_view, Field>, 8> fields{{
    {"text", Field::text},
    {"url", Field::url},
    {"id", Field::id},
    {"ingestion_id", Field::ingestion_id},
    {"origin_uri", Field::origin_uri},
    {"origin_offset", Field::origin_offset},
    {"media_type", Field::media_type},
    {"conversation", Field::conversation},
}};

}  // namespace

std::string at_place(std::string_view source, std::size_t offset, std::string_view message) {
  return fmt::format("column {}: {}", kernels::count_code_points(source.substr(0, offset)) + 1, message);
}

const FunctionName* find_function(std::string_view name) {
  const auto found = std::ranges::find(functions, name, &FunctionName::name);
  return found == functions.end() ? nullptr : &*found;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names{"matches"};
  for (const auto& function : functions) names.push_back(function.name);
  return names;
}

std::optional<Field> find_field(std::string_view name) {
  for (const auto& [field_name, field] : fields)
    if (field_name == name) return field;
  return std::nullopt;
}

std::vector<std::string_view> field_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, field] : fields) names.push_back(name);
  return names;
}

}  // namespace gristmill::ops::expression
