// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/arrow_input.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/result.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "gristmill/formats/arrow_status.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/io/range_file.h"

namespace gristmill::formats {
namespace {

/// An object as Arrow sees it.
class ObjectInput final : public arrow::io::RandomAccessFile {
 public:
  ObjectInput(std::unique_ptr<io::RangeFile> file, arrow::MemoryPool* pool) : file_(std::move(file)), pool_(pool) {}

  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::OK();
  }
  [[nodiscard]] bool closed() const override { return is_closed_; }
  [[nodiscard]] arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override {
    if (position < 0) return arrow::Status::Invalid("seek to a negative position");
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> GetSize() override { return static_cast<std::int64_t>(file_->size()); }

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count, void* out) override {
    if (position < 0 || count < 0) return arrow::Status::Invalid("read of a negative range");
    const std::span buffer(static_cast<char*>(out), static_cast<std::size_t>(count));
    auto read = file_->read_at(static_cast<std::uint64_t>(position), buffer);
    if (read) return static_cast<std::int64_t>(*read);
    return arrow_fault(read.error());
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position, std::int64_t count) override {
    // Sizes come from the file: nothing is allocated for what cannot be there.
    const auto left = std::max<std::int64_t>(0, static_cast<std::int64_t>(file_->size()) - position);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::min(count, left), pool_));
    ARROW_ASSIGN_OR_RAISE(const auto read, ReadAt(position, buffer->size(), buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const auto read, ReadAt(position_, count, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, count));
    position_ += buffer->size();
    return buffer;
  }

 private:
  std::unique_ptr<io::RangeFile> file_;
  arrow::MemoryPool* pool_;
  std::int64_t position_ = 0;
  bool is_closed_ = false;
};

}  // namespace

Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_arrow_input(const std::string& path,
                                                                      arrow::MemoryPool* pool) {
  if (io::is_object(path)) {
    GRISTMILL_TRY(auto file, io::RangeFile::open(path));
    return std::shared_ptr<arrow::io::RandomAccessFile>(std::make_shared<ObjectInput>(std::move(file), pool));
  }
  auto file = arrow::io::ReadableFile::Open(path, pool);
  // Asked afterwards: it may have gone this moment.
  GRISTMILL_TRY([[maybe_unused]] const auto size, io::file_size(path));
  if (!file.ok()) return arrow_error(file.status(), fmt::format("opening {}", path));
  return std::shared_ptr<arrow::io::RandomAccessFile>(*std::move(file));
}

}  // namespace gristmill::formats
