// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/token_batch.h"

#include <immintrin.h>

#include <cstring>

// GCC 12 takes registers that its own AVX-512 intrinsics leave open on purpose for a fault.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

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

/// As `first_eight`, of eight words.
[[GRISTMILL_AVX512]] __m512i first_eight_avx512(const char* const* words, const std::uint32_t* sizes) noexcept {
  std::array<std::int64_t, 8> eights;
  for (std::size_t i = 0; i < 8; ++i) std::memcpy(&eights[i], words[i], sizeof eights[i]);
  auto bytes = _mm512_setr_epi64(eights[0], eights[1], eights[2], eights[3], eights[4], eights[5], eights[6],
                                 eights[7]);
  const auto is_ascii = _mm512_andnot_si512(bytes, _mm512_set1_epi8(static_cast<char>(0x80)));
  bytes = _mm512_or_si512(bytes, _mm512_srli_epi64(is_ascii, 2));
  const auto bits_behind = _mm256_slli_epi32(_mm256_sub_epi32(spread(8), _mm256_min_epu32(load(sizes), spread(8))), 3);
  return _mm512_and_si512(bytes, _mm512_srlv_epi64(_mm512_set1_epi64(-1), _mm512_cvtepu32_epi64(bits_behind)));
}

/// As `hash_eight`, of sixteen words.
[[GRISTMILL_AVX512]] __m512i hash_sixteen(__m512i hash, const char* const* words, const std::uint32_t* sizes) noexcept {
  const auto prime = _mm512_set1_epi32(static_cast<int>(fnv_prime));
  const auto first = first_eight_avx512(words, sizes);
  const auto second = first_eight_avx512(words + 8, sizes + 8);
  const auto lower = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  __m512i halves[]{_mm512_permutex2var_epi32(first, lower, second),
                   _mm512_permutex2var_epi32(first, _mm512_add_epi32(lower, _mm512_set1_epi32(1)), second)};
  for (auto half : halves) {
    for (int i = 0; i < 4; ++i) {
      constexpr int xor_of_and = 0x78;  // The hash with the byte.
      hash = _mm512_mullo_epi32(_mm512_ternarylogic_epi32(hash, half, _mm512_set1_epi32(0xFF), xor_of_and), prime);
      half = _mm512_srli_epi32(half, 8);
    }
  }
  const auto eight = _mm512_set1_epi32(8);
  const auto zeros = _mm512_sub_epi32(eight, _mm512_min_epu32(_mm512_loadu_si512(sizes), eight));
  const auto powers = _mm512_castsi256_si512(load(fnv_inverse_powers.data()));
  return _mm512_mullo_epi32(hash, _mm512_permutexvar_epi32(zeros, powers));
}

/// Where words begin, or end, in a text: of 64 bytes all places are put down at once.
struct WordPlaces {
  std::size_t count = 0;
  /// For the words of a text and of the 64 bytes that go beyond them, in whole registers.
  std::array<std::uint32_t, TokenBatch::text_words_max + 64> places;

  [[GRISTMILL_AVX512]] void add(std::uint64_t bits, std::size_t first) noexcept {
    alignas(64) static constexpr auto numbers = [] {
      std::array<std::uint8_t, 64> all{};
      for (std::uint8_t i = 0; i < all.size(); ++i) all[i] = i;
      return all;
    }();
    const auto found = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(numbers.data()));
    const auto base = _mm512_set1_epi32(static_cast<int>(first));
    auto* const to = places.data() + count;
    _mm512_storeu_si512(to, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(found))));
    const auto more = static_cast<std::size_t>(std::popcount(bits));
    if (more > 16)
      _mm512_storeu_si512(to + 16, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(found, 1))));
    count += more;
  }
};

/// Two words of eight bytes, for places that hold no word.
constexpr std::array<char, 16> any_bytes{};

}  // namespace

TokenBatch::TokenBatch(SimdLevel level) : level_(level) {
  starts_.fill(any_bytes.data());
  sizes_.fill(any_bytes.size());
}

