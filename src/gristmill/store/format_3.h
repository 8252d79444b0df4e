// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/base/result.h"
#include "gristmill/store/metadata.h"

namespace gristmill::store {

/// Says of a table of Iceberg format version 3 what of it cannot be read: columns with default values, types that are
/// new in it, encryption. What it keeps of the lineage of rows is passed over; deletion vectors are refused by the
/// scan that meets one. Tables of earlier versions are always readable.
Status check_readable(const TableMetadata& metadata);

}  // namespace gristmill::store
