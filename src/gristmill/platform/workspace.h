// SPDX-License-Identifier: Apache-2.0
// The verbs of Gristmill: init, ingest, run, trace, release. The only layer that composes the others and the only one
// that the faces call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/formats/reader.h"
#include "gristmill/io/s3_settings.h"
#include "gristmill/meta/database.h"

namespace gristmill::platform {

/// Version of the program.
std::string_view program_version();

/// Online feedback: where it lands, what is kept of it.
struct FeedbackSettings {
  std::string folder = ".gristmill/feedback";  ///< Of the log, relative to the workspace, or absolute.
  std::string dataset = "feedback/events";
  std::string license = "Proprietary";
  std::string without_consent = "strip";       ///< strip: stored without text; refuse.
  std::string pii = "redact";                  ///< redact, reject or keep.
  std::vector<std::string> pii_kinds;          ///< As in redact.pii; empty = its default.
  std::uint64_t queue_bytes = std::uint64_t{64} << 20;
  std::int64_t keys = 500'000;                 ///< Idempotency keys that are remembered at least.
  std::int64_t compact_every_ms = 300'000;     ///< While served; 0 = only by `feedback compact`.
};

/// What the server takes of this machine and of its clients.
struct ServerSettings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8787;        ///< 0 = any free one.
  std::string tls_certificate;      ///< PEM file, relative to the workspace or absolute; empty = plain HTTP.
  std::string tls_key;
  bool plain_http = false;          ///< Beyond this machine without TLS: a proxy in front does it.
  int threads = 8;                  ///< That work on requests.
  std::size_t connections = 1024;
  std::size_t body_memory_bytes = std::size_t{256} << 20;  ///< Of the bodies of all requests together.
  double rate = 2000;               ///< Requests a second of one token.
  int jobs = 1;                     ///< Runs at once that clients start.
};

/// What the Iceberg REST catalog gives clients for reaching a warehouse in a bucket.
struct IcebergSettings {
  std::string keys_file;       ///< Of AWS's kind, relative to the workspace or absolute; empty = ~/.aws/credentials.
  std::string writer_profile;  ///< Its section with the keys for tokens that may write; empty = they get none.
  std::string reader_profile;  ///< The same for tokens that may only read.
  bool remote_signing = true;  ///< Signs requests of clients that ask for it in place of keys.
};

/// What gristmill.toml says, with defaults filled in.
struct Settings {
  std::string name;
  std::string profile = "startup";
  std::string catalog = ".gristmill/catalog.db";  ///< SQLite file, relative to the workspace.
  std::string catalog_url;                        ///< PostgreSQL in place of the file; may hold a password.
  std::string warehouse = "warehouse";            ///< Relative to the workspace, absolute, or s3://BUCKET/PREFIX.
  std::uint64_t memory_bytes = std::uint64_t{2} << 30;
  int threads = 0;                                ///< 0 = all cores.
  int lease_seconds = 60;                         ///< After this long without a word a worker counts as vanished.
  double quarantine_limit = 1;                    ///< Share of an ingestion's records that may be quarantined.
  formats::Limits limits;
  data::FieldNames fields;
  std::int64_t release_approvals = 0;          ///< So many other users must approve a release.
  std::vector<std::string> release_approvers;  ///< Only these may; empty = any other user.
  FeedbackSettings feedback;
  ServerSettings server;
  IcebergSettings iceberg;
  io::S3Settings objects;                         ///< How `s3://` places are reached.
};

/// An open workspace: settings, database and folders.
class Workspace {
 public:
  /// Makes a new workspace in `folder`; refuses one that exists. With a PostgreSQL URL its catalog is there; the
  /// settings hold that without its password.
  static Result<std::unique_ptr<Workspace>> init(const std::string& folder, const std::string& profile,
                                                 const std::string& catalog_url = {});
  /// Opens the workspace in `folder`, or the nearest parent that has gristmill.toml when `folder` is empty.
  /// A catalog that was moved elsewhere is refused, but for `catalog move` itself.
  static Result<std::unique_ptr<Workspace>> open(const std::string& folder, bool accepts_moved = false);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] meta::Database& database() const { return *database_; }
  [[nodiscard]] const std::string& warehouse() const { return warehouse_; }
  /// Run-internal files of a run or ingestion, always on a disk: locks, scratch, and what nobody else needs. In a
  /// workspace whose catalog is on a server they are in its warehouse, unless that is in an object store.
  [[nodiscard]] std::string internal_folder(std::string_view id) const;
  /// Files of a run that those who share it hand to each other: among the internal ones, but for a workspace whose
  /// catalog is on a server and whose warehouse is in an object store; there they are in that.
  [[nodiscard]] std::string exchange_folder(std::string_view id) const;
  /// Where the exchange folders of all runs are.
  [[nodiscard]] std::string runs_folder() const;
  /// Removes both when the work is over. Another process may just be looking in there, at the lock say: what it puts in
  /// it removes as well.
  void remove_internal_folder(std::string_view id) const noexcept;
  /// What time it is for removing what is old: the earlier one of this machine's clock and the catalog server's, so
  /// that a machine whose clock is ahead removes nothing too early.
  [[nodiscard]] Result<std::int64_t> careful_now_ms() const;
  [[nodiscard]] std::string table_folder(std::string_view dataset) const;
  [[nodiscard]] std::string quarantine_folder(std::string_view id) const;
  [[nodiscard]] std::string landing_folder(std::string_view source, std::string_view ingestion) const;
  [[nodiscard]] std::string report_path(std::string_view run) const;

 private:
  Workspace(std::string folder, Settings settings) : folder_(std::move(folder)), settings_(std::move(settings)) {}
  Status connect(bool accepts_moved);

  std::string folder_;
  Settings settings_;
  std::string warehouse_;
  std::unique_ptr<meta::Database> database_;
};

/// Who acts: whom the thread acts for (acting.h), else GRISTMILL_ACTOR from the environment, else the user that the
/// operating system knows.
std::string acting_user();

/// Appends an audit entry in the caller's transaction: who did what to what, chained by SHA-256 to the entry before.
Status audit(meta::Transaction& transaction, std::string_view action, std::string_view subject, const Json& details);

/// Checks every entry's digest; the number of entries, or corrupt_data naming the first broken one.
Result<std::int64_t> verify_audit(meta::Database& database);

/// The newest entries of the audit log.
Result<Json> audit_entries(meta::Database& database, std::int64_t limit);

/// Checks a dataset, source or release name: letters, digits, `_`, `-`, `.`; datasets are `namespace/name`.
Status check_name(std::string_view kind, std::string_view name);
Status check_dataset_name(std::string_view name);
/// The same for what NAME@... may hold, a release or a branch: not what has a meaning there in every dataset, `latest`
/// or `v` and a number.
Status check_reference_name(std::string_view kind, std::string_view name);

/// A unique id with a readable prefix: "run-20261101-120000-1a2b3c4d5e6f".
std::string make_id(std::string_view prefix);

/// One line of `gristmill doctor`.
struct Finding {
  bool is_ok = true;
  std::string what;
  std::string mend;  ///< What to do, when not ok.
};
std::vector<Finding> examine(const std::string& folder);

}  // namespace gristmill::platform
