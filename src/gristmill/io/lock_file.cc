// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "gristmill/io/file.h"

namespace gristmill::io {

namespace {

/// True while `path` still names the open file: the last holder may have removed it together with its folder.
bool is_same_file(int descriptor, const std::string& path) {
  struct stat mine{};
  struct stat named{};
  return ::fstat(descriptor, &mine) == 0 && ::stat(path.c_str(), &named) == 0 && mine.st_ino == named.st_ino &&
         mine.st_dev == named.st_dev;
}

Result<int> open_locked(const std::string& path) {
  while (true) {
    GRISTMILL_RETURN_IF_ERROR(create_folders(std::filesystem::path(path).parent_path().string()));
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0 && errno == ENOENT) continue;  // The folder was removed in between.
    if (descriptor < 0) return errno_error(fmt::format("opening {}", path), errno);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      char holder[32] = {};
      const auto count = ::pread(descriptor, holder, sizeof holder - 1, 0);
      ::close(descriptor);
      return Error{ErrorCode::conflict,
                   fmt::format("process {} is at work on this already ({})", count > 0 ? holder : "?", path)};
    }
    if (is_same_file(descriptor, path)) return descriptor;
    ::close(descriptor);
  }
}

}  // namespace

Result<std::unique_ptr<LockFile>> LockFile::acquire(const std::string& path) {
  GRISTMILL_TRY(const int descriptor, open_locked(path));
  const auto mine = fmt::format("{}", ::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, mine.data(), mine.size(), 0) < 0) {
    const int error_number = errno;
    ::close(descriptor);
    return errno_error(fmt::format("writing {}", path), error_number);
  }
  return std::unique_ptr<LockFile>(new LockFile(descriptor));
}

Result<std::unique_ptr<LockFile>> LockFile::wait(const std::string& path, const std::function<bool()>& should_stop) {
  while (true) {
    auto lock = acquire(path);
    if (lock || lock.error().code != ErrorCode::conflict) return lock;
    if (should_stop())
      return Error{ErrorCode::interrupted, fmt::format("stopped while waiting: {}", lock.error().message)};
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

LockFile::~LockFile() { ::close(descriptor_); }

}  // namespace gristmill::io
