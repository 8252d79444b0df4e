// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/kernels/bpe_pairs.h"
#include "gristmill/kernels/short_tokens.h"
#include "gristmill/kernels/token_trie.h"

namespace gristmill::kernels {

/// One merge rule: when `left` and `right` stand side by side they may become `merged`.
struct BpeMerge {
  std::uint32_t left = 0;
  std::uint32_t right = 0;
  std::uint32_t merged = 0;
  /// The lowest is merged first, among equals the leftmost. Rules of one rank make the same token.
  std::uint32_t rank = 0;
};

/// What a byte-pair encoding is made of.
struct BpeVocabulary {
  std::vector<std::string> tokens;  ///< Bytes of each id; empty where an id is not a token of the merges.
  std::vector<BpeMerge> merges;
  bool whole_pieces_first = false;  ///< A piece that is a token is that token, whatever the merges say.
};

/// Working memory of one thread: the cache of pieces seen that are no tokens (4 MiB, never grows), that of pairs that
/// may stand side by side (256 KiB), and buffers for merging.
class BpeScratch {
 public:
  BpeScratch();

 private:
  friend class BpeModel;
  /// A piece and its ids. `key` holds the bytes, padded with zeros, and the length in the last one.
  struct alignas(64) Entry {
    std::array<std::uint64_t, 4> key{};
    std::array<std::uint32_t, 7> ids{};
    std::uint32_t count = 0;
  };
  /// Two pieces that share a place, the newer one first.
  using Line = std::array<Entry, 2>;
  /// What the cache may hold: its key and where.
  struct Pending {
    std::array<std::uint64_t, 4> key;
    Line* line = nullptr;
  };
  /// Pieces that are looked up together, so that the waits for memory overlap.
  struct Group;
  struct Part {
    std::uint32_t id = 0;
    std::uint32_t previous = 0;
    std::uint32_t next = 0;
  };
  std::vector<Line> cache_;
  std::vector<std::uint64_t> neighbours_;
  std::vector<Part> parts_;
  std::vector<std::uint64_t> queue_;
  std::vector<std::uint32_t> pair_;
};

/// Merges byte pairs: the pair of lowest rank first, the leftmost among equals, until none is left. Immutable; threads
/// share it, each with a scratch of its own that must not be used with another model.
///
/// What merging gives is found without merging: a row of tokens is the result exactly when each two neighbours are the
/// result for their own bytes, so the longest tokens are tried first and taken back where neighbours do not go
/// together (as in the `bpe` crate of GitHub, 2024).
class BpeModel {
 public:
  static constexpr std::size_t tokens_max = std::size_t{1} << 21;
  static constexpr std::size_t merges_max = (std::size_t{1} << 22) - 3;

  /// Checks and indexes a vocabulary. Refused: a missing single byte, one token under two ids, too many entries, a
  /// merge whose result is not the two parts joined.
  static Result<BpeModel> build(BpeVocabulary vocabulary);

  /// Appends the ids of one piece. Time is O(n log n) whatever the bytes.
  void encode_piece(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const;
  /// Appends the ids of the pieces of `text` that begin at `begin` and end at `ends`.
  void encode_pieces(std::string_view text, std::size_t begin, std::span<const std::uint32_t> ends, BpeScratch& scratch,
                     std::vector<std::uint32_t>& out) const;
  /// Appends the ids of one piece by merging pair after pair: the definition, slow, for tests.
  void merge_piece(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const;

  /// Id of the token with exactly these bytes.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view bytes) const;
  /// Bytes of an id; empty for an unknown one.
  [[nodiscard]] std::string_view token_bytes(std::uint32_t id) const;
  /// Highest id + 1.
  [[nodiscard]] std::size_t size() const { return offsets_.size() - 1; }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::uint32_t unreachable = (1U << BpePairs::rank_bits) - 1;
  /// How merging makes a token: of which two, and how early. Single bytes have rank 0, what no merge makes has
  /// `unreachable`. Eight bytes, because many are looked at.
  class Origin {
   public:
    Origin() : Origin(0, 0, unreachable) {}
    Origin(std::uint32_t left, std::uint32_t right, std::uint32_t rank)
        : packed_(BpePairs::key(left, right) << BpePairs::rank_bits | rank) {}
    [[nodiscard]] std::uint32_t left() const {
      return static_cast<std::uint32_t>(packed_ >> (BpePairs::rank_bits + BpePairs::id_bits));
    }
    [[nodiscard]] std::uint32_t right() const {
      return static_cast<std::uint32_t>(packed_ >> BpePairs::rank_bits) & ((1U << BpePairs::id_bits) - 1);
    }
    [[nodiscard]] std::uint32_t rank() const { return static_cast<std::uint32_t>(packed_) & unreachable; }
    [[nodiscard]] bool is_merged() const { return rank() != unreachable && rank() != 0; }

   private:
    std::uint64_t packed_;
  };

  BpeModel() = default;
  Status index_tokens(const BpeVocabulary& vocabulary);
  Status index_merges(const BpeVocabulary& vocabulary);
  void find_origins();
  void drop_dead_pairs();
  void index_whole_tokens(bool whole_pieces_first);
  void find_out_of_order();
  [[nodiscard]] std::uint32_t find_token(std::string_view bytes) const;
  void merge(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out, Origin* last) const;
  void merge_short(std::string_view piece, std::vector<std::uint32_t>& out, Origin* last) const;
  void merge_long(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out, Origin* last) const;
  [[nodiscard]] bool go_together(std::uint32_t left, std::uint32_t right) const;
  [[nodiscard]] bool merges_apart(std::string_view bytes, std::uint32_t left, std::uint32_t right,
                                  BpeScratch& scratch) const;
  [[nodiscard]] bool may_follow(std::string_view bytes, std::uint32_t left, std::uint32_t right,
                                BpeScratch& scratch) const;
  void match(std::string_view piece, TokenTrie::Match next, BpeScratch& scratch, std::vector<std::uint32_t>& out) const;
  void encode_uncached(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const;
  void encode_new(std::string_view piece, const BpeScratch::Pending& place, BpeScratch& scratch,
                  std::vector<std::uint32_t>& out) const;
  void look_up(std::string_view text, std::size_t begin, std::span<const std::uint32_t> ends, BpeScratch& scratch,
               BpeScratch::Group& group) const;
  void emit(std::string_view text, const BpeScratch::Group& group, BpeScratch& scratch,
            std::vector<std::uint32_t>& out) const;

  std::string bytes_;                       ///< All tokens, one after the other.
  std::vector<std::uint32_t> offsets_;      ///< Where each begins, and the end.
  std::vector<std::uint32_t> token_slots_;  ///< Open addressing: id by bytes.
  std::size_t token_mask_ = 0;
  BpePairs pairs_;
  std::vector<std::uint32_t> merged_;  ///< Id that each rank makes.
  std::vector<Origin> origins_;        ///< By id.
  TokenTrie trie_;                     ///< What a piece may begin with, or be as a whole.
  ShortTokens short_tokens_;           ///< Most of what a piece may be as a whole.
  /// Ids in whose making a merge comes before one of higher rank that it needs. Training finds merges in order, but
  /// vocabularies put together of several have some dozens.
  std::vector<bool> is_out_of_order_;
  std::array<std::uint32_t, 256> byte_ids_{};
};

}  // namespace gristmill::kernels
