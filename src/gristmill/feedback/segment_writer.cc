// SPDX-License-Identifier: Apache-2.0
#include "gristmill/feedback/segment_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "gristmill/base/clock.h"
#include "gristmill/feedback/segment.h"

namespace gristmill::feedback {
namespace {

constexpr std::size_t zero_bytes = std::size_t{1} << 18;

Status write_at(int descriptor, const std::string& path, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto count = ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(fmt::format("writing {} at byte {}", path, offset), errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

/// Reserves the space first: a full disk is told before any byte is written. The zeros go to the disk piece by piece,
/// so that a sync of events never waits for more than one of them.
Status fill_with_zeros(int descriptor, const std::string& path, std::uint64_t bytes) {
  const int failed = bytes == 0 ? 0 : ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
  if (failed != 0 && failed != EOPNOTSUPP && failed != EINVAL)
    return errno_error(fmt::format("reserving {} bytes for {}", bytes, path), failed);
  const std::vector<char> zeros(zero_bytes);
  for (std::uint64_t at = 0; at < bytes; at += zeros.size()) {
    const auto count = std::min<std::uint64_t>(zeros.size(), bytes - at);
    GRISTMILL_RETURN_IF_ERROR(write_at(descriptor, path, {zeros.data(), count}, at));
    // Where it is not known, all of them go with the sync at the end.
    (void)::sync_file_range(descriptor, static_cast<off_t>(at), static_cast<off_t>(count),
                            SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  }
  if (::fsync(descriptor) != 0) return errno_error(fmt::format("syncing {}", path), errno);
  return {};
}

Status sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno_error(fmt::format("opening folder {}", folder), errno);
  const bool failed = ::fsync(descriptor) != 0 && errno != EINVAL;
  const int error_number = errno;
  ::close(descriptor);
  return failed ? Status(errno_error(fmt::format("syncing folder {}", folder), error_number)) : Status();
}

}  // namespace

Status prepare_segment(const std::string& path, std::uint64_t bytes) {
  const auto unfinished = path + ".part";
  const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return errno_error(fmt::format("creating {}", unfinished), errno);
  auto status = fill_with_zeros(descriptor, unfinished, bytes);
  ::close(descriptor);
  if (status && ::rename(unfinished.c_str(), path.c_str()) != 0)
    status = errno_error(fmt::format("renaming to {}", path), errno);
  if (!status) ::unlink(unfinished.c_str());
  return status;
}

std::string prepared_path(const std::string& folder) { return folder + "/prepared"; }

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::start(const std::string& folder, std::uint64_t first_sequence,
                                                            std::uint64_t bytes_max, bool is_filled) {
  // Taken under a name of our own first: whoever prepares may be about to put the next one there.
  const auto starting = folder + "/starting";
  const bool is_ready = is_filled && ::rename(prepared_path(folder).c_str(), starting.c_str()) == 0;
  struct stat facts{};
  const bool is_large_enough = is_ready && ::stat(starting.c_str(), &facts) == 0 &&
                               static_cast<std::uint64_t>(facts.st_size) >= bytes_max;
  if (!is_large_enough) GRISTMILL_RETURN_IF_ERROR(prepare_segment(starting, is_filled ? bytes_max : 0));
  const int descriptor = ::open(starting.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return errno_error(fmt::format("opening {}", starting), errno);
  const auto path = segment_path(folder, first_sequence);
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(path, descriptor, bytes_max));
  std::string head;
  append_segment_head(first_sequence, now_ms(), head);
  GRISTMILL_RETURN_IF_ERROR(writer->append(head));
  writer->begin_ = writer->offset_;
  if (::rename(starting.c_str(), path.c_str()) != 0) return errno_error(fmt::format("renaming to {}", path), errno);
  GRISTMILL_RETURN_IF_ERROR(sync_folder(folder));
  return writer;
}

SegmentWriter::~SegmentWriter() { ::close(descriptor_); }

Status SegmentWriter::append(std::string_view bytes) {
  GRISTMILL_RETURN_IF_ERROR(write_at(descriptor_, path_, bytes, offset_));
  if (::fdatasync(descriptor_) != 0) return errno_error(fmt::format("syncing {}", path_), errno);
  offset_ += bytes.size();
  return {};
}

Status SegmentWriter::seal() {
  if (::ftruncate(descriptor_, static_cast<off_t>(offset_)) != 0 || ::fsync(descriptor_) != 0)
    return errno_error(fmt::format("cutting {} to {} bytes", path_, offset_), errno);
  return {};
}

}  // namespace gristmill::feedback