void TokenBatch::look_for(std::span<const std::uint32_t> hashes) noexcept {
  wanted_count_ = std::min(hashes.size(), wanted_max);
  std::copy_n(hashes.begin(), wanted_count_, wanted_.begin());
  wanted_bits_.fill(0);
  for (const auto hash : hashes.first(wanted_count_)) wanted_bits_[hash >> 28] |= 1u << (hash >> 23 & 31);
  found_.fill(0);
}

bool TokenBatch::is_wanted(std::uint32_t hash) const noexcept {
  return std::find(wanted_.begin(), wanted_.begin() + static_cast<std::ptrdiff_t>(wanted_count_), hash) !=
         wanted_.begin() + static_cast<std::ptrdiff_t>(wanted_count_);
}

void TokenBatch::find_wanted_avx2() noexcept {
  found_.fill(0);
  for (std::size_t i = 0; i < word_count_; ++i) {
    const auto hash = hashes_[i];
    const bool may_be = (wanted_bits_[hash >> 28] >> (hash >> 23 & 31) & 1) != 0;
    if (may_be && is_wanted(hash)) found_[i / 8] |= static_cast<std::uint8_t>(1u << i % 8);
  }
}

[[GRISTMILL_AVX512]] void TokenBatch::find_wanted_avx512() noexcept {
  const auto bits = _mm512_loadu_si512(wanted_bits_.data());
  for (std::size_t i = 0; i < word_count_; i += 16) {
    const auto hashes = _mm512_loadu_si512(hashes_.data() + i);
    const auto of_hash = _mm512_permutexvar_epi32(_mm512_srli_epi32(hashes, 28), bits);
    const auto place = _mm512_and_si512(_mm512_srli_epi32(hashes, 23), _mm512_set1_epi32(31));
    std::uint32_t found = _mm512_test_epi32_mask(_mm512_srlv_epi32(of_hash, place), _mm512_set1_epi32(1));
    for (auto open = found; open != 0; open &= open - 1) {
      if (!is_wanted(hashes_[i + static_cast<std::size_t>(std::countr_zero(open))])) found ^= open & -open;
    }
    const auto both = static_cast<std::uint16_t>(found);
    std::memcpy(found_.data() + i / 8, &both, sizeof both);
  }
}

std::string_view TokenBatch::padded(std::string_view text) {
  auto& padded = padded_.emplace_back(text);
  padded.append(readable_bytes, '\0');
  return std::string_view(padded).substr(0, text.size());
}

/// As `for_each_word`. Words are taken four at a time, whether there are so many or not: how many there are cannot be
/// guessed, and a wrong guess costs more than words that do not count.
template <WordKind kind>
void TokenBatch::cut_avx2() noexcept {
  for (std::size_t i = 0; i < text_count_; ++i) {
    const auto& [text, count_max] = texts_[i];
    const auto last = word_count_ + count_max;
    auto next = word_count_;
    WordWindow<kind> window;
    for (std::size_t first = 0; first <= text.size() && next < last; first += 64) {
      window.move_to(text, first);
      const char* const base = text.data() + first;
      while (window.ends != 0) {
        for (int step = 0; step < 4; ++step) {
          const bool is_word = window.ends != 0;
          const auto end = static_cast<std::ptrdiff_t>(std::countr_zero(window.ends));
          const auto size = end - window.start;
          starts_[next] = base + window.start;
          sizes_[next] = static_cast<std::uint32_t>(size);
          next += is_word && size > 1 ? 1 : 0;
          window.next();
        }
      }
    }
    word_count_ = std::min(next, last);
    ends_[i] = static_cast<std::uint32_t>(word_count_);
  }
}

