// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// Text of a new gristmill.toml for the profile startup, platform or organization; with a PostgreSQL URL that is the
/// catalog, without its password.
Result<std::string> settings_template(const std::string& name, const std::string& profile,
                                      const std::string& catalog_url);

/// Parses gristmill.toml. Errors give file, line and column; unknown keys are refused with the nearest known one.
Result<Settings> parse_settings(const std::string& text, const std::string& path);

}  // namespace gristmill::platform
