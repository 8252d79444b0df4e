// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/python_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "gristmill/engine/python_operator.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::array options{
    ops::OptionSpec{.name = "function",
                    .type = ops::OptionType::string,
                    .fallback = "",
                    .unit = "",
                    .choices = "",
                    .help = "`file.py:name`, relative to the pipeline file, or `package.module:name`"},
    ops::OptionSpec{.name = "reads",
                    .type = ops::OptionType::string_list,
                    .fallback = R"(["text"])",
                    .unit = "",
                    .choices = "",
                    .help = "What the batch holds: text, id, url, media_type, metadata, conversation, origin_uri, "
                            "origin_offset, and columns of operators before"},
    ops::OptionSpec{.name = "batch",
                    .type = ops::OptionType::integer,
                    .fallback = "1000",
                    .minimum = 1,
                    .maximum = 100000,
                    .unit = "documents",
                    .choices = "",
                    .help = "Most documents a call; calls also end at 16 MiB of text"},
    ops::OptionSpec{.name = "timeout",
                    .type = ops::OptionType::number,
                    .fallback = "60",
                    .minimum = 0.1,
                    .maximum = 86400,
                    .unit = "seconds",
                    .choices = "",
                    .help = "Longest time of a call with a whole batch; documents that take longer are quarantined"},
};

/// Of the scalar parameters; `columns` and `config` are maps, which specs do not know.
constinit const ops::Spec step_spec{
    .name = python_step_name,
    .version = 1,
    .kind = ops::Kind::filter,
    .summary = "Calls a Python function or class of your own with batches of documents, in worker processes.",
    .reference = "docs/python.md",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = {},
};

struct TypeName {
  std::string_view name;
  data::ColumnType type;
};
constexpr std::array column_types{
    TypeName{"string", data::ColumnType::string},
    TypeName{"integer", data::ColumnType::int64},
    TypeName{"number", data::ColumnType::float64},
    TypeName{"boolean", data::ColumnType::boolean},
};
constexpr std::array<std::string_view, 12> taken_names{"id",           "ingestion_id", "origin_uri", "origin_offset",
                                                       "url",          "media_type",   "text",       "content_digest",
                                                       "conversation", "metadata",     "keep",       "reason"};

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_';
  }) && !(name.front() >= '0' && name.front() <= '9');
}

Result<std::vector<data::Column>> read_columns(const Json& given) {
  if (!given.is_null() && !given.is_object()) return invalid_argument("columns must be a map of name: type");
  std::vector<data::Column> columns;
  for (const auto& [name, type] : given.members()) {
    if (!is_plain_name(name)) {
      return invalid_argument(fmt::format(
          "column '{}': a name is made of letters, digits and underscores, and starts with a letter", name));
    }
    if (std::ranges::find(taken_names, name) != taken_names.end())
      return invalid_argument(fmt::format("column '{}' is not declared: the name has a meaning of its own", name));
    const auto found = std::ranges::find(column_types, type.as_string(), &TypeName::name);
    if (found == column_types.end()) {
      return invalid_argument(
          fmt::format("column '{}' has the type {}: string, integer, number and boolean are known", name, type.dump()));
    }
    columns.push_back({name, found->type});
  }
  return columns;
}

/// Splits `place:name`; a file is looked for beside the pipeline, then from the current folder.
Status find_function(const std::string& given, const fs::path& folder, engine::PythonFunction& function) {
  const auto colon = given.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == given.size())
    return invalid_argument(fmt::format("function = \"{}\": write file.py:name or package.module:name", given));
  auto place = given.substr(0, colon);
  function.name = given.substr(colon + 1);
  if (const auto dot = function.name.rfind('.'); dot != std::string::npos) function.name.erase(0, dot + 1);
  if (place.ends_with(".py")) {
    const auto beside = folder / place;
    const auto path = fs::exists(beside) ? beside : fs::path(place);
    if (!fs::exists(path))
      return not_found(fmt::format("function = \"{}\": there is no file {} beside the pipeline", given, place));
    place = fs::absolute(path).lexically_normal().string();
  }
  function.reference = place + given.substr(colon);
  return {};
}

std::string program_folder() {
  std::error_code code;
  return fs::read_symlink("/proc/self/exe", code).parent_path().string();
}

/// worker.py of the package: in a wheel one folder above the program, else in the source tree.
Result<std::string> worker_script() {
  for (const auto* relative : {"../worker.py", "../../../python/gristmill/worker.py"}) {
    const auto path = (fs::path(program_folder()) / relative).lexically_normal();
    if (fs::exists(path)) return path.string();
  }
  return not_found("worker.py, in which Python operators work, is not where this program was installed");
}

}  // namespace

