// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/io/range_file.h"

namespace gristmill::io {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t block_bytes = std::size_t{256} << 10;

/// An object that libarchive reads with jumps, as it does the directory of a zip file.
struct RangeFeed {
  std::unique_ptr<RangeFile> file;
  std::uint64_t offset = 0;
};

/// The stream that libarchive pulls from, with the fault that stopped it.
struct Feed {
  std::unique_ptr<ByteSource> source;
  std::vector<char> buffer;
  std::uint64_t bytes = 0;
  std::optional<Error> failure;
  RangeFeed ranges;
};

la_ssize_t feed_read(archive* handle, void* context, const void** bytes) {
  auto& feed = *static_cast<Feed*>(context);
  auto count = feed.source->read(feed.buffer);
  if (!count) {
    feed.failure = std::move(count).error();
    archive_set_error(handle, EIO, "%s", feed.failure->message.c_str());
    return -1;
  }
  feed.bytes += *count;
  *bytes = feed.buffer.data();
  return static_cast<la_ssize_t>(*count);
}

la_ssize_t range_read(archive* handle, void* context, const void** bytes) {
  auto& feed = *static_cast<Feed*>(context);
  auto count = feed.ranges.file->read_at(feed.ranges.offset, feed.buffer);
  if (!count) {
    feed.failure = std::move(count).error();
    archive_set_error(handle, EIO, "%s", feed.failure->message.c_str());
    return -1;
  }
  feed.ranges.offset += *count;
  *bytes = feed.buffer.data();
  return static_cast<la_ssize_t>(*count);
}

la_int64_t range_seek(archive* /*handle*/, void* context, la_int64_t offset, int whence) {
  auto& ranges = static_cast<Feed*>(context)->ranges;
  const auto size = static_cast<la_int64_t>(ranges.file->size());
  const auto base = whence == SEEK_CUR ? static_cast<la_int64_t>(ranges.offset) : whence == SEEK_END ? size : 0;
  if (offset < -base || offset > size - base) return ARCHIVE_FATAL;
  ranges.offset = static_cast<std::uint64_t>(base + offset);
  return base + offset;
}

class OpenArchive final : public Archive {
 public:
  OpenArchive(const ArchiveLimits& limits, std::string where)
      : limits_(limits), where_(std::move(where)), handle_(archive_read_new()) {
    // No filters: compression around an archive is undone by our own bounded decoders.
    archive_read_support_format_zip(handle_);
    archive_read_support_format_tar(handle_);
  }
  ~OpenArchive() override { archive_read_free(handle_); }

  Status open_path(const std::string& path) {
    if (is_object(path)) return open_object_ranges(path);
    GRISTMILL_TRY(file_bytes_, file_size(path));
    if (archive_read_open_filename(handle_, path.c_str(), block_bytes) != ARCHIVE_OK) return failure("opening");
    return {};
  }
  Status open_object_ranges(const std::string& path) {
    GRISTMILL_TRY(feed_.ranges.file, RangeFile::open(path));
    file_bytes_ = feed_.ranges.file->size();
    feed_.buffer.resize(block_bytes);
    archive_read_set_callback_data(handle_, &feed_);
    archive_read_set_read_callback(handle_, range_read);
    archive_read_set_seek_callback(handle_, range_seek);
    if (archive_read_open1(handle_) != ARCHIVE_OK) return failure("opening");
    return {};
  }
  Status open_feed(std::unique_ptr<ByteSource> source) {
    feed_.source = std::move(source);
    feed_.buffer.resize(block_bytes);
    if (archive_read_open(handle_, &feed_, nullptr, feed_read, nullptr) != ARCHIVE_OK) return failure("opening");
    return {};
  }

  Result<std::optional<ArchiveMember>> next() override {
    GRISTMILL_RETURN_IF_ERROR(check_limits());
    while (true) {
      archive_entry* entry = nullptr;
      const int code = archive_read_next_header(handle_, &entry);
      if (code == ARCHIVE_EOF) return std::optional<ArchiveMember>();
      if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return failure(fmt::format("after {} members", members_));
      if (++members_ > limits_.members_max) {
        return limit_exceeded(fmt::format("{}: more than {} members", where_, limits_.members_max));
      }
      if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) continue;
      ArchiveMember member;
      // The UTF-8 form is missing where the C locale cannot convert; then the raw bytes are there.
      const char* path = archive_entry_pathname_utf8(entry);
      if (path == nullptr) path = archive_entry_pathname(entry);
      member.path = path != nullptr ? std::string(path) : fmt::format("member-{}", members_);
      member.is_encrypted = archive_entry_is_data_encrypted(entry) != 0;
      current_ = member.path;
      return std::optional(std::move(member));
    }
  }

  std::unique_ptr<ByteSource> content() override { return std::make_unique<Content>(*this); }

 private:
  class Content final : public ByteSource {
   public:
    explicit Content(OpenArchive& archive) : archive_(archive) {}
    Result<std::size_t> read(std::span<char> buffer) override { return archive_.read_content(buffer); }

   private:
    OpenArchive& archive_;
  };

  Result<std::size_t> read_content(std::span<char> buffer) {
    const auto count = archive_read_data(handle_, buffer.data(), buffer.size());
    if (count < 0) return failure(fmt::format("in member {}", current_));
    expanded_ += static_cast<std::uint64_t>(count);
    GRISTMILL_RETURN_IF_ERROR(check_limits());
    return static_cast<std::size_t>(count);
  }

  [[nodiscard]] Status check_limits() const {
    const auto compressed = file_bytes_ > 0 ? file_bytes_ : feed_.bytes;
    return check_expansion(limits_.expansion, compressed, expanded_, where_);
  }

  Error failure(std::string_view doing) const {
    if (feed_.failure.has_value()) return *feed_.failure;
    const char* text = archive_error_string(handle_);
    return corrupt_data(fmt::format("{}: archive is damaged ({} near byte {}): {}", where_, doing,
                                    archive_filter_bytes(handle_, -1), text != nullptr ? text : "no reason given"));
  }

  ArchiveLimits limits_;
  std::string where_;
  archive* handle_;
  Feed feed_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t expanded_ = 0;
  std::size_t members_ = 0;
  std::string current_;
};

}  // namespace

Result<std::unique_ptr<Archive>> open_archive_file(const std::string& path, const ArchiveLimits& limits,
                                                   std::string where) {
  auto opened = std::make_unique<OpenArchive>(limits, std::move(where));
  GRISTMILL_RETURN_IF_ERROR(opened->open_path(path));
  return std::unique_ptr<Archive>(std::move(opened));
}

Result<std::unique_ptr<Archive>> open_archive_stream(std::unique_ptr<ByteSource> source, const ArchiveLimits& limits,
                                                     std::string where) {
  auto opened = std::make_unique<OpenArchive>(limits, std::move(where));
  GRISTMILL_RETURN_IF_ERROR(opened->open_feed(std::move(source)));
  return std::unique_ptr<Archive>(std::move(opened));
}

bool is_archive(std::string_view head) noexcept {
  if (head.starts_with("PK\x03\x04"sv) || head.starts_with("PK\x05\x06"sv)) return true;
  return head.size() >= 262 && head.substr(257, 5) == "ustar";
}

}  // namespace gristmill::io
