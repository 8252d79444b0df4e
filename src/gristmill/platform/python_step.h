// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/engine/chain.h"

namespace gristmill::platform {

/// Name of the step in which a function of the user's own works.
constexpr std::string_view python_step_name = "python";

/// Makes the step `python` of a pipeline: checks its parameters and loads the function. Its options carry the digest of
/// the function's source, which so becomes part of the run's fingerprint.
Result<engine::Step> make_python_step(const Json& given, const std::string& pipeline_path);

/// JSON Schema of the step's parameters.
Json python_step_schema();
/// The step's part of docs/operators.md.
std::string python_step_markdown();

/// The interpreter for functions and SQL: $GRISTMILL_PYTHON, the one beside the program, that of the source tree, or
/// python3 on the path.
std::string python_interpreter();

}  // namespace gristmill::platform
