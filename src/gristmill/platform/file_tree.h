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
  std::string path;  ///< Absolute, or s3://bucket/key.
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
/// `s3://bucket/key` is that object, `s3://bucket/prefix` all objects below it; a key that could be no path of files
/// (empty parts, `.` or `..`) is a problem.
Result<FileTree> list_files(const std::vector<std::string>& paths);

/// The absolute, normal path of what the user named; an object's as it stands, without slashes at its end.
std::string absolute_path(const std::string& path);
/// Such a path as a URI, without escapes: `file:///x`, or an object's as it stands.
std::string uri_of(const std::string& path);

}  // namespace gristmill::platform
