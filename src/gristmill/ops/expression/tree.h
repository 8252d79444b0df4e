// SPDX-License-Identifier: Apache-2.0
// Expressions over documents and their columns: the language of filter.expression. It follows SQL: three-valued logic,
// comparison with null gives null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/data/document.h"
#include "gristmill/kernels/text_pattern.h"

namespace gristmill::ops::expression {

/// Type of a value as far as it is known before documents come.
enum class Type : std::uint8_t {
  unknown,  ///< Null, a metadata field, or a column not yet bound: what it is shows on each document.
  boolean,
  number,
  string,
};

/// What a node of the tree does.
enum class Action : std::uint8_t {
  literal,
  column,
  field,     ///< Of the document itself.
  metadata,  ///< A member of the source record's other fields.
  logical_and,
  logical_or,
  logical_not,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
  is_null,
  is_true,
  is_false,
  in_list,  ///< First operand among the others.
  between,
  matches,  ///< First operand against the pattern.
  call,
};

/// Fields of a document that an expression may name.
enum class Field : std::uint8_t {
  text,
  url,
  id,
  ingestion_id,
  origin_uri,
  origin_offset,
  media_type,
  conversation,
};

/// Functions of the language.
enum class Function : std::uint8_t {
  length,
  byte_length,
  lower,
  upper,
  trim,
  host,
  contains,
  starts_with,
  ends_with,
  abs,
  floor,
  ceil,
  round,
  coalesce,
  least,
  greatest,
};

/// One node; operands are indices of nodes that stand before it.
struct Node {
  Action action = Action::literal;
  Field field = Field::text;
  Function function = Function::length;
  Type type = Type::unknown;
  std::uint32_t offset = 0;           ///< Byte in the source, for messages.
  std::uint32_t index = 0;            ///< Of the column, metadata path, string or pattern.
  data::Value value;                  ///< Of a literal that is no string.
  std::vector<std::uint32_t> operands;
};

/// A parsed expression: nodes in order of dependence, the last one is the root.
struct Tree {
  std::string source;
  std::vector<Node> nodes;
  std::vector<std::string> columns;  ///< Names, each once.
  std::vector<std::uint32_t> column_offsets;  ///< Where each is first named.
  std::vector<std::vector<std::string>> paths;  ///< Members of the metadata.
  std::vector<std::string> strings;
  std::vector<kernels::TextPattern> patterns;
};

/// "column 7: ..." with the place counted in characters from 1.
std::string at_place(std::string_view source, std::size_t offset, std::string_view message);

/// A function's name, its function, and how many operands it takes.
struct FunctionName {
  std::string_view name;
  Function function;
  std::size_t operands_min;
  std::size_t operands_max;
};

/// All functions, and null for a name that is none.
const FunctionName* find_function(std::string_view name);
std::vector<std::string_view> function_names();
/// The field of this name, or nothing.
std::optional<Field> find_field(std::string_view name);
std::vector<std::string_view> field_names();

}  // namespace gristmill::ops::expression
