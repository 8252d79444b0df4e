// SPDX-License-Identifier: Apache-2.0
// Bytes in and out: files with durable publication, streams and codecs. All bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::io {

/// A stream of bytes, read once from front to back.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills up to buffer.size() bytes; 0 at the end. Errors carry the offset reached.
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;
};

/// Opens a local file for sequential reading from `offset`.
Result<std::unique_ptr<ByteSource>> open_file(const std::string& path, std::uint64_t offset = 0);
/// A whole file in memory; refuses more than `bytes_max`.
Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max = std::uint64_t{1} << 31);
/// `size` bytes at `offset` (fewer at the end).
Result<std::string> read_range(const std::string& path, std::uint64_t offset, std::size_t size);
/// SHA-256 of a whole file, in hex.
Result<std::string> file_sha256(const std::string& path);
Result<std::uint64_t> file_size(const std::string& path);
bool exists(const std::string& path);
Status create_folders(const std::string& path);

/// Writes to `path` + a temporary suffix; `publish` fsyncs the file, renames it into place and fsyncs the folder.
/// Destroyed unpublished, the temporary file is removed. Errors name the path; a full disk says so.
class FileWriter {
 public:
  static Result<std::unique_ptr<FileWriter>> create(const std::string& path);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  Status write(std::string_view bytes);
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  Status publish();

 private:
  FileWriter(std::string path, std::string temporary, int descriptor);
  Status flush();
  std::string path_, temporary_, buffer_;
  int descriptor_;
  std::uint64_t offset_ = 0;
};

/// Removes what FileWriters of killed processes left under their temporary names in a folder and below it. Only for
/// folders in which nobody else is writing. A missing folder is fine.
Status remove_temporaries(const std::string& folder);

/// FileWriter in one call: durable, atomic, replaces an existing file.
Status write_file(const std::string& path, std::string_view bytes);

}  // namespace gristmill::io
