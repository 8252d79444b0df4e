// SPDX-License-Identifier: Apache-2.0
// Words as the extraction of pages knows them, 64 bytes at a time; x86-64-v3 is the floor, so AVX2 needs no dispatch.
#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gristmill::kernels {

/// Bytes that must be readable behind a text: it is looked at in whole registers.
constexpr std::size_t readable_bytes = 64;

/// Kinds of 64 bytes, a bit each.
struct LetterMasks {
  std::uint64_t letters = 0;  ///< ASCII letters, and all of UTF-8 beyond ASCII.
  std::uint64_t upper = 0;    ///< A to Z.
};

/// Kinds of 32 bytes, in the lower halves of the masks.
inline LetterMasks letter_masks_32(const char* at) noexcept {
  const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const auto is_between = [](__m256i value, char first, char last) {
    const auto place = _mm256_sub_epi8(value, _mm256_set1_epi8(first));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(place, _mm256_set1_epi8(static_cast<char>(last - first))), place);
  };
  const auto folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
  const auto mask = [](__m256i value) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(value)); };
  return {mask(_mm256_or_si256(is_between(folded, 'a', 'z'), bytes)), mask(is_between(bytes, 'A', 'Z'))};
}

inline LetterMasks letter_masks(const char* at) noexcept {
  const auto low = letter_masks_32(at);
  const auto high = letter_masks_32(at + 32);
  return {low.letters | high.letters << 32, low.upper | high.upper << 32};
}

/// Eight bytes of a word of letters, ASCII in lower case.
inline std::uint64_t lower_eight(const char* at) noexcept {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes | (~bytes & 0x8080808080808080u) >> 2;
}

/// The first bytes, 1 to 8, of eight.
inline std::uint64_t first_bytes(std::uint64_t eight, std::size_t size) noexcept {
  return _bzhi_u64(eight, static_cast<unsigned>(8 * size));
}

constexpr std::uint32_t fnv_basis = 0x811C9DC5u;
constexpr std::uint32_t fnv_prime = 0x01000193u;

/// Powers of the inverse of FNV's prime.
constexpr auto fnv_inverse_powers = [] {
  std::uint32_t inverse = fnv_prime;
  for (int i = 0; i < 5; ++i) inverse *= 2 - fnv_prime * inverse;  // Newton's iteration doubles the right bits.
  std::array<std::uint32_t, 8> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * inverse;
  return powers;
}();

/// FNV-1a (32 bits) of a word of letters as `letter_masks` knows them, ASCII in lower case. Eight bytes are hashed at a
/// time whatever the length: a zero byte only multiplies, which the inverse takes back.
inline std::uint32_t letter_word_hash(const char* word, std::size_t size) noexcept {
  std::uint32_t hash = fnv_basis;
  const auto add_eight = [&](std::uint64_t bytes) {
    for (int i = 0; i < 8; ++i, bytes >>= 8) hash = (hash ^ static_cast<std::uint8_t>(bytes)) * fnv_prime;
  };
  for (; size > 8; size -= 8, word += 8) add_eight(lower_eight(word));
  if (size == 0) return hash;
  add_eight(first_bytes(lower_eight(word), size));
  return hash * fnv_inverse_powers[8 - size];
}

/// What a word is made of.
enum class WordKind : std::uint8_t {
  letters,
  letters_of_one_case,  ///< A capital after a small letter starts a word: "mainMenu" is "main" and "Menu".
};

/// Words that end within 64 bytes of a text, of which one may have begun before them.
template <WordKind kind>
struct WordWindow {
  std::uint64_t starts = 0;  ///< Bits of the bytes where the words after the next begin.
  std::uint64_t ends = 0;    ///< Bits of the bytes behind words.
  std::ptrdiff_t start = 0;  ///< Of the next word, counted from the 64 bytes.

  /// To the bytes from `first` on; the windows before have been looked at in order. `readable_bytes` behind the text
  /// must be readable.
  void move_to(std::string_view text, std::size_t first) noexcept {
    const auto left = text.size() - first;
    auto [letters, upper] = left <= 32 ? letter_masks_32(text.data() + first) : letter_masks(text.data() + first);
    if (left < 64) letters = _bzhi_u64(letters, static_cast<unsigned>(left));
    const auto before = letters << 1 | letter_before_;
    starts = letters & ~before;
    ends = before & ~letters;
    if constexpr (kind == WordKind::letters_of_one_case) {
      const auto lower = letters & ~upper;
      const auto parts = upper & letters & (lower << 1 | lower_before_);
      starts |= parts;
      ends |= parts;
      lower_before_ = lower >> 63;
    }
    start -= 64;
    if (letter_before_ == 0) take_start();
    letter_before_ = letters >> 63;
  }
  /// Goes on behind the word that ends first; nothing changes when none does.
  void next() noexcept {
    const auto kept = start;
    const auto kept_starts = starts;
    take_start();
    start = ends != 0 ? start : kept;
    starts = ends != 0 ? starts : kept_starts;
    ends &= ends - 1;
  }

 private:
  void take_start() noexcept {
    start = static_cast<std::ptrdiff_t>(std::countr_zero(starts));
    starts &= starts - 1;
  }

  std::uint64_t letter_before_ = 0;
  std::uint64_t lower_before_ = 0;
};

/// Calls `on_word(begin, end)` for each word of a text until it returns false. `readable_bytes` behind the text must
/// be readable.
template <WordKind kind, typename OnWord>
void for_each_word(std::string_view text, const OnWord& on_word) {
  WordWindow<kind> window;
  for (std::size_t first = 0; first <= text.size(); first += 64) {
    window.move_to(text, first);
    for (; window.ends != 0; window.next()) {
      const auto begin = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(first) + window.start);
      if (!on_word(begin, first + static_cast<std::size_t>(std::countr_zero(window.ends)))) return;
    }
  }
}

/// Calls `on_hash` for each word of a text of at least two bytes, in lower case as far as ASCII goes, until it returns
/// false. `end` is the end of what may be read.
template <WordKind kind, typename OnHash>
void for_each_word_hash(std::string_view text, const char* end, const OnHash& on_hash) {
  if (static_cast<std::size_t>(end - text.data()) < text.size() + readable_bytes) {
    std::string padded(text);
    padded.append(readable_bytes, '\0');
    return for_each_word_hash<kind>(std::string_view(padded).substr(0, text.size()), padded.data() + padded.size(),
                                    on_hash);
  }
  for_each_word<kind>(text, [&](std::size_t begin, std::size_t stop) {
    return stop - begin < 2 || on_hash(letter_word_hash(text.data() + begin, stop - begin));
  });
}

}  // namespace gristmill::kernels
