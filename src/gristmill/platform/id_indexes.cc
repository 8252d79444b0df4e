// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/id_indexes.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "gristmill/io/file.h"

namespace gristmill::platform {
namespace {

constexpr std::string_view folder_name = "_index";
/// As it was called at first; what lies there is still found.
constexpr std::string_view earlier_name = "index";

}  // namespace

std::string index_folder(std::string_view table_folder, std::string_view work_id) {
  return fmt::format("{}/{}/{}", table_folder, folder_name, work_id);
}

std::string index_of(const std::string& data_file) {
  const std::filesystem::path path(data_file);
  const auto work_id = path.parent_path().filename();
  const auto table = path.parent_path().parent_path().parent_path();
  return (table / folder_name / work_id / path.stem()).string() + ".ids";
}

Result<std::vector<std::string>> index_files(std::string_view table_folder, std::string_view work_id) {
  std::vector<std::string> paths;
  for (const auto name : {folder_name, earlier_name}) {
    GRISTMILL_TRY(const auto entries, io::list_folder(fmt::format("{}/{}/{}", table_folder, name, work_id)));
    for (const auto& entry : entries) {
      if (entry.path.ends_with(".ids")) paths.push_back(entry.path);
    }
    if (!paths.empty()) break;
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace gristmill::platform
