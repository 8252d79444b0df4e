// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/store/artifact_manifest.h"
#include "gristmill/store/artifact_packs.h"

namespace gristmill::store {

/// A file as an earlier version has it: pieces by digest, and its bytes.
class EarlierFile {
 public:
  EarlierFile(const ArtifactFile& file, const PackStore& store);

  [[nodiscard]] std::uint64_t bytes() const { return file_.bytes; }
  /// Index of the piece with this digest, the first one at or behind `from`, or npos.
  [[nodiscard]] std::size_t find(const ChunkDigest& digest, std::size_t from) const;
  [[nodiscard]] const ChunkPiece& piece(std::size_t index) const { return file_.pieces[index]; }
  [[nodiscard]] std::uint64_t begin_of(std::size_t index) const { return begins_[index]; }
  [[nodiscard]] std::size_t piece_count() const { return file_.pieces.size(); }
  /// Bytes [begin, end) of the file.
  Result<std::string> read(std::uint64_t begin, std::uint64_t end) const;
  /// The stored chunks that bytes [begin, end) lie in.
  [[nodiscard]] std::vector<ChunkPart> parts(std::uint64_t begin, std::uint64_t end) const;

 private:
  const ArtifactFile& file_;
  const PackStore& store_;
  std::vector<std::uint64_t> begins_;
  std::vector<std::size_t> by_digest_;  ///< Indexes of pieces, by digest, then by place.
};

/// The bytes of a piece, put together and checked.
Result<std::string> read_piece(const PackStore& store, const ChunkPiece& piece);

/// Says where `content`, which took the place of bytes [begin, end) of an earlier file, still has that file's bytes:
/// at the same places when both are equally long, else at the beginning and at the end. Parts in order; those with
/// chunk digest zero are new bytes. Small coincidences are left out.
Result<std::vector<ChunkPart>> compare(const EarlierFile& earlier, std::uint64_t begin, std::uint64_t end,
                                       std::string_view content);

}  // namespace gristmill::store
