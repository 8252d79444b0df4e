// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gristmill/store/metadata.h"

namespace gristmill::store {

/// Reads a metadata file of any writer, compressed or not.
Result<TableMetadata> read_metadata(const std::string& location);

/// A name for the metadata file that follows `previous` (empty: the first) in the table at `table_location`.
std::string next_metadata_location(std::string_view table_location, std::string_view previous);

/// Deletes metadata files that fell off the log, but never anything outside the table's own folder.
void remove_old_metadata(const TableMetadata& metadata, const std::vector<std::string>& locations);

}  // namespace gristmill::store
