// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/format_3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gristmill::store {
namespace {

// Values of timestamps in nanoseconds read as text, and a column of the type unknown holds nothing.
constexpr std::array<std::string_view, 3> unread_types{"variant", "geometry", "geography"};

bool is_unread(const std::string& type) {
  return std::ranges::any_of(
      unread_types, [&](std::string_view name) { return type == name || type.starts_with(std::string(name) + "("); });
}

Error unreadable(std::string_view column, std::string_view what) {
  return invalid_argument(fmt::format(
      "column {} {} (Iceberg format version 3), which cannot be read yet; leave it out of the table, or copy the table "
      "to format version 2 with the program that made it",
      column, what));
}

Status check_type(const Json& type, const std::string& path);

Status check_field(const Json& field, const std::string& outer) {
  const auto path = outer.empty() ? field["name"].as_string() : outer + "." + field["name"].as_string();
  // A file from before the column was added holds nothing where the default belongs.
  if (!field["initial-default"].is_null()) return unreadable(path, "has a default value");
  return check_type(field["type"], path);
}

Status check_type(const Json& type, const std::string& path) {
  if (type.is_string())
    return is_unread(type.as_string()) ? Status(unreadable(path, "is of type " + type.as_string())) : Status();
  for (const auto* part : {"element", "key", "value"}) {
    if (type.contains(part)) GRISTMILL_RETURN_IF_ERROR(check_type(type[part], path + "." + part));
  }
  for (const auto& field : type["fields"].items()) GRISTMILL_RETURN_IF_ERROR(check_field(field, path));
  return {};
}

}  // namespace

Status check_readable(const TableMetadata& metadata) {
  if (metadata.format_version() < 3) return {};
  if (metadata.document()["encryption-keys"].size() > 0)
    return invalid_argument("the table is encrypted (Iceberg format version 3), which cannot be read");
  return check_type(metadata.schema(metadata.current_schema_id()), {});
}

}  // namespace gristmill::store
