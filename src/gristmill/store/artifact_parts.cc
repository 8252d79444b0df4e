// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace gristmill::store {

ArtifactManifest put_into(ArtifactManifest tree, const std::string& place, ArtifactManifest added) {
  const auto is_replaced = [&](const std::string& path) { return path == place || path.starts_with(place + "/"); };
  const auto prefix = [&](std::string& path) { path = path.empty() ? place : place + "/" + path; };
  std::erase_if(tree.files, [&](const ArtifactFile& file) { return is_replaced(file.path); });
  std::erase_if(tree.links, [&](const ArtifactLink& link) { return is_replaced(link.path); });
  std::erase_if(tree.folders,
                [&](const std::string& folder) { return is_replaced(folder) || place.starts_with(folder + "/"); });
  for (auto& file : added.files) prefix(file.path);
  for (auto& link : added.links) prefix(link.path);
  for (auto& folder : added.folders) prefix(folder);
  std::ranges::move(added.files, std::back_inserter(tree.files));
  std::ranges::move(added.links, std::back_inserter(tree.links));
  std::ranges::move(added.folders, std::back_inserter(tree.folders));
  std::ranges::sort(tree.files, {}, &ArtifactFile::path);
  std::ranges::sort(tree.links, {}, &ArtifactLink::path);
  std::ranges::sort(tree.folders);
  tree.is_tree = true;
  return tree;
}

namespace {

/// A place within a version, in plain words and behind the links on the way: `latest/x` is `step-9/x` where `latest`
/// leads to `step-9`.
std::string place_in(const ArtifactManifest& tree, const std::string& wanted) {
  namespace fs = std::filesystem;
  auto place = fs::path(wanted).lexically_normal().generic_string();
  // Links may lead in a circle.
  constexpr int links_max = 40;
  for (int count = 0; count < links_max; ++count) {
    while (place.ends_with('/')) place.pop_back();
    const auto link = std::ranges::find_if(
        tree.links, [&](const ArtifactLink& one) { return place == one.path || place.starts_with(one.path + "/"); });
    if (link == tree.links.end()) break;
    const auto rest = place.substr(std::min(place.size(), link->path.size() + 1));
    place = (fs::path(link->path).parent_path() / link->target / rest).lexically_normal().generic_string();
  }
  return place;
}

/// Takes over the links below a place. One that leads out of it becomes the file that it leads to.
Status add_links(const ArtifactManifest& tree, const std::string& place, ArtifactManifest& part) {
  for (const auto& link : tree.links) {
    if (!link.path.starts_with(place + "/")) continue;
    const auto path = link.path.substr(place.size() + 1);
    if (stays_inside(path, link.target)) {
      part.links.push_back({path, link.target});
      continue;
    }
    const auto file = std::ranges::find(tree.files, place_in(tree, link.path), &ArtifactFile::path);
    if (file == tree.files.end())
      return invalid_argument(
          fmt::format("the link '{}' leads out of '{}', and to no file: get the whole version", link.path, place));
    part.files.push_back(*file);
    part.files.back().path = path;
  }
  std::ranges::sort(part.files, {}, &ArtifactFile::path);
  return {};
}

}  // namespace

Result<ArtifactManifest> part_of(const ArtifactManifest& tree, const std::string& wanted) {
  const auto place = place_in(tree, wanted);
  ArtifactManifest part;
  for (const auto& file : tree.files) {
    if (file.path == place) {
      part.files = {file};
      part.files[0].path.clear();
      return part;
    }
    if (!file.path.starts_with(place + "/")) continue;
    part.files.push_back(file);
    part.files.back().path.erase(0, place.size() + 1);
  }
  part.is_tree = true;
  bool is_there = false;
  for (const auto& folder : tree.folders) {
    is_there |= folder == place;
    if (folder.starts_with(place + "/")) part.folders.push_back(folder.substr(place.size() + 1));
  }
  GRISTMILL_RETURN_IF_ERROR(add_links(tree, place, part));
  if (part.files.empty() && part.links.empty() && part.folders.empty() && !is_there)
    return not_found(fmt::format("nothing at '{}'; `gristmill artifact show` lists what there is", wanted));
  return part;
}

}  // namespace gristmill::store
