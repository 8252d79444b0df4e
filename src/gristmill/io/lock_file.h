// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gristmill/base/result.h"

namespace gristmill::io {

/// Holds a file locked while it lives; the lock ends with the process, however it ends.
class LockFile {
 public:
  /// `conflict`, naming the holder's process id, when another process holds it.
  static Result<std::unique_ptr<LockFile>> acquire(const std::string& path);
  /// Waits until the lock is free; `interrupted` once `should_stop` says so (asked ten times a second).
  static Result<std::unique_ptr<LockFile>> wait(const std::string& path, const std::function<bool()>& should_stop);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace gristmill::io
