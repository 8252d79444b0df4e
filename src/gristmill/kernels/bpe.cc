// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/bpe.h"

#include <fmt/format.h>
#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

#include "gristmill/base/hash.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t cache_lines = std::size_t{1} << 16;
constexpr std::size_t neighbour_entries = std::size_t{1} << 15;
constexpr std::size_t cached_piece_bytes_max = 15;
// Below this length looking at every pair each time beats keeping a queue.
constexpr std::size_t short_piece_bytes_max = 48;
// Longer pieces are merged with a queue: their time is bounded whatever the vocabulary.
constexpr std::size_t matched_piece_bytes_max = 4096;
// Buffers of a giant piece are given back, not kept for ever.
constexpr std::size_t kept_parts_max = std::size_t{1} << 16;
// Pieces whose places in the cache are fetched at once.
constexpr std::size_t group_size = 32;

/// The first `size` (at most 16) bytes as two words, zeros behind them.
std::array<std::uint64_t, 2> load_padded(const char* bytes, std::size_t size) {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), bytes, size);
  return words;
}

/// The same where 16 bytes can be read.
std::array<std::uint64_t, 2> load_masked(const char* bytes, std::size_t size) {
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), bytes, sizeof(words));
  // An index of 64 or more keeps every bit.
  words[0] = _bzhi_u64(words[0], static_cast<unsigned>(8 * size));
  words[1] = _bzhi_u64(words[1], static_cast<unsigned>(8 * (std::max<std::size_t>(size, 8) - 8)));
  return words;
}

std::size_t cache_slot(const std::array<std::uint64_t, 2>& key) {
  return BpePairs::mix(key[0] ^ (key[1] * 0xC2B2AE3D27D4EB4FULL)) & (cache_lines - 1);
}

}  // namespace

BpeScratch::BpeScratch() : cache_(cache_lines), neighbours_(neighbour_entries) {}

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
  model.index_trie(vocabulary.whole_pieces_first);
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

void BpeModel::index_trie(bool whole_pieces_first) {
  std::vector<TokenTrie::Entry> entries;
  entries.reserve(size());
  for (std::uint32_t id = 0; id < size(); ++id) {
    const auto token = token_bytes(id);
    const bool is_reachable = origins_[id].rank() != unreachable;
    if (!token.empty() && (is_reachable || whole_pieces_first)) entries.push_back({token, id, is_reachable});
  }
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

/// Takes the two tokens apart from the last merge to the first: at no time may a merge across their border have been
/// due before the one that was made. Of equal ranks the left one is due first.
bool BpeModel::go_together(std::uint32_t left, std::uint32_t right) const {
  auto limit = unreachable;
  auto left_origin = origins_[left];
  auto right_origin = origins_[right];
  while (true) {
    const auto rank = pairs_.rank(left, right);
    if (rank != none && rank + 1 < limit) return false;
    if (left_origin.rank() > right_origin.rank()) {
      limit = left_origin.rank();
      left = left_origin.right();
      left_origin = origins_[left];
    } else if (right_origin.rank() == 0) {
      return true;
    } else {
      limit = right_origin.rank() + 1;
      right = right_origin.left();
      right_origin = origins_[right];
    }
  }
}

/// The same by merging both tokens' bytes.
bool BpeModel::merges_apart(std::string_view bytes, std::uint32_t left, std::uint32_t right,
                            BpeScratch& scratch) const {
  scratch.pair_.clear();
  merge(bytes, scratch, scratch.pair_, nullptr);
  return scratch.pair_.size() == 2 && scratch.pair_[0] == left && scratch.pair_[1] == right;
}

/// Whether two tokens may stand side by side; `bytes` are theirs.
bool BpeModel::may_follow(std::string_view bytes, std::uint32_t left, std::uint32_t right, BpeScratch& scratch) const {
  const auto key = BpePairs::key(left, right);
  auto& known = scratch.neighbours_[BpePairs::mix(key) & (neighbour_entries - 1)];
  if (known >> 1 == key + 1) return (known & 1) != 0;
  const bool answer = is_out_of_order_[left] || is_out_of_order_[right] ? merges_apart(bytes, left, right, scratch)
                                                                        : go_together(left, right);
  known = (key + 1) << 1 | (answer ? 1 : 0);
  return answer;
}

/// Depth first: the longest token at each place, a shorter one where it does not go with the token before. Each place
/// is left at most once as a dead end, because only one row of tokens leads to it. `next` is the longest at the start.
void BpeModel::match(std::string_view piece, TokenTrie::Match next, BpeScratch& scratch,
                     std::vector<std::uint32_t>& out) const {
  std::array<std::uint64_t, matched_piece_bytes_max / 64 + 1> dead_ends;
  std::fill_n(dead_ends.begin(), piece.size() / 64 + 1, 0);
  const auto first = out.size();
  std::size_t position = 0;
  std::size_t last_size = 0;
  while (true) {
    const auto end = position + next.size;
    const bool is_dead = (dead_ends[end / 64] >> (end % 64) & 1) != 0;
    const auto both = piece.substr(position - last_size, last_size + next.size);
    if (!is_dead && (out.size() == first || may_follow(both, out.back(), next.id, scratch))) {
      out.push_back(next.id);
      if (end == piece.size()) return;
      position = end;
      last_size = next.size;
      next = trie_.longest(piece.substr(position));
      continue;
    }
    while (next.size == 1) {
      GRISTMILL_CHECK(out.size() > first, "no row of tokens makes the piece");
      dead_ends[position / 64] |= std::uint64_t{1} << (position % 64);
      next = {out.back(), static_cast<std::uint32_t>(token_bytes(out.back()).size())};
      out.pop_back();
      position -= next.size;
      last_size = out.size() == first ? 0 : token_bytes(out.back()).size();
    }
    next = trie_.longest(piece.substr(position, next.size - 1));
  }
}

void BpeModel::encode_uncached(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  const auto found = trie_.look_up(piece);
  if (found.whole != TokenTrie::none) return out.push_back(found.whole);
  if (piece.size() <= matched_piece_bytes_max) return match(piece, found.longest, scratch, out);
  merge(piece, scratch, out, nullptr);
}

void BpeModel::encode_new(std::string_view piece, BpeScratch::Line& line, BpeScratch& scratch,
                          std::vector<std::uint32_t>& out) const {
  const auto before = out.size();
  encode_uncached(piece, scratch, out);
  const auto count = out.size() - before;
  auto& entry = line.entries[0];
  if (count > entry.ids.size()) return;
  line.entries[1] = entry;
  entry.key = load_padded(piece.data(), piece.size());
  entry.key[1] |= std::uint64_t{piece.size()} << 56;
  entry.count = static_cast<std::uint32_t>(count);
  std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(before), count, entry.ids.begin());
}

