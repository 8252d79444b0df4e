// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::store {

/// The metadata files that one attempt to commit wrote. They are removed unless the attempt won.
class AttemptFiles {
 public:
  AttemptFiles() = default;
  ~AttemptFiles();
  AttemptFiles(const AttemptFiles&) = delete;
  AttemptFiles& operator=(const AttemptFiles&) = delete;
  /// Writes a file durably.
  Status write(const std::string& location, std::string_view bytes);
  void keep() { paths_.clear(); }

 private:
  std::vector<std::string> paths_;
};

}  // namespace gristmill::store
