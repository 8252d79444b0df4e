// SPDX-License-Identifier: Apache-2.0
// What a run tells people: its report. Derived from the run's accounting, never counted a second time.
#pragma once

#include <string>

#include "gristmill/base/json.h"

namespace gristmill::observe {

/// Renders a run document (docs/run-document.md) as one self-contained HTML page: no scripts, nothing loaded
/// from elsewhere. Members that are absent leave their part out. Texts of documents are hostile input: escaped and cut.
std::string render_report(const Json& run);

}  // namespace gristmill::observe
