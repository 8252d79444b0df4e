// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/operator_docs.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "gristmill/ops/operator.h"
#include "gristmill/platform/python_step.h"

namespace gristmill::platform {
namespace {

std::string_view kind_name(ops::Kind kind) {
  switch (kind) {
    case ops::Kind::map: return "map";
    case ops::Kind::filter: return "filter";
    case ops::Kind::global: return "global";
  }
  return "";
}

std::string_view type_name(ops::OptionType type) {
  switch (type) {
    case ops::OptionType::boolean: return "boolean";
    case ops::OptionType::integer: return "integer";
    case ops::OptionType::number: return "number";
    case ops::OptionType::string: return "string";
    case ops::OptionType::string_list: return "list of strings";
    case ops::OptionType::file: return "file";
  }
  return "";
}

std::string_view type_name(data::ColumnType type) {
  switch (type) {
    case data::ColumnType::boolean: return "boolean";
    case data::ColumnType::int64: return "integer";
    case data::ColumnType::float64: return "number";
    case data::ColumnType::string: return "string";
  }
  return "";
}

/// Lists of columns in a description, and what stands above them.
constexpr std::array<std::pair<const char*, std::string_view>, 3> column_lists{{
    {"columns_in", "needs columns"},
    {"columns_out", "adds columns"},
    {"annotation_columns", "with annotate: true adds columns"},
}};

std::string capitalized(std::string_view title) {
  std::string result(title);
  result[0] = static_cast<char>(result[0] - ('a' - 'A'));
  return result;
}

bool is_bounded(const ops::OptionSpec& option) { return option.minimum > -1e300 || option.maximum < 1e300; }

Json option_json(const ops::OptionSpec& option) {
  auto json = Json::object({{"name", option.name}, {"type", type_name(option.type)}});
  if (const auto fallback = Json::parse(option.fallback); fallback && !option.fallback.empty()) {
    json.set("default", *fallback);
  } else {
    json.set("required", true);
  }
  const bool is_number = option.type == ops::OptionType::number || option.type == ops::OptionType::integer;
  if (is_number && option.minimum > -1e300) json.set("minimum", option.minimum);
  if (is_number && option.maximum < 1e300) json.set("maximum", option.maximum);
  if (!option.unit.empty()) json.set("unit", option.unit);
  if (!option.choices.empty()) json.set("choices", option.choices);
  return json.set("help", option.help);
}

Json columns_json(std::span<const ops::ColumnSpec> columns) {
  auto list = Json::array();
  for (const auto& column : columns)
    list.push(Json::object({{"name", column.name}, {"type", type_name(column.type)}, {"help", column.help}}));
  return list;
}

Json describe(const ops::Spec& spec) {
  auto options = Json::array();
  for (const auto& option : spec.options) options.push(option_json(option));
  if (spec.kind == ops::Kind::filter) {
    options.push(Json::object({{"name", "annotate"},
                               {"type", "boolean"},
                               {"default", false},
                               {"help", "Write the verdict as a column instead of dropping"}}));
  }
  auto reasons = Json::array();
  for (const auto reason : spec.reasons) reasons.push(reason);
  return Json::object({{"name", spec.name},
                       {"version", spec.version},
                       {"kind", kind_name(spec.kind)},
                       {"summary", spec.summary},
                       {"reference", spec.reference},
                       {"options", std::move(options)},
                       {"columns_in", columns_json(spec.columns_in)},
                       {"columns_out", columns_json(spec.columns_out)},
                       {"annotation_columns", columns_json(spec.annotation_columns)},
                       {"reasons", std::move(reasons)}});
}

/// "0..100", "at least 1" or nothing.
std::string range_text(const Json& option) {
  const auto number = [](const Json& value) { return fmt::format("{:g}", value.as_double()); };
  if (option.contains("minimum") && option.contains("maximum"))
    return number(option["minimum"]) + ".." + number(option["maximum"]);
  if (option.contains("minimum")) return "at least " + number(option["minimum"]);
  if (option.contains("maximum")) return "at most " + number(option["maximum"]);
  std::string choices = option["choices"].as_string();
  for (std::size_t at = 0; (at = choices.find(',', at)) != std::string::npos; at += 2) choices.replace(at, 1, ", ");
  return choices;
}

std::string default_text(const Json& option) {
  return option["required"].as_bool() ? "(required)" : option["default"].dump();
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

Json option_schema(const ops::OptionSpec& option) {
  auto schema = Json::object({{"description", option.help}});
  switch (option.type) {
    case ops::OptionType::boolean: schema.set("type", "boolean"); break;
    case ops::OptionType::integer: schema.set("type", "integer"); break;
    case ops::OptionType::number: schema.set("type", "number"); break;
    case ops::OptionType::string:
    case ops::OptionType::file: schema.set("type", "string"); break;
    case ops::OptionType::string_list:
      schema.set("type", "array").set("items", Json::object({{"type", "string"}}));
      break;
  }
  if (is_bounded(option) && option.minimum > -1e300) schema.set("minimum", option.minimum);
  if (is_bounded(option) && option.maximum < 1e300) schema.set("maximum", option.maximum);
  if (const auto fallback = Json::parse(option.fallback); fallback && !option.fallback.empty())
    schema.set("default", *fallback);
  return schema;
}

}  // namespace

Json describe_operators() {
  auto list = Json::array();
  for (const auto& entry : ops::catalog()) list.push(describe(*entry.spec));
  return list;
}

Result<Json> describe_operator(const std::string& name) {
  if (const auto* entry = ops::find_operator(name)) return describe(*entry->spec);
  std::vector<std::string_view> names;
  for (const auto& entry : ops::catalog()) names.push_back(entry.spec->name);
  const auto near = ops::nearest(name, names);
  return not_found(
      fmt::format("no operator '{}'{}", name,
                  near.empty() ? "; `gristmill ops list` shows all" : fmt::format("; did you mean '{}'?", near)));
}

std::string operator_text(const Json& description) {
  auto out = fmt::format("{} (version {}, {})\n{}\nreference: {}\n", description["name"].as_string(),
                         description["version"].as_int(), description["kind"].as_string(),
                         description["summary"].as_string(), description["reference"].as_string());
  if (const auto& measured = description["measured"]; measured.is_object()) {
    out += fmt::format("measured: {:.1f} MB/s of text on one core ({}; {}; {})\n",
                       measured["mb_per_second"].as_double(), measured["machine"].as_string(),
                       measured["at"].as_string(), measured["corpus"].as_string());
  }
  if (description["options"].size() > 0) out += "\nparameters:\n";
  for (const auto& option : description["options"].items()) {
    out += fmt::format("  {} ({}, default {}{}{})\n      {}\n", option["name"].as_string(), option["type"].as_string(),
                       default_text(option), range_text(option).empty() ? "" : ", " + range_text(option),
                       option["unit"].as_string().empty() ? "" : " " + option["unit"].as_string(),
                       option["help"].as_string());
  }
  for (const auto& [key, title] : column_lists) {
    if (description[key].size() > 0) out += fmt::format("\n{}:\n", title);
    for (const auto& column : description[key].items())
      out += fmt::format("  {} ({}): {}\n", column["name"].as_string(), column["type"].as_string(),
                         column["help"].as_string());
  }
  if (description["reasons"].size() > 0) out += "\nreasons:\n";
  for (const auto& reason : description["reasons"].items()) out += fmt::format("  {}\n", reason.as_string());
  return out;
}

std::string operators_markdown() {
  std::string out = "# Operators\n\nMade from the operators' specs by `gristmill ops docs`; do not edit.\n";
  const auto operators = describe_operators();
  for (const auto& item : operators.items()) {
    out += fmt::format("\n## {}\n{} Kind: {}; version {}. Reference: {}.\n", item["name"].as_string(),
                       item["summary"].as_string(), item["kind"].as_string(), item["version"].as_int(),
                       item["reference"].as_string());
    if (item["options"].size() > 0)
      out += "\n| parameter | type | default | allowed | unit | meaning |\n|---|---|---|---|---|---|\n";
    for (const auto& option : item["options"].items()) {
      out += fmt::format("| `{}` | {} | `{}` | {} | {} | {} |\n", option["name"].as_string(),
                         option["type"].as_string(), escaped(default_text(option)), escaped(range_text(option)),
                         option["unit"].as_string(), escaped(option["help"].as_string()));
    }
    for (const auto& [key, title] : column_lists) {
      if (item[key].size() > 0) out += fmt::format("\n{}:\n\n", capitalized(title));
      for (const auto& column : item[key].items())
        out += fmt::format("- `{}` ({}): {}\n", column["name"].as_string(), column["type"].as_string(),
                           column["help"].as_string());
    }
    if (item["reasons"].size() > 0) out += "\nReasons: ";
    std::string reasons;
    for (const auto& reason : item["reasons"].items())
      reasons += fmt::format("{}`{}`", reasons.empty() ? "" : ", ", reason.as_string());
    if (!reasons.empty()) out += reasons + ".\n";
  }
  return out + python_step_markdown();
}

Json pipeline_schema() {
  auto steps = Json::array();
  for (const auto& entry : ops::catalog()) {
    auto options = Json::object();
    for (const auto& option : entry.spec->options) options.set(option.name, option_schema(option));
    if (entry.spec->kind == ops::Kind::filter) options.set("annotate", Json::object({{"type", "boolean"}}));
    steps.push(Json::object({{"const", entry.spec->name}, {"description", entry.spec->summary}}));
    auto properties = Json::object();
    properties.set(entry.spec->name, Json::object({{"type", Json::array({"object", "null"})},
                                                   {"properties", std::move(options)},
                                                   {"additionalProperties", false}}));
    steps.push(Json::object({{"type", "object"},
                             {"properties", std::move(properties)},
                             {"required", Json::array({entry.spec->name})},
                             {"additionalProperties", false}}));
  }
  auto properties_of_python = Json::object();
  properties_of_python.set(python_step_name, python_step_schema());
  steps.push(Json::object({{"type", "object"},
                           {"properties", std::move(properties_of_python)},
                           {"required", Json::array({python_step_name})},
                           {"additionalProperties", false}}));
  const auto text = Json::object({{"type", "string"}});
  auto tokens = Json::object({{"into", text},
                              {"format", Json::object({{"const", "gristmill"}})},
                              {"shard_tokens", Json::object({{"type", "integer"}, {"minimum", 1}})}});
  auto about = Json::object(
      {{"summary", text}, {"source", text}, {"differences", Json::object({{"type", "array"}, {"items", text}})}});
  auto properties = Json::object(
      {{"name", text},
       {"about", Json::object({{"type", "object"}, {"properties", std::move(about)}, {"additionalProperties", false}})},
       {"inputs", Json::object({{"type", "array"}, {"items", text}, {"minItems", 1}})},
       {"steps", Json::object({{"type", "array"}, {"items", Json::object({{"oneOf", std::move(steps)}})}})},
       {"output", text},
       {"partition_by", text},
       {"tokens", Json::object({{"type", "object"},
                                {"properties", std::move(tokens)},
                                {"required", Json::array({"into"})},
                                {"additionalProperties", false}})},
       {"limits",
        Json::object({{"type", "object"},
                      {"additionalProperties", false},
                      {"properties",
                       Json::object({{"quarantine", Json::object({{"type", Json::array({"string", "number"})}})},
                                     {"memory", Json::object({{"type", Json::array({"string", "integer"})}})}})}})},
       {"seed", Json::object({{"type", "integer"}})}});
  return Json::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "Gristmill pipeline"},
                       {"type", "object"},
                       {"properties", std::move(properties)},
                       {"required", Json::array({"inputs", "output"})},
                       {"additionalProperties", false}});
}

}  // namespace gristmill::platform
