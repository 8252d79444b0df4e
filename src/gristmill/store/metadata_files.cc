// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/metadata_files.h"

#include <fmt/format.h>

#include <charconv>

#include "gristmill/io/file.h"
#include "gristmill/store/deflate.h"
#include "gristmill/store/location.h"

namespace gristmill::store {
namespace {

constexpr std::size_t metadata_bytes_max = std::size_t{1} << 30;

/// "…/metadata/00012-uuid.metadata.json" -> 13; Iceberg numbers metadata files for the eye only.
int next_metadata_number(std::string_view location) {
  if (location.empty()) return 0;
  const auto slash = location.rfind('/');
  const auto name = location.substr(slash == std::string_view::npos ? 0 : slash + 1);
  int number = -1;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number < 0 || number == INT32_MAX ? 1 : number + 1;
}

}  // namespace

Result<TableMetadata> read_metadata(const std::string& location) {
  GRISTMILL_TRY(const auto path, path_of(location));
  GRISTMILL_TRY(auto bytes, io::read_file(path, metadata_bytes_max));
  if (bytes.starts_with("\x1F\x8B")) {
    auto inflated = inflate(bytes, Compression::gzip, metadata_bytes_max);
    if (!inflated) return std::move(inflated).error().within(path);
    bytes = *std::move(inflated);
  }
  auto metadata = TableMetadata::parse(bytes);
  if (!metadata) return std::move(metadata).error().within(path);
  return metadata;
}

std::string next_metadata_location(std::string_view table_location, std::string_view previous) {
  return fmt::format("{}/metadata/{:05}-{}.metadata.json", table_location, next_metadata_number(previous), new_uuid());
}

void remove_old_metadata(const TableMetadata& metadata, const std::vector<std::string>& locations) {
  const auto folder = path_of(metadata.location() + "/metadata/");
  for (const auto& location : locations) {
    const auto path = path_of(location);
    if (folder && path && path->starts_with(*folder) && path->ends_with(".metadata.json"))
      (void)io::remove_files({*path});
  }
}

}  // namespace gristmill::store
