// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/store/artifact_packs.h"

namespace gristmill::store {

/// Bytes of a stored chunk.
struct ChunkPart {
  ChunkDigest chunk;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool operator==(const ChunkPart&) const = default;
};

/// A piece of a file: a chunk stored under this digest, or one put together of parts of others.
struct ChunkPiece {
  ChunkDigest digest;
  std::uint64_t bytes = 0;
  std::vector<ChunkPart> parts;  ///< Empty: stored whole.
  bool operator==(const ChunkPiece&) const = default;
};

struct ArtifactFile {
  std::string path;          ///< Relative, with slashes; empty for an artifact that is a single file.
  std::uint32_t mode = 0644; ///< Permission bits.
  std::uint64_t bytes = 0;
  std::vector<ChunkPiece> pieces;
};

struct ArtifactLink {
  std::string path;
  std::string target;  ///< As in the link; leads to a place within the tree.
};

/// What one version of an artifact is. Holds no time and no name: equal trees are equal versions.
struct ArtifactManifest {
  bool is_tree = false;
  std::vector<ArtifactFile> files;   ///< By path.
  std::vector<ArtifactLink> links;   ///< By path.
  std::vector<std::string> folders;  ///< Empty ones, by path.

  [[nodiscard]] std::uint64_t bytes() const;
  /// JSON, the same for equal trees; its SHA-256 is the version's id.
  [[nodiscard]] std::string encode() const;
  /// Refuses what is damaged, and any path or link that leads out of the tree.
  static Result<ArtifactManifest> decode(std::string_view text);
  /// Refuses paths that no folder can hold together, and links out of the tree.
  [[nodiscard]] Status check_paths() const;
};

/// True when the target of a link at `path` stays within the tree, by its words alone.
bool stays_inside(std::string_view path, std::string_view target);

}  // namespace gristmill::store
