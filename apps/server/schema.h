// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"

namespace gristmill::server {

/// Parts of JSON Schema (2020-12) that routes are declared with: type (one or several), properties, required,
/// additionalProperties (false or a schema), items, minimum, maximum, minLength, maxLength, minItems, maxItems.
/// The same words are the check of a request and its page in the OpenAPI document.

/// A text of at most `length_max` code points, at least one.
Json text_schema(std::int64_t length_max = 1000);
Json number_schema(std::int64_t minimum, std::int64_t maximum);
/// {"type": type}
Json schema_of(std::string_view type);
/// The same, or null.
Json nullable(Json schema);
Json array_schema(Json items);
/// A closed object for requests: no other members are taken. `required`: the first so many members must be there.
Json closed_object(std::vector<std::pair<std::string, Json>> members, std::size_t required);
/// An open object for answers: these members are there, others may be.
Json open_object(std::vector<std::pair<std::string, Json>> members);

/// One place where a value breaks its schema.
struct SchemaFault {
  std::string where;    ///< JSON Pointer into the value: "/settings/limits".
  std::string message;  ///< "must be at most 100"
};

/// Appends what is wrong with `value`, at most `faults_max` places in all.
void check_schema(const Json& schema, const Json& value, const std::string& where, std::vector<SchemaFault>& faults);
constexpr std::size_t faults_max = 16;

/// A query or path text as the value that a scalar schema asks for: "5" is 5 for an integer; a text that is none stays
/// a text, and `check_schema` says so.
Json scalar_of(const Json& schema, std::string_view text);

}  // namespace gristmill::server