/// As with AVX2, but all words of 64 bytes at once, whose beginnings and ends are packed.
template <WordKind kind>
[[GRISTMILL_AVX512]] void TokenBatch::cut_avx512() noexcept {
  for (std::size_t i = 0; i < text_count_; ++i) {
    const auto& [text, count_max] = texts_[i];
    WordPlaces starts;
    WordPlaces ends;
    std::uint64_t letter_before = 0;
    std::uint64_t lower_before = 0;
    std::uint64_t start_before = 0;  // At the last byte before the window.
    for (std::size_t first = 0; first <= text.size() && ends.count < count_max; first += 64) {
      const auto left = text.size() - first;
      const auto inside = left < 64 ? _bzhi_u64(~std::uint64_t{0}, static_cast<unsigned>(left)) : ~std::uint64_t{0};
      const auto bytes = _mm512_maskz_loadu_epi8(inside, text.data() + first);
      const auto place = _mm512_sub_epi8(_mm512_or_si512(bytes, _mm512_set1_epi8(0x20)), _mm512_set1_epi8('a'));
      const std::uint64_t letters = _mm512_cmple_epu8_mask(place, _mm512_set1_epi8('z' - 'a')) |
                                    _mm512_movepi8_mask(bytes);
      const auto before = letters << 1 | letter_before;
      auto word_starts = letters & ~before;
      auto word_ends = before & ~letters;
      if constexpr (kind == WordKind::letters_of_one_case) {
        const std::uint64_t upper = _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8('A')),
                                                           _mm512_set1_epi8('Z' - 'A'));
        const auto lower = letters & ~upper;
        const auto parts = upper & (lower << 1 | lower_before);
        word_starts |= parts;
        word_ends |= parts;
        lower_before = lower >> 63;
      }
      // Words of one byte do not count, nor does one that stood at the end of the window before.
      const auto single = word_starts & word_ends >> 1;
      const auto single_before = start_before & word_ends;
      start_before = (word_starts & ~single) >> 63;
      letter_before = letters >> 63;
      starts.count -= single_before;
      starts.add(word_starts & ~single, first);
      ends.add(word_ends & ~(single << 1) & ~single_before, first);
    }
    const auto count = std::min(ends.count, count_max);
    const auto base = _mm512_set1_epi64(reinterpret_cast<std::intptr_t>(text.data()));
    for (std::size_t k = 0; k < count; k += 8) {
      const auto start = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(starts.places.data() + k));
      const auto end = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ends.places.data() + k));
      _mm512_storeu_si512(&starts_[word_count_ + k], _mm512_add_epi64(base, _mm512_cvtepu32_epi64(start)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(&sizes_[word_count_ + k]), _mm256_sub_epi32(end, start));
    }
    word_count_ += count;
    ends_[i] = static_cast<std::uint32_t>(word_count_);
  }
}

template void TokenBatch::cut_avx2<WordKind::letters>() noexcept;
template void TokenBatch::cut_avx2<WordKind::letters_of_one_case>() noexcept;
template void TokenBatch::cut_avx512<WordKind::letters>() noexcept;
template void TokenBatch::cut_avx512<WordKind::letters_of_one_case>() noexcept;

void TokenBatch::hash_words_avx2() noexcept {
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

[[GRISTMILL_AVX512]] void TokenBatch::hash_words_avx512() noexcept {
  std::fill_n(starts_.begin() + static_cast<std::ptrdiff_t>(word_count_), 16, any_bytes.data());
  std::fill_n(sizes_.begin() + static_cast<std::ptrdiff_t>(word_count_), 16, 0u);
  std::array<std::uint32_t, words_max + 16> long_words;
  std::size_t long_count = 0;
  auto places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::size_t i = 0; i < word_count_; i += 16) {
    const auto basis = _mm512_set1_epi32(static_cast<int>(fnv_basis));
    _mm512_storeu_si512(hashes_.data() + i, hash_sixteen(basis, &starts_[i], &sizes_[i]));
    const auto is_long = _mm512_cmpgt_epu32_mask(_mm512_loadu_si512(sizes_.data() + i), _mm512_set1_epi32(8));
    _mm512_storeu_si512(long_words.data() + long_count, _mm512_maskz_compress_epi32(is_long, places));
    long_count += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(is_long)));
    places = _mm512_add_epi32(places, _mm512_set1_epi32(16));
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

void TokenBatch::sum_words(const TokenWeights& weights, std::size_t first_band) noexcept {
  if (level_ == SimdLevel::avx512) {
    hash_words_avx512();
    if (wanted_count_ > 0) find_wanted_avx512();
  } else {
    hash_words_avx2();
    if (wanted_count_ > 0) find_wanted_avx2();
  }
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
