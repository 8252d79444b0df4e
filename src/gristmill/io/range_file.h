// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::io {

class S3Client;

/// Random access to an object by few, large requests: what lies near is read along, and a reader that goes forward gets
/// ever larger pieces. Several readers may go through different places of it at once, as those of a Parquet file's
/// columns do. Holds at most some tens of MB. All reads see one version of the object. Thread-safe.
class RangeFile {
 public:
  /// Reads the end of the object, where formats with random access keep their directory.
  static Result<std::unique_ptr<RangeFile>> open(const std::string& path);
  ~RangeFile();
  RangeFile(const RangeFile&) = delete;
  RangeFile& operator=(const RangeFile&) = delete;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Fills the buffer, but for what lies behind the end.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer);

 private:
  struct Block {
    std::uint64_t offset = 0;
    std::string bytes;
    std::uint64_t last_use = 0;
    [[nodiscard]] std::uint64_t end() const { return offset + bytes.size(); }
  };
  RangeFile() = default;
  Block* find(std::uint64_t offset);
  Result<Block*> fetch(std::uint64_t offset, std::uint64_t wanted);
  void make_room(std::uint64_t bytes);

  std::string path_;
  std::string etag_;
  std::uint64_t size_ = 0;
  std::shared_ptr<S3Client> client_;
  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::uint64_t uses_ = 0;
};

}  // namespace gristmill::io
