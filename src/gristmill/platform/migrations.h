// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "gristmill/meta/database.h"

namespace gristmill::platform {

/// The schema of the metadata database, step by step. A released step never changes.
std::span<const meta::Migration> migrations();

}  // namespace gristmill::platform
