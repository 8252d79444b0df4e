// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/direct_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <utility>

#include "gristmill/store/artifact_work.h"

namespace gristmill::store {
namespace {

constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;
constexpr std::size_t direct_bytes_max = std::size_t{16} << 20;
// For what does not lie in whole blocks.
constexpr std::size_t bounce_bytes = std::size_t{256} << 10;

bool is_aligned(const char* place) { return reinterpret_cast<std::uintptr_t>(place) % block_bytes == 0; }

bool is_local(const std::string& path) { return path.find("://") == std::string::npos; }

/// What every file system takes, and, when it is no local one, its own writer.
class OrdinaryWriter final : public LargeFileWriter {
 public:
  explicit OrdinaryWriter(std::unique_ptr<io::FileWriter> file) : file_(std::move(file)) {}
  Status write(std::string_view bytes) override { return file_->write(bytes); }
  Status publish() override { return file_->publish(); }

 private:
  std::unique_ptr<io::FileWriter> file_;
};

class DirectWriter final : public LargeFileWriter {
 public:
  DirectWriter(std::string path, std::string temporary, int descriptor)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(descriptor) {}
  ~DirectWriter() override {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  Status write(std::string_view bytes) override {
    size_ += bytes.size();
    if (filled_ == 0 && is_aligned(bytes.data())) {
      const auto whole = bytes.size() / block_bytes * block_bytes;
      GRISTMILL_RETURN_IF_ERROR(write_blocks(bytes.substr(0, whole)));
      bytes.remove_prefix(whole);
    }
    while (!bytes.empty()) {
      if (buffer_.empty()) buffer_ = BlockBuffer(bounce_bytes);
      const auto count = std::min(bytes.size(), bounce_bytes - filled_);
      std::memcpy(buffer_.span().data() + filled_, bytes.data(), count);
      filled_ += count;
      bytes.remove_prefix(count);
      if (filled_ == bounce_bytes) GRISTMILL_RETURN_IF_ERROR(flush());
    }
    return {};
  }

  Status publish() override {
    if (filled_ > 0) {
      // The last block is filled up and cut off again.
      const auto whole = (filled_ + block_bytes - 1) / block_bytes * block_bytes;
      std::memset(buffer_.span().data() + filled_, 0, whole - filled_);
      filled_ = whole;
      GRISTMILL_RETURN_IF_ERROR(flush());
    }
    if (::ftruncate(file_.number(), static_cast<off_t>(size_)) != 0 || ::fsync(file_.number()) != 0)
      return errno_error(fmt::format("syncing {}", path_), errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
      return errno_error(fmt::format("renaming to {}", path_), errno);
    temporary_.clear();
    return sync_folder();
  }

 private:
  Status flush() {
    const auto filled = std::exchange(filled_, 0);
    return write_blocks({buffer_.span().data(), filled});
  }

  Status write_blocks(std::string_view rest) {
    while (!rest.empty()) {
      const auto count = ::write(file_.number(), rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error(fmt::format("writing {}", path_), errno);
      rest.remove_prefix(static_cast<std::size_t>(count));
      // A write may end early, at a full disk say, and what is left then no longer lies as O_DIRECT wants it.
      if (!rest.empty()) (void)::fcntl(file_.number(), F_SETFL, 0);
    }
    return {};
  }

  [[nodiscard]] Status sync_folder() const {
    const auto folder = std::filesystem::path(path_).parent_path().string();
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.number() < 0 || (::fsync(opened.number()) != 0 && errno != EINVAL))
      return errno_error(fmt::format("syncing folder {}", folder), errno);
    return {};
  }

  std::string path_, temporary_;
  Descriptor file_;
  BlockBuffer buffer_;
  std::size_t filled_ = 0;
  std::uint64_t size_ = 0;
};

class DirectSource final : public io::ByteSource {
 public:
  DirectSource(std::string path, int descriptor) : path_(std::move(path)), file_(descriptor) {}

  Result<std::size_t> read(std::span<char> out) override {
    if (used_ == filled_) {
      if (is_aligned(out.data()) && out.size() >= block_bytes)
        return read_blocks(out.first(out.size() / block_bytes * block_bytes));
      if (buffer_.empty()) buffer_ = BlockBuffer(bounce_bytes);
      used_ = 0;
      filled_ = 0;
      GRISTMILL_TRY(filled_, read_blocks(buffer_.span()));
    }
    const auto count = std::min(out.size(), filled_ - used_);
    std::memcpy(out.data(), buffer_.span().data() + used_, count);
    used_ += count;
    return count;
  }

 private:
  Result<std::size_t> read_blocks(std::span<char> out) {
    // Only the end of a file is not a whole block.
    while (offset_ % block_bytes == 0) {
      const auto count = ::pread(file_.number(), out.data(), out.size(), static_cast<off_t>(offset_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error(fmt::format("reading {} at byte {}", path_, offset_), errno);
      offset_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
    return std::size_t{0};
  }

  std::string path_;
  Descriptor file_;
  BlockBuffer buffer_;
  std::uint64_t offset_ = 0;
  std::size_t used_ = 0, filled_ = 0;
};

}  // namespace

BlockBuffer::BlockBuffer(std::size_t bytes) {
  const bool is_large = bytes % huge_page_bytes == 0;
  bytes_.reset(static_cast<char*>(std::aligned_alloc(is_large ? huge_page_bytes : block_bytes, bytes)));
  GRISTMILL_CHECK(bytes_ != nullptr, fmt::format("{} bytes", bytes));
  size_ = bytes;
  if (is_large) (void)::madvise(bytes_.get(), bytes, MADV_HUGEPAGE);
}

bool BlockBuffer::holds(const char* place) const {
  return std::less_equal<>()(bytes_.get(), place) && std::less<>()(place, bytes_.get() + size_);
}

Result<std::unique_ptr<LargeFileWriter>> LargeFileWriter::create(const std::string& path) {
  if (is_local(path)) {
    static std::atomic<unsigned> serial = 0;
    GRISTMILL_RETURN_IF_ERROR(io::create_folders(std::filesystem::path(path).parent_path().string()));
    // Processes of several machines may write the same pack to one place.
    static const unsigned machine = std::random_device()();
    // The mark of temporary files, by which remains of killed processes are known.
    auto temporary = fmt::format("{}.tmp-{:x}-{}-d{}", path, machine, ::getpid(), serial.fetch_add(1));
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_DIRECT, 0644);
    if (descriptor >= 0)
      return std::unique_ptr<LargeFileWriter>(new DirectWriter(path, std::move(temporary), descriptor));
    const int error_number = errno;
    ::unlink(temporary.c_str());
    if (error_number != EINVAL) return errno_error(fmt::format("creating {}", path), error_number);
  }
  GRISTMILL_TRY(auto file, io::FileWriter::create(path));
  return std::unique_ptr<LargeFileWriter>(new OrdinaryWriter(std::move(file)));
}

Result<std::unique_ptr<io::ByteSource>> open_large_file(const std::string& path) {
  if (!is_local(path)) return io::open_file(path);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (descriptor < 0) return io::open_file(path);
  return std::unique_ptr<io::ByteSource>(new DirectSource(path, descriptor));
}

Result<std::string> read_large_file(const std::string& path, std::uint64_t offset, std::size_t size) {
  // Each thread keeps the memory that it reads into.
  if (!is_local(path) || size > direct_bytes_max) return io::read_range(path, offset, size);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT));
  if (file.number() < 0) return io::read_range(path, offset, size);
  static thread_local BlockBuffer buffer;
  const auto before = static_cast<std::size_t>(offset % block_bytes);
  const auto wanted = (before + size + block_bytes - 1) / block_bytes * block_bytes;
  if (buffer.size() < wanted) buffer = BlockBuffer((wanted + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes);
  std::size_t filled = 0;
  // Only the end of a file is not a whole block.
  while (filled < wanted && filled % block_bytes == 0) {
    const auto place = static_cast<off_t>(offset - before + filled);
    const auto count = ::pread(file.number(), buffer.span().data() + filled, wanted - filled, place);
    if (count < 0 && errno == EINTR) continue;
    // Some file systems open a file so and then do not read it.
    if (count < 0 && errno == EINVAL) return io::read_range(path, offset, size);
    if (count < 0) return errno_error(fmt::format("reading {} at byte {}", path, place), errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  if (filled <= before) return std::string();
  return std::string(buffer.span().data() + before, std::min(size, filled - before));
}

}  // namespace gristmill::store
