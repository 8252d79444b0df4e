// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/io/file.h"

namespace gristmill::store {

/// What disks and file systems want of memory, places and sizes of direct reads and writes.
inline constexpr std::size_t block_bytes = 4096;

/// Memory that direct reads and writes go to and from without a copy; in huge pages, where the system has them.
class BlockBuffer {
 public:
  BlockBuffer() = default;
  explicit BlockBuffer(std::size_t bytes);

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<char> span() const { return {bytes_.get(), size_}; }
  /// True for a place within it.
  [[nodiscard]] bool holds(const char* place) const;

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<char[], Free> bytes_;
  std::size_t size_ = 0;
};

/// Writes a large file that is read once, later, if at all. On a local disk that can do so, past the page cache
/// (O_DIRECT): through it, writing costs ten times the CPU time and pushes out what other work has cached. The file is
/// seen, whole and durable, from `publish` on; destroyed unpublished, it leaves nothing. Whole blocks of a BlockBuffer
/// are written from where they are, everything else is copied once.
class LargeFileWriter {
 public:
  static Result<std::unique_ptr<LargeFileWriter>> create(const std::string& path);
  virtual ~LargeFileWriter() = default;
  virtual Status write(std::string_view bytes) = 0;
  virtual Status publish() = 0;
};

/// Opens such a file for reading from front to back, past the page cache where that can be; right into
/// whole blocks of a BlockBuffer.
Result<std::unique_ptr<io::ByteSource>> open_large_file(const std::string& path);

/// `size` bytes of such a file from `offset` (fewer at its end), past the page cache where that can be: it does not
/// have them, and to fetch bytes into fresh memory that are used once costs more than to use them.
Result<std::string> read_large_file(const std::string& path, std::uint64_t offset, std::size_t size);

}  // namespace gristmill::store
