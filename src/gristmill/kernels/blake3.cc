// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/blake3.h"

// GCC 12 takes the undefined registers inside its own AVX-512 intrinsics for ours (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace gristmill::kernels {
namespace {

// Section 2 of the paper: sizes, flags, the initial value (that of SHA-256) and the order of message words.
constexpr std::size_t block_bytes = 64;
constexpr std::size_t part_bytes = 1024;  // "Chunk" in the paper; chunks are something else here.
constexpr std::size_t blocks_in_part = part_bytes / block_bytes;
constexpr std::size_t digest_bytes = 32;
constexpr std::uint32_t part_start = 1, part_end = 2, parent = 4, root = 8;
constexpr std::array<std::uint32_t, 8> initial{0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                               0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};
constexpr std::size_t round_count = 7;
constexpr auto schedule = [] {
  constexpr std::array<std::size_t, 16> permutation{2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
  std::array<std::array<std::size_t, 16>, round_count> order{};
  for (std::size_t i = 0; i < 16; ++i) order[0][i] = i;
  for (std::size_t round = 1; round < round_count; ++round) {
    for (std::size_t i = 0; i < 16; ++i) order[round][i] = order[round - 1][permutation[i]];
  }
  return order;
}();
/// The four words that each of the eight mixing steps of a round works on: columns, then diagonals.
constexpr std::size_t steps[8][4] = {{0, 4, 8, 12},  {1, 5, 9, 13},  {2, 6, 10, 14}, {3, 7, 11, 15},
                                     {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},  {3, 4, 9, 14}};

/// Eight inputs side by side.
using Words8 = std::uint32_t __attribute__((vector_size(32)));

template <int bits>
std::uint32_t rotated(std::uint32_t word) noexcept {
  return (word >> bits) | (word << (32 - bits));
}

template <int bits>
Words8 rotated(Words8 words) noexcept {
  if constexpr (bits % 8 == 0) {
    // Whole bytes move in one instruction.
    constexpr int step = bits / 8;
    const auto source = [](int i) { return static_cast<char>(i / 4 * 4 + (i + step) % 4); };
    const auto order = _mm256_setr_epi8(source(0), source(1), source(2), source(3), source(4), source(5), source(6),
                                        source(7), source(8), source(9), source(10), source(11), source(12), source(13),
                                        source(14), source(15), source(0), source(1), source(2), source(3), source(4),
                                        source(5), source(6), source(7), source(8), source(9), source(10), source(11),
                                        source(12), source(13), source(14), source(15));
    return reinterpret_cast<Words8>(_mm256_shuffle_epi8(reinterpret_cast<__m256i>(words), order));
  } else {
    return (words >> bits) | (words << (32 - bits));
  }
}

template <class Word>
[[gnu::always_inline]] inline void mix(Word& a, Word& b, Word& c, Word& d, Word x, Word y) noexcept {
  a = a + b + x;
  d = rotated<16>(d ^ a);
  c = c + d;
  b = rotated<12>(b ^ c);
  a = a + b + y;
  d = rotated<8>(d ^ a);
  c = c + d;
  b = rotated<7>(b ^ c);
}

template <std::size_t round, class Word>
[[gnu::always_inline]] inline void mix_round(Word (&v)[16], const Word (&message)[16]) noexcept {
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (mix(v[steps[i][0]], v[steps[i][1]], v[steps[i][2]], v[steps[i][3]], message[schedule[round][2 * i]],
         message[schedule[round][2 * i + 1]]),
     ...);
  }(std::make_index_sequence<8>());
}

/// All rounds, and the first half of what comes out: the new chaining value.
template <class Word>
[[gnu::always_inline]] inline void compress(Word (&v)[16], const Word (&message)[16], Word (&value)[8]) noexcept {
  [&]<std::size_t... round>(std::index_sequence<round...>) {
    (mix_round<round>(v, message), ...);
  }(std::make_index_sequence<round_count>());
  for (std::size_t i = 0; i < 8; ++i) value[i] = v[i] ^ v[i + 8];
}

/// Inputs of equal length, whole blocks, that become one chaining value each.
struct Inputs {
  const unsigned char* starts[16];
  std::size_t blocks = 0;
  std::uint64_t counter = 0;  ///< Of the first.
  bool counts = false;        ///< The next ones have the next numbers.
  std::uint32_t flags = 0;
  std::uint32_t first_flags = 0;
  std::uint32_t last_flags = 0;

