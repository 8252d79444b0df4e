// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>

#include "gristmill/base/hash.h"
#include "gristmill/io/object_file.h"
#include "gristmill/io/object_path.h"

namespace gristmill::io {
namespace {

constexpr std::string_view temporary_mark = ".tmp-";
constexpr std::size_t write_buffer_bytes = std::size_t{1} << 18;

class FileSource final : public ByteSource {
 public:
  FileSource(std::string path, int descriptor, std::uint64_t offset)
      : path_(std::move(path)), descriptor_(descriptor), offset_(offset) {}
  ~FileSource() override { ::close(descriptor_); }
  Result<std::size_t> read(std::span<char> buffer) override {
    while (true) {
      const auto count = ::read(descriptor_, buffer.data(), buffer.size());
      if (count >= 0) {
        offset_ += static_cast<std::uint64_t>(count);
        return static_cast<std::size_t>(count);
      }
      if (errno != EINTR) return errno_error(fmt::format("reading {} at byte {}", path_, offset_), errno);
    }
  }

 private:
  std::string path_;
  int descriptor_;
  std::uint64_t offset_;
};

Status fsync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path().string();
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno_error(fmt::format("opening folder {}", folder), errno);
  const int failed = ::fsync(descriptor);
  const int error_number = errno;
  ::close(descriptor);
  // Some file systems cannot fsync a folder; then the rename is as durable as they make it.
  if (failed != 0 && error_number != EINVAL) return errno_error(fmt::format("syncing folder {}", folder), error_number);
  return {};
}

/// Writes beside the place, and renames into it.
class LocalSink final : public FileSink {
 public:
  LocalSink(std::string path, std::string temporary, int descriptor, Existing existing)
      : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor), existing_(existing) {}
  ~LocalSink() override {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  Status write(std::string_view rest) override {
    while (!rest.empty()) {
      const auto count = ::write(descriptor_, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error(fmt::format("writing {}", path_), errno);
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  Status publish() override {
    if (::fsync(descriptor_) != 0) return errno_error(fmt::format("syncing {}", path_), errno);
    const int failed = ::close(descriptor_);
    descriptor_ = -1;
    if (failed != 0) return errno_error(fmt::format("closing {}", path_), errno);
    GRISTMILL_RETURN_IF_ERROR(existing_ == Existing::refused ? take_free_name() : take_name());
    temporary_.clear();
    return fsync_folder_of(path_);
  }

 private:
  [[nodiscard]] Status take_name() const {
    if (::rename(temporary_.c_str(), path_.c_str()) == 0) return {};
    return errno_error(fmt::format("renaming to {}", path_), errno);
  }

  [[nodiscard]] Status take_free_name() const {
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno == EEXIST) return Error{ErrorCode::already_exists, fmt::format("{} is there already", path_)};
    // Some file systems know no such rename; on them a second writer in this very moment goes unnoticed.
    if (errno != EINVAL) return errno_error(fmt::format("renaming to {}", path_), errno);
    struct stat facts{};
    if (::stat(path_.c_str(), &facts) == 0)
      return Error{ErrorCode::already_exists, fmt::format("{} is there already", path_)};
    return take_name();
  }

  std::string path_;
  std::string temporary_;
  int descriptor_;
  Existing existing_;
};

Result<std::unique_ptr<FileSink>> create_local(const std::string& path, Existing existing) {
  static std::atomic<unsigned> serial = 0;
  GRISTMILL_RETURN_IF_ERROR(check_scheme(path));
  const auto folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty()) GRISTMILL_RETURN_IF_ERROR(create_folders(folder));
  // Processes of several machines may write beside each other.
  static const unsigned machine = std::random_device()();
  auto temporary = fmt::format("{}{}{:x}-{}-{}", path, temporary_mark, machine, ::getpid(), serial.fetch_add(1));
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return errno_error(fmt::format("creating {}", path), errno);
  return std::unique_ptr<FileSink>(std::make_unique<LocalSink>(path, std::move(temporary), descriptor, existing));
}

/// Reads until the buffer is full or the source ends.
Result<std::string> read_some(ByteSource& source, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    GRISTMILL_TRY(const auto count, source.read(std::span(bytes).subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  bytes.resize(filled);
  return bytes;
}

Status list_local(const std::string& folder, const std::set<std::string>& except, std::vector<FileEntry>& entries) {
  namespace fs = std::filesystem;
  std::error_code code;
  for (auto at = fs::recursive_directory_iterator(folder, code); !code && at != fs::end(at); at.increment(code)) {
    if (at->is_directory() && except.contains(at->path().filename().string())) at.disable_recursion_pending();
    struct stat facts{};
    if (::lstat(at->path().c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) continue;
    entries.push_back({at->path().string(), static_cast<std::uint64_t>(facts.st_size),
                       std::int64_t{facts.st_mtim.tv_sec} * 1000 + facts.st_mtim.tv_nsec / 1'000'000});
  }
  if (code && code != std::errc::no_such_file_or_directory) return errno_error("listing " + folder, code.value());
  return {};
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file(const std::string& path, std::uint64_t offset) {
  if (is_object(path)) return open_object(path, offset);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno_error(fmt::format("opening {}", path), errno);
  if (offset > 0 && ::lseek(descriptor, static_cast<off_t>(offset), SEEK_SET) < 0) {
    const int error_number = errno;
    ::close(descriptor);
    return errno_error(fmt::format("seeking in {} to byte {}", path, offset), error_number);
  }
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(path, descriptor, offset));
}

Result<std::string> read_file(const std::string& path, std::uint64_t bytes_max) {
  if (is_object(path)) return read_object(path, bytes_max);
  GRISTMILL_TRY(const auto size, file_size(path));
  if (size > bytes_max)
    return limit_exceeded(fmt::format("{}: {} bytes, more than the allowed {}", path, size, bytes_max));
  return read_range(path, 0, size);
}

Result<std::string> read_range(const std::string& path, std::uint64_t offset, std::size_t size) {
  if (is_object(path)) return read_object_range(path, offset, size);
  GRISTMILL_TRY(auto source, open_file(path, offset));
  return read_some(*source, size);
}

Result<std::string> file_sha256(const std::string& path) {
  GRISTMILL_TRY(auto source, open_file(path));
  Sha256 sha;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (true) {
    GRISTMILL_TRY(const auto count, source->read(buffer));
    if (count == 0) return sha.hex();
    sha.update({buffer.data(), count});
  }
}

Result<std::uint64_t> file_size(const std::string& path) {
  if (is_object(path)) {
    GRISTMILL_TRY(const auto object, find_object(path));
    return object.bytes;
  }
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return errno_error(path, errno);
  return static_cast<std::uint64_t>(facts.st_size);
}

Result<std::optional<std::uint64_t>> find_file(const std::string& path) {
  auto size = file_size(path);
  if (size) return std::optional(*size);
  if (size.error().code == ErrorCode::not_found) return std::optional<std::uint64_t>();
  return std::move(size).error();
}

bool exists(const std::string& path) { return file_size(path).ok(); }

Status create_folders(const std::string& path) {
  if (is_object(path)) return {};
  GRISTMILL_RETURN_IF_ERROR(check_scheme(path));
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) return errno_error(fmt::format("creating folder {}", path), code.value());
  return {};
}

Result<std::unique_ptr<FileWriter>> FileWriter::create(const std::string& path, Existing existing) {
  GRISTMILL_TRY(auto sink, is_object(path) ? create_object(path, existing) : create_local(path, existing));
  return std::unique_ptr<FileWriter>(new FileWriter(std::move(sink)));
}

FileWriter::FileWriter(std::unique_ptr<FileSink> sink) : sink_(std::move(sink)) {}

FileWriter::~FileWriter() = default;

Status FileWriter::write(std::string_view bytes) {
  offset_ += bytes.size();
  buffer_.append(bytes);
  return buffer_.size() >= write_buffer_bytes ? flush() : Status();
}

Status FileWriter::flush() {
  GRISTMILL_RETURN_IF_ERROR(sink_->write(buffer_));
  buffer_.clear();
  return {};
}

Status FileWriter::publish() {
  GRISTMILL_RETURN_IF_ERROR(flush());
  return sink_->publish();
}

Status remove_temporaries(const std::string& folder) {
  if (is_object(folder)) return abort_uploads(folder);
  std::error_code code;
  std::filesystem::recursive_directory_iterator entries(folder, code);
  if (code) return {};
  for (; entries != std::filesystem::recursive_directory_iterator(); entries.increment(code)) {
    if (code) return errno_error(fmt::format("listing {}", folder), code.value());
    const auto name = entries->path().filename().string();
    if (name.find(temporary_mark) != std::string::npos && entries->is_regular_file(code))
      ::unlink(entries->path().c_str());
  }
  return {};
}

Status write_file(const std::string& path, std::string_view bytes, Existing existing) {
  GRISTMILL_TRY(auto writer, FileWriter::create(path, existing));
  GRISTMILL_RETURN_IF_ERROR(writer->write(bytes));
  return writer->publish();
}

Result<std::vector<FileEntry>> list_folder(const std::string& folder, const std::set<std::string>& except) {
  std::vector<FileEntry> entries;
  GRISTMILL_RETURN_IF_ERROR(is_object(folder) ? list_objects(folder, except, entries)
                                              : list_local(folder, except, entries));
  return entries;
}

Status remove_files(const std::vector<std::string>& paths) {
  std::vector<std::string> objects;
  for (const auto& path : paths) {
    if (is_object(path)) {
      objects.push_back(path);
    } else if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return errno_error("removing " + path, errno);
    }
  }
  return remove_objects(objects);
}

Status check_commits(const std::string& folder) { return is_object(folder) ? check_object_commits(folder) : Status(); }

}  // namespace gristmill::io
