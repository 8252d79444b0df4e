// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "gristmill/base/hash.h"

namespace gristmill::kernels {
namespace {

// Below this length looking at every pair each time beats keeping a queue.
constexpr std::size_t short_piece_bytes_max = 48;
// Buffers of a giant piece are given back, not kept for ever.
constexpr std::size_t kept_parts_max = std::size_t{1} << 16;

}  // namespace

Result<BpeModel> BpeModel::build(BpeVocabulary vocabulary) {
  if (vocabulary.tokens.size() > tokens_max) {
    return limit_exceeded(
        fmt::format("vocabulary of {} entries, at most {} are supported", vocabulary.tokens.size(), tokens_max));
  }
  if (vocabulary.merges.size() > merges_max) {
    return limit_exceeded(fmt::format("{} merges, at most {} are supported", vocabulary.merges.size(), merges_max));
  }
  BpeModel model;
  GRISTMILL_RETURN_IF_ERROR(model.index_tokens(vocabulary));
  GRISTMILL_RETURN_IF_ERROR(model.index_merges(vocabulary));
  model.find_origins();
  model.drop_dead_pairs();
  model.find_out_of_order();
  model.index_whole_tokens(vocabulary.whole_pieces_first);
  return model;
}

Status BpeModel::index_tokens(const BpeVocabulary& vocabulary) {
  const auto slots = std::bit_ceil(vocabulary.tokens.size() * 2 + 2);
  token_slots_.assign(slots, none);
  token_mask_ = slots - 1;
  offsets_.push_back(0);
  for (std::uint32_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const auto& token = vocabulary.tokens[id];
    if (bytes_.size() + token.size() > UINT32_MAX) return limit_exceeded("the tokens of the vocabulary exceed 4 GiB");
    if (!token.empty()) {
      if (const auto other = find_token(token); other != none) {
        return corrupt_data(fmt::format("vocabulary has the same bytes under the ids {} and {}", other, id));
      }
    }
    bytes_ += token;
    offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    if (token.empty()) continue;
    auto slot = xxh3_64(token) & token_mask_;
    while (token_slots_[slot] != none) slot = (slot + 1) & token_mask_;
    token_slots_[slot] = id;
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    byte_ids_[byte] = find_token({&c, 1});
    if (byte_ids_[byte] == none) {
      return invalid_argument(
          fmt::format("vocabulary has no token for the single byte 0x{:02X}: only byte-level vocabularies "
                      "with all 256 bytes are supported",
                      byte));
    }
  }
  return {};
}

Status BpeModel::index_merges(const BpeVocabulary& vocabulary) {
  pairs_ = BpePairs(vocabulary.merges.size());
  for (std::size_t i = 0; i < vocabulary.merges.size(); ++i) {
    const auto& rule = vocabulary.merges[i];
    const auto left = token_bytes(rule.left);
    const auto right = token_bytes(rule.right);
    const auto merged = token_bytes(rule.merged);
    if (left.empty() || right.empty() || merged.size() != left.size() + right.size() || !merged.starts_with(left) ||
        !merged.ends_with(right)) {
      return corrupt_data(fmt::format("merge {} does not join its two parts: ids {} + {} -> {}", i, rule.left,
                                      rule.right, rule.merged));
    }
    GRISTMILL_CHECK(rule.rank < merges_max, std::to_string(rule.rank));
    if (rule.rank >= merged_.size()) merged_.resize(std::size_t{rule.rank} + 1);
    merged_[rule.rank] = rule.merged;
    pairs_.set(rule.left, rule.right, rule.rank);
  }
  return {};
}

/// Merges the bytes of each token: the last merge made it. A token that its bytes do not merge to is never made.
void BpeModel::find_origins() {
  BpeScratch scratch;
  std::vector<std::uint32_t> ids;
  origins_.resize(size());
  for (std::uint32_t id = 0; id < size(); ++id) {
    const auto token = token_bytes(id);
    if (token.empty()) continue;
    if (token.size() == 1) {
      origins_[id] = Origin(0, 0, 0);
      continue;
    }
    ids.clear();
    Origin last;
    merge(token, scratch, ids, &last);
    if (ids.size() == 1) origins_[id] = last;
  }
}

/// The bytes of a token always merge in the same way, wherever they stand: of all pairs that would make it only its
/// origin ever comes up.
void BpeModel::drop_dead_pairs() {
  BpePairs alive(static_cast<std::size_t>(std::ranges::count_if(origins_, &Origin::is_merged)));
  for (const auto& origin : origins_) {
    if (origin.is_merged()) alive.set(origin.left(), origin.right(), origin.rank() - 1);
  }
  pairs_ = std::move(alive);
}

void BpeModel::find_out_of_order() {
  std::vector<std::uint32_t> by_size;
  for (std::uint32_t id = 0; id < size(); ++id) {
    if (origins_[id].is_merged()) by_size.push_back(id);
  }
  // The parts of a token are shorter than it, so they come first.
  std::ranges::sort(by_size, {}, [&](std::uint32_t id) { return token_bytes(id).size(); });
  is_out_of_order_.assign(size(), false);
  for (const auto id : by_size) {
    const auto origin = origins_[id];
    const auto is_late = [&](std::uint32_t part) {
      return is_out_of_order_[part] || origins_[part].rank() >= origin.rank();
    };
    is_out_of_order_[id] = is_late(origin.left()) || is_late(origin.right());
  }
}

void BpeModel::index_whole_tokens(bool whole_pieces_first) {
  std::vector<TokenTrie::Entry> entries;
  std::vector<ShortTokens::Token> tokens;
  entries.reserve(size());
  tokens.reserve(size());
  for (std::uint32_t id = 0; id < size(); ++id) {
    const auto token = token_bytes(id);
    const bool is_reachable = origins_[id].rank() != unreachable;
    if (token.empty() || !(is_reachable || whole_pieces_first)) continue;
    entries.push_back({token, id, is_reachable});
    tokens.push_back({token, id});
  }
  short_tokens_ = ShortTokens(tokens);
  trie_ = TokenTrie(std::move(entries));
}

std::string_view BpeModel::token_bytes(std::uint32_t id) const {
  if (id >= offsets_.size() - 1) return {};
  return std::string_view(bytes_).substr(offsets_[id], offsets_[id + 1] - offsets_[id]);
}

std::optional<std::uint32_t> BpeModel::find(std::string_view bytes) const {
  const auto id = find_token(bytes);
  return id == none ? std::nullopt : std::optional(id);
}

std::uint32_t BpeModel::find_token(std::string_view bytes) const {
  auto slot = xxh3_64(bytes) & token_mask_;
  while (token_slots_[slot] != none && token_bytes(token_slots_[slot]) != bytes) slot = (slot + 1) & token_mask_;
  return token_slots_[slot];
}

void BpeModel::merge_short(std::string_view piece, std::vector<std::uint32_t>& out, Origin* last) const {
  std::array<std::uint32_t, short_piece_bytes_max> ids;
  // Rank of each part with the next one; `none` behind the last.
  std::array<std::uint32_t, short_piece_bytes_max> ranks;
  std::size_t count = piece.size();
  for (std::size_t i = 0; i < count; ++i) ids[i] = byte_ids_[static_cast<unsigned char>(piece[i])];
  for (std::size_t i = 0; i < count; ++i) ranks[i] = i + 1 < count ? pairs_.rank(ids[i], ids[i + 1]) : none;
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) best = ranks[i] < ranks[best] ? i : best;
    if (ranks[best] == none) break;
    if (last != nullptr) *last = Origin(ids[best], ids[best + 1], ranks[best] + 1);
    ids[best] = merged_[ranks[best]];
    std::memmove(&ids[best + 1], &ids[best + 2], (count - best - 2) * sizeof(std::uint32_t));
    std::memmove(&ranks[best + 1], &ranks[best + 2], (count - best - 2) * sizeof(std::uint32_t));
    --count;
    ranks[best] = best + 1 < count ? pairs_.rank(ids[best], ids[best + 1]) : none;
    if (best > 0) ranks[best - 1] = pairs_.rank(ids[best - 1], ids[best]);
  }
  out.insert(out.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count));
}

