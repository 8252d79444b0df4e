// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/meta/database.h"
#include "gristmill/platform/rest_catalog.h"
#include "gristmill/store/catalog.h"
#include "gristmill/store/metadata.h"

namespace gristmill::platform {

/// Checks that a location is below the warehouse, whatever dots and slashes it holds.
Status check_in_warehouse(const Workspace& workspace, std::string_view location);

/// A location for a new table that no other table has or ever had, so that cleaning up after one never touches the
/// files of another.
Result<std::string> new_table_location(const Workspace& workspace, const store::TableName& name);

/// Checks a location that a client chose for a table: below the warehouse, neither inside nor around another table's.
Status check_table_location(const Workspace& workspace, meta::Transaction& transaction, const store::TableName& name,
                            const std::string& location);

/// Makes the folders of a table that some clients write into without making them. Only local files need that.
Status make_table_folders(const std::string& location);

/// Settings by which clients reach the warehouse; nothing secret among them. Empty for local files.
Json storage_config(const Workspace& workspace, const RestOptions& options);

/// Where a table lies, from the place of its metadata.
std::string table_folder_of(std::string_view metadata_location);
/// Whether a path in normal form lies in the folder of the table that has its metadata there.
bool is_in_table_folder(std::string_view path, std::string_view metadata_location);

/// `storage-credentials` for the files of a table: the keys that are meant for clients with the caller's rights.
Json client_credentials(const RestOptions& options, const RestRequest& request, std::string_view location);

/// `config` and `storage-credentials` of a table in an answer: keys, or else signatures, for an authenticated caller
/// who asks for them.
void add_storage(const Workspace& workspace, const RestOptions& options, const RestRequest& request,
                 std::string_view location, Json& answer);

}  // namespace gristmill::platform
