// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/recipe_docs.h"

#include <fmt/format.h>

#include "gristmill/io/file.h"
#include "gristmill/platform/pipeline_file.h"

namespace gristmill::platform {
namespace {

constexpr std::size_t comment_columns = 110;

/// Appends words as lines of at most `comment_columns`, the first with `first` before it, the others with `next`.
void append_wrapped(std::string& out, std::string_view first, std::string_view next, std::string_view words) {
  std::string line(first);
  bool is_empty = true;
  while (!words.empty()) {
    const auto end = std::min(words.find_first_of(" \n"), words.size());
    const auto word = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    if (word.empty()) continue;
    if (!is_empty && line.size() + 1 + word.size() > comment_columns) {
      out += line + '\n';
      line = next;
      is_empty = true;
    }
    if (!is_empty) line += ' ';
    line += word;
    is_empty = false;
  }
  out += line + '\n';
}

/// The file without its `about` section and the licence line: both are told apart.
std::string without_about(std::string_view text) {
  std::string out;
  bool is_about = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("# SPDX")) continue;
    if (!line.empty() && line.front() != ' ' && line.front() != '#') is_about = line.starts_with("about:");
    if (!is_about) out.append(line) += '\n';
  }
  return out;
}

Json strings_json(const std::vector<std::string>& strings) {
  auto json = Json::array();
  for (const auto& text : strings) json.push(text);
  return json;
}

/// `min_words: 50, stop_words: [the, be]`, for a table.
std::string options_text(const Json& options) {
  std::string out;
  for (const auto& [name, value] : options.members())
    out += fmt::format("{}`{}: {}`", out.empty() ? "" : ", ", name, value.dump());
  return out;
}

}  // namespace

Result<Json> describe_recipe(const std::string& name) {
  GRISTMILL_TRY(const auto pipeline, load_pipeline(name, {}));
  GRISTMILL_TRY(const auto text, io::read_file(pipeline.path));
  auto steps = Json::array();
  for (const auto& step : pipeline.steps) steps.push(Json::object({{"name", step.name}, {"options", step.options}}));
  return Json::object({{"name", name},
                       {"path", pipeline.path},
                       {"summary", pipeline.about.summary},
                       {"source", pipeline.about.source},
                       {"differences", strings_json(pipeline.about.differences)},
                       {"inputs", strings_json(pipeline.inputs)},
                       {"steps", std::move(steps)},
                       {"output", pipeline.output},
                       {"text", text}});
}

std::string recipe_text(const Json& description) {
  std::string out;
  const auto& summary = description["summary"].as_string();
  append_wrapped(out, "# ", "# ", description["name"].as_string() + (summary.empty() ? "" : ": " + summary));
  if (!description["source"].as_string().empty()) {
    out += "#\n";
    append_wrapped(out, "# Source: ", "#   ", description["source"].as_string());
  }
  if (description["differences"].size() > 0) out += "#\n# Differences from the source:\n";
  for (const auto& difference : description["differences"].items())
    append_wrapped(out, "# - ", "#   ", difference.as_string());
  return out + "\n" + without_about(description["text"].as_string());
}

Result<std::string> recipes_markdown() {
  std::string out =
      "# Recipes\n\nMade from the files in `recipes/` by `gristmill recipes docs`; do not edit. `gristmill run NAME` "
      "runs "
      "one,\n`gristmill recipes show NAME > my.yaml` gives a copy to change.\n";
  for (const auto& name : list_recipes()) {
    GRISTMILL_TRY(const auto recipe, describe_recipe(name));
    out += fmt::format("\n## {}\n{}\n\nSource: {}\n\n| step | parameters given |\n|---|---|\n", name,
                       recipe["summary"].as_string(), recipe["source"].as_string());
    for (const auto& step : recipe["steps"].items())
      out += fmt::format("| `{}` | {} |\n", step["name"].as_string(), options_text(step["options"]));
    if (recipe["differences"].size() > 0) out += "\nDifferences from the source:\n\n";
    for (const auto& difference : recipe["differences"].items()) out += fmt::format("- {}\n", difference.as_string());
  }
  return out;
}

}  // namespace gristmill::platform
