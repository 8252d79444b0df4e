// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/rest_storage.h"

#include <fmt/format.h>

#include <filesystem>

#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/io/s3_settings.h"
#include "gristmill/store/location.h"

namespace gristmill::platform {
namespace {

constexpr std::string_view delegation_header = "X-Iceberg-Access-Delegation";

/// In normal form without a slash at the end: a path for local files, an address for others.
Result<std::string> normal_location(std::string_view location) {
  while (location.size() > 1 && location.ends_with('/')) location.remove_suffix(1);
  GRISTMILL_TRY(auto normal, store::path_of(location));
  if (!io::is_object(normal)) return normal;
  // Stores take every name as it is, and so do readers: what looks like a way out is refused, not resolved.
  const auto path = fmt::format("/{}/", std::string_view(normal).substr(std::string_view("s3://").size()));
  for (const auto* part : {"/../", "/./", "//"}) {
    if (path.find(part) != std::string::npos)
      return invalid_argument(fmt::format("the location holds {}: {}", part, location.substr(0, 300)));
  }
  return normal;
}

bool is_below(std::string_view location, std::string_view folder) {
  return location.size() > folder.size() && location.starts_with(folder) && location[folder.size()] == '/';
}

/// Where a table lies, from the place of its metadata.
std::string table_folder_of(std::string_view metadata_location) {
  return std::string(metadata_location.substr(0, metadata_location.rfind("/metadata/")));
}

}  // namespace

Status check_in_warehouse(const Workspace& workspace, std::string_view location) {
  GRISTMILL_TRY(const auto root, normal_location(workspace.warehouse()));
  GRISTMILL_TRY(const auto normal, normal_location(location));
  if (is_below(normal, root) && location.find_first_of("?#") == std::string_view::npos) return {};
  return invalid_argument(fmt::format("{} is not in the warehouse {}", location.substr(0, 300), workspace.warehouse()));
}

Result<std::string> new_table_location(const Workspace& workspace, const store::TableName& name) {
  const auto folder = workspace.table_folder(
      fmt::format("{}/{}-{}", name.name_space, name.name, store::new_uuid().substr(0, 8)));
  return store::location_of(folder);
}

Status check_table_location(const Workspace& workspace, meta::Transaction& transaction, const store::TableName& name,
                            const std::string& location) {
  GRISTMILL_RETURN_IF_ERROR(check_in_warehouse(workspace, location));
  GRISTMILL_TRY(const auto normal, normal_location(location));
  for (const auto* reserved : {"landing", "quarantine"}) {
    GRISTMILL_TRY(const auto folder, normal_location(workspace.warehouse() + "/" + reserved));
    if (normal == folder || is_below(normal, folder))
      return invalid_argument(fmt::format("{} is used by Gristmill itself", location.substr(0, 300)));
  }
  GRISTMILL_TRY(const auto rows,
                transaction.query("SELECT table_namespace, table_name, metadata_location FROM iceberg_tables WHERE "
                                  "catalog_name = ?",
                                  {std::string(store::catalog_name)}));
  for (const auto& row : rows) {
    const store::TableName other{meta::text(row[0]), meta::text(row[1])};
    const auto folder = normal_location(table_folder_of(meta::text(row[2])));
    if (other == name || !folder) continue;
    if (normal == *folder || is_below(normal, *folder) || is_below(*folder, normal))
      return invalid_argument(
          fmt::format("{} overlaps with the files of table {}", location.substr(0, 300), other.text()));
  }
  return {};
}

Status make_table_folders(const std::string& location) {
  GRISTMILL_TRY(const auto path, store::path_of(location));
  if (io::is_object(path)) return {};
  for (const auto* folder : {"/metadata", "/data"}) GRISTMILL_RETURN_IF_ERROR(io::create_folders(path + folder));
  return {};
}

RestStorage warehouse_storage(const Workspace& workspace) {
  if (!io::is_object(workspace.warehouse())) return {};
  auto objects = workspace.settings().objects;
  if (!objects.credentials_file.empty())
    objects.credentials_file = (std::filesystem::path(workspace.folder()) / objects.credentials_file).string();
  const auto settings = io::resolve_s3_settings(objects);
  if (!settings) return {};
  RestStorage storage{.endpoint = settings->endpoint,
                      .region = settings->region.empty() ? "us-east-1" : settings->region,
                      .is_path_style = settings->path_style.value_or(!settings->endpoint.empty()),
                      .access_key = {},
                      .secret_key = {},
                      .session_token = {}};
  if (const auto credentials = io::load_s3_credentials(*settings)) {
    storage.access_key = credentials->access_key;
    storage.secret_key = credentials->secret_key;
    storage.session_token = credentials->session_token;
  }
  return storage;
}

Json storage_config(const Workspace& workspace, const RestOptions& options) {
  auto config = Json::object();
  if (!io::is_object(workspace.warehouse())) return config;
  const auto& storage = options.storage;
  if (!storage.endpoint.empty()) config.set("s3.endpoint", storage.endpoint);
  // Clients of different languages read one or the other.
  for (const auto* key : {"s3.region", "client.region"}) {
    if (!storage.region.empty()) config.set(key, storage.region);
  }
  config.set("s3.path-style-access", storage.is_path_style ? "true" : "false");
  return config;
}

void add_storage(const Workspace& workspace, const RestOptions& options, const RestRequest& request,
                 std::string_view location, Json& answer) {
  answer.set("config", storage_config(workspace, options));
  const auto& storage = options.storage;
  const bool is_asked = request.header(delegation_header).find("vended-credentials") != std::string_view::npos;
  // The keys can write: who may only read gets none.
  const bool is_trusted = !request.caller.empty() && request.may_write;
  if (!io::is_object(location) || !is_asked || !is_trusted || storage.access_key.empty()) return;
  auto config = Json::object({{"s3.access-key-id", storage.access_key}, {"s3.secret-access-key", storage.secret_key}});
  if (!storage.session_token.empty()) config.set("s3.session-token", storage.session_token);
  answer.set("storage-credentials",
             Json::array({Json::object({{"prefix", fmt::format("{}/", location)}, {"config", std::move(config)}})}));
}

}  // namespace gristmill::platform
