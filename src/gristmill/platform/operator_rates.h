// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"

namespace gristmill::platform {

/// Where the benchmarks leave the measured speed of each operator on this machine:
/// $XDG_CACHE_HOME/gristmill/operator-rates.json, or below ~/.cache. Empty when neither is known.
std::string operator_rates_path();
/// What this machine is called in that file: its processor and number of cores.
std::string machine_name();
/// Adds `measured` (mb_per_second, machine, at, corpus) to a description of an operator, or to each of a list of them,
/// where the file has it for the operator's version and this machine. A file that is absent or broken adds nothing.
void add_operator_rates(Json& description);

}  // namespace gristmill::platform
