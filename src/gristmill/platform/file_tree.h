// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::platform {

/// A file that was asked for: its name relative to what the user named, and where it lies.
struct TreeFile {
  std::string name;
  std::string path;  ///< Absolute.
  std::uint64_t bytes = 0;
};

/// What could not be listed or read.
struct TreeProblem {
  std::string path;
  std::string message;
};

struct FileTree {
  std::vector<TreeFile> files;        ///< Sorted by name, bytewise: the order never depends on the file system.
  std::vector<TreeProblem> problems;
  std::int64_t hidden = 0;            ///< Entries passed over for their leading dot.
};

/// Lists files and folders. Hidden entries (leading dot) inside folders are left out; symbolic links are followed, each
/// folder once, so that loops end. An unreadable entry is a problem, not a failure; a path that does not exist is an
/// error.
Result<FileTree> list_files(const std::vector<std::string>& paths);

}  // namespace gristmill::platform
