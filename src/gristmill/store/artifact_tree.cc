// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_tree.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gristmill/base/json.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/store/artifact_manifest.h"

namespace gristmill::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t permission_bits = 0777;

bool is_utf8(const std::string& text) {
  const auto again = Json::parse(Json(text).dump());
  return again && again->as_string() == text;
}

Result<TreeEntry> file_entry(const std::string& path, const std::string& source) {
  struct stat facts{};
  if (::stat(source.c_str(), &facts) != 0) return errno_error(source, errno);
  if (!S_ISREG(facts.st_mode))
    return invalid_argument(fmt::format("{} is neither a file nor a folder nor a link: leave it out", source));
  return TreeEntry{.kind = TreeEntry::Kind::file,
                   .path = path,
                   .source = source,
                   .mode = facts.st_mode & permission_bits,
                   .bytes = static_cast<std::uint64_t>(facts.st_size),
                   .target = {},
                   .mark = FileMark::of(facts)};
}

Result<TreeEntry> link_entry(const std::string& path, const std::string& source, bool follows_links) {
  std::error_code code;
  const auto target = fs::read_symlink(source, code).string();
  if (code) return errno_error(fmt::format("reading link {}", source), code.value());
  if (stays_inside(path, target) && is_utf8(target))
    return TreeEntry{.kind = TreeEntry::Kind::link, .path = path, .source = source, .target = target, .mark = {}};
  if (follows_links) return file_entry(path, source);
  return invalid_argument(fmt::format(
      "the link {} leads out of the tree, to {}: put the file in its place, or say --follow-links", source, target));
}

Result<std::vector<TreeEntry>> list_objects(std::string root) {
  const auto object = [](std::string path, const io::FileEntry& file) {
    return TreeEntry{.kind = TreeEntry::Kind::file,
                     .path = std::move(path),
                     .source = file.path,
                     .bytes = file.bytes,
                     .target = {},
                     .mark = {.modified_ns = file.modified_ms, .etag = file.etag}};
  };
  if (!root.ends_with('/')) {
    const auto found = io::find_object(root);
    if (found) return std::vector{object({}, *found)};
    if (found.error().code != ErrorCode::not_found) return found.error();
  }
  while (root.ends_with('/')) root.pop_back();
  GRISTMILL_TRY(const auto files, io::list_folder(root));
  if (files.empty()) return not_found(fmt::format("{}: there is no such object, and nothing below it", root));
  std::vector<TreeEntry> entries;
  ArtifactManifest paths;
  for (const auto& file : files) {
    entries.push_back(object(file.path.substr(root.size() + 1), file));
    if (!is_utf8(entries.back().path)) return invalid_argument(fmt::format("the key {} is not UTF-8", file.path));
    paths.files.push_back({.path = entries.back().path, .bytes = 0, .pieces = {}});
  }
  // Keys may be what no folder can hold: `a//b`, or `a` beside `a/b`.
  if (const auto checked = paths.check_paths(); !checked)
    return invalid_argument(fmt::format("{}: {}", root, checked.error().message));
  std::ranges::sort(entries, {}, &TreeEntry::path);
  return entries;
}

}  // namespace

FileMark FileMark::of(const struct stat& facts) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  return {static_cast<std::uint64_t>(facts.st_dev), static_cast<std::uint64_t>(facts.st_ino),
          std::int64_t{facts.st_mtim.tv_sec} * second_ns + facts.st_mtim.tv_nsec};
}

Result<std::vector<TreeEntry>> list_tree(const std::string& root, bool follows_links) {
  if (io::is_object(root)) return list_objects(root);
  std::vector<TreeEntry> entries;
  struct stat facts{};
  if (::stat(root.c_str(), &facts) != 0) return errno_error(root, errno);
  if (!S_ISDIR(facts.st_mode)) {
    GRISTMILL_TRY(auto entry, file_entry({}, root));
    entries.push_back(std::move(entry));
    return entries;
  }
  std::error_code code;
  fs::recursive_directory_iterator items(root, code);
  for (; !code && items != fs::recursive_directory_iterator(); items.increment(code)) {
    const auto source = items->path().string();
    const auto path = fs::path(source).lexically_relative(root).generic_string();
    if (!is_utf8(path)) return invalid_argument(fmt::format("the name {} is not UTF-8: rename the file", source));
    const auto status = items->symlink_status(code);
    if (code) break;
    if (fs::is_directory(status)) {
      if (fs::is_empty(source, code))
        entries.push_back({.kind = TreeEntry::Kind::folder, .path = path, .source = source, .target = {}, .mark = {}});
      if (code) break;
      continue;
    }
    GRISTMILL_TRY(auto entry,
                  fs::is_symlink(status) ? link_entry(path, source, follows_links) : file_entry(path, source));
    entries.push_back(std::move(entry));
  }
  if (code) return errno_error(fmt::format("listing {}", root), code.value());
  std::ranges::sort(entries, {}, &TreeEntry::path);
  return entries;
}

}  // namespace gristmill::store
