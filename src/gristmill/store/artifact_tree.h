// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::store {

/// Tells whether a file was written to or replaced since, as far as the file system's clock can tell, or an object.
struct FileMark {
  std::uint64_t device = 0;
  std::uint64_t number = 0;
  std::int64_t modified_ns = 0;
  std::string etag = {};
  bool operator==(const FileMark&) const = default;

  static FileMark of(const struct stat& facts);
};

/// A file, link or folder of the local disk, or an object, that is to become part of an artifact.
struct TreeEntry {
  enum class Kind { file, link, folder };
  Kind kind = Kind::file;
  std::string path;    ///< Relative to the root; empty for a root that is a file.
  std::string source;  ///< Where its bytes are.
  std::uint32_t mode = 0644;
  std::uint64_t bytes = 0;
  std::string target;  ///< Of a link.
  FileMark mark;       ///< Of a file, as it was when it was listed.
  bool operator==(const TreeEntry&) const = default;
};

/// Everything below `root`, hidden files too, by path; folders only where they are empty. A root that is a file is one
/// entry. Links that lead out of the tree are refused, or, with `follows_links`, read as the files that they lead to;
/// sockets, devices and names that are not UTF-8 are refused. A root in an object store is an object or all below it.
Result<std::vector<TreeEntry>> list_tree(const std::string& root, bool follows_links);

}  // namespace gristmill::store
