// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/submitted_run.h"

#include <fmt/format.h>

#include <filesystem>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/ops/operator.h"
#include "gristmill/platform/pipeline_file.h"
#include "gristmill/platform/python_step.h"

namespace gristmill::platform {
namespace {

constexpr std::string_view submitted_folder = ".gristmill/submitted";

/// Within the folder it is looked for in, and not hidden there.
bool is_open_path(const std::string& path) {
  if (path.starts_with("env:") || path.starts_with('/')) return false;
  for (const auto& part : std::filesystem::path(path)) {
    if (part.string().starts_with('.') && part != ".") return false;
  }
  return true;
}

Status check_files(const PipelineStep& step) {
  const auto* entry = ops::find_operator(step.name);
  if (entry == nullptr) return {};  // make_steps has the better message.
  for (const auto& option : entry->spec->options) {
    if (option.type != ops::OptionType::file || !step.options.contains(option.name)) continue;
    const auto& path = step.options[option.name].as_string();
    if (is_open_path(path)) continue;
    return Error{ErrorCode::denied,
                 fmt::format("{}: {} = {}: name a file of the workspace or one that is shipped, relative and not "
                             "hidden; others take a token of scope admin",
                             step.name, option.name, path)};
  }
  return {};
}

Result<std::string> keep_text(const Workspace& workspace, const std::string& text) {
  const auto folder = fmt::format("{}/{}", workspace.folder(), submitted_folder);
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(folder));
  auto path = fmt::format("{}/{}.yaml", folder, sha256_hex(text).substr(0, 32));
  if (!io::exists(path)) GRISTMILL_RETURN_IF_ERROR(io::write_file(path, text));
  return path;
}

Status check_policy(const Pipeline& pipeline, const Principal& principal) {
  if (principal.scope == Scope::admin) return {};
  for (const auto& step : pipeline.steps) {
    if (step.name == python_step_name) {
      return Error{ErrorCode::denied, fmt::format("line {}: the step `{}` runs code on the server, which takes a token "
                                                  "of scope admin",
                                                  step.line, python_step_name)};
    }
    GRISTMILL_RETURN_IF_ERROR(check_files(step));
  }
  return {};
}

}  // namespace

Result<RunRequest> accept_run(const Workspace& workspace, const SubmittedRun& submitted) {
  if (submitted.pipeline.empty() == submitted.recipe.empty())
    return invalid_argument("give either `pipeline`, the text of a pipeline file, or `recipe`, a name");
  RunRequest request{.pipeline = submitted.recipe, .settings = submitted.settings, .idempotency_key = {}};
  if (!submitted.recipe.empty()) {
    // Otherwise a file of that name would be taken.
    GRISTMILL_RETURN_IF_ERROR(check_name("recipe", submitted.recipe));
    request.pipeline = fmt::format("{}/{}.yaml", recipes_folder(), submitted.recipe);
    if (!io::exists(request.pipeline))
      return invalid_argument(fmt::format("no recipe '{}'; `recipes list` shows them", submitted.recipe));
  } else {
    GRISTMILL_TRY(request.pipeline, keep_text(workspace, submitted.pipeline));
  }
  if (!submitted.idempotency_key.empty())
    request.idempotency_key = fmt::format("{}/{}", submitted.principal.token_id, submitted.idempotency_key);
  const auto pipeline = load_pipeline(request.pipeline, request.settings);
  if (!pipeline) return without_place(workspace, pipeline.error());
  GRISTMILL_RETURN_IF_ERROR(check_policy(*pipeline, submitted.principal));
  return request;
}

Error without_place(const Workspace& workspace, Error error) {
  const auto folder = fmt::format("{}/{}/", workspace.folder(), submitted_folder);
  constexpr std::string_view ending = ".yaml";
  for (auto at = error.message.find(folder); at != std::string::npos; at = error.message.find(folder)) {
    const auto end = error.message.find(ending, at);
    if (end == std::string::npos) break;
    error.message.replace(at, end + ending.size() - at, "the pipeline");
  }
  return error;
}

}  // namespace gristmill::platform
