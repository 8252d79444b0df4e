// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/store/artifact_changes.h"
#include "gristmill/store/artifacts.h"

namespace gristmill::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t portion_bytes = std::uint64_t{32} << 20;
constexpr std::string_view unfinished_ending = "~part";

/// Some pieces of a file, written by one thread.
struct Portion {
  std::size_t file = 0;
  std::size_t first = 0;
  std::size_t last = 0;
  std::uint64_t offset = 0;
};

std::vector<Portion> portions_of(const ArtifactManifest& manifest) {
  std::vector<Portion> portions;
  for (std::size_t i = 0; i < manifest.files.size(); ++i) {
    const auto& pieces = manifest.files[i].pieces;
    std::uint64_t offset = 0;
    std::uint64_t filled = portion_bytes;
    for (std::size_t k = 0; k < pieces.size(); ++k) {
      if (filled >= portion_bytes) {
        portions.push_back({i, k, k, offset});
        filled = 0;
      }
      portions.back().last = k + 1;
      filled += pieces[k].bytes;
      offset += pieces[k].bytes;
    }
  }
  return portions;
}

/// Builds a tree in a folder of its own, where nobody else has put links.
class Restorer {
 public:
  Restorer(const ArtifactManifest& manifest, const PackStore& store, std::string folder)
      : manifest_(manifest), store_(store), folder_(std::move(folder)) {}

  Status work(const ArtifactWork& work) {
    GRISTMILL_RETURN_IF_ERROR(make_folders());
    for (const auto& file : manifest_.files) GRISTMILL_RETURN_IF_ERROR(create(file));
    const auto portions = portions_of(manifest_);
    GRISTMILL_RETURN_IF_ERROR(
        for_each_piece(portions.size(), work, [&](std::size_t i, int) { return write(portions[i]); }));
    for (const auto& file : manifest_.files) GRISTMILL_RETURN_IF_ERROR(finish(file));
    for (const auto& link : manifest_.links) {
      const auto path = folder_ + "/" + link.path;
      if (::symlink(link.target.c_str(), path.c_str()) != 0 && errno != EEXIST)
        return errno_error(fmt::format("making link {}", path), errno);
    }
    return {};
  }

  [[nodiscard]] std::string path_of(const ArtifactFile& file) const {
    return file.path.empty() ? folder_ + "/content" : folder_ + "/" + file.path;
  }

 private:
  Status make_folders() {
    GRISTMILL_RETURN_IF_ERROR(io::create_folders(folder_));
    const auto make_parent = [&](const std::string& path) {
      return io::create_folders(fs::path(folder_ + "/" + path).parent_path().string());
    };
    for (const auto& file : manifest_.files) GRISTMILL_RETURN_IF_ERROR(make_parent(file.path));
    for (const auto& link : manifest_.links) GRISTMILL_RETURN_IF_ERROR(make_parent(link.path));
    for (const auto& folder : manifest_.folders) GRISTMILL_RETURN_IF_ERROR(io::create_folders(folder_ + "/" + folder));
    return {};
  }

  [[nodiscard]] std::string unfinished(const ArtifactFile& file) const {
    return path_of(file) + std::string(unfinished_ending);
  }

  /// A file of the right size, to be filled; one that an earlier try finished becomes unfinished again.
  [[nodiscard]] Status create(const ArtifactFile& file) const {
    const auto path = unfinished(file);
    ::rename(path_of(file).c_str(), path.c_str());
    const Descriptor opened(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (opened.number() < 0) return errno_error(fmt::format("creating {}", path), errno);
    if (::fchmod(opened.number(), 0600) != 0 || ::ftruncate(opened.number(), static_cast<off_t>(file.bytes)) != 0)
      return errno_error(fmt::format("creating {}", path), errno);
    return {};
  }

  [[nodiscard]] Status write(const Portion& portion) const {
    const auto& file = manifest_.files[portion.file];
    const auto path = unfinished(file);
    const Descriptor opened(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (opened.number() < 0) return errno_error(fmt::format("opening {}", path), errno);
    auto offset = portion.offset;
    for (std::size_t i = portion.first; i < portion.last; ++i) {
      const auto& piece = file.pieces[i];
      if (!is_there(opened.number(), offset, piece)) {
        GRISTMILL_TRY(const auto content, read_piece(store_, piece));
        GRISTMILL_RETURN_IF_ERROR(write_at(opened.number(), path, offset, content));
      }
      offset += piece.bytes;
    }
    return {};
  }

  /// True for what an interrupted try wrote. A fresh file has a hole there, which is not read.
  static bool is_there(int descriptor, std::uint64_t offset, const ChunkPiece& piece) {
    const auto data = ::lseek(descriptor, static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0 || static_cast<std::uint64_t>(data) >= offset + piece.bytes) return false;
    std::string content(piece.bytes, '\0');
    const auto count = ::pread(descriptor, content.data(), content.size(), static_cast<off_t>(offset));
    return count == static_cast<ssize_t>(content.size()) && piece.digest.matches(content);
  }

  static Status write_at(int descriptor, const std::string& path, std::uint64_t offset, std::string_view content) {
    while (!content.empty()) {
      const auto count = ::pwrite(descriptor, content.data(), content.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error(fmt::format("writing {}", path), errno);
      content.remove_prefix(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  [[nodiscard]] Status finish(const ArtifactFile& file) const {
    const auto path = unfinished(file);
    if (::chmod(path.c_str(), file.mode) != 0) return errno_error(fmt::format("setting the mode of {}", path), errno);
    if (::rename(path.c_str(), path_of(file).c_str()) != 0) return errno_error(fmt::format("renaming {}", path), errno);
    return {};
  }

  const ArtifactManifest& manifest_;
  const PackStore& store_;
  std::string folder_;
};

}  // namespace

Status restore_tree(const ArtifactManifest& manifest, const PackStore& store, const std::string& destination,
                    const ArtifactWork& work) {
  std::error_code code;
  const auto status = fs::symlink_status(destination, code);
  if (fs::exists(status) && !(fs::is_directory(status) && manifest.is_tree && fs::is_empty(destination, code)))
    return Error{ErrorCode::already_exists, fmt::format("{} is there already: name another place", destination)};
  const auto partial = fmt::format("{}.partial-{}", destination, sha256_hex(manifest.encode()).substr(0, 16));
  Restorer restorer(manifest, store, partial);
  GRISTMILL_RETURN_IF_ERROR(restorer.work(work));
  const auto made = manifest.is_tree ? partial : restorer.path_of(manifest.files[0]);
  if (::rename(made.c_str(), destination.c_str()) != 0)
    return errno_error(fmt::format("renaming {} to {}", made, destination), errno);
  if (!manifest.is_tree) fs::remove(partial, code);
  return {};
}

}  // namespace gristmill::store
