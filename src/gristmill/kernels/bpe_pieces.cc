// SPDX-License-Identifier: Apache-2.0
// Encoding pieces: by the tokens that they are, by the cache, and by finding the tokens whose row they are.
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "gristmill/kernels/bpe.h"

namespace gristmill::kernels {
namespace {

constexpr unsigned cache_lines_log2 = 15;
constexpr std::size_t neighbour_entries = std::size_t{1} << 15;
constexpr std::size_t cached_piece_bytes_max = 31;
// Longer pieces are merged with a queue: their time is bounded whatever the vocabulary.
constexpr std::size_t matched_piece_bytes_max = 4096;
constexpr std::size_t group_size = 32;

using Key = std::array<std::uint64_t, 4>;

/// The bytes of a piece (at most 31), zeros behind them, the length in the last byte.
Key key_of(std::string_view text, std::size_t begin, std::size_t size) {
  static constexpr auto masks = [] {
    std::array<std::uint8_t, 64> bytes{};
    std::fill_n(bytes.begin(), 32, std::uint8_t{0xFF});
    return bytes;
  }();
  Key key{};
  if (begin + sizeof(key) <= text.size()) {
    const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + begin));
    const auto mask = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(&masks[32 - size]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(key.data()), _mm256_and_si256(bytes, mask));
  } else {
    std::memcpy(key.data(), text.data() + begin, size);
  }
  key[3] |= std::uint64_t{size} << 56;
  return key;
}

std::size_t line_of(const Key& key) {
  const auto first = PieceKey{key[0], key[1]}.hash();
  const auto second = PieceKey{key[2], key[3]}.hash();
  return (first ^ second * 0x9FB21C651E98DF25ULL) >> (64 - cache_lines_log2);
}

bool equal(const Key& a, const Key& b) { return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0; }

}  // namespace

/// What is known of a few pieces. `ids`: of those that are tokens. The others have a bit in `pending`, and those of
/// them that the cache may hold, in order, a line there.
struct BpeScratch::Group {
  std::size_t begin = 0;
  std::span<const std::uint32_t> ends;
  std::uint32_t pending = 0;
  std::array<std::uint32_t, group_size> ids;
  std::array<Pending, group_size> others;
};

BpeScratch::BpeScratch() : cache_(std::size_t{1} << cache_lines_log2), neighbours_(neighbour_entries) {}

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

void BpeModel::encode_new(std::string_view piece, const BpeScratch::Pending& other, BpeScratch& scratch,
                          std::vector<std::uint32_t>& out) const {
  const auto before = out.size();
  encode_uncached(piece, scratch, out);
  const auto count = out.size() - before;
  if (other.line == nullptr) return;
  auto& entry = (*other.line)[0];
  if (count > entry.ids.size()) return;
  (*other.line)[1] = entry;
  entry.key = other.key;
  entry.count = static_cast<std::uint32_t>(count);
  std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(before), count, entry.ids.begin());
}

/// Looks the pieces up among the tokens and has the places of the others in the cache fetched.
void BpeModel::look_up(std::string_view text, std::size_t begin, std::span<const std::uint32_t> ends,
                       BpeScratch& scratch, BpeScratch::Group& group) const {
  std::array<PieceKey, group_size> keys;
  std::array<std::uint32_t, group_size> places;
  group.begin = begin;
  group.ends = ends;
  for (std::size_t i = 0, from = begin; i < ends.size(); from = ends[i++]) {
    keys[i] = PieceKey::of(text, from, ends[i] - from);
    places[i] = short_tokens_.place(keys[i]);
    short_tokens_.fetch(places[i]);
  }
  group.pending = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    group.ids[i] = short_tokens_.find(keys[i], places[i]);
    group.pending |= static_cast<std::uint32_t>(group.ids[i] == ShortTokens::none) << i;
  }
  auto* other = group.others.data();
  for (auto bits = group.pending; bits != 0; bits &= bits - 1, ++other) {
    const auto i = static_cast<unsigned>(std::countr_zero(bits));
    const auto from = i == 0 ? begin : ends[i - 1];
    const auto size = ends[i] - from;
    other->line = nullptr;
    if (size > cached_piece_bytes_max) continue;
    other->key = key_of(text, from, size);
    other->line = &scratch.cache_[line_of(other->key)];
    __builtin_prefetch(&(*other->line)[0]);
  }
}

/// Appends the ids of a group.
void BpeModel::emit(std::string_view text, const BpeScratch::Group& group, BpeScratch& scratch,
                    std::vector<std::uint32_t>& out) const {
  const auto append = [&](const std::uint32_t* ids, std::size_t count) { out.insert(out.end(), ids, ids + count); };
  std::size_t next = 0;
  const auto* other = group.others.data();
  for (auto bits = group.pending; bits != 0; bits &= bits - 1, ++other) {
    const auto i = static_cast<unsigned>(std::countr_zero(bits));
    append(group.ids.data() + next, i - next);
    next = i + 1;
    if (other->line != nullptr) {
      const auto& [newer, older] = *other->line;
      const auto& entry = equal(newer.key, other->key) ? newer : older;
      if (equal(entry.key, other->key)) {
        append(entry.ids.data(), entry.count);
        continue;
      }
    }
    const auto from = i == 0 ? group.begin : group.ends[i - 1];
    encode_new(text.substr(from, group.ends[i] - from), *other, scratch, out);
  }
  append(group.ids.data() + next, group.ends.size() - next);
}

void BpeModel::encode_piece(std::string_view piece, BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  const auto end = static_cast<std::uint32_t>(piece.size());
  if (!piece.empty()) encode_pieces(piece, 0, {&end, 1}, scratch, out);
}

void BpeModel::encode_pieces(std::string_view text, std::size_t begin, std::span<const std::uint32_t> ends,
                             BpeScratch& scratch, std::vector<std::uint32_t>& out) const {
  std::array<BpeScratch::Group, 2> groups;
  // One group ahead: what the next one needs of the memory is on its way while this one is written.
  std::size_t turn = 0;
  for (bool is_first = true; !ends.empty(); is_first = false, turn ^= 1) {
    const auto count = std::min(group_size, ends.size());
    look_up(text, begin, ends.first(count), scratch, groups[turn]);
    if (!is_first) emit(text, groups[turn ^ 1], scratch, out);
    begin = ends[count - 1];
    ends = ends.subspan(count);
    if (ends.empty()) emit(text, groups[turn], scratch, out);
  }
}

}  // namespace gristmill::kernels
