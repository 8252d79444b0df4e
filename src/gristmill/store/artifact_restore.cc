// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/io/lock_file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/store/artifact_changes.h"
#include "gristmill/store/artifacts.h"

namespace gristmill::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t portion_bytes = std::uint64_t{32} << 20;
constexpr std::string_view unfinished_folder = "unfinished";

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

/// Builds a tree in a folder of its own, where nobody else has put links. Files grow beside the tree, under numbers: a
/// tree may hold any name.
class Restorer {
 public:
  Restorer(const ArtifactManifest& manifest, const PackStore& store, std::string folder)
      : manifest_(manifest), store_(store), folder_(std::move(folder)) {}

  Status work(const ArtifactWork& work) {
    GRISTMILL_RETURN_IF_ERROR(make_folders());
    for (std::size_t i = 0; i < manifest_.files.size(); ++i) GRISTMILL_RETURN_IF_ERROR(create(i));
    const auto portions = portions_of(manifest_);
    GRISTMILL_RETURN_IF_ERROR(
        for_each_piece(portions.size(), work, [&](std::size_t i, int) { return write(portions[i]); }));
    for (std::size_t i = 0; i < manifest_.files.size(); ++i) GRISTMILL_RETURN_IF_ERROR(finish(i));
    for (const auto& link : manifest_.links) {
      const auto path = tree() + "/" + link.path;
      if (::symlink(link.target.c_str(), path.c_str()) != 0 && errno != EEXIST)
        return errno_error(fmt::format("making link {}", path), errno);
    }
    return {};
  }

  /// What is to be renamed to the destination.
  [[nodiscard]] std::string made() const { return manifest_.is_tree ? tree() : path_of(0); }

 private:
  [[nodiscard]] std::string tree() const { return folder_ + "/tree"; }
  [[nodiscard]] std::string unfinished(std::size_t file) const {
    return fmt::format("{}/{}/{}", folder_, unfinished_folder, file);
  }
  [[nodiscard]] std::string path_of(std::size_t file) const {
    const auto& path = manifest_.files[file].path;
    return tree() + "/" + (path.empty() ? "content" : path);
  }

  Status make_folders() {
    GRISTMILL_RETURN_IF_ERROR(io::create_folders(tree()));
    GRISTMILL_RETURN_IF_ERROR(io::create_folders(fmt::format("{}/{}", folder_, unfinished_folder)));
    const auto make_parent = [&](const std::string& path) {
      return io::create_folders(fs::path(tree() + "/" + path).parent_path().string());
    };
    for (const auto& file : manifest_.files) GRISTMILL_RETURN_IF_ERROR(make_parent(file.path));
    for (const auto& link : manifest_.links) GRISTMILL_RETURN_IF_ERROR(make_parent(link.path));
    for (const auto& folder : manifest_.folders) GRISTMILL_RETURN_IF_ERROR(io::create_folders(tree() + "/" + folder));
    return {};
  }

  /// A file of the right size, to be filled; one that an earlier try finished becomes unfinished again.
  [[nodiscard]] Status create(std::size_t index) const {
    const auto& file = manifest_.files[index];
    const auto path = unfinished(index);
    ::rename(path_of(index).c_str(), path.c_str());
    constexpr int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    int number = ::open(path.c_str(), flags, 0600);
    // It had its mode already, and may not be written by its owner.
    if (number < 0 && errno == EACCES && ::unlink(path.c_str()) == 0) number = ::open(path.c_str(), flags, 0600);
    const Descriptor opened(number);
    if (opened.number() < 0) return errno_error(fmt::format("creating {} for {}", path, file.path), errno);
    if (::fchmod(opened.number(), 0600) != 0 || ::ftruncate(opened.number(), static_cast<off_t>(file.bytes)) != 0)
      return errno_error(fmt::format("creating {} for {}", path, file.path), errno);
    return {};
  }

