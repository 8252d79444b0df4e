// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/given_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gristmill/base/hash.h"
#include "gristmill/base/units.h"
#include "gristmill/formats/document_id.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/file_tree.h"

namespace gristmill::platform {
namespace {

// A parsed row takes about so much more than its text.
constexpr std::uint64_t row_overhead_factor = 4;
constexpr std::array<std::string_view, 5> fixed_names{"id", "ingestion_id", "origin_uri", "origin_offset",
                                                      "content_digest"};

Result<std::string> sha256_of(const std::string& path) {
  GRISTMILL_TRY(const auto source, io::open_file(path));
  Sha256 hash;
  std::string buffer(std::size_t{1} << 20, '\0');
  while (true) {
    GRISTMILL_TRY(const auto size, source->read(buffer));
    if (size == 0) return hash.hex();
    hash.update(std::string_view(buffer).substr(0, size));
  }
}

bool has_column(const std::vector<formats::TableColumn>& columns, std::string_view name, std::string_view type) {
  const auto found = std::ranges::find(columns, name, &formats::TableColumn::name);
  return found != columns.end() && found->type == type;
}

void set_if_absent(Json& row, std::string_view name, Json value) {
  if (row[name].is_null()) row.set(name, std::move(value));
}

}  // namespace

Result<GivenFile> read_given_file(const Workspace& workspace, const std::string& path) {
  GivenFile file{.path = absolute_path(path)};
  GRISTMILL_TRY(file.sha256, sha256_of(path));
  std::uint64_t bytes = 0;
  const auto bytes_max = workspace.settings().memory_bytes / row_overhead_factor;
  const auto use = [&](std::int64_t place, Json row) -> Status {
    bytes += row.dump().size();
    if (bytes > bytes_max)
      return limit_exceeded(fmt::format("{}: its rows do not fit into memory ({} allowed): give them in several files",
                                        path, format_size(static_cast<double>(bytes_max))));
    file.rows.push_back(std::move(row));
    file.places.push_back(place);
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(formats::read_rows(path, use));
  return file;
}

Status give_origins(GivenFile& file, const std::string& dataset, const std::string& change_id,
                    const std::vector<formats::TableColumn>& columns) {
  const formats::DocumentIds ids({.source = "change", .name = dataset, .sha256 = file.sha256, .member = {}});
  const bool has_id = has_column(columns, "id", "string");
  const bool has_origin = has_column(columns, "origin_uri", "string") && has_column(columns, "origin_offset", "long");
  for (std::size_t i = 0; i < file.rows.size(); ++i) {
    auto& row = file.rows[i];
    Hash128 id;
    if (has_id && row.contains("id") && has_origin && !row["id"].is_null()) {
      if (!Hash128::parse(row["id"].as_string(), id))
        return invalid_argument(
            fmt::format("row {}: id {} is not one of ours (32 hex digits)", i + 1, row["id"].dump().substr(0, 100)));
      row.set("id", id.hex());
    }
    if (has_id) set_if_absent(row, "id", ids.at(i).hex());
    if (!has_origin) continue;
    const bool has_own = !row["origin_uri"].is_null();
    if (has_column(columns, "ingestion_id", "string")) set_if_absent(row, "ingestion_id", change_id);
    set_if_absent(row, "origin_uri", uri_of(file.path));
    if (!has_own) set_if_absent(row, "origin_offset", file.places[i]);
  }
  return {};
}

Result<Json> parse_settings(const std::vector<std::string>& sets, const std::vector<formats::TableColumn>& columns) {
  auto row = Json::object();
  for (const auto& set : sets) {
    const auto equal = set.find('=');
    if (equal == std::string::npos || equal == 0)
      return invalid_argument(fmt::format("--set {}: write COLUMN=VALUE", set.substr(0, 200)));
    const auto name = set.substr(0, equal);
    auto value = set.substr(equal + 1);
    const auto column = std::ranges::find(columns, name, &formats::TableColumn::name);
    if (std::ranges::find(fixed_names, name) != fixed_names.end() && column != columns.end())
      return invalid_argument(fmt::format("--set {}: says where a row comes from, and never changes", name));
    if (row.contains(name)) return invalid_argument(fmt::format("--set {} is given twice", name));
    if (value == "null") {
      row.set(name, Json());
      continue;
    }
    if (value.size() >= 2 && value.front() == '\'' && value.back() == '\'') value = value.substr(1, value.size() - 2);
    row.set(name, std::move(value));
  }
  if (row.size() == 0) return invalid_argument("say what to set: --set COLUMN=VALUE");
  return row;
}

}  // namespace gristmill::platform
