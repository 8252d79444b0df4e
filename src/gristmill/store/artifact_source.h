// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "gristmill/base/result.h"
#include "gristmill/store/artifact_tree.h"
#include "gristmill/store/artifact_work.h"

namespace gristmill::store {

/// The bytes of a file of the disk, or of an object, by their places.
class ArtifactSource {
 public:
  static Result<ArtifactSource> open(const TreeEntry& entry);
  /// Reads exactly so many bytes.
  Status read(std::uint64_t offset, std::span<char> out) const;
  /// Fails when the file is not the one that was listed, or was written to since. Objects are listed again for that.
  [[nodiscard]] Status check_unchanged() const;

 private:
  ArtifactSource(const TreeEntry& entry, std::unique_ptr<Descriptor> file) : entry_(&entry), file_(std::move(file)) {}

  const TreeEntry* entry_;
  std::unique_ptr<Descriptor> file_;  ///< Null for an object.
};

}  // namespace gristmill::store
