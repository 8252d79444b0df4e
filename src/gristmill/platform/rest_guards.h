// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/meta/database.h"
#include "gristmill/store/joint_commit.h"

namespace gristmill::platform {

/// Refuses a commit of others that would take from a dataset what Gristmill needs: versions and tags of releases,
/// versions that unfinished runs read.
Status guard_versions(meta::Transaction& transaction, const store::TableChange& change);

/// Refuses to drop or rename a table that a release names: releases never change.
Status guard_name(meta::Transaction& transaction, const store::TableName& name);

}  // namespace gristmill::platform