void BpeModel::merge_long(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out,
                          Origin* last) const {
  auto& parts = scratch.parts_;
  auto& queue = scratch.queue_;  // Heap of rank (high half) and position (low half): ties go to the leftmost.
  const auto size = static_cast<std::uint32_t>(piece.size());
  parts.resize(size);
  queue.clear();
  const auto later = std::greater<std::uint64_t>();
  for (std::uint32_t i = 0; i < size; ++i) {
    parts[i] = {byte_ids_[static_cast<unsigned char>(piece[i])], i - 1, i + 1};
    if (i + 1 == size) break;
    const auto rank = pairs_.rank(parts[i].id, byte_ids_[static_cast<unsigned char>(piece[i + 1])]);
    if (rank != none) queue.push_back(std::uint64_t{rank} << 32 | i);
  }
  std::make_heap(queue.begin(), queue.end(), later);
  const auto push = [&](std::uint32_t at) {
    const auto rank = pairs_.rank(parts[at].id, parts[parts[at].next].id);
    if (rank == none) return;
    queue.push_back(std::uint64_t{rank} << 32 | at);
    std::push_heap(queue.begin(), queue.end(), later);
  };
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), later);
    const auto rank = static_cast<std::uint32_t>(queue.back() >> 32);
    const auto at = static_cast<std::uint32_t>(queue.back());
    queue.pop_back();
    // An entry is stale when its pair is gone; parts that were merged away have the id `none`.
    if (parts[at].id == none || parts[at].next == size || pairs_.rank(parts[at].id, parts[parts[at].next].id) != rank)
      continue;
    const auto gone = parts[at].next;
    if (last != nullptr) *last = Origin(parts[at].id, parts[gone].id, rank + 1);
    parts[at].id = merged_[rank];
    parts[at].next = parts[gone].next;
    parts[gone].id = none;
    if (parts[at].next != size) {
      parts[parts[at].next].previous = at;
      push(at);
    }
    if (at != 0) push(parts[at].previous);
  }
  for (std::uint32_t i = 0; i < size; i = parts[i].next) out.push_back(parts[i].id);
  if (parts.capacity() > kept_parts_max) {
    parts = {};
    queue = {};
  }
}

void BpeModel::merge(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out, Origin* last) const {
  if (piece.size() <= short_piece_bytes_max) return merge_short(piece, out, last);
  merge_long(piece, scratch, out, last);
}

void BpeModel::merge_piece(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  if (piece.empty()) return;
  const auto found = trie_.look_up(piece);
  if (found.whole != TokenTrie::none) return out.push_back(found.whole);
  merge(piece, scratch, out, nullptr);
}

}  // namespace gristmill::kernels