void BpeModel::encode_piece(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  const auto end = static_cast<std::uint32_t>(piece.size());
  if (!piece.empty()) encode_pieces(piece, 0, {&end, 1}, scratch, out);
}

void BpeModel::encode_pieces(std::string_view text, std::size_t begin, std::span<const std::uint32_t> ends,
                             BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  std::array<std::array<std::uint64_t, 2>, group_size> keys;
  std::array<BpeScratch::Line*, group_size> lines;
  // Ids of pieces found in the cache, before they go to `out` together; three more are stored at once than are counted.
  std::array<std::uint32_t, group_size * 3 + 4> found;
  for (; !ends.empty(); ends = ends.subspan(std::min(group_size, ends.size()))) {
    const auto count = std::min(group_size, ends.size());
    for (std::size_t i = 0, from = begin; i < count; from = ends[i++]) {
      const auto size = ends[i] - from;
      lines[i] = nullptr;
      if (size > cached_piece_bytes_max) continue;
      keys[i] = from + 16 <= text.size() ? load_masked(text.data() + from, size)
                                         : load_padded(text.data() + from, size);
      keys[i][1] |= std::uint64_t{size} << 56;
      lines[i] = &scratch.cache_[cache_slot(keys[i])];
      __builtin_prefetch(lines[i]);
    }
    std::size_t found_count = 0;
    const auto flush = [&] {
      out.insert(out.end(), found.begin(), found.begin() + static_cast<std::ptrdiff_t>(found_count));
      found_count = 0;
    };
    for (std::size_t i = 0; i < count; begin = ends[i++]) {
      if (lines[i] != nullptr) {
        const auto& [newer, older] = lines[i]->entries;
        const auto& entry = newer.has(keys[i]) ? newer : older;
        if (entry.has(keys[i])) {
          std::memcpy(&found[found_count], entry.ids.data(), sizeof(entry.ids));
          found_count += entry.count;
          continue;
        }
      }
      flush();
      const auto piece = text.substr(begin, ends[i] - begin);
      if (lines[i] == nullptr) {
        encode_uncached(piece, scratch, out);
      } else {
        encode_new(piece, *lines[i], scratch, out);
      }
    }
    flush();
  }
}

}  // namespace gristmill::kernels
