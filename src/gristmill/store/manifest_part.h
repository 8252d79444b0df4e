// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "gristmill/store/manifest.h"

namespace gristmill::store {

/// What of a manifest's entries is read.
struct ManifestPart {
  std::span<const std::string_view> left_out;  ///< Fields of data files that are passed over.
  std::vector<std::int64_t> columns;           ///< Of counts and bounds only these columns are read; empty: all.
};

/// Reads the entries of a manifest one after the other, none of them held: many times as fast as `read_manifest`.
Status for_each_entry(const ManifestFile& file, const ManifestPart& part,
                      const std::function<Status(const ManifestEntry& entry)>& use);

}  // namespace gristmill::store
