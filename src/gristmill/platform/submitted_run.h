// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/platform/access_tokens.h"
#include "gristmill/platform/run.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// A run that a client of the server asks for: text of a pipeline file, or the name of a recipe.
struct SubmittedRun {
  std::string pipeline;
  std::string recipe;
  std::vector<std::pair<std::string, std::string>> settings;  ///< As with --set.
  std::string idempotency_key;                                ///< Counts for one token only.
  Principal principal;
};

/// What `run_pipeline` takes. The text is kept in the workspace under its digest. Refused (`denied`) unless the caller
/// is admin: steps that run code of the caller's own, and files other than those in the workspace or shipped; what is
/// hidden in the workspace (tokens, the database) and variables of the server's environment are nobody's parameters.
Result<RunRequest> accept_run(const Workspace& workspace, const SubmittedRun& submitted);

/// The message of an error about a submitted pipeline without the place where its text is kept.
Error without_place(const Workspace& workspace, Error error);

}  // namespace gristmill::platform
