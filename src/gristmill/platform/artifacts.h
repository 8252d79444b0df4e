// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/ingest.h"
#include "gristmill/platform/workspace.h"
#include "gristmill/store/artifact_manifest.h"

namespace gristmill::platform {

/// What is to be stored, and what is said of it.
struct ArtifactRequest {
  std::string path;
  std::string name;
  std::string message;
  bool follows_links = false;
  std::string into;  ///< Place within the newest version that it goes to; the rest stays as it is. Empty: all of it.
};

/// A version, or a file or folder of one.
struct ArtifactPart {
  std::string selector;
  std::string only;  ///< Empty: all.
};

/// Stores a file or tree as a new version of an artifact. A tree that is equal to a version is no new one:
/// `already_present`, and that version is the newest from then on. Gives name, version, ordinal, files, bytes,
/// stored_bytes.
Result<Json> add_artifact(const Workspace& workspace, const ArtifactRequest& request, const WorkOptions& options);

/// All versions of all artifacts or of one, oldest first.
Result<Json> list_artifacts(const Workspace& workspace, const std::string& name);

/// Writes NAME or NAME@VERSION to a place that must not exist. A version is an id, at least 8 digits of one, `v2`, or
/// `latest`.
Result<Json> get_artifact(const Workspace& workspace, const ArtifactPart& wanted, const std::string& destination,
                          const WorkOptions& options);

/// Files, links and empty folders (with a slash at the end) of a version: path, mode, bytes, link.
Result<Json> show_artifact(const Workspace& workspace, const std::string& selector);

/// Brings NAME[@VERSION] to a remote place, a folder of any machine that is mounted or a bucket; chunks that are there
/// are not sent again.
Result<Json> push_artifact(const Workspace& workspace, const std::string& selector, const std::string& remote,
                           const WorkOptions& options);
/// Takes NAME[@VERSION] from a remote place.
Result<Json> pull_artifact(const Workspace& workspace, const std::string& selector, const std::string& remote,
                           const WorkOptions& options);

/// Forgets a version. Its chunks stay until they are collected.
Result<Json> remove_artifact(const Workspace& workspace, const std::string& selector);

/// Removes chunks that no version needs from packs that were written before `age_ms` ago.
Result<Json> collect_artifacts(const Workspace& workspace, std::int64_t age_ms, bool is_dry_run);

/// Reads every chunk of every version, or of one artifact, and checks it; `corrupt_data` lists what is damaged.
Result<Json> verify_artifacts(const Workspace& workspace, const std::string& name, const WorkOptions& options);

/// Reads every pack of a place (empty: the own one) and checks it: `packs`, `bytes`, `faults[]`. With `mends` damaged
/// packs are taken out, `packs_taken_out`, and `incomplete[]` names the versions here that lack bytes since.
Result<Json> check_artifact_packs(const Workspace& workspace, const std::string& place, bool mends,
                                  const WorkOptions& options);

}  // namespace gristmill::platform
