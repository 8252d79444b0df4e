// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"

namespace gristmill::observe {

/// The waterfall: what each operator kept, dropped, merged and quarantined, why, and examples of it.
std::string steps_html(const Json& run);

/// What could not be handled: reason, place, how often.
std::string quarantine_html(const Json& run);

}  // namespace gristmill::observe
