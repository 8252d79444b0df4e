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
  std::uint64_t digits = 0;   ///< 0 to 9.
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
  return {mask(_mm256_or_si256(is_between(folded, 'a', 'z'), bytes)), mask(is_between(bytes, 'A', 'Z')),
          mask(is_between(bytes, '0', '9'))};
}

inline LetterMasks letter_masks(const char* at) noexcept {
  const auto low = letter_masks_32(at);
  const auto high = letter_masks_32(at + 32);
  return {low.letters | high.letters << 32, low.upper | high.upper << 32, low.digits | high.digits << 32};
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

/// FNV-1a (32 bits) of a word of letters as `letter_masks` knows them, ASCII in lower case. Eight bytes are hashed at a
/// time whatever the length: a zero byte only multiplies, which the inverse takes back.
inline std::uint32_t letter_word_hash(const char* word, std::size_t size) noexcept {
  constexpr std::uint32_t prime = 0x01000193u;
  constexpr auto undo = [] {
    std::uint32_t inverse = prime;
    for (int i = 0; i < 5; ++i) inverse *= 2 - prime * inverse;  // Newton's iteration doubles the right bits.
    std::array<std::uint32_t, 9> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * inverse;
    return powers;
  }();
  std::uint32_t hash = 0x811C9DC5u;
  const auto add_eight = [&](std::uint64_t bytes) {
    for (int i = 0; i < 8; ++i, bytes >>= 8) hash = (hash ^ static_cast<std::uint8_t>(bytes)) * prime;
  };
  for (; size > 8; size -= 8, word += 8) add_eight(lower_eight(word));
  if (size == 0) return hash;
  add_eight(first_bytes(lower_eight(word), size));
  return hash * undo[8 - size];
}

/// Hashes of words of at most 16 bytes met before: of the words of a page most were. One thread's; what is kept changes
/// no hash.
class WordHashes {
 public:
  /// As `letter_word_hash`, of at least one letter.
  std::uint32_t operator()(const char* word, std::size_t size) noexcept {
    if (size > 8) return of_long(word, size);
    const auto bytes = first_bytes(lower_eight(word), size);
    auto& known = short_[bytes * mix >> (64 - short_log)];
    if (known.bytes != bytes) known = {bytes, letter_word_hash(word, size)};
    return known.hash;
  }

 private:
  static constexpr std::uint64_t mix = 0x9E3779B97F4A7C15u;
  static constexpr int short_log = 12;
  static constexpr int long_log = 11;

  std::uint32_t of_long(const char* word, std::size_t size) noexcept {
    if (size > 16) return letter_word_hash(word, size);
    const auto bytes = lower_eight(word);
    const auto more = first_bytes(lower_eight(word + 8), size - 8);
    auto& known = long_[(bytes ^ std::rotl(more, 23)) * mix >> (64 - long_log)];
    if (known.bytes != bytes || known.more != more) known = {bytes, more, letter_word_hash(word, size)};
    return known.hash;
  }

  struct Short {
    std::uint64_t bytes;  ///< No word is 0.
    std::uint32_t hash;
  };
  struct Long {
    std::uint64_t bytes;
    std::uint64_t more;
    std::uint32_t hash;
  };
  std::array<Short, std::size_t{1} << short_log> short_;
  std::array<Long, std::size_t{1} << long_log> long_;
};

/// What a word is made of.
enum class WordKind : std::uint8_t {
  letters,
  letters_of_one_case,  ///< A capital after a small letter starts a word: "mainMenu" is "main" and "Menu".
  letters_and_digits,
};

/// Calls `on_word(begin, end)` for each word of a text until it returns false. `readable_bytes` behind the text must
/// be readable.
template <WordKind kind, typename OnWord>
void for_each_word(std::string_view text, const OnWord& on_word) {
  std::uint64_t letter_before = 0;
  std::uint64_t lower_before = 0;
  std::size_t start = 0;
  for (std::size_t first = 0; first <= text.size(); first += 64) {
    const auto left = text.size() - first;
    auto [letters, upper, digits] = left <= 32 ? letter_masks_32(text.data() + first)
                                               : letter_masks(text.data() + first);
    if constexpr (kind == WordKind::letters_and_digits) letters |= digits;
    if (left < 64) letters = _bzhi_u64(letters, static_cast<unsigned>(left));
    const auto before = letters << 1 | letter_before;
    auto starts = letters & ~before;
    auto ends = before & ~letters;
    if constexpr (kind == WordKind::letters_of_one_case) {
      const auto lower = letters & ~upper;
      const auto parts = upper & letters & (lower << 1 | lower_before);
      starts |= parts;
      ends |= parts;
      lower_before = lower >> 63;
    }
    const auto next_start = [&] {
      const auto at = first + static_cast<std::size_t>(std::countr_zero(starts));
      starts &= starts - 1;
      return at;
    };
    if (letter_before == 0) start = next_start();
    for (; ends != 0; ends &= ends - 1) {
      if (!on_word(start, first + static_cast<std::size_t>(std::countr_zero(ends)))) return;
      start = next_start();
    }
    letter_before = letters >> 63;
  }
}

/// A set of bytes, ASCII in lower case: 0x20 is set in all of them.
class LowerBytes {
 public:
  void add(char byte) noexcept {
    const auto lower = static_cast<unsigned char>(byte | 0x20);
    rows_[lower & 15] |= class_of(lower >> 4);
    classes_[lower >> 4] = class_of(lower >> 4);
  }
  /// Bits of the 32 bytes that are in the set.
  [[nodiscard]] std::uint32_t members_32(const char* at) const noexcept {
    const auto load = [](const std::array<std::uint8_t, 16>& table) {
      return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
    };
    const auto low_bits = _mm256_set1_epi8(15);
    const auto bytes = _mm256_or_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)),
                                       _mm256_set1_epi8(0x20));
    const auto row = _mm256_shuffle_epi8(load(rows_), _mm256_and_si256(bytes, low_bits));
    const auto its_class = _mm256_shuffle_epi8(load(classes_), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_bits));
    const auto is_other = _mm256_cmpeq_epi8(_mm256_and_si256(row, its_class), _mm256_setzero_si256());
    return ~static_cast<std::uint32_t>(_mm256_movemask_epi8(is_other));
  }

 private:
  /// Of the sixteen upper halves eight have the bit of 0x20.
  static std::uint8_t class_of(unsigned upper) noexcept {
    return static_cast<std::uint8_t>(1u << ((upper & 1) | (upper >> 1 & 6)));
  }

  std::array<std::uint8_t, 16> rows_{};     ///< Classes by the lower half.
  std::array<std::uint8_t, 16> classes_{};  ///< Class by the upper half.
};

