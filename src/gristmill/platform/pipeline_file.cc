// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/pipeline_file.h"

#include <fmt/format.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "gristmill/base/hash.h"
#include "gristmill/base/units.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/python_step.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

constexpr int yaml_depth_max = 32;
// Aliases make a small file expand to any size.
constexpr int yaml_values_max = 100'000;
constexpr std::uint64_t pipeline_file_bytes_max = std::uint64_t{1} << 20;
// Before a name of the environment, in the place of a file.
constexpr std::string_view variable = "env:";

Error at(const std::string& path, const YAML::Mark& mark, std::string_view message) {
  return invalid_argument(fmt::format("{}, line {}, column {}: {}", path, mark.line + 1, mark.column + 1, message));
}

/// YAML 1.2 core schema for plain scalars; quoted ones stay strings.
Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  const char* const end = text.data() + text.size();
  long long whole = 0;
  if (const auto parsed = std::from_chars(text.data(), end, whole); parsed.ec == std::errc() && parsed.ptr == end)
    return whole;
  double number = 0;
  const bool is_numeric = std::isdigit(static_cast<unsigned char>(text.front())) || text.front() == '-' ||
                          text.front() == '.';
  if (const auto parsed = std::from_chars(text.data(), end, number);
      is_numeric && parsed.ec == std::errc() && parsed.ptr == end)
    return number;
  return text;
}

Result<Json> convert(const YAML::Node& node, const std::string& path, int& values, int depth = 0) {
  if (++values > yaml_values_max) return at(path, node.Mark(), "too many values once aliases are followed");
  if (depth > yaml_depth_max) return at(path, node.Mark(), "nested too deep");
  switch (node.Type()) {
    case YAML::NodeType::Scalar: return scalar(node);
    case YAML::NodeType::Sequence: {
      auto list = Json::array();
      for (const auto& item : node) {
        GRISTMILL_TRY(auto value, convert(item, path, values, depth + 1));
        list.push(std::move(value));
      }
      return list;
    }
    case YAML::NodeType::Map: {
      auto map = Json::object();
      for (const auto& entry : node) {
        if (map.contains(entry.first.Scalar()))
          return at(path, entry.first.Mark(), fmt::format("'{}' stands twice", entry.first.Scalar()));
        GRISTMILL_TRY(auto value, convert(entry.second, path, values, depth + 1));
        map.set(entry.first.Scalar(), std::move(value));
      }
      return map;
    }
    default: return Json();
  }
}