  [[nodiscard]] Status write(const Portion& portion) const {
    const auto& file = manifest_.files[portion.file];
    const auto path = unfinished(portion.file);
    const Descriptor opened(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (opened.number() < 0) return errno_error(fmt::format("opening {} for {}", path, file.path), errno);
    auto offset = portion.offset;
    for (std::size_t i = portion.first; i < portion.last; ++i) {
      const auto& piece = file.pieces[i];
      if (!is_there(opened.number(), offset, piece)) {
        auto content = read_piece(store_, piece);
        if (!content) return std::move(content).error().within(file.path.empty() ? "the file" : file.path);
        // What is a hole is read as zeros: a sparse file stays one.
        const bool is_written = !is_zeros(*content) || !is_hole(opened.number(), offset, piece.bytes);
        if (is_written) GRISTMILL_RETURN_IF_ERROR(write_at(opened.number(), path, offset, *content));
      }
      offset += piece.bytes;
    }
    return {};
  }

  static bool is_zeros(std::string_view content) {
    return std::ranges::all_of(content, [](char byte) { return byte == 0; });
  }

  static bool is_hole(int descriptor, std::uint64_t offset, std::uint64_t bytes) {
    const auto data = ::lseek(descriptor, static_cast<off_t>(offset), SEEK_DATA);
    return data < 0 ? errno == ENXIO : static_cast<std::uint64_t>(data) >= offset + bytes;
  }

  /// True for what an interrupted try wrote. A fresh file has a hole there, which is not read.
  static bool is_there(int descriptor, std::uint64_t offset, const ChunkPiece& piece) {
    if (is_hole(descriptor, offset, piece.bytes)) return false;
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

  [[nodiscard]] Status finish(std::size_t index) const {
    const auto path = unfinished(index);
    const auto place = path_of(index);
    if (::chmod(path.c_str(), manifest_.files[index].mode) != 0)
      return errno_error(fmt::format("setting the mode of {}", place), errno);
    if (::rename(path.c_str(), place.c_str()) != 0) return errno_error(fmt::format("renaming to {}", place), errno);
    return {};
  }

  const ArtifactManifest& manifest_;
  const PackStore& store_;
  std::string folder_;
};

/// Writes a version below a prefix of a bucket, or to one key. There is nothing to rename: an interrupted try leaves
/// whole objects, which the next one writes again.
Status restore_objects(const ArtifactManifest& manifest, const PackStore& store, const std::string& destination,
                       const ArtifactWork& work) {
  if (!manifest.links.empty())
    return invalid_argument(
        fmt::format("there are links in it ('{}'), which an object store has not: get it into a folder, or a part of "
                    "it with --only",
                    manifest.links.front().path));
  const auto place = destination.substr(0, destination.find_last_not_of('/') + 1);
  const auto key_of = [&](const ArtifactFile& file) { return manifest.is_tree ? place + "/" + file.path : place; };
  std::set<std::string> keys;
  for (const auto& file : manifest.files) keys.insert(key_of(file));
  GRISTMILL_TRY(const auto present, io::list_folder(place));
  const bool has_others = std::ranges::any_of(present, [&](const auto& file) { return !keys.contains(file.path); });
  GRISTMILL_TRY(const auto itself, io::find_file(place));
  if (has_others || itself)
    return Error{ErrorCode::already_exists, fmt::format("{} is there already: name another place", destination)};
  return for_each_piece(manifest.files.size(), work, [&](std::size_t i, int) -> Status {
    GRISTMILL_TRY(const auto writer, io::FileWriter::create(key_of(manifest.files[i])));
    for (const auto& piece : manifest.files[i].pieces) {
      GRISTMILL_TRY(const auto content, read_piece(store, piece));
      GRISTMILL_RETURN_IF_ERROR(writer->write(content));
    }
    return writer->publish();
  });
}

Status check_free(const fs::path& place, bool is_tree) {
  std::error_code code;
  const auto status = fs::symlink_status(place, code);
  if (!fs::exists(status) || (fs::is_directory(status) && is_tree && fs::is_empty(place, code))) return {};
  return Error{ErrorCode::already_exists, fmt::format("{} is there already: name another place", place.string())};
}

}  // namespace

Status restore_tree(const ArtifactManifest& manifest, const PackStore& store, const std::string& destination,
                    const ArtifactWork& work) {
  if (io::is_object(destination)) return restore_objects(manifest, store, destination, work);
  std::error_code code;
  // A slash or dot at the end would put what is unfinished into the destination.
  fs::path place(destination.substr(0, destination.find_last_not_of('/') + 1));
  if (place.filename() == "." || place.filename() == "..") place = fs::canonical(place, code);
  if (place.empty()) return invalid_argument(fmt::format("'{}' is no place to write to", destination));
  GRISTMILL_RETURN_IF_ERROR(check_free(place, manifest.is_tree));
  const auto partial = fmt::format("{}.partial-{}", place.string(), sha256_hex(manifest.encode()).substr(0, 16));
  // Two at work there would take each other's finished files for their own unfinished ones.
  GRISTMILL_TRY(const auto lock, io::LockFile::acquire(partial + "/lock"));
  // Whoever held the lock before may have got it there.
  if (auto taken = check_free(place, manifest.is_tree); !taken) {
    fs::remove_all(partial, code);
    return taken;
  }
  Restorer restorer(manifest, store, partial);
  GRISTMILL_RETURN_IF_ERROR(restorer.work(work));
  const auto made = restorer.made();
  if (::rename(made.c_str(), place.c_str()) != 0)
    return errno_error(fmt::format("renaming {} to {}", made, place.string()), errno);
  fs::remove_all(partial, code);
  return {};
}

}  // namespace gristmill::store