  [[nodiscard]] std::uint32_t flags_at(std::size_t block) const noexcept {
    return flags | (block == 0 ? first_flags : 0) | (block + 1 == blocks ? last_flags : 0);
  }
  [[nodiscard]] std::uint64_t counter_of(std::size_t lane) const noexcept { return counter + (counts ? lane : 0); }
};

/// One block of up to 64 bytes.
void compress_one(std::uint32_t (&value)[8], const unsigned char* block, std::size_t bytes, std::uint64_t counter,
                  std::uint32_t flags) noexcept {
  std::uint32_t message[16] = {};
  std::memcpy(message, block, bytes);
  std::uint32_t v[16];
  std::copy_n(value, 8, v);
  std::copy_n(initial.begin(), 4, v + 8);
  v[12] = static_cast<std::uint32_t>(counter);
  v[13] = static_cast<std::uint32_t>(counter >> 32);
  v[14] = static_cast<std::uint32_t>(bytes);
  v[15] = flags;
  compress(v, message, value);
}

void run_one(const Inputs& inputs, unsigned char* out) noexcept {
  std::uint32_t value[8];
  std::ranges::copy(initial, value);
  for (std::size_t block = 0; block < inputs.blocks; ++block)
    compress_one(value, inputs.starts[0] + block * block_bytes, block_bytes, inputs.counter, inputs.flags_at(block));
  std::memcpy(out, value, digest_bytes);
}

/// Lanes of words become the bytes of one value a lane.
template <std::size_t lanes>
void store_values(const std::uint32_t (&words)[8][lanes], std::size_t count, unsigned char* out) noexcept {
  for (std::size_t lane = 0; lane < count; ++lane) {
    std::uint32_t value[8];
    for (std::size_t i = 0; i < 8; ++i) value[i] = words[i][lane];
    std::memcpy(out + lane * digest_bytes, value, digest_bytes);
  }
}

/// Eight words of each of eight inputs, word by word.
void load_words(const Inputs& inputs, std::size_t offset, Words8* out) noexcept {
  __m256i row[8];
  for (std::size_t i = 0; i < 8; ++i)
    row[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(inputs.starts[i] + offset));
  __m256i pair[8];
  for (std::size_t i = 0; i < 8; i += 2) {
    pair[i] = _mm256_unpacklo_epi32(row[i], row[i + 1]);
    pair[i + 1] = _mm256_unpackhi_epi32(row[i], row[i + 1]);
  }
  __m256i four[8];
  for (std::size_t i = 0; i < 8; i += 4) {
    for (std::size_t k = 0; k < 2; ++k) {
      four[i + 2 * k] = _mm256_unpacklo_epi64(pair[i + k], pair[i + k + 2]);
      four[i + 2 * k + 1] = _mm256_unpackhi_epi64(pair[i + k], pair[i + k + 2]);
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    out[i] = reinterpret_cast<Words8>(_mm256_permute2x128_si256(four[i], four[i + 4], 0x20));
    out[i + 4] = reinterpret_cast<Words8>(_mm256_permute2x128_si256(four[i], four[i + 4], 0x31));
  }
}

void run_avx2(const Inputs& inputs, std::size_t count, unsigned char* out) noexcept {
  Words8 value[8];
  for (std::size_t i = 0; i < 8; ++i) value[i] = Words8{} + initial[i];
  Words8 counter_low{}, counter_high{};
  for (std::size_t lane = 0; lane < 8; ++lane) {
    counter_low[lane] = static_cast<std::uint32_t>(inputs.counter_of(lane));
    counter_high[lane] = static_cast<std::uint32_t>(inputs.counter_of(lane) >> 32);
  }
  for (std::size_t block = 0; block < inputs.blocks; ++block) {
    Words8 message[16];
    load_words(inputs, block * block_bytes, message);
    load_words(inputs, block * block_bytes + 32, message + 8);
    Words8 v[16];
    for (std::size_t i = 0; i < 8; ++i) v[i] = value[i];
    for (std::size_t i = 0; i < 4; ++i) v[8 + i] = Words8{} + initial[i];
    v[12] = counter_low;
    v[13] = counter_high;
    v[14] = Words8{} + static_cast<std::uint32_t>(block_bytes);
    v[15] = Words8{} + inputs.flags_at(block);
    compress(v, message, value);
  }
  std::uint32_t words[8][8];
  std::memcpy(words, value, sizeof words);
  store_values(words, count, out);
}

/// The same step with sixteen inputs side by side. GCC takes no code of other levels into functions of this one, so
/// that it stands here once more.
[[gnu::target("avx512f"), gnu::always_inline]] inline void mix(__m512i& a, __m512i& b, __m512i& c, __m512i& d,
                                                               const __m512i& x, const __m512i& y) noexcept {
  a = _mm512_add_epi32(_mm512_add_epi32(a, x), b);
  d = _mm512_ror_epi32(_mm512_xor_si512(d, a), 16);
  c = _mm512_add_epi32(c, d);
  b = _mm512_ror_epi32(_mm512_xor_si512(b, c), 12);
  a = _mm512_add_epi32(_mm512_add_epi32(a, y), b);
  d = _mm512_ror_epi32(_mm512_xor_si512(d, a), 8);
  c = _mm512_add_epi32(c, d);
  b = _mm512_ror_epi32(_mm512_xor_si512(b, c), 7);
}

template <std::size_t round>
[[gnu::target("avx512f"), gnu::always_inline]] inline void mix_round(__m512i (&v)[16],
                                                                     const __m512i (&message)[16]) noexcept {
  constexpr auto& order = schedule[round];
  mix(v[0], v[4], v[8], v[12], message[order[0]], message[order[1]]);
  mix(v[1], v[5], v[9], v[13], message[order[2]], message[order[3]]);
  mix(v[2], v[6], v[10], v[14], message[order[4]], message[order[5]]);
  mix(v[3], v[7], v[11], v[15], message[order[6]], message[order[7]]);
  mix(v[0], v[5], v[10], v[15], message[order[8]], message[order[9]]);
  mix(v[1], v[6], v[11], v[12], message[order[10]], message[order[11]]);
  mix(v[2], v[7], v[8], v[13], message[order[12]], message[order[13]]);
  mix(v[3], v[4], v[9], v[14], message[order[14]], message[order[15]]);
}

/// Sixteen words of each of sixteen inputs, word by word.
[[gnu::target("avx512f"), gnu::always_inline]] inline void load_words(const Inputs& inputs, std::size_t offset,
                                                                      __m512i (&out)[16]) noexcept {
  __m512i row[16];
  for (std::size_t i = 0; i < 16; ++i) row[i] = _mm512_loadu_si512(inputs.starts[i] + offset);
  __m512i pair[16];
  for (std::size_t i = 0; i < 16; i += 2) {
    pair[i] = _mm512_unpacklo_epi32(row[i], row[i + 1]);
    pair[i + 1] = _mm512_unpackhi_epi32(row[i], row[i + 1]);
  }
  // four[4 * i + k]: word k of each 128 bits, of the inputs 4 * i to 4 * i + 3.
  __m512i four[16];
  for (std::size_t i = 0; i < 16; i += 4) {
    for (std::size_t k = 0; k < 2; ++k) {
      four[i + 2 * k] = _mm512_unpacklo_epi64(pair[i + k], pair[i + k + 2]);
      four[i + 2 * k + 1] = _mm512_unpackhi_epi64(pair[i + k], pair[i + k + 2]);
    }
  }
  for (std::size_t k = 0; k < 4; ++k) {
    const auto even_low = _mm512_shuffle_i32x4(four[k], four[k + 4], 0x88);
    const auto odd_low = _mm512_shuffle_i32x4(four[k], four[k + 4], 0xDD);
    const auto even_high = _mm512_shuffle_i32x4(four[k + 8], four[k + 12], 0x88);
    const auto odd_high = _mm512_shuffle_i32x4(four[k + 8], four[k + 12], 0xDD);
    out[k] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
    out[k + 4] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
    out[k + 8] = _mm512_shuffle_i32x4(even_low, even_high, 0xDD);
    out[k + 12] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xDD);
  }
}

[[gnu::target("avx512f")]] void run_avx512(const Inputs& inputs, std::size_t count, unsigned char* out) noexcept {
  std::uint32_t counters[2][16];
  for (std::size_t lane = 0; lane < 16; ++lane) {
    counters[0][lane] = static_cast<std::uint32_t>(inputs.counter_of(lane));
    counters[1][lane] = static_cast<std::uint32_t>(inputs.counter_of(lane) >> 32);
  }
  __m512i value[8];
  for (std::size_t i = 0; i < 8; ++i) value[i] = _mm512_set1_epi32(static_cast<int>(initial[i]));
  for (std::size_t block = 0; block < inputs.blocks; ++block) {
    __m512i message[16];
    load_words(inputs, block * block_bytes, message);
    __m512i v[16];
    for (std::size_t i = 0; i < 8; ++i) v[i] = value[i];
    for (std::size_t i = 0; i < 4; ++i) v[8 + i] = _mm512_set1_epi32(static_cast<int>(initial[i]));
    v[12] = _mm512_loadu_si512(counters[0]);
    v[13] = _mm512_loadu_si512(counters[1]);
    v[14] = _mm512_set1_epi32(static_cast<int>(block_bytes));
    v[15] = _mm512_set1_epi32(static_cast<int>(inputs.flags_at(block)));
    mix_round<0>(v, message);
    mix_round<1>(v, message);
    mix_round<2>(v, message);
    mix_round<3>(v, message);
    mix_round<4>(v, message);
    mix_round<5>(v, message);
    mix_round<6>(v, message);
    for (std::size_t i = 0; i < 8; ++i) value[i] = _mm512_xor_si512(v[i], v[i + 8]);
  }
  std::uint32_t words[8][16];
  for (std::size_t i = 0; i < 8; ++i) _mm512_storeu_si512(words[i], value[i]);
  store_values(words, count, out);
}

/// A level's code and how many inputs it takes at once.
struct Engine {
  std::size_t lanes;
  SimdLevel level;

