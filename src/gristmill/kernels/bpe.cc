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

constexpr unsigned id_bits = 21;
constexpr unsigned rank_bits = 22;
constexpr std::uint64_t rank_mask = (std::uint64_t{1} << rank_bits) - 1;
constexpr std::size_t cache_entries = std::size_t{1} << 17;
constexpr std::size_t cached_piece_bytes_max = 15;
// Below this length looking at every pair each time beats keeping a queue.
constexpr std::size_t short_piece_bytes_max = 48;
// Buffers of a giant piece are given back, not kept for ever.
constexpr std::size_t kept_parts_max = std::size_t{1} << 16;

std::uint64_t pair_key(std::uint32_t left, std::uint32_t right) { return (std::uint64_t{left} << id_bits) | right; }

std::uint64_t mix(std::uint64_t value) {
  value *= 0x9E3779B97F4A7C15ULL;
  return value ^ (value >> 32);
}

/// The first `size` (at most 16) bytes as two words, zeros behind them.
std::array<std::uint64_t, 2> load_padded(const char* bytes, std::size_t size) {
  std::array<std::uint64_t, 2> words{};
  if (size >= 8) {
    std::memcpy(&words[0], bytes, 8);
    // The last eight bytes overlap the first; what overlaps is shifted out.
    std::uint64_t tail = 0;
    std::memcpy(&tail, bytes + size - 8, 8);
    words[1] = size == 8 ? 0 : tail >> (8 * (16 - size));
  } else if (size >= 4) {
    std::uint32_t head = 0;
    std::uint32_t tail = 0;
    std::memcpy(&head, bytes, 4);
    std::memcpy(&tail, bytes + size - 4, 4);
    words[0] = head | (size == 4 ? 0 : (std::uint64_t{tail} >> (8 * (8 - size))) << 32);
  } else if (size > 0) {
    const auto byte = [&](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(bytes[at])}; };
    words[0] = byte(0) | (size > 1 ? byte(1) << 8 : 0) | (size > 2 ? byte(2) << 16 : 0);
  }
  return words;
}

}  // namespace

BpeScratch::BpeScratch() : cache_(cache_entries) {}

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
  model.mark_whole_tokens(vocabulary.whole_pieces_first);
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
  const auto slots = std::bit_ceil(vocabulary.merges.size() * 2 + 2);
  pair_slots_.assign(slots, empty_slot);
  pair_mask_ = slots - 1;
  merged_.reserve(vocabulary.merges.size());
  for (std::uint32_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const auto& rule = vocabulary.merges[rank];
    const auto left = token_bytes(rule.left);
    const auto right = token_bytes(rule.right);
    const auto merged = token_bytes(rule.merged);
    if (left.empty() || right.empty() || merged.size() != left.size() + right.size() || !merged.starts_with(left) ||
        !merged.ends_with(right)) {
      return corrupt_data(fmt::format("merge {} does not join its two parts: ids {} + {} -> {}", rank, rule.left,
                                      rule.right, rule.merged));
    }
    merged_.push_back(rule.merged);
    const auto key = pair_key(rule.left, rule.right);
    auto slot = mix(key) & pair_mask_;
    while (pair_slots_[slot] != empty_slot && pair_slots_[slot] >> rank_bits != key) slot = (slot + 1) & pair_mask_;
    // A pair that is listed twice has its last rank, as in the library that writes these files.
    pair_slots_[slot] = (key << rank_bits) | rank;
  }
  byte_pair_ranks_.resize(65536);
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      byte_pair_ranks_[first << 8 | second] = rank_of(byte_ids_[first], byte_ids_[second]);
    }
  }
  return {};
}