/// Refuses a key that is not in the list, naming the nearest one.
Status check_keys(const YAML::Node& map, std::span<const std::string_view> known, const std::string& path,
                  std::string_view where) {
  if (!map.IsMap()) return at(path, map.Mark(), fmt::format("{} must be a map of name: value", where));
  for (const auto& entry : map) {
    const std::string& key = entry.first.Scalar();
    if (std::ranges::find(known, key) != known.end()) continue;
    const auto near = ops::nearest(key, known);
    return at(path, entry.first.Mark(),
              fmt::format("unknown key '{}' in {}{}", key, where,
                          near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  return {};
}

/// Reads the members of a pipeline from its YAML tree.
class Parser {
 public:
  explicit Parser(std::string path) { pipeline_.path = std::move(path); }

  Result<Pipeline> parse(const YAML::Node& root) {
    constexpr std::array<std::string_view, 9> keys{"name",   "about",  "inputs", "steps",       "output",
                                                   "tokens", "limits", "seed",   "partition_by"};
    if (!root.IsMap())
      return invalid_argument(
          fmt::format("{}: a pipeline is a map with name, inputs, steps and output", pipeline_.path));
    GRISTMILL_RETURN_IF_ERROR(check_keys(root, keys, pipeline_.path, "the pipeline"));
    GRISTMILL_TRY(pipeline_.name, string_of(root, "name", fs::path(pipeline_.path).stem().string()));
    GRISTMILL_TRY(pipeline_.output, string_of(root, "output", {}));
    GRISTMILL_TRY(pipeline_.partition_by, string_of(root, "partition_by", {}));
    if (root["about"]) GRISTMILL_RETURN_IF_ERROR(parse_about(root["about"]));
    GRISTMILL_RETURN_IF_ERROR(parse_inputs(root));
    GRISTMILL_RETURN_IF_ERROR(parse_steps(root));
    if (root["tokens"]) GRISTMILL_RETURN_IF_ERROR(parse_tokens(root["tokens"]));
    if (root["limits"]) GRISTMILL_RETURN_IF_ERROR(parse_limits(root["limits"]));
    if (root["seed"]) {
      const auto seed = scalar(root["seed"]);
      if (!seed.is_int()) return at(pipeline_.path, root["seed"].Mark(), "seed must be a whole number");
      pipeline_.seed = seed.as_int();
    }
    return std::move(pipeline_);
  }

 private:
  Result<std::string> string_of(const YAML::Node& map, const char* key, std::string fallback) const {
    const auto node = map[key];
    if (!node) return fallback;
    if (!node.IsScalar() || node.Scalar().empty())
      return at(pipeline_.path, node.Mark(), fmt::format("{} must be a string", key));
    return node.Scalar();
  }

  Status parse_about(const YAML::Node& about) {
    constexpr std::array<std::string_view, 3> keys{"summary", "source", "differences"};
    GRISTMILL_RETURN_IF_ERROR(check_keys(about, keys, pipeline_.path, "about"));
    GRISTMILL_TRY(pipeline_.about.summary, string_of(about, "summary", {}));
    GRISTMILL_TRY(pipeline_.about.source, string_of(about, "source", {}));
    const auto differences = about["differences"];
    if (!differences) return {};
    if (!differences.IsSequence()) return at(pipeline_.path, differences.Mark(), "differences must be a list");
    for (const auto& difference : differences) {
      if (!difference.IsScalar()) return at(pipeline_.path, difference.Mark(), "a difference is a sentence");
      pipeline_.about.differences.push_back(difference.Scalar());
    }
    return {};
  }

  Status parse_inputs(const YAML::Node& root) {
    const auto inputs = root["inputs"];
    if (!inputs) return at(pipeline_.path, root.Mark(), "the pipeline has no inputs: name one or more datasets");
    if (inputs.IsScalar()) pipeline_.inputs.push_back(inputs.Scalar());
    for (const auto& input : inputs) {
      if (!input.IsScalar()) return at(pipeline_.path, input.Mark(), "an input is the name of a dataset");
      pipeline_.inputs.push_back(input.Scalar());
    }
    if (pipeline_.inputs.empty())
      return at(pipeline_.path, inputs.Mark(), "inputs is empty: name one or more datasets");
    return {};
  }

  Status parse_steps(const YAML::Node& root) {
    const auto steps = root["steps"];
    if (!steps) return {};
    if (!steps.IsSequence()) return at(pipeline_.path, steps.Mark(), "steps must be a list");
    for (const auto& step : steps) {
      PipelineStep parsed{
          .name = {}, .options = Json::object(), .line = step.Mark().line + 1, .column = step.Mark().column + 1};
      if (step.IsScalar()) {
        parsed.name = step.Scalar();
      } else if (step.IsMap() && step.size() == 1) {
        parsed.name = step.begin()->first.Scalar();
        if (!step.begin()->second.IsNull()) {
          if (!step.begin()->second.IsMap())
            return at(pipeline_.path, step.begin()->second.Mark(),
                      fmt::format("parameters of {} must be a map of name: value", parsed.name));
          GRISTMILL_TRY(parsed.options, convert(step.begin()->second, pipeline_.path, values_));
        }
      } else {
        return at(pipeline_.path, step.Mark(), "a step is `operator` or `operator: {parameters}`");
      }
      pipeline_.steps.push_back(std::move(parsed));
    }
    return {};
  }

  Status parse_tokens(const YAML::Node& tokens) {
    constexpr std::array<std::string_view, 3> keys{"into", "format", "shard_tokens"};
    GRISTMILL_RETURN_IF_ERROR(check_keys(tokens, keys, pipeline_.path, "tokens"));
    GRISTMILL_TRY(pipeline_.tokens_into, string_of(tokens, "into", {}));
    if (pipeline_.tokens_into.empty()) return at(pipeline_.path, tokens.Mark(), "tokens needs `into: NAMESPACE/NAME`");
    GRISTMILL_TRY(const auto format, string_of(tokens, "format", "gristmill"));
    if (format != "gristmill")
      return at(pipeline_.path, tokens["format"].Mark(),
                fmt::format("unknown token format '{}': gristmill is known", format));
    if (const auto count = tokens["shard_tokens"]) {
      const auto value = scalar(count);
      if (!value.is_int() || value.as_int() < 1)
        return at(pipeline_.path, count.Mark(), "shard_tokens must be a whole number of at least 1");
      pipeline_.shard_tokens = value.as_int();
    }
    return {};
  }

  Status parse_limits(const YAML::Node& limits) {
    constexpr std::array<std::string_view, 2> keys{"quarantine", "memory"};
    GRISTMILL_RETURN_IF_ERROR(check_keys(limits, keys, pipeline_.path, "limits"));
    if (const auto share = limits["quarantine"]) {
      const auto value = parse_share(share.Scalar());
      if (!value) return at(pipeline_.path, share.Mark(), value.error().message);
      pipeline_.quarantine_limit = *value;
    }
    if (const auto memory = limits["memory"]) {
      const auto value = parse_size(memory.Scalar());
      if (!value) return at(pipeline_.path, memory.Mark(), value.error().message);
      pipeline_.memory_bytes = *value;
    }
    return {};
  }

  Pipeline pipeline_;
  int values_ = 0;  // Over the whole file.
};

Result<YAML::Node> parse_yaml(const std::string& text, const std::string& path) {
  try {
    return YAML::Load(text);
  } catch (const YAML::ParserException& error) {
    return at(path, error.mark, error.msg);
  } catch (const YAML::Exception& error) {
    return invalid_argument(fmt::format("{}: {}", path, error.what()));
  }
}

/// `--set` on a member of the tree, before it is parsed, so that one set of checks serves both.
Status override_member(YAML::Node& root, const std::string& key, const std::string& text) {
  GRISTMILL_TRY(const auto value, parse_yaml(text, "--set " + key));
  constexpr std::array<std::string_view, 5> plain{"name", "inputs", "output", "seed", "partition_by"};
  if (std::ranges::find(plain, key) != plain.end()) {
    root[key] = value;
    return {};
  }
  for (const char* section : {"limits", "tokens"}) {
    if (key.starts_with(std::string(section) + ".")) {
      root[section][key.substr(std::string_view(section).size() + 1)] = value;
      return {};
    }
  }
  const auto dot = key.rfind('.');
  const auto step_name = key.substr(0, dot == std::string::npos ? 0 : dot);
  bool is_found = false;
  auto steps = root["steps"];
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].IsScalar() && steps[i].Scalar() == step_name) {
      YAML::Node with_options;
      with_options[step_name][key.substr(dot + 1)] = value;
      steps[i] = with_options;
    } else if (steps[i].IsMap() && steps[i][step_name]) {
      steps[i][step_name][key.substr(dot + 1)] = value;
    } else {
      continue;
    }
    is_found = true;
  }
  if (!is_found) {
    return invalid_argument(
        fmt::format("--set {}: neither a setting (name, inputs, output, partition_by, seed, limits.*, tokens.*) nor "
                    "OPERATOR.PARAMETER of a step",
                    key));
  }
  return {};
}

