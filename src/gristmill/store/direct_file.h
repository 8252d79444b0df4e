// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/io/file.h"

namespace gristmill::store {

/// Writes a large file that is read once, later, if at all. On a local disk that can do so, past the page cache
/// (O_DIRECT): through it, writing costs ten times the CPU time and pushes out what other work has cached. The file is
/// seen, whole and durable, from `publish` on; destroyed unpublished, it leaves nothing.
class LargeFileWriter {
 public:
  static Result<std::unique_ptr<LargeFileWriter>> create(const std::string& path);
  virtual ~LargeFileWriter() = default;
  virtual Status write(std::string_view bytes) = 0;
  virtual Status publish() = 0;
};

/// Opens such a file for reading from front to back, past the page cache where that can be.
Result<std::unique_ptr<io::ByteSource>> open_large_file(const std::string& path);

}  // namespace gristmill::store
