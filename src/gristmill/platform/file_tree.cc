// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/file_tree.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/platform/dvc.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

class Walker {
 public:
  Status add_root(const std::string& path) {
    if (io::is_object(path)) return add_objects(absolute_path(path));
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) {
      // A path that the user typed must be there; what is wrong inside a tree is noted instead.
      return errno_error(path, errno);
    }
    const auto absolute = fs::absolute(path).lexically_normal();
    if (S_ISDIR(facts.st_mode)) {
      walk(absolute.string(), {}, facts);
    } else if (absolute.extension() == ".dvc" && S_ISREG(facts.st_mode)) {
      GRISTMILL_TRY(const auto files, resolve_dvc(absolute.string()));
      for (const auto& file : files) tree_.files.push_back({file.name, file.path, file.bytes});
    } else {
      add_file(absolute.string(), absolute.filename().string(), facts);
    }
    return {};
  }

  FileTree take() {
    std::ranges::sort(tree_.files, [](const TreeFile& a, const TreeFile& b) {
      return std::tie(a.name, a.path) < std::tie(b.name, b.path);
    });
    const auto same = std::ranges::unique(tree_.files, {}, &TreeFile::path);
    tree_.files.erase(same.begin(), same.end());
    return std::move(tree_);
  }

 private:
  Status add_objects(const std::string& root) {
    GRISTMILL_TRY(const auto object, io::ObjectPath::parse(root));
    GRISTMILL_TRY(const auto whole,
                  object.key.empty() ? Result<std::optional<std::uint64_t>>(std::nullopt) : io::find_file(root));
    if (whole) tree_.files.push_back({root.substr(root.rfind('/') + 1), root, *whole});
    GRISTMILL_TRY(const auto entries, io::list_folder(root));
    if (!whole && entries.empty()) return not_found(fmt::format("{}: no object has this key or begins with it", root));
    for (const auto& entry : entries) add_object(entry, entry.path.substr(root.size() + 1));
    return {};
  }

  void add_object(const io::FileEntry& entry, const std::string& name) {
    const std::string around = "/" + name + "/";
    const auto holds = [&](std::string_view part) { return around.find(part) != std::string::npos; };
    if (holds("//") || holds("/./") || holds("/../")) {
      tree_.problems.push_back({entry.path, "the key has empty parts, '.' or '..' and so cannot name a file"});
    } else if (!kernels::is_valid_utf8(entry.path)) {
      tree_.problems.push_back({kernels::replace_invalid_utf8(entry.path), "the key is not valid UTF-8"});
    } else if (holds("/.")) {
      ++tree_.hidden;
    } else {
      tree_.files.push_back({name, entry.path, entry.bytes});
    }
  }

  void walk(const std::string& folder, const std::string& prefix, const struct stat& facts) {
    if (!visited_.insert({facts.st_dev, facts.st_ino}).second) {
      tree_.problems.push_back(
          {folder, "this folder was visited already (a loop of symbolic links?); not entered again"});
      return;
    }
    std::error_code code;
    fs::directory_iterator entries(folder, code);
    if (code) {
      tree_.problems.push_back({folder, fmt::format("cannot list this folder: {}", code.message())});
      return;
    }
    std::vector<fs::path> paths;
    for (; entries != fs::directory_iterator(); entries.increment(code)) {
      if (code) break;
      paths.push_back(entries->path());
    }
    if (code) tree_.problems.push_back({folder, fmt::format("listing stopped early: {}", code.message())});
    std::ranges::sort(paths);
    for (const auto& path : paths) {
      const auto name = path.filename().string();
      if (name.starts_with('.')) {
        ++tree_.hidden;
      } else {
        visit(path.string(), prefix + name);
      }
    }
  }

  void visit(const std::string& path, const std::string& name) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) {
      const int error_number = errno;
      const auto* what = error_number == ELOOP    ? "a loop of symbolic links"
                         : error_number == ENOENT ? "a broken symbolic link"
                                                  : nullptr;
      tree_.problems.push_back({path, what ? std::string(what) : errno_error("cannot be read", error_number).message});
    } else if (S_ISDIR(facts.st_mode)) {
      walk(path, name + "/", facts);
    } else if (name.ends_with(".dvc") && S_ISREG(facts.st_mode)) {
      add_pointer(path, name);
    } else {
      add_file(path, name, facts);
    }
  }

  /// A pointer of DVC stands for what it names; where that lies beside it, the pointer itself is nothing to land.
  void add_pointer(const std::string& path, const std::string& name) {
    constexpr std::size_t ending = 4;
    if (std::error_code code; fs::exists(path.substr(0, path.size() - ending), code)) {
      ++tree_.hidden;
      return;
    }
    const auto files = resolve_dvc(path);
    if (!files) {
      tree_.problems.push_back({path, files.error().message});
      return;
    }
    const auto folder = name.substr(0, name.rfind('/') + 1);
    for (const auto& file : *files) tree_.files.push_back({folder + file.name, file.path, file.bytes});
  }

  void add_file(const std::string& path, const std::string& name, const struct stat& facts) {
    if (!kernels::is_valid_utf8(path)) {
      // Catalog, JSON and Parquet hold UTF-8 only: such a name could not be written down and found again.
      tree_.problems.push_back(
          {kernels::replace_invalid_utf8(path),
           "the name is not valid UTF-8: rename the file (convmv -f latin1 -t utf8) and ingest again"});
    } else if (!S_ISREG(facts.st_mode)) {
      tree_.problems.push_back({path, "neither a file nor a folder (a socket, pipe or device)"});
    } else if (::access(path.c_str(), R_OK) != 0) {
      tree_.problems.push_back({path, errno_error("cannot be read", errno).message});
    } else {
      tree_.files.push_back({name, path, static_cast<std::uint64_t>(facts.st_size)});
    }
  }

  FileTree tree_;
  std::set<std::pair<dev_t, ino_t>> visited_;
};

}  // namespace

std::string absolute_path(const std::string& path) {
  if (!io::is_object(path)) return fs::absolute(path).lexically_normal().string();
  auto object = path;
  while (object.ends_with('/')) object.pop_back();
  return object;
}

std::string uri_of(const std::string& path) { return io::is_object(path) ? path : "file://" + path; }

Result<FileTree> list_files(const std::vector<std::string>& paths) {
  Walker walker;
  for (const auto& path : paths) GRISTMILL_RETURN_IF_ERROR(walker.add_root(path));
  return walker.take();
}

}  // namespace gristmill::platform
