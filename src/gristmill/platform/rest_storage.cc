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

}  // namespace

std::string table_folder_of(std::string_view metadata_location) {
  return std::string(metadata_location.substr(0, metadata_location.rfind("/metadata/")));
}

bool is_in_table_folder(std::string_view path, std::string_view metadata_location) {
  const auto folder = normal_location(table_folder_of(metadata_location));
  // Where the metadata lies elsewhere, its folder says nothing of the table's.
  return folder && metadata_location.find("/metadata/") != std::string_view::npos && is_below(path, *folder);
}

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

Result<RestStorage> warehouse_storage(const Workspace& workspace) {
  if (!io::is_object(workspace.warehouse())) return RestStorage();
  const auto in_workspace = [&](const std::string& file) {
    return file.empty() ? file : (std::filesystem::path(workspace.folder()) / file).string();
  };
  auto objects = workspace.settings().objects;
  objects.credentials_file = in_workspace(objects.credentials_file);
  const auto& wanted = workspace.settings().iceberg;
  RestStorage storage;
  GRISTMILL_TRY(storage.server, io::resolve_s3_settings(objects));
  storage.signs = wanted.remote_signing;
  const auto keys_of = [&](const std::string& profile, std::optional<io::S3Settings>& keys) -> Status {
    if (profile.empty()) return {};
    keys = storage.server;
    keys->profile = profile;
    keys->credentials_file = in_workspace(wanted.keys_file);
    const auto found = io::load_s3_credentials(*keys);
    return found ? Status() : Status(Error(found.error()).within("[iceberg], keys for clients"));
  };
  GRISTMILL_RETURN_IF_ERROR(keys_of(wanted.writer_profile, storage.writer));
  GRISTMILL_RETURN_IF_ERROR(keys_of(wanted.reader_profile, storage.reader));
  return storage;
}

Json storage_config(const Workspace& workspace, const RestOptions& options) {
  auto config = Json::object();
  if (!io::is_object(workspace.warehouse())) return config;
  const auto& storage = options.storage;
  if (!storage.server.endpoint.empty()) config.set("s3.endpoint", storage.server.endpoint);
  // Clients of different languages read one or the other.
  for (const auto* key : {"s3.region", "client.region"}) {
    if (!storage.server.region.empty()) config.set(key, storage.server.region);
  }
  config.set("s3.path-style-access", storage.is_path_style() ? "true" : "false");
  return config;
}

Json client_credentials(const RestOptions& options, const RestRequest& request, std::string_view location) {
  auto list = Json::array();
  const auto& place = request.may_write ? options.storage.writer : options.storage.reader;
  if (!io::is_object(location) || !place || request.caller.empty()) return list;
  const auto keys = io::load_s3_credentials(*place);
  // They were there when the server started: somebody is just writing the file, and the client asks again.
  if (!keys) return list;
  auto config = Json::object({{"s3.access-key-id", keys->access_key}, {"s3.secret-access-key", keys->secret_key}});
  if (!keys->session_token.empty()) config.set("s3.session-token", keys->session_token);
  list.push(Json::object({{"prefix", fmt::format("{}/", location)}, {"config", std::move(config)}}));
  return list;
}

void add_storage(const Workspace& workspace, const RestOptions& options, const RestRequest& request,
                 std::string_view location, Json& answer) {
  auto config = storage_config(workspace, options);
  const auto asks_for = [asked = request.header(delegation_header)](std::string_view way) {
    return asked.find(way) != std::string_view::npos;
  };
  auto keys = asks_for("vended-credentials") ? client_credentials(options, request, location) : Json::array();
  if (keys.size() > 0) {
    // PyIceberg finds the keys of a table that is only staged nowhere else.
    if (answer["metadata-location"].is_null()) {
      for (const auto& [name, value] : keys.items()[0]["config"].members()) config.set(name, value);
    }
    answer.set("storage-credentials", std::move(keys));
  } else if (asks_for("remote-signing") && options.storage.signs && !request.caller.empty() &&
             io::is_object(location)) {
    config.set("s3.remote-signing-enabled", "true");
    // Java finds the table's own address itself; PyIceberg wants these three.
    config.set("s3.signer", "S3V4RestSigner");
    config.set("s3.signer.endpoint", "v1/aws/s3/sign");
    config.set("py-io-impl", "pyiceberg.io.fsspec.FsspecFileIO");
  }
  answer.set("config", std::move(config));
}

}  // namespace gristmill::platform