void BpeModel::mark_whole_tokens(bool all) {
  is_whole_.assign(size(), all);
  if (all) return;
  BpeScratch scratch;
  std::vector<std::uint32_t> ids;
  for (std::uint32_t id = 0; id < size(); ++id) {
    ids.clear();
    const auto token = token_bytes(id);
    if (token.empty()) continue;
    merge(token, scratch, ids);
    is_whole_[id] = ids.size() == 1 && ids[0] == id;
  }
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

std::uint32_t BpeModel::rank_of(std::uint32_t left, std::uint32_t right) const {
  const auto key = pair_key(left, right);
  auto slot = mix(key) & pair_mask_;
  while (pair_slots_[slot] != empty_slot) {
    if (pair_slots_[slot] >> rank_bits == key) return static_cast<std::uint32_t>(pair_slots_[slot] & rank_mask);
    slot = (slot + 1) & pair_mask_;
  }
  return none;
}

void BpeModel::merge_short(std::string_view piece, std::vector<std::uint32_t>& out) const {
  std::array<std::uint32_t, short_piece_bytes_max> ids;
  // Rank of each part with the next one; `none` behind the last.
  std::array<std::uint32_t, short_piece_bytes_max> ranks;
  std::size_t count = piece.size();
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(piece[at]); };
  for (std::size_t i = 0; i < count; ++i) {
    ids[i] = byte_ids_[byte(i)];
    ranks[i] = i + 1 < count ? byte_pair_ranks_[static_cast<std::size_t>(byte(i)) << 8 | byte(i + 1)] : none;
  }
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) best = ranks[i] < ranks[best] ? i : best;
    if (ranks[best] == none) break;
    ids[best] = merged_[ranks[best]];
    std::memmove(&ids[best + 1], &ids[best + 2], (count - best - 2) * sizeof(std::uint32_t));
    std::memmove(&ranks[best + 1], &ranks[best + 2], (count - best - 2) * sizeof(std::uint32_t));
    --count;
    ranks[best] = best + 1 < count ? rank_of(ids[best], ids[best + 1]) : none;
    if (best > 0) ranks[best - 1] = rank_of(ids[best - 1], ids[best]);
  }
  out.insert(out.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count));
}

void BpeModel::merge_long(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  auto& parts = scratch.parts_;
  auto& queue = scratch.queue_;  // Heap of rank (high half) and position (low half): ties go to the leftmost.
  const auto size = static_cast<std::uint32_t>(piece.size());
  parts.resize(size);
  queue.clear();
  const auto later = std::greater<std::uint64_t>();
  for (std::uint32_t i = 0; i < size; ++i) {
    parts[i] = {byte_ids_[static_cast<unsigned char>(piece[i])], i - 1, i + 1};
    if (i + 1 == size) break;
    const auto rank = byte_pair_ranks_[static_cast<std::size_t>(static_cast<unsigned char>(piece[i])) << 8 |
                                       static_cast<unsigned char>(piece[i + 1])];
    if (rank != none) queue.push_back(std::uint64_t{rank} << 32 | i);
  }
  std::make_heap(queue.begin(), queue.end(), later);
  const auto push = [&](std::uint32_t at) {
    const auto rank = rank_of(parts[at].id, parts[parts[at].next].id);
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
    if (parts[at].id == none || parts[at].next == size || rank_of(parts[at].id, parts[parts[at].next].id) != rank)
      continue;
    const auto gone = parts[at].next;
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

void BpeModel::merge(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  if (piece.size() <= short_piece_bytes_max) return merge_short(piece, out);
  merge_long(piece, scratch, out);
}

void BpeModel::encode_uncached(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  const auto id = find_token(piece);
  if (id != none && is_whole_[id]) return out.push_back(id);
  merge(piece, scratch, out);
}

void BpeModel::encode_piece(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  if (piece.empty()) return;
  if (piece.size() > cached_piece_bytes_max) return encode_uncached(piece, scratch, out);
  auto key = load_padded(piece.data(), piece.size());
  key[1] |= std::uint64_t{piece.size()} << 56;
  auto& entry = scratch.cache_[mix(key[0] ^ (key[1] * 0xC2B2AE3D27D4EB4FULL)) & (cache_entries - 1)];
  if (entry.key == key) {
    out.insert(out.end(), entry.ids.begin(), entry.ids.begin() + entry.count);
    return;
  }
  const auto before = out.size();
  encode_uncached(piece, scratch, out);
  const auto count = out.size() - before;
  if (count > entry.ids.size()) return;
  entry.key = key;
  entry.count = static_cast<std::uint32_t>(count);
  std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(before), count, entry.ids.begin());
}

void BpeModel::encode_pieces(std::string_view text, std::size_t begin, const std::uint32_t* ends, std::size_t count,
                             BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  for (std::size_t i = 0; i < count; ++i) {
    encode_piece(text.substr(begin, ends[i] - begin), scratch, out);
    begin = ends[i];
  }
}

}  // namespace gristmill::kernels
