// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/engine/chain.h"

namespace gristmill::platform {

/// A step as written: operator name, given parameters, place in the file.
struct PipelineStep {
  std::string name;
  Json options;
  int line = 0;
  int column = 0;
};

/// What a pipeline file says of itself: of interest to people, without any effect on the run.
struct PipelineAbout {
  std::string summary;                   ///< One or two sentences.
  std::string source;                    ///< The publication that it follows.
  std::vector<std::string> differences;  ///< Where it departs from that, one sentence or two each.
};

/// Where a copy of a file lies that a step names, and what it must be.
struct FileCopy {
  std::string path;
  std::string sha256;
};

/// A pipeline file, checked for shape; operators are checked by `make_steps`.
struct Pipeline {
  std::string path;
  std::string name;
  PipelineAbout about;
  std::vector<std::string> inputs;  ///< Datasets, with @version where it matters.
  std::vector<PipelineStep> steps;
  std::string output;
  std::string branch = "main";      ///< Of the output: written `output: NAME@BRANCH`.
  std::string partition_by;         ///< Of the output; empty = as it is.
  std::string tokens_into;          ///< Empty = no token shards.
  std::int64_t shard_tokens = 10'000'000;
  double quarantine_limit = 0.05;
  std::uint64_t memory_bytes = 0;   ///< 0 = the workspace's setting.
  std::int64_t seed = 1;
  std::map<std::string, FileCopy> copies;  ///< Of files by their names in the steps, for machines that lack them.
};

/// Bytes that a `file` option stands for: of a file (beside the pipeline file, in the current folder, or shipped with
/// Gristmill), or for env:NAME of a variable of the environment, which is how secret keys reach a run without lying on
/// a disk.
Result<std::string> read_option_file(const std::string& pipeline_path, const std::string& path);

/// True for a file that this machine has of its own: neither a variable nor shipped with Gristmill.
bool is_own_file(const std::string& pipeline_path, const std::string& path);

/// Reads a pipeline file; `path` may be the name of a recipe. `settings` are `--set KEY=VALUE` pairs: name, output,
/// inputs, seed, limits.*, tokens.*, or OPERATOR.PARAMETER for every step of that operator. Errors give file, line,
/// column and the nearest known word.
Result<Pipeline> load_pipeline(const std::string& path,
                               const std::vector<std::pair<std::string, std::string>>& settings);

/// Operators of the steps, options resolved and files loaded (relative to the pipeline file). Each option of type file
/// gains a member `<name>_sha256` in the step's options: the digest is part of the fingerprint, the path is not.
Result<std::vector<engine::Step>> make_steps(const Pipeline& pipeline);

/// SHA-256 over the resolved configuration, operator versions and model digests; not over threads or memory.
std::string fingerprint(const Pipeline& pipeline, const std::vector<engine::Step>& steps);

/// The pipeline as JSON, from which `pipeline_from_json` makes it again (for resume).
Json to_json(const Pipeline& pipeline);
Pipeline pipeline_from_json(const Json& json);

/// Folder of the shipped recipes and the recipes in it.
std::string recipes_folder();
std::vector<std::string> list_recipes();

}  // namespace gristmill::platform