std::string python_interpreter() {
  if (const char* given = std::getenv("GRISTMILL_PYTHON"); given != nullptr && *given != '\0') return given;
  std::error_code code;
  for (const auto* relative : {"python", "../../../.venv/bin/python"}) {
    const auto path = (fs::path(program_folder()) / relative).lexically_normal();
    if (fs::exists(path, code)) return path.string();
  }
  return "python3";
}

Result<engine::Step> make_python_step(const Json& given, const std::string& pipeline_path) {
  auto scalars = given;
  scalars.erase("columns");
  scalars.erase("config");
  GRISTMILL_TRY(const auto resolved, ops::resolve_options(step_spec, scalars));
  engine::PythonFunction function;
  auto folder = fs::absolute(fs::path(pipeline_path)).parent_path().lexically_normal();
  if (auto status = find_function(resolved.string("function"), folder, function); !status)
    return std::move(status).error().within(python_step_name);
  auto columns = read_columns(given["columns"]);
  if (!columns) return std::move(columns).error().within(python_step_name);
  function.columns = *std::move(columns);
  function.reads = resolved.strings("reads");
  function.folder = folder.string();
  function.interpreter = python_interpreter();
  GRISTMILL_TRY(function.worker, worker_script());
  function.batch = static_cast<std::size_t>(resolved.integer("batch"));
  function.timeout = std::chrono::milliseconds(std::llround(resolved.number("timeout") * 1000));
  function.config = given["config"].is_null() ? Json::object() : given["config"];
  auto made = engine::PythonOperator::make(std::move(function));
  if (!made) return std::move(made).error().within(python_step_name);

  // Where the source lies and how long it may take change no result; what it says does.
  auto shown = resolved.values();
  const auto& reference = resolved.string("function");
  shown.set("function", fs::path(reference).filename().string());
  shown.erase("timeout");
  shown.set("columns", given["columns"].is_null() ? Json::object() : given["columns"]);
  shown.set("config", given["config"].is_null() ? Json::object() : given["config"]);
  shown.set("source_sha256", (*made)->source_digest());
  return engine::Step{*std::move(made), std::move(shown), resolved.boolean("annotate")};
}

Json python_step_schema() {
  const auto text = Json::object({{"type", "string"}});
  auto types = Json::array();
  for (const auto& type : column_types) types.push(type.name);
  auto properties = Json::object(
      {{"columns", Json::object({{"type", "object"}, {"additionalProperties", Json::object({{"enum", types}})}})},
       {"config", Json::object({{"description", "Given to the function as it is"}})},
       {"annotate", Json::object({{"type", "boolean"}})}});
  for (const auto& option : options) {
    auto schema = Json::object({{"description", option.help}});
    switch (option.type) {
      case ops::OptionType::integer: schema.set("type", "integer"); break;
      case ops::OptionType::number: schema.set("type", "number"); break;
      case ops::OptionType::string_list: schema.set("type", "array").set("items", text); break;
      default: schema.set("type", "string");
    }
    properties.set(option.name, std::move(schema));
  }
  return Json::object({{"type", "object"},
                       {"description", step_spec.summary},
                       {"properties", std::move(properties)},
                       {"required", Json::array({"function"})},
                       {"additionalProperties", false}});
}

std::string python_step_markdown() {
  auto out = fmt::format(
      "\n## python\n{} Kind: filter or map; version: the digest of the source. See [python.md](python.md)"
      ".\n\n| parameter | type | default | allowed | unit | meaning |\n|---|---|---|---|---|---|\n",
      step_spec.summary);
  for (const auto& option : options) {
    const bool is_number = option.type == ops::OptionType::integer || option.type == ops::OptionType::number;
    const auto* type = option.type == ops::OptionType::string_list ? "list of strings"
                       : option.type == ops::OptionType::integer   ? "integer"
                       : is_number                                 ? "number"
                                                                   : "string";
    out += fmt::format("| `{}` | {} | `{}` | {} | {} | {} |\n", option.name, type,
                       option.fallback.empty() ? "(required)" : option.fallback,
                       is_number ? fmt::format("{:g}..{:g}", option.minimum, option.maximum) : "", option.unit,
                       option.help);
  }
  out +=
      "| `columns` | map | `{}` | string, integer, number, boolean | | Columns that the function writes: name and "
      "type |\n| `config` | any | `{}` | | | Given to the function or class as it is |\n| `annotate` | boolean | "
      "`false` | | | Write the verdict as a column instead of dropping |\n";
  return out;
}

}  // namespace gristmill::platform
