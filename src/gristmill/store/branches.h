// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/store/metadata.h"

namespace gristmill::store {

/// Refuses a branch whose newest version is not there: it would begin anew, without what was in it.
Status check_branch_head(const TableMetadata& metadata, std::string_view branch);
/// The schema in which a branch is read.
std::int64_t schema_of_branch(const TableMetadata& metadata, std::string_view branch);

}  // namespace gristmill::store
