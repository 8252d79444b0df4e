// SPDX-License-Identifier: Apache-2.0
// Iceberg's REST catalog over the workspace's tables, as requests and answers without any HTTP library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/io/s3_settings.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

using RestHeaders = std::vector<std::pair<std::string, std::string>>;

/// A request as it came; nothing is decoded.
struct RestRequest {
  std::string method;
  std::string path;   ///< Raw, after the prefix under which the catalog is mounted: "/v1/config".
  std::string query;  ///< Raw, without the question mark.
  RestHeaders headers;
  std::string body;
  std::string caller;     ///< Name of who was authenticated; empty: nobody.
  bool may_write = true;  ///< What only reads is answered in any case.

  /// The first value of a header, whatever the case of its name; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct RestResponse {
  int status = 200;
  RestHeaders headers;
  std::string body;
};

/// How clients reach an object store; empty for local files. Keys are read from their files when they are needed.
struct RestStorage {
  io::S3Settings server;                 ///< How the server itself does, resolved: what it signs with.
  bool signs = false;                    ///< Signs requests of clients without keys.
  std::optional<io::S3Settings> writer;  ///< Where the keys are that clients get who may write.
  std::optional<io::S3Settings> reader;  ///< The same for those who may only read.

  [[nodiscard]] bool is_path_style() const { return server.path_style.value_or(!server.endpoint.empty()); }
};

/// That of the workspace's warehouse, by its settings. Keys for clients that were asked for and are not there are an
/// error.
Result<RestStorage> warehouse_storage(const Workspace& workspace);

struct RestOptions {
  /// Whether a secret is one of the server's tokens, for clients that ask for a token first. Unset: they are refused.
  std::function<Status(std::string_view secret)> check_secret;
  RestStorage storage;
};

/// What clients reported of their scans and commits since the start.
struct RestReports {
  std::uint64_t scans = 0;
  std::uint64_t commits = 0;
  std::uint64_t others = 0;            ///< Of kinds that we do not know.
  std::uint64_t scanned_files = 0;     ///< Data files that scans were left with after planning.
  std::uint64_t skipped_manifests = 0; ///< Manifests that scans did not need to read.
  std::uint64_t commit_attempts = 0;   ///< More than `commits`: clients had to commit again.
};

struct RestContext;

/// Answers Iceberg clients: namespaces, tables, commits. Thread-safe. The workspace must outlive it.
class RestCatalog {
 public:
  RestCatalog(const Workspace& workspace, RestOptions options);
  ~RestCatalog();
  RestCatalog(const RestCatalog&) = delete;
  RestCatalog& operator=(const RestCatalog&) = delete;

  /// Never fails: what goes wrong becomes an answer in the shape of the specification.
  [[nodiscard]] RestResponse answer(const RestRequest& request) const;
  [[nodiscard]] RestReports reports() const;
  /// True for paths that callers reach without a token: those by which they get one.
  static bool is_open(std::string_view path);
  /// An error in the shape that Iceberg clients read, for refusals before the catalog is asked: 401, say.
  static RestResponse refusal(int status, std::string_view message);

 private:
  std::unique_ptr<RestContext> context_;
};

}  // namespace gristmill::platform
