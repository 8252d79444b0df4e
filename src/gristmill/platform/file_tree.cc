// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/file_tree.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "gristmill/kernels/utf8.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

class Walker {
 public:
  Status add_root(const std::string& path) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) {
      // A path that the user typed must be there; what is wrong inside a tree is noted instead.
      return errno_error(path, errno);
    }
    const auto absolute = fs::absolute(path).lexically_normal();
    if (S_ISDIR(facts.st_mode)) {
      walk(absolute.string(), {}, facts);
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
    } else {
      add_file(path, name, facts);
    }
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

Result<FileTree> list_files(const std::vector<std::string>& paths) {
  Walker walker;
  for (const auto& path : paths) GRISTMILL_RETURN_IF_ERROR(walker.add_root(path));
  return walker.take();
}

}  // namespace gristmill::platform
