// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// A file that a DVC pointer leads to.
struct DvcFile {
  std::string name;  ///< As in the working tree: the pointer's path, and what is below it.
  std::string path;  ///< Where the bytes are: in DVC's cache, or in the working tree.
  std::uint64_t bytes = 0;
};

/// What a pointer file NAME.dvc (DVC 3) stands for. Each file is looked for in the repository's cache, then in the
/// working tree, and its MD5 is checked. Errors say which file is not there (`dvc pull` brings it) or is another one.
Result<std::vector<DvcFile>> resolve_dvc(const std::string& pointer);

/// Writes datasets as a DVC repository: a pointer DESTINATION/NAMESPACE/NAME.parquet.dvc each, and the remote that
/// `dvc pull` takes the files from, DESTINATION/remote. `release` names all datasets that a release pins, else
/// `datasets` are NAME or NAME@VERSION.
Result<Json> export_dvc(const Workspace& workspace, const std::vector<std::string>& datasets,
                        const std::string& release, const std::string& destination);

}  // namespace gristmill::platform