  /// Inputs that stand `stride` bytes apart; one value each. `out` may be where the inputs are: all of those that are
  /// hashed at once have been read by then.
  void run(const unsigned char* bytes, std::size_t stride, std::size_t count, Inputs inputs,
           unsigned char* out) const noexcept {
    for (std::size_t done = 0; done < count; done += lanes) {
      const auto now = std::min(lanes, count - done);
      // Lanes without an input of their own compute the first once more.
      for (std::size_t lane = 0; lane < lanes; ++lane)
        inputs.starts[lane] = bytes + (done + (lane < now ? lane : 0)) * stride;
      if (level == SimdLevel::avx512) {
        run_avx512(inputs, now, out + done * digest_bytes);
      } else if (level == SimdLevel::avx2) {
        run_avx2(inputs, now, out + done * digest_bytes);
      } else {
        run_one(inputs, out + done * digest_bytes);
      }
      if (inputs.counts) inputs.counter += now;
    }
  }
};

Engine engine_of(SimdLevel level) noexcept {
  if (level == SimdLevel::avx512) return {16, level};
  return level == SimdLevel::avx2 ? Engine{8, level} : Engine{1, level};
}

/// A part that is not full, or the only one.
void hash_part(const unsigned char* bytes, std::size_t count, std::uint64_t counter, std::uint32_t flags,
               unsigned char* out) noexcept {
  std::uint32_t value[8];
  std::ranges::copy(initial, value);
  for (std::size_t at = 0; at < count || at == 0; at += block_bytes) {
    const auto now = std::min(block_bytes, count - at);
    const bool is_last = at + now == count;
    compress_one(value, bytes + at, now, counter, (at == 0 ? part_start : 0) | (is_last ? part_end | flags : 0));
  }
  std::memcpy(out, value, digest_bytes);
}

/// Joins neighbours until one value is left; one without a neighbour goes up a level as it is. That is the tree of the
/// paper, where the left side of each node is the largest full tree.
void join(const Engine& engine, unsigned char* values, std::size_t count, bool is_root) noexcept {
  while (count > 1) {
    const auto pairs = count / 2;
    Inputs inputs{.starts = {}, .blocks = 1, .flags = parent | (is_root && count == 2 ? root : 0)};
    engine.run(values, 2 * digest_bytes, pairs, inputs, values);
    if (count % 2 == 1) std::memmove(values + pairs * digest_bytes, values + (count - 1) * digest_bytes, digest_bytes);
    count = pairs + count % 2;
  }
}

/// What is hashed and joined at once; a full subtree.
constexpr std::size_t parts_at_once = 256;

}  // namespace

