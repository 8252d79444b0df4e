// SPDX-License-Identifier: Apache-2.0
// Where the indexes of ids lie that runs, ingestions and changes write beside a table's data files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::platform {

/// The folder for the indexes of a run, ingestion or change. Its name begins with an underscore: no metadata of the
/// table names these files, and other programs' removal of orphans passes over such names.
std::string index_folder(std::string_view table_folder, std::string_view work_id);

/// The index that was written with a data file: .../data/RUN/NAME.parquet -> .../_index/RUN/NAME.ids.
std::string index_of(const std::string& data_file);

/// All indexes of a run, ingestion or change, sorted.
Result<std::vector<std::string>> index_files(std::string_view table_folder, std::string_view work_id);

}  // namespace gristmill::platform
