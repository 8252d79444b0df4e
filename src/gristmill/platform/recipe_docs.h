// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"

namespace gristmill::platform {

/// One recipe: name, path, summary, source, differences from the source, inputs, steps, output, and the file's text.
Result<Json> describe_recipe(const std::string& name);
/// `recipes show` for people: what the recipe says of itself as comments, then the rest of the file. Is a pipeline
/// file.
std::string recipe_text(const Json& description);
/// docs/recipes.md.
Result<std::string> recipes_markdown();

}  // namespace gristmill::platform
