// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/base/result.h"
#include "gristmill/store/artifact_manifest.h"

namespace gristmill::store {

/// A tree with what is added at a place within it, in place of what was there.
ArtifactManifest put_into(ArtifactManifest tree, const std::string& place, ArtifactManifest added);

/// The part of a version at or below a path, as a version of its own. Links of the version are followed on the way to
/// it; one in that part which leads out of it becomes the file that it leads to.
Result<ArtifactManifest> part_of(const ArtifactManifest& tree, const std::string& wanted);

}  // namespace gristmill::store
