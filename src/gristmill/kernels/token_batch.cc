// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/token_batch.h"

#include <immintrin.h>

#include <cstring>

namespace gristmill::kernels {
namespace {

__m256i load(const void* at) noexcept { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }

void store(std::uint32_t* at, __m256i numbers) noexcept {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(at), numbers);
}

__m256i spread(std::uint32_t number) noexcept { return _mm256_set1_epi32(static_cast<int>(number)); }

/// First eight bytes of each of four words in lower case, zeros behind the word.
__m256i first_eight(const char* const* words, const std::uint32_t* sizes) noexcept {
  const auto eight = [&](std::size_t i) {
    long long bytes = 0;
    std::memcpy(&bytes, words[i], sizeof bytes);
    return bytes;
  };
  auto bytes = _mm256_setr_epi64x(eight(0), eight(1), eight(2), eight(3));
  const auto is_ascii = _mm256_andnot_si256(bytes, _mm256_set1_epi8(static_cast<char>(0x80)));
  bytes = _mm256_or_si256(bytes, _mm256_srli_epi64(is_ascii, 2));
  const auto size = _mm_min_epu32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(sizes)), _mm_set1_epi32(8));
  const auto bits_behind = _mm256_cvtepu32_epi64(_mm_slli_epi32(_mm_sub_epi32(_mm_set1_epi32(8), size), 3));
  return _mm256_and_si256(bytes, _mm256_srlv_epi64(_mm256_set1_epi64x(-1), bits_behind));
}

/// FNV-1a of eight words of at most eight bytes, from what it is of the bytes in front of them.
__m256i hash_eight(__m256i hash, const char* const* words, const std::uint32_t* sizes) noexcept {
  const auto prime = spread(fnv_prime);
  // The lower halves of all words, then the upper ones.
  const auto order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
  const auto first = _mm256_permutevar8x32_epi32(first_eight(words, sizes), order);
  const auto second = _mm256_permutevar8x32_epi32(first_eight(words + 4, sizes + 4), order);
  const __m256i halves[]{_mm256_permute2x128_si256(first, second, 0x20),
                         _mm256_permute2x128_si256(first, second, 0x31)};
  for (auto half : halves) {
    for (int i = 0; i < 4; ++i) {
      hash = _mm256_mullo_epi32(_mm256_xor_si256(hash, _mm256_and_si256(half, spread(0xFF))), prime);
      half = _mm256_srli_epi32(half, 8);
    }
  }
  // A zero byte only multiplies, which the inverse takes back.
  const auto zeros = _mm256_sub_epi32(spread(8), _mm256_min_epu32(load(sizes), spread(8)));
  return _mm256_mullo_epi32(hash, _mm256_permutevar8x32_epi32(load(fnv_inverse_powers.data()), zeros));
}

/// As `token_pair_hash`.
__m256i pair_hashes(__m256i first, __m256i second) noexcept {
  const auto turned = _mm256_or_si256(_mm256_slli_epi32(first, 7), _mm256_srli_epi32(first, 25));
  return _mm256_add_epi32(_mm256_mullo_epi32(_mm256_xor_si256(turned, second), spread(0x85EBCA6Bu)), spread(1));
}

/// Two words of eight bytes, for places that hold no word.
constexpr std::array<char, 16> any_bytes{};

}  // namespace

TokenBatch::TokenBatch() {
  starts_.fill(any_bytes.data());
  sizes_.fill(any_bytes.size());
}

void TokenBatch::hash_words() noexcept {
  // What is behind the last word is read as words too.
  std::fill_n(starts_.begin() + static_cast<std::ptrdiff_t>(word_count_), 8, any_bytes.data());
  for (std::size_t i = 0; i < word_count_; i += 8)
    store(hashes_.data() + i, hash_eight(spread(fnv_basis), &starts_[i], &sizes_[i]));
  std::array<std::uint32_t, words_max + 8> long_words;
  std::size_t long_count = 0;
  for (std::uint32_t i = 0; i < word_count_; ++i) {
    long_words[long_count] = i;
    long_count += sizes_[i] > 8 ? 1 : 0;
  }
  std::fill_n(long_words.begin() + static_cast<std::ptrdiff_t>(long_count), 8, room - 1);
  for (std::size_t i = 0; i < long_count; i += 8) hash_rest(&long_words[i]);
}

/// Of eight words of more than eight bytes, of which the first eight are hashed.
void TokenBatch::hash_rest(const std::uint32_t* words) noexcept {
  std::array<const char*, 8> starts;
  std::array<std::uint32_t, 8> sizes;
  std::array<std::uint32_t, 8> hashes;
  for (std::size_t i = 0; i < 8; ++i) {
    starts[i] = starts_[words[i]] + 8;
    sizes[i] = sizes_[words[i]] - 8;
    hashes[i] = hashes_[words[i]];
  }
  store(hashes.data(), hash_eight(load(hashes.data()), starts.data(), sizes.data()));
  for (std::size_t i = 0; i < 8; ++i) {
    // Few are longer still.
    hashes_[words[i]] = sizes[i] <= 8 ? hashes[i] : letter_word_hash(starts_[words[i]], sizes_[words[i]]);
  }
}

void TokenBatch::find_places() noexcept {
  const TokenPlacer placer;
  for (std::size_t i = 0; i < word_count_; i += 8) {
    const auto hashes = load(hashes_.data() + i);
    store(words_.data() + i, placer.places(hashes));
    store(pairs_.data() + i, placer.places(pair_hashes(hashes, load(hashes_.data() + i + 1))));
  }
  // The last word of a text has no neighbour; of a text without words this is the one of the text before.
  for (std::size_t text = 0; text < text_count_; ++text) {
    if (ends_[text] > 0) pairs_[ends_[text] - 1] = TokenWeights::empty_place;
  }
}

void TokenBatch::sum(const TokenWeights& weights, std::size_t first_band) noexcept {
  hash_words();
  find_places();
  weights.add_up(std::span(words_).first(word_count_), std::span(pairs_).first(word_count_), first_band, sums_.data());
}

std::uint32_t TokenBatch::whole_place(std::size_t text) const noexcept {
  const auto begin = begin_of(text);
  const auto count = ends_[text] - begin;
  // All steps are made whatever the count: the processor cannot guess it, but the next text's steps need not wait.
  std::uint32_t whole = 1;
  for (std::size_t i = 0; i < short_words_max; ++i) {
    const auto next = token_pair_hash(whole, hashes_[begin + i]);
    whole = i < count ? next : whole;
  }
  return TokenWeights::place(whole);
}

}  // namespace gristmill::kernels