/// Calls `on_word(begin, end)` for each word of letters and digits that begins with one of the bytes, until it returns
/// false. `readable_bytes` behind the text must be readable.
template <typename OnWord>
void for_each_word_from(const LowerBytes& first_bytes, std::string_view text, const OnWord& on_word) {
  const auto masks_at = [&](std::size_t at) {
    auto [letters, upper, digits] = letter_masks(text.data() + at);
    letters |= digits;
    return text.size() - at < 64 ? _bzhi_u64(letters, static_cast<unsigned>(text.size() - at)) : letters;
  };
  std::uint64_t before = 0;
  for (std::size_t first = 0; first < text.size(); first += 64) {
    const auto letters = masks_at(first);
    const auto members = first_bytes.members_32(text.data() + first) |
                         std::uint64_t{first_bytes.members_32(text.data() + first + 32)} << 32;
    auto starts = letters & ~(letters << 1 | before) & members;
    before = letters >> 63;
    for (; starts != 0; starts &= starts - 1) {
      const auto start = first + static_cast<std::size_t>(std::countr_zero(starts));
      auto size = static_cast<std::size_t>(std::countr_one(letters >> (start - first)));
      // A word that runs up to the end of the 64 bytes may go on behind them.
      for (auto end = start + size; end % 64 == 0 && end < text.size(); end = start + size) {
        const auto more = static_cast<std::size_t>(std::countr_one(masks_at(end)));
        if (more == 0) break;
        size += more;
      }
      if (!on_word(start, start + size)) return;
    }
  }
}

/// Calls `on_hash` for each word of a text of at least two bytes, in lower case as far as ASCII goes, until it returns
/// false; `hash_of(word, size)` hashes a word. `end` is the end of what may be read.
template <WordKind kind, typename HashOf, typename OnHash>
void for_each_word_hash(std::string_view text, const char* end, HashOf&& hash_of, const OnHash& on_hash) {
  if (static_cast<std::size_t>(end - text.data()) < text.size() + readable_bytes) {
    std::string padded(text);
    padded.append(readable_bytes, '\0');
    return for_each_word_hash<kind>(std::string_view(padded).substr(0, text.size()), padded.data() + padded.size(),
                                    hash_of, on_hash);
  }
  for_each_word<kind>(text, [&](std::size_t begin, std::size_t stop) {
    return stop - begin < 2 || on_hash(hash_of(text.data() + begin, stop - begin));
  });
}

/// The same with the hash itself.
template <WordKind kind, typename OnHash>
void for_each_word_hash(std::string_view text, const char* end, const OnHash& on_hash) {
  for_each_word_hash<kind>(text, end, letter_word_hash, on_hash);
}

}  // namespace gristmill::kernels
