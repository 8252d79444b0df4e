// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"

namespace gristmill::store {
namespace {

Error too_short(const TreeEntry& entry) {
  return unavailable(fmt::format("{} became shorter while it was read; add it again", entry.source));
}

}  // namespace

Result<ArtifactSource> ArtifactSource::open(const TreeEntry& entry) {
  if (io::is_object(entry.source)) return ArtifactSource(entry, nullptr);
  auto file = std::make_unique<Descriptor>(::open(entry.source.c_str(), O_RDONLY | O_CLOEXEC));
  if (file->number() < 0) return errno_error(fmt::format("opening {}", entry.source), errno);
  return ArtifactSource(entry, std::move(file));
}

Status ArtifactSource::read(std::uint64_t offset, std::span<char> out) const {
  if (!file_) {
    GRISTMILL_TRY(const auto bytes, io::read_range(entry_->source, offset, out.size()));
    if (bytes.size() != out.size()) return too_short(*entry_);
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return {};
  }
  while (!out.empty()) {
    const auto count = ::pread(file_->number(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(fmt::format("reading {}", entry_->source), errno);
    if (count == 0) return too_short(*entry_);
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Status ArtifactSource::check_unchanged() const {
  if (!file_) return {};
  struct stat facts{};
  // By its name, as it was listed: some file systems have other numbers for what is open.
  if (::stat(entry_->source.c_str(), &facts) != 0) return errno_error(entry_->source, errno);
  // Spans are read by several threads: of a file that is written meanwhile the version would hold a mixture.
  if (static_cast<std::uint64_t>(facts.st_size) != entry_->bytes || FileMark::of(facts) != entry_->mark)
    return unavailable(fmt::format("{} was written to while it was read; add it again", entry_->source));
  return {};
}

}  // namespace gristmill::store
