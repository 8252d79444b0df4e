// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::store {

/// A file, link or folder of the local disk that is to become part of an artifact.
struct TreeEntry {
  enum class Kind { file, link, folder };
  Kind kind = Kind::file;
  std::string path;    ///< Relative to the root; empty for a root that is a file.
  std::string source;  ///< Where its bytes are.
  std::uint32_t mode = 0644;
  std::uint64_t bytes = 0;
  std::string target;  ///< Of a link.
};

/// Everything below `root`, hidden files too, by path; folders only where they are empty. A root that is a file is one
/// entry. Links that lead out of the tree are refused, or, with `follows_links`, read as the files that they lead to;
/// sockets, devices and names that are not UTF-8 are refused.
Result<std::vector<TreeEntry>> list_tree(const std::string& root, bool follows_links);

}  // namespace gristmill::store
