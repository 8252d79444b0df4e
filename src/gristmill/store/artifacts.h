// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/store/artifact_manifest.h"
#include "gristmill/store/artifact_packs.h"
#include "gristmill/store/artifact_work.h"

namespace gristmill::store {

/// What was stored of a tree.
struct StoredTree {
  ArtifactManifest manifest;
  std::uint64_t chunks_new = 0;
  std::uint64_t bytes_new = 0;  ///< Written to packs.
};

/// Stores a file or tree. Chunks that are in the store already, those of an earlier try too, are not written again;
/// `earlier`, when given, is a version to compare files of equal path with. Everything is durable when it returns. A
/// file that changes meanwhile is an error.
Result<StoredTree> store_tree(const std::string& path, const ArtifactManifest* earlier, PackStore& store,
                              const ArtifactWork& work);

/// Writes a version to `destination`, which must not exist; what an interrupted try left beside it is taken up. Every
/// byte is checked, no path leaves the destination, links come last. In an object store there are no links, modes and
/// empty folders.
Status restore_tree(const ArtifactManifest& manifest, const PackStore& store, const std::string& destination,
                    const ArtifactWork& work);

/// The chunks that a version is made of.
std::set<ChunkDigest> chunks_of(const ArtifactManifest& manifest);

/// What a copy took over.
struct CopiedChunks {
  std::uint64_t packs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t chunks_present = 0;
};

/// Brings the chunks to another place that it lacks, checking each, and no others: packs of which all is wanted whole,
/// the rest in packs of their own. Can be repeated after an interruption; what arrived is not sent again.
Result<CopiedChunks> copy_chunks(const std::set<ChunkDigest>& wanted, const PackStore& from, PackStore& to,
                                 const ArtifactWork& work);

/// What a collection removed, or would.
struct CollectedChunks {
  std::uint64_t packs_removed = 0;
  std::uint64_t packs_rewritten = 0;
  std::uint64_t bytes_freed = 0;
};

/// The chunks that versions need, as they are now.
using WantedChunks = std::function<Result<std::set<ChunkDigest>>()>;

/// Removes chunks that nobody wants from packs last changed before `older_than_ms`: packs without any wanted one go,
/// those of which less than half is wanted are written anew. So do packs that were left unfinished an hour before.
/// Packs are condemned first and go only when no version has come meanwhile that needs them; a version is recorded
/// first and looks for its chunks then. So neither misses the other, on whatever machines they are.
Result<CollectedChunks> collect_chunks(const WantedChunks& wanted, PackStore& store, std::int64_t older_than_ms,
                                       bool is_dry_run);

/// What a check of all packs of a place found.
struct CheckedPacks {
  std::uint64_t packs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t taken_out = 0;      ///< Packs.
  std::vector<std::string> faults;  ///< Each names a pack or index.
};

/// Reads every pack of a place, whether a version needs it or not, and checks it. With `mends`, packs that are damaged
/// are taken out; what is whole of them goes into new ones before. What the place then lacks can be stored again.
Result<CheckedPacks> check_packs(PackStore& store, const ArtifactWork& work, bool mends);

}  // namespace gristmill::store