Result<std::string> find_file(const std::string& path) {
  if (io::exists(path)) return path;
  const auto recipe = fmt::format("{}/{}.yaml", recipes_folder(), path);
  if (path.find('/') == std::string::npos && io::exists(recipe)) return recipe;
  std::vector<std::string_view> names;
  const auto recipes = list_recipes();
  for (const auto& name : recipes) names.push_back(name);
  const auto near = ops::nearest(path, names);
  return invalid_argument(fmt::format("no pipeline file and no recipe '{}'{}", path,
                                      near.empty() ? "" : fmt::format("; did you mean the recipe '{}'?", near)));
}

/// A file that an option names: relative to the pipeline file, else to the current folder, else one that is shipped.
std::string resolve_path(const std::string& pipeline_path, const std::string& path) {
  if (fs::path(path).is_absolute()) return path;
  const auto beside = (fs::path(pipeline_path).parent_path() / path).lexically_normal();
  if (fs::exists(beside)) return beside.string();
  const auto shipped = (fs::path(recipes_folder()).parent_path() / path).lexically_normal();
  return fs::exists(path) || !fs::exists(shipped) ? path : shipped.string();
}

/// The file itself, or the copy of it where this machine has none or another one.
Result<std::string> read_step_file(const Pipeline& pipeline, const std::string& name) {
  auto bytes = read_option_file(pipeline.path, name);
  const auto copy = pipeline.copies.find(name);
  if (copy == pipeline.copies.end() || (bytes && sha256_hex(*bytes) == copy->second.sha256)) return bytes;
  auto copied = io::read_file(copy->second.path);
  // Without its copies a run may still go on where the files are.
  return !copied && copied.error().code == ErrorCode::not_found ? bytes : copied;
}

