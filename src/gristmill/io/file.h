// SPDX-License-Identifier: Apache-2.0
// Bytes in and out: files with durable publication, streams and codecs. All bounded. A path is one of the local disk or
// `s3://bucket/key`: what is said of files holds for objects, and folders are then prefixes of keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
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

/// Opens a file for sequential reading from `offset`.
Result<std::unique_ptr<ByteSource>> open_file(const std::string& path, std::uint64_t offset = 0);
/// A whole file in memory; refuses more than `bytes_max`.
Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max = std::uint64_t{1} << 31);
/// `size` bytes at `offset` (fewer at the end).
Result<std::string> read_range(const std::string& path, std::uint64_t offset, std::size_t size);
/// SHA-256 of a whole file, in hex.
Result<std::string> file_sha256(const std::string& path);
Result<std::uint64_t> file_size(const std::string& path);
/// Size of a file that may be missing; a store that cannot be asked is an error.
Result<std::optional<std::uint64_t>> find_file(const std::string& path);
/// True for a file that is there and can be reached: for local files, where nothing else is possible.
bool exists(const std::string& path);
Status create_folders(const std::string& path);

/// What becomes of a file that has the name already.
enum class Existing { replaced, refused };

/// Where a FileWriter's bytes go; each kind of store has its own.
class FileSink {
 public:
  virtual ~FileSink() = default;
  virtual Status write(std::string_view bytes) = 0;
  virtual Status publish() = 0;
};

/// Writes a file that nobody sees before `publish`. Locally: `path` + a temporary suffix, synced, then renamed into
/// place. In an object store: one put, or parts of some MB each, which are then made one object. Destroyed
/// unpublished, it leaves nothing. Errors name the path; a full disk says so.
class FileWriter {
 public:
  /// With Existing::refused `publish` gives `already_exists` when the name is taken.
  static Result<std::unique_ptr<FileWriter>> create(const std::string& path, Existing existing = Existing::replaced);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  Status write(std::string_view bytes);
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  Status publish();

 private:
  explicit FileWriter(std::unique_ptr<FileSink> sink);
  Status flush();
  std::unique_ptr<FileSink> sink_;
  std::string buffer_;
  std::uint64_t offset_ = 0;
};

/// Removes what FileWriters of killed processes left under their temporary names in a folder and below it. Only for
/// folders in which nobody else is writing. A missing folder is fine.
Status remove_temporaries(const std::string& folder);

/// FileWriter in one call: durable and atomic.
Status write_file(const std::string& path, std::string_view bytes, Existing existing = Existing::replaced);

/// A file below a folder.
struct FileEntry {
  std::string path;
  std::uint64_t bytes = 0;
  std::int64_t modified_ms = 0;
  std::string etag = {};  ///< Of an object: another one when its content is another.
};
/// All files below a folder at any depth, in no order, links and special files left out. Local folders whose name is in
/// `except` are not entered, nor are objects below such a name given. A missing folder has none.
Result<std::vector<FileEntry>> list_folder(const std::string& folder, const std::set<std::string>& except = {});
/// Removes files; those that are gone already are fine.
Status remove_files(const std::vector<std::string>& paths);
/// True when the store at this place heeds the conditions that commits rely on; always so on a local disk. Otherwise
/// `denied`, with what to do. An object store is asked once in a process.
Status check_commits(const std::string& folder);

}  // namespace gristmill::io
