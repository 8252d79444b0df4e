// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/formats/given_rows.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// A file of rows that a change brings into a dataset.
struct GivenFile {
  std::string path;    ///< Absolute.
  std::string sha256;
  std::vector<Json> rows;
  std::vector<std::int64_t> places;  ///< Byte offset of each row, in Parquet its number.
};

/// Reads it whole; more than the workspace's memory setting allows is refused.
Result<GivenFile> read_given_file(const Workspace& workspace, const std::string& path);

/// Gives every row that says nothing of it an id, and says where it comes from. An id that is none is an error.
Status give_origins(GivenFile& file, const std::string& dataset, const std::string& change_id,
                    const std::vector<formats::TableColumn>& columns);

/// The values of `--set COLUMN=VALUE` as one row. Texts stand as they are or in single quotes; null is null.
Result<Json> parse_settings(const std::vector<std::string>& sets, const std::vector<formats::TableColumn>& columns);

}  // namespace gristmill::platform
