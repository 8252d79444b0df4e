// SPDX-License-Identifier: Apache-2.0
// Releases: one name and one digest for a set of dataset versions and everything that they were made with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// A named, immutable set of versions.
struct ReleaseRequest {
  std::string name;
  std::string label;
  std::string description;
  std::vector<std::string> datasets;  ///< NAME or NAME@VERSION; empty = every dataset's current version.
  bool reattaches = false;            ///< A completed release of the same request is the answer, not an error.
};

/// Pins dataset versions, the token shards made from them, fingerprints, code version and model digests under one
/// digest. Where settings ask for approvals it is `pending` until they are given, else `released`. A call that was
/// interrupted is completed by the same call again, with the versions that the first one chose.
Result<Json> create_release(const Workspace& workspace, const ReleaseRequest& request);
/// All releases with status and approvals, oldest first.
Result<Json> list_releases(const Workspace& workspace);
Result<Json> show_release(const Workspace& workspace, const std::string& name);

/// Approves a pending release as the acting user, who must not be the one who made it. Approving twice does nothing.
Result<Json> approve_release(const Workspace& workspace, const std::string& name, const std::string& comment);

/// Checks the record of a release against its digest and the audit log, and reads everything that it pins: every
/// document against its digest, each version against the digest of its run, every token shard against its SHA-256; and
/// that the tables still have its tags. `status` is ok or damaged, `faults[]` say where.
Result<Json> verify_release(const Workspace& workspace, const std::string& name);

/// Sets the tags of a release again that another program removed or moved; `restored[]` names the versions. Fails when
/// a version itself is gone.
Result<Json> restore_release(const Workspace& workspace, const std::string& name);

/// `denied` when `name` is a release that may not be used yet; ok for any other name.
Status check_release_usable(const Workspace& workspace, const std::string& name);

/// The version of a dataset that a release pins by its own record, which counts before a tag of that name: other
/// programs can move those. Nothing when there is no such release or the dataset is not in it; `denied` when the
/// release may not be used yet.
Result<std::optional<std::int64_t>> pinned_version(const Workspace& workspace, const std::string& release,
                                                   const std::string& dataset);

}  // namespace gristmill::platform
