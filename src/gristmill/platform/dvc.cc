// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/dvc.h"

#include <fmt/format.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "gristmill/base/md5.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/release.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t pointer_bytes_max = std::uint64_t{16} << 20;
constexpr std::uint64_t listing_bytes_max = std::uint64_t{1} << 30;
constexpr std::size_t digest_digits = 32;
constexpr std::string_view folder_ending = ".dir";

Result<std::string> md5_of(const std::string& path) {
  GRISTMILL_TRY(auto source, io::open_file(path));
  Md5 digest;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (true) {
    GRISTMILL_TRY(const auto count, source->read(buffer));
    if (count == 0) return digest.hex();
    digest.update({buffer.data(), count});
  }
}

bool is_digest(std::string_view text) {
  return text.size() == digest_digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Relative and within its folder.
bool is_below(const std::string& path) {
  const auto plain = fs::path(path).lexically_normal();
  return !path.empty() && plain.is_relative() && *plain.begin() != ".." && path.find('\0') == std::string::npos;
}

/// One entry of `outs` in a pointer.
struct Out {
  std::string digest;  ///< With ".dir" for a folder.
  std::string path;
};

Result<std::vector<Out>> read_pointer(const std::string& pointer) {
  GRISTMILL_TRY(const auto text, io::read_file(pointer, pointer_bytes_max));
  std::vector<Out> outs;
  try {
    const auto yaml = YAML::Load(text);
    for (const auto& item : yaml["outs"]) {
      if (!item["md5"] || !item["path"])
        return invalid_argument(fmt::format("{}: an entry of outs has no md5 or no path", pointer));
      if (!item["hash"] || item["hash"].as<std::string>() != "md5")
        return invalid_argument(fmt::format(
            "{}: written by DVC 2, whose digests are not those of the files: `dvc cache migrate --dvc-files` "
            "brings it up to date",
            pointer));
      outs.push_back({item["md5"].as<std::string>(), item["path"].as<std::string>()});
    }
  } catch (const YAML::Exception& error) {
    return invalid_argument(fmt::format("{}: no DVC pointer: {}", pointer, error.what()));
  }
  if (outs.empty()) return invalid_argument(fmt::format("{}: no DVC pointer: it has no outs", pointer));
  return outs;
}

/// The DVC repository that a pointer is in: its root has a folder `.dvc`.
class Repository {
 public:
  explicit Repository(const std::string& pointer) : folder_(fs::absolute(pointer).lexically_normal().parent_path()) {
    for (auto root = folder_; root.has_relative_path(); root = root.parent_path()) {
      if (!fs::is_directory(root / ".dvc")) continue;
      cache_ = root / ".dvc" / "cache";
      read_cache_folder(root / ".dvc");
      break;
    }
  }

  /// The file with this digest: from the cache, else from the working tree.
  [[nodiscard]] Result<DvcFile> find(const std::string& digest, const std::string& name) const {
    const auto base = digest.substr(0, digest_digits);
    if (!is_digest(base) || !is_below(name))
      return invalid_argument(fmt::format("'{}' with digest '{}' is nothing that DVC writes", name, digest));
    const auto cached = cache_ / "files" / "md5" / digest.substr(0, 2) / digest.substr(2);
    const auto path = io::exists(cached.string()) ? cached.string() : (folder_ / name).string();
    if (!io::exists(path))
      return not_found(fmt::format("{} is neither in DVC's cache nor in its place: `dvc pull` brings it", name));
    GRISTMILL_TRY(const auto found, md5_of(path));
    if (found != base)
      return corrupt_data(fmt::format("{}: its MD5 is {}, but the pointer says {}", path, found, base));
    GRISTMILL_TRY(const auto bytes, io::file_size(path));
    return DvcFile{fs::path(name).lexically_normal().generic_string(), path, bytes};
  }

 private:
  /// `dir = PATH` in the section [cache] of the configuration, relative to it.
  void read_cache_folder(const fs::path& place) {
    for (const auto* name : {"config", "config.local"}) {
      const auto text = io::read_file((place / name).string(), pointer_bytes_max);
      if (!text) continue;
      bool is_cache = false;
      for (std::size_t at = 0; at < text->size();) {
        const auto end = std::min(text->find('\n', at), text->size());
        auto line = text->substr(at, end - at);
        at = end + 1;
        std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
        if (line.starts_with('[')) is_cache = line == "[cache]";
        if (is_cache && line.starts_with("dir=")) cache_ = (place / line.substr(4)).lexically_normal();
      }
    }
  }

  fs::path folder_;
  fs::path cache_;
};

Result<std::vector<DvcFile>> resolve_folder(const Repository& repository, const Out& out) {
  GRISTMILL_TRY(const auto listing, repository.find(out.digest, out.path + "/.dir"));
  GRISTMILL_TRY(const auto text, io::read_file(listing.path, listing_bytes_max));
  auto entries = Json::parse(text);
  if (!entries) return std::move(entries).error().within(listing.path);
  std::vector<DvcFile> files;
  for (const auto& entry : entries->items()) {
    GRISTMILL_TRY(auto file, repository.find(entry["md5"].as_string(), out.path + "/" + entry["relpath"].as_string()));
    files.push_back(std::move(file));
  }
  return files;
}

/// Puts a file under its MD5 into a remote; gives the digest.
Result<std::string> put(const std::string& remote, const std::string& path) {
  GRISTMILL_TRY(auto digest, md5_of(path));
  const auto target = fmt::format("{}/files/md5/{}/{}", remote, digest.substr(0, 2), digest.substr(2));
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(fs::path(target).parent_path().string()));
  if (::rename(path.c_str(), target.c_str()) != 0) return errno_error(fmt::format("renaming to {}", target), errno);
  return digest;
}

}  // namespace