Blake3Digest blake3(std::string_view text, SimdLevel level) {
  Blake3Digest digest;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (text.size() <= part_bytes) {
    hash_part(bytes, text.size(), 0, root, digest.data());
    return digest;
  }
  const auto engine = engine_of(level);
  constexpr std::size_t group_bytes = parts_at_once * part_bytes;
  const auto groups = (text.size() + group_bytes - 1) / group_bytes;
  std::vector<unsigned char> tops(groups * digest_bytes);
  unsigned char values[parts_at_once * digest_bytes];
  for (std::size_t group = 0; group < groups; ++group) {
    const auto* const begin = bytes + group * group_bytes;
    const auto count = std::min(group_bytes, text.size() - group * group_bytes);
    const auto full = count / part_bytes;
    const auto rest = count % part_bytes;
    const std::uint64_t counter = group * parts_at_once;
    const Inputs inputs{.starts = {},
                        .blocks = blocks_in_part,
                        .counter = counter,
                        .counts = true,
                        .first_flags = part_start,
                        .last_flags = part_end};
    engine.run(begin, part_bytes, full, inputs, values);
    if (rest > 0) hash_part(begin + full * part_bytes, rest, counter + full, 0, values + full * digest_bytes);
    join(engine, values, full + (rest > 0 ? 1 : 0), groups == 1);
    std::memcpy(tops.data() + group * digest_bytes, values, digest_bytes);
  }
  join(engine, tops.data(), groups, true);
  std::memcpy(digest.data(), tops.data(), digest_bytes);
  return digest;
}

}  // namespace gristmill::kernels
