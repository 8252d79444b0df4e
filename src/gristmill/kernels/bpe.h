// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::kernels {

/// One merge rule: when `left` and `right` stand side by side they may become `merged`.
struct BpeMerge {
  std::uint32_t left = 0;
  std::uint32_t right = 0;
  std::uint32_t merged = 0;
};

/// What a byte-pair encoding is made of.
struct BpeVocabulary {
  std::vector<std::string> tokens;  ///< Bytes of each id; empty where an id is not a token of the merges.
  std::vector<BpeMerge> merges;     ///< In order of rank: the first is merged first.
  bool whole_pieces_first = false;  ///< A piece that is a token is that token, whatever the merges say.
};

/// Working memory of one thread: the cache of pieces seen (4 MiB, never grows) and buffers for merging.
class BpeScratch {
 public:
  BpeScratch();

 private:
  friend class BpeModel;
  /// A short piece and its ids. `key` holds the bytes, padded with zeros, and the length in the last one.
  struct Entry {
    std::array<std::uint64_t, 2> key{};
    std::array<std::uint32_t, 3> ids{};
    std::uint32_t count = 0;
  };
  struct Part {
    std::uint32_t id = 0;
    std::uint32_t previous = 0;
    std::uint32_t next = 0;
  };
  std::vector<Entry> cache_;
  std::vector<Part> parts_;
  std::vector<std::uint64_t> queue_;
};

/// Merges byte pairs: the pair of lowest rank first, the leftmost among equals, until none is left. Immutable; threads
/// share it, each with a scratch of its own that must not be used with another model.
class BpeModel {
 public:
  static constexpr std::size_t tokens_max = std::size_t{1} << 21;
  static constexpr std::size_t merges_max = (std::size_t{1} << 22) - 1;

  /// Checks and indexes a vocabulary. Refused: a missing single byte, one token under two ids, too many entries, a
  /// merge whose result is not the two parts joined.
  static Result<BpeModel> build(BpeVocabulary vocabulary);

  /// Appends the ids of one piece. Time is O(n log n) whatever the bytes.
  void encode_piece(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const;
  /// Appends the ids of the pieces of `text` that begin at `begin` and end at `ends`.
  void encode_pieces(std::string_view text, std::size_t begin, const std::uint32_t* ends, std::size_t count,
                     BpeScratch& scratch, std::vector<std::uint32_t>& out) const;

  /// Id of the token with exactly these bytes.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view bytes) const;
  /// Bytes of an id; empty for an unknown one.
  [[nodiscard]] std::string_view token_bytes(std::uint32_t id) const;
  /// Highest id + 1.
  [[nodiscard]] std::size_t size() const { return offsets_.size() - 1; }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::uint64_t empty_slot = UINT64_MAX;

  BpeModel() = default;
  Status index_tokens(const BpeVocabulary& vocabulary);
  Status index_merges(const BpeVocabulary& vocabulary);
  void mark_whole_tokens(bool all);
  [[nodiscard]] std::uint32_t find_token(std::string_view bytes) const;
  [[nodiscard]] std::uint32_t rank_of(std::uint32_t left, std::uint32_t right) const;
  void merge(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const;
  void merge_short(std::string_view piece, std::vector<std::uint32_t>& out) const;
  void merge_long(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const;
  void encode_uncached(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const;

  std::string bytes_;                     ///< All tokens, one after the other.
  std::vector<std::uint32_t> offsets_;    ///< Where each begins, and the end.
  std::vector<std::uint32_t> token_slots_;  ///< Open addressing: id by bytes.
  std::size_t token_mask_ = 0;
  std::vector<bool> is_whole_;            ///< Whether a piece with these bytes is this one id.
  std::vector<std::uint64_t> pair_slots_; ///< Open addressing: left (21 bits), right (21 bits), rank (22 bits).
  std::size_t pair_mask_ = 0;
  std::vector<std::uint32_t> merged_;     ///< Id that each rank makes.
  std::array<std::uint32_t, 256> byte_ids_{};
  std::vector<std::uint32_t> byte_pair_ranks_;  ///< Rank by two bytes, for the first look at a piece.
};

}  // namespace gristmill::kernels
