// SPDX-License-Identifier: Apache-2.0
#include "schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gristmill/kernels/utf8.h"

namespace gristmill::server {
namespace {

bool is_type(const Json& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_int();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_bool();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  return type == "null" && value.is_null();
}

bool is_of_type(const Json& types, const Json& value) {
  if (types.is_null()) return true;
  if (types.is_string()) return is_type(value, types.as_string());
  return std::ranges::any_of(types.items(), [&](const Json& type) { return is_type(value, type.as_string()); });
}

std::string names_of(const Json& types) {
  if (types.is_string()) return types.as_string();
  std::string out;
  for (const auto& type : types.items()) out += (out.empty() ? "" : " or ") + type.as_string();
  return out;
}

/// The first of the limits for scalars that a value breaks; empty when none.
std::string scalar_fault(const Json& schema, const Json& value) {
  if (value.is_number()) {
    if (schema.contains("minimum") && value.as_double() < schema["minimum"].as_double())
      return fmt::format("must be at least {}", schema["minimum"].dump());
    if (schema.contains("maximum") && value.as_double() > schema["maximum"].as_double())
      return fmt::format("must be at most {}", schema["maximum"].dump());
  }
  if (value.is_string() && (schema.contains("minLength") || schema.contains("maxLength"))) {
    const auto length = static_cast<std::int64_t>(kernels::count_code_points(value.as_string()));
    if (length < schema["minLength"].as_int()) return "is too short";
    if (schema.contains("maxLength") && length > schema["maxLength"].as_int())
      return fmt::format("is longer than {} characters", schema["maxLength"].as_int());
  }
  return {};
}

/// A name as part of a JSON Pointer (RFC 6901).
std::string pointer_part(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

void check_members(const Json& schema, const Json& value, const std::string& where, std::vector<SchemaFault>& faults) {
  for (const auto& name : schema["required"].items()) {
    if (!value.contains(name.as_string())) faults.push_back({where + pointer_part(name.as_string()), "is missing"});
  }
  const auto& others = schema["additionalProperties"];
  for (const auto& [name, member] : value.members()) {
    if (schema["properties"].contains(name)) {
      check_schema(schema["properties"][name], member, where + pointer_part(name), faults);
    } else if (others.is_bool() && !others.as_bool()) {
      faults.push_back({where + pointer_part(name), "is no known member"});
    } else if (others.is_object()) {
      check_schema(others, member, where + pointer_part(name), faults);
    }
    if (faults.size() >= faults_max) return;
  }
}

}  // namespace

Json text_schema(std::int64_t length_max) {
  return Json::object({{"type", "string"}, {"minLength", 1}, {"maxLength", length_max}});
}

Json number_schema(std::int64_t minimum, std::int64_t maximum) {
  return Json::object({{"type", "integer"}, {"minimum", minimum}, {"maximum", maximum}});
}

Json schema_of(std::string_view type) { return Json::object({{"type", type}}); }

Json nullable(Json schema) {
  auto type = schema["type"];
  schema.set("type", Json::array({std::move(type), "null"}));
  return schema;
}

Json array_schema(Json items) { return Json::object({{"type", "array"}, {"items", std::move(items)}}); }

Json closed_object(std::vector<std::pair<std::string, Json>> members, std::size_t required) {
  auto names = Json::array();
  for (std::size_t i = 0; i < required; ++i) names.push(members[i].first);
  auto schema = Json::object(
      {{"type", "object"}, {"properties", Json::from_members(std::move(members))}, {"additionalProperties", false}});
  if (required > 0) schema.set("required", std::move(names));
  return schema;
}

Json open_object(std::vector<std::pair<std::string, Json>> members) {
  auto names = Json::array();
  for (const auto& member : members) names.push(member.first);
  return Json::object(
      {{"type", "object"}, {"properties", Json::from_members(std::move(members))}, {"required", std::move(names)}});
}

void check_schema(const Json& schema, const Json& value, const std::string& where, std::vector<SchemaFault>& faults) {
  if (faults.size() >= faults_max) return;
  if (!is_of_type(schema["type"], value)) {
    faults.push_back({where, fmt::format("must be of type {}", names_of(schema["type"]))});
    return;
  }
  if (auto fault = scalar_fault(schema, value); !fault.empty()) faults.push_back({where, std::move(fault)});
  if (value.is_object()) check_members(schema, value, where, faults);
  if (!value.is_array()) return;
  const auto count = static_cast<std::int64_t>(value.size());
  if (count < schema["minItems"].as_int()) faults.push_back({where, "has too few items"});
  if (schema.contains("maxItems") && count > schema["maxItems"].as_int())
    faults.push_back({where, fmt::format("has more than {} items", schema["maxItems"].as_int())});
  if (!schema.contains("items")) return;
  for (std::size_t i = 0; i < value.items().size() && faults.size() < faults_max; ++i)
    check_schema(schema["items"], value.items()[i], fmt::format("{}/{}", where, i), faults);
}

Json scalar_of(const Json& schema, std::string_view text) {
  const auto& type = schema["type"].as_string();
  if (type == "integer") {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
  return text;
}

}  // namespace gristmill::server
