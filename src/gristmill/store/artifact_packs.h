// SPDX-License-Identifier: Apache-2.0
// Content-addressed chunks of artifacts, in pack files with an index beside each (docs/formats/artifacts.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/io/file.h"
#include "gristmill/store/artifact_digest.h"
#include "gristmill/store/direct_file.h"

namespace gristmill::store {

/// A chunk's place in its pack.
struct PackEntry {
  ChunkDigest digest;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3-64: tells damage apart fast; the digest is the proof.
};

/// A pack: its entries as its index lists them.
struct Pack {
  std::string name;  ///< 32 hex digits; the same in every place it is copied to.
  std::uint64_t bytes = 0;
  std::vector<PackEntry> entries;
};

std::string encode_pack_index(const Pack& pack);
/// Refuses damaged bytes, and entries that lie outside the pack, overlap the one before or are larger than any chunk.
Result<Pack> decode_pack_index(std::string_view bytes, const std::string& name);

/// Writes packs, one after the other; published, a pack stays as it is for ever. Destroyed before, it leaves nothing.
class PackWriter {
 public:
  explicit PackWriter(std::string folder) : folder_(std::move(folder)) {}
  /// Memory for at least `wanted` bytes (4 MiB at most) that may become chunks: what is read right there is not copied
  /// again. It is valid until the next call, other than `add` of chunks within it in the order of their places.
  Result<std::span<char>> room(std::size_t wanted);
  Status add(const ChunkDigest& digest, std::string_view content);
  /// Bytes of the pack that is being written.
  [[nodiscard]] std::uint64_t bytes() const { return pack_.bytes; }
  /// The pack, then its index: durable, and visible from then on. Something must have been added.
  Result<Pack> publish();

 private:
  Status flush(std::size_t count);

  std::string folder_;
  Pack pack_;
  std::unique_ptr<LargeFileWriter> file_;
  BlockBuffer buffer_;
  std::size_t filled_ = 0;  ///< With what was added and is not written yet.
};

/// An index that cannot be read, and why.
struct DamagedIndex {
  std::string path;
  std::string what;
};

/// All packs of a place, a folder or a bucket's prefix. 90 bytes of memory a chunk. Thread-safe.
class PackStore {
 public:
  /// Reads the indexes; a place where nothing is yet is empty. Packs whose index is damaged are not known.
  static Result<std::unique_ptr<PackStore>> open(const std::string& folder);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::vector<std::shared_ptr<const Pack>> packs() const;
  [[nodiscard]] bool has(const ChunkDigest& digest) const;
  /// Whether there are chunks that were named by SHA-256.
  [[nodiscard]] bool has_sha256() const { return has_sha256_; }
  /// The chunk's bytes, checked against the checksum. `corrupt_data` names the pack, `not_found` the chunk.
  Result<std::string> read(const ChunkDigest& digest) const;
  /// The same of one pack, whatever other packs have the chunk.
  Result<std::string> read(const Pack& pack, const PackEntry& entry) const;
  /// What it means that the file of a pack is not there.
  [[nodiscard]] Error missing_pack(const Pack& pack) const;
  /// Packs that are not known since their index is damaged.
  [[nodiscard]] std::vector<DamagedIndex> damaged_indexes() const;
  /// Makes a published pack known.
  void adopt(Pack pack);
  /// Reads indexes that came since.
  Status refresh();
  /// Makes a pack unknown to all who open the place from now on; it can be spared until it is removed.
  Status condemn(const Pack& pack);
  Status spare(const Pack& pack);
  /// Makes a pack unknown for good. Its file stays until a collection finds it without an index.
  Status take_out(const Pack& pack);
  Status take_out(const DamagedIndex& index);
  /// Removes a condemned pack.
  Status remove(const Pack& pack);
  /// Removes one of `unfinished_packs`; false when the pack has an index by now.
  [[nodiscard]] Result<bool> remove_unfinished(const std::string& path) const;
  /// Packs that a collection condemned which did not come to its end.
  [[nodiscard]] Result<std::vector<Pack>> condemned() const;
  [[nodiscard]] std::string path_of(const Pack& pack) const;

 private:
  struct Place {
    std::shared_ptr<const Pack> pack;
    std::uint32_t entry = 0;
  };
  explicit PackStore(std::string folder) : folder_(std::move(folder)) {}
  void forget(const Pack& pack);
  [[nodiscard]] std::string file_of(const Pack& pack, std::string_view ending) const;

  std::string folder_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Pack>> packs_;
  std::vector<DamagedIndex> damaged_;
  std::unordered_map<ChunkDigest, Place, ChunkDigestHash> chunks_;
  std::atomic<bool> has_sha256_ = false;
};

/// The pack files among what lies in a place that have no index there, condemned or not, and temporary files of packs.
std::vector<io::FileEntry> unfinished_packs(const std::vector<io::FileEntry>& files);

/// Copies a pack whole through `buffer`: every chunk that is written was checked in that memory. Nothing happens where
/// the pack is already.
Status copy_pack(const PackStore& from, const Pack& pack, PackStore& to, BlockBuffer& buffer);

}  // namespace gristmill::store
