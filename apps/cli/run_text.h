// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "gristmill/base/json.h"

namespace gristmill::cli {

/// A run document for people: the waterfall of its operators, sums, resources and what to look at.
std::string run_text(const Json& run);
/// What the parts of a run or an ingestion took: "read 0.02, write 0.01".
std::string parts_text(const Json& record);
/// A message in one line.
std::string one_line(std::string_view message);

}  // namespace gristmill::cli