Result<std::vector<DvcFile>> resolve_dvc(const std::string& pointer) {
  GRISTMILL_TRY(const auto outs, read_pointer(pointer));
  const Repository repository(pointer);
  std::vector<DvcFile> files;
  for (const auto& out : outs) {
    if (out.digest.ends_with(folder_ending)) {
      auto below = resolve_folder(repository, out);
      if (!below) return std::move(below).error().within(pointer);
      files.insert(files.end(), below->begin(), below->end());
    } else {
      auto file = repository.find(out.digest, out.path);
      if (!file) return std::move(file).error().within(pointer);
      files.push_back(*std::move(file));
    }
  }
  return files;
}

Result<Json> export_dvc(const Workspace& workspace, const std::vector<std::string>& datasets,
                        const std::string& release, const std::string& destination) {
  auto selectors = datasets;
  if (!release.empty()) {
    GRISTMILL_TRY(const auto shown, show_release(workspace, release));
    GRISTMILL_RETURN_IF_ERROR(check_release_usable(workspace, release));
    for (const auto& item : shown["datasets"].items())
      selectors.push_back(fmt::format("{}@{}", item["dataset"].as_string(), item["version"].as_int()));
  }
  if (selectors.empty()) return invalid_argument("name at least one dataset, or a release");
  if (io::is_object(destination))
    return invalid_argument(
        fmt::format("{}: a DVC repository is a folder of a machine; write it to one, and `dvc push` brings it to a "
                    "bucket",
                    destination));
  std::set<std::string> names;
  for (const auto& selector : selectors) {
    const auto name = selector.substr(0, selector.find('@'));
    if (!names.insert(name).second)
      return invalid_argument(fmt::format("{} has one place in a repository: name one version of it", name));
  }
  std::error_code code;
  if (fs::exists(destination, code) && !fs::is_empty(destination, code))
    return Error{ErrorCode::already_exists, fmt::format("{} is there already: name another folder", destination)};
  const auto remote = destination + "/remote";
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(remote));
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(destination + "/.dvc"));
  auto written = Json::array();
  for (const auto& selector : selectors) {
    const auto name = selector.substr(0, selector.find('@'));
    const auto file = remote + "/incoming.parquet";
    GRISTMILL_TRY(const auto exported, export_dataset(workspace, selector, file));
    GRISTMILL_TRY(const auto bytes, io::file_size(file));
    GRISTMILL_TRY(const auto digest, put(remote, file));
    const auto leaf = fs::path(name).filename().string() + ".parquet";
    const auto pointer = fmt::format("{}/{}.parquet.dvc", destination, name);
    GRISTMILL_RETURN_IF_ERROR(io::write_file(
        pointer, fmt::format("outs:\n- md5: {}\n  size: {}\n  hash: md5\n  path: {}\n", digest, bytes, leaf)));
    written.push(Json::object({{"dataset", name},
                               {"version", exported["version"]},
                               {"documents", exported["documents"]},
                               {"pointer", pointer},
                               {"md5", digest},
                               {"bytes", bytes}}));
  }
  // The configuration last: without it the folder is no repository yet. Its paths count from where it lies.
  GRISTMILL_RETURN_IF_ERROR(io::write_file(
      destination + "/.dvc/config",
      "[core]\n    remote = gristmill\n    no_scm = True\n['remote \"gristmill\"']\n    url = ../remote\n"));
  return Json::object(
      {{"path", destination}, {"release", release.empty() ? Json() : Json(release)}, {"datasets", written}});
}

}  // namespace gristmill::platform