Result<engine::Step> make_step(const Pipeline& pipeline, const PipelineStep& step) {
  if (step.name == python_step_name) return make_python_step(step.options, pipeline.path);
  const auto* entry = ops::find_operator(step.name);
  if (entry == nullptr) {
    std::vector<std::string_view> names{python_step_name};
    for (const auto& known : ops::catalog()) names.push_back(known.spec->name);
    const auto near = ops::nearest(step.name, names);
    return invalid_argument(fmt::format("unknown operator '{}'{}; `gristmill ops list` shows all", step.name,
                                        near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  GRISTMILL_TRY(auto options, ops::resolve_options(*entry->spec, step.options));
  auto resolved = options.values();
  for (const auto& option : entry->spec->options) {
    if (option.type != ops::OptionType::file || options.string(option.name).empty()) continue;
    auto bytes = read_step_file(pipeline, options.string(option.name));
    if (!bytes) return std::move(bytes).error().within(fmt::format("{}: {}", step.name, option.name));
    resolved.set(fmt::format("{}_sha256", option.name), sha256_hex(*bytes));
    options.set_file(option.name, std::make_shared<const std::string>(*std::move(bytes)));
  }
  GRISTMILL_TRY(auto op, entry->make(options));
  return engine::Step{std::move(op), std::move(resolved), options.boolean("annotate")};
}

}  // namespace

Result<std::string> read_option_file(const std::string& pipeline_path, const std::string& path) {
  if (!path.starts_with(variable)) return io::read_file(resolve_path(pipeline_path, path));
  const char* value = std::getenv(path.c_str() + variable.size());
  if (value == nullptr) {
    return not_found(fmt::format("the environment has no variable {}: set it", path.substr(variable.size())));
  }
  return std::string(value);
}

bool is_own_file(const std::string& pipeline_path, const std::string& path) {
  if (path.starts_with(variable)) return false;
  const auto shipped = fs::path(recipes_folder()).parent_path().string() + "/";
  return !resolve_path(pipeline_path, path).starts_with(shipped);
}

Result<Pipeline> load_pipeline(const std::string& path,
                               const std::vector<std::pair<std::string, std::string>>& settings) {
  GRISTMILL_TRY(const auto file, find_file(path));
  GRISTMILL_TRY(const auto text, io::read_file(file, pipeline_file_bytes_max));
  GRISTMILL_TRY(auto root, parse_yaml(text, file));
  for (const auto& [key, value] : settings) {
    if (!root.IsMap()) break;
    GRISTMILL_RETURN_IF_ERROR(override_member(root, key, value));
  }
  GRISTMILL_TRY(auto pipeline, Parser(file).parse(root));
  if (pipeline.output.empty())
    return invalid_argument(fmt::format("{}: the pipeline has no output: add `output: NAMESPACE/NAME`", file));
  if (const auto sign = pipeline.output.find('@'); sign != std::string::npos) {
    pipeline.branch = pipeline.output.substr(sign + 1);
    pipeline.output.resize(sign);
    if (auto status = check_reference_name("branch", pipeline.branch); !status)
      return std::move(status).error().within(file);
  }
  for (const auto& name : {pipeline.output, pipeline.tokens_into}) {
    if (name.empty()) continue;
    if (auto status = check_dataset_name(name); !status) return std::move(status).error().within(file);
  }
  return pipeline;
}

Result<std::vector<engine::Step>> make_steps(const Pipeline& pipeline) {
  std::vector<engine::Step> steps;
  for (const auto& step : pipeline.steps) {
    auto made = make_step(pipeline, step);
    if (!made) {
      auto error = std::move(made).error();
      error.message = fmt::format("{}, line {}, column {}: {}", pipeline.path, step.line, step.column, error.message);
      return error;
    }
    steps.push_back(*std::move(made));
  }
  return steps;
}

std::string fingerprint(const Pipeline& pipeline, const std::vector<engine::Step>& steps) {
  auto list = Json::array();
  for (const auto& step : steps) {
    // A model counts by its bytes: where it lies does not matter.
    auto options = step.options;
    for (const auto& option : step.op->spec().options) {
      if (option.type == ops::OptionType::file) options.erase(option.name);
    }
    list.push(Json::object(
        {{"name", step.op->spec().name}, {"version", step.op->spec().version}, {"options", std::move(options)}}));
  }
  auto inputs = Json::array();
  for (const auto& input : pipeline.inputs) inputs.push(input);
  return sha256_hex(Json::object({{"inputs", std::move(inputs)},
                                  {"steps", std::move(list)},
                                  {"output", pipeline.output},
                                  {"tokens", pipeline.tokens_into},
                                  {"shard_tokens", pipeline.shard_tokens},
                                  {"seed", pipeline.seed}})
                        .dump());
}

Json to_json(const Pipeline& pipeline) {
  auto inputs = Json::array();
  for (const auto& input : pipeline.inputs) inputs.push(input);
  auto steps = Json::array();
  for (const auto& step : pipeline.steps) {
    steps.push(
        Json::object({{"name", step.name}, {"options", step.options}, {"line", step.line}, {"column", step.column}}));
  }
  auto copies = Json::object();
  for (const auto& [name, copy] : pipeline.copies)
    copies.set(name, Json::object({{"path", copy.path}, {"sha256", copy.sha256}}));
  return Json::object({{"path", pipeline.path},
                       {"name", pipeline.name},
                       {"inputs", std::move(inputs)},
                       {"steps", std::move(steps)},
                       {"output", pipeline.output},
                       {"branch", pipeline.branch},
                       {"tokens_into", pipeline.tokens_into},
                       {"shard_tokens", pipeline.shard_tokens},
                       {"quarantine_limit", pipeline.quarantine_limit},
                       {"memory_bytes", pipeline.memory_bytes},
                       {"partition_by", pipeline.partition_by},
                       {"seed", pipeline.seed},
                       {"copies", std::move(copies)}});
}

Pipeline pipeline_from_json(const Json& json) {
  Pipeline pipeline{.path = json["path"].as_string(),
                    .name = json["name"].as_string(),
                    .inputs = {},
                    .steps = {},
                    .output = json["output"].as_string(),
                    .branch = json.contains("branch") ? json["branch"].as_string() : "main",
                    .partition_by = json["partition_by"].as_string(),
                    .tokens_into = json["tokens_into"].as_string(),
                    .shard_tokens = json["shard_tokens"].as_int(),
                    .quarantine_limit = json["quarantine_limit"].as_double(),
                    .memory_bytes = static_cast<std::uint64_t>(json["memory_bytes"].as_int()),
                    .seed = json["seed"].as_int(),
                    .copies = {}};
  for (const auto& [name, copy] : json["copies"].members())
    pipeline.copies[name] = {copy["path"].as_string(), copy["sha256"].as_string()};
  for (const auto& input : json["inputs"].items()) pipeline.inputs.push_back(input.as_string());
  for (const auto& step : json["steps"].items()) {
    pipeline.steps.push_back({step["name"].as_string(), step["options"], static_cast<int>(step["line"].as_int()),
                              static_cast<int>(step["column"].as_int())});
  }
  return pipeline;
}

std::string recipes_folder() {
  std::error_code code;
  const auto program = fs::read_symlink("/proc/self/exe", code);
  // Installed: bin/../share/gristmill/recipes. In a source tree the program is in .venv/bin or build/dev/bin.
  for (const auto* relative : {"../share/gristmill/recipes", "../../recipes", "../../../recipes"}) {
    const auto folder = (program.parent_path() / relative).lexically_normal();
    if (fs::is_directory(folder, code)) return folder.string();
  }
  return {};
}

std::vector<std::string> list_recipes() {
  std::vector<std::string> names;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(recipes_folder(), code)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace gristmill::platform
