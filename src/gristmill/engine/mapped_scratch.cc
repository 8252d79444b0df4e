// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/mapped_scratch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

namespace gristmill::engine {

Result<std::unique_ptr<MappedScratch>> MappedScratch::create(const std::string& wanted_path, std::size_t bytes) {
  // Two processes may be at the same task, one of them too late: neither may get the other's file.
  std::random_device random;
  const auto path = fmt::format("{}.{:08x}{:08x}", wanted_path, random(), random());
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return errno_error(fmt::format("creating {}", path), errno);
  ::unlink(path.c_str());
  const int failed = ::posix_fallocate(descriptor, 0, static_cast<off_t>(std::max<std::size_t>(bytes, 1)));
  void* memory = failed == 0 ? ::mmap(nullptr, std::max<std::size_t>(bytes, 1), PROT_READ | PROT_WRITE, MAP_SHARED,
                                      descriptor, 0)
                             : MAP_FAILED;
  ::close(descriptor);
  if (memory == MAP_FAILED)
    return errno_error(fmt::format("mapping {} ({} bytes)", path, bytes), failed != 0 ? failed : errno);
  return std::unique_ptr<MappedScratch>(new MappedScratch(memory, bytes));
}

MappedScratch::~MappedScratch() { ::munmap(memory_, std::max<std::size_t>(bytes_, 1)); }

}  // namespace gristmill::engine
