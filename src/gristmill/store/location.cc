// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/location.h"

#include <fmt/format.h>

#include <filesystem>

#include "gristmill/io/object_path.h"

namespace gristmill::store {

Result<std::string> location_of(const std::string& path) {
  if (path.find_first_of("?#") != std::string::npos)
    return invalid_argument(fmt::format("the path may not hold ? or #, Iceberg readers would cut it there: {}", path));
  if (io::is_object(path)) {
    GRISTMILL_TRY(const auto object, io::ObjectPath::parse(path));
    auto location = object.key.empty() ? "s3://" + object.bucket : object.text();
    while (location.ends_with('/')) location.pop_back();
    return location;
  }
  std::error_code code;
  auto absolute = std::filesystem::absolute(path, code).lexically_normal().string();
  if (code) return errno_error(path, code.value());
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return "file://" + absolute;
}

Result<std::string> path_of(std::string_view location) {
  std::string_view path = location;
  // Readers of the Hadoop world call the same place s3a or s3n.
  for (const std::string_view scheme : {"s3://", "s3a://", "s3n://"}) {
    if (!path.starts_with(scheme)) continue;
    GRISTMILL_TRY(const auto object, io::ObjectPath::parse(fmt::format("s3://{}", path.substr(scheme.size()))));
    return object.text();
  }
  if (path.starts_with("file:")) {
    path.remove_prefix(5);
    if (path.starts_with("//localhost/")) path.remove_prefix(11);
    if (path.starts_with("//")) path.remove_prefix(2);
  }
  // In normal form, so that paths of different writers can be compared.
  if (path.starts_with('/') && path.find('\0') == std::string_view::npos)
    return std::filesystem::path(path).lexically_normal().string();
  return invalid_argument(fmt::format("only local files and objects (s3://) can be read: {}", location.substr(0, 200)));
}

}  // namespace gristmill::store
