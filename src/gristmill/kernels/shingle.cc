// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/shingle.h"

#include <immintrin.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "gristmill/base/hash.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t piece_bytes_max = std::size_t{32} << 10;
// Vectors are loaded and stored whole: this much lies behind the last byte in use.
constexpr std::size_t piece_slack = 128;
// Longer runs of letters are no words (base64, missing spaces); cut from their start, so that what is before a run
// does not change how it is cut, and a piece always holds one.
constexpr std::size_t word_bytes_max = 4096;
constexpr std::uint64_t rolling_base = 0x9E3779B97F4A7C15ULL;

/// Lower-case form of each code point below 0x10000 that belongs to a word; 0 for those that separate words.
using FoldTable = std::array<std::uint16_t, 0x10000>;

bool is_word_category(char32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO);  // letters, marks, numbers
}

const FoldTable& fold_table() {
  static const FoldTable table = [] {
    FoldTable made{};
    for (char32_t code_point = 1; code_point < 0x10000; ++code_point) {
      if (!is_word_category(code_point)) continue;
      const auto lower = utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point));
      made[code_point] = static_cast<std::uint16_t>(lower > 0 && lower < 0x10000 ? static_cast<char32_t>(lower)
                                                                                 : code_point);
    }
    return made;
  }();
  return table;
}

char32_t fold(char32_t code_point) {
  if (code_point < 0x10000) return fold_table()[code_point];
  if (!is_word_category(code_point)) return 0;
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point)));
}

/// Scripts that are written without spaces between words.
bool is_unspaced(char32_t c) noexcept {
  if (c < 0x0E00) return false;
  if (c < 0x2E80) return c < 0x0F00 || (c >= 0x1000 && c < 0x10A0) || (c >= 0x1780 && c < 0x1800);
  if (c < 0xA000) return c < 0x3130 || c >= 0x31A0;  // radicals, kana, bopomofo, ideographs; not Hangul jamo
  if (c < 0x10000) return (c >= 0xF900 && c < 0xFB00) || (c >= 0xFF66 && c < 0xFFA0);
  return c >= 0x1AFF0 && c < 0x40000 &&
         (c < 0x1B170 || c >= 0x20000);  // kana supplements, ideographs of planes 2 and 3
}

/// Decodes well-formed UTF-8 that does not start with an ASCII byte.
char32_t decode(const char* at, std::size_t& length) noexcept {
  const auto byte = [at](int i) { return static_cast<char32_t>(static_cast<unsigned char>(at[i])); };
  if (byte(0) < 0xE0) {
    length = 2;
    return ((byte(0) & 0x1F) << 6) | (byte(1) & 0x3F);
  }
  if (byte(0) < 0xF0) {
    length = 3;
    return ((byte(0) & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
  }
  length = 4;
  return ((byte(0) & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) | (byte(3) & 0x3F);
}

char* encode(char32_t c, char* out) noexcept {
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xC0 | (c >> 6));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xE0 | (c >> 12));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | (c >> 18));
    *out++ = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

/// Folds 32 bytes as if all were ASCII and returns which are not, as bits.
std::uint32_t fold_block_scalar(const char* in, char* out) noexcept {
  std::uint32_t beyond_ascii = 0;
  for (unsigned i = 0; i < 32; ++i) {
    const auto byte = static_cast<unsigned char>(in[i]);
    const auto lower = static_cast<unsigned char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    const bool is_word = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    out[i] = is_word ? static_cast<char>(lower) : ' ';
    beyond_ascii |= static_cast<std::uint32_t>(byte >> 7) << i;
  }
  return beyond_ascii;
}

__m256i in_range(__m256i bytes, char low, char high) noexcept {
  return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(static_cast<char>(low - 1))),
                          _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(high + 1)), bytes));
}

std::uint32_t fold_block_avx2(const char* in, char* out) noexcept {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
  const __m256i case_bit = _mm256_and_si256(in_range(bytes, 'A', 'Z'), _mm256_set1_epi8(0x20));
  const __m256i lower = _mm256_or_si256(bytes, case_bit);
  const __m256i is_word = _mm256_or_si256(in_range(lower, 'a', 'z'), in_range(lower, '0', '9'));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_blendv_epi8(_mm256_set1_epi8(' '), lower, is_word));
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

/// Which of 64 bytes are not blanks, as bits.
std::uint64_t word_mask_scalar(const char* in) noexcept {
  std::uint64_t mask = 0;
  for (unsigned i = 0; i < 64; ++i) mask |= static_cast<std::uint64_t>(in[i] != ' ') << i;
  return mask;
}

std::uint64_t word_mask_avx2(const char* in) noexcept {
  const __m256i blank = _mm256_set1_epi8(' ');
  const auto half = [blank](const char* at) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, blank)));
  };
  return ~(half(in) | (static_cast<std::uint64_t>(half(in + 32)) << 32));
}

/// Hash of a word that is followed by readable bytes (their values do not matter).
std::uint64_t hash_word(const char* word, std::size_t length) noexcept {
  if (length > 16) return xxh3_64({word, length});
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::memcpy(&first, word, 8);
  std::memcpy(&second, word + 8, 8);
  first = _bzhi_u64(first, static_cast<unsigned>(8 * length));  // an index of 64 or more keeps every bit
  second = _bzhi_u64(second, length > 8 ? static_cast<unsigned>(8 * (length - 8)) : 0);
  unsigned long long high = 0;
  const std::uint64_t low = _mulx_u64(first ^ 0xA0761D6478BD642FULL, second ^ length ^ 0xE7037ED1A0B428DBULL, &high);
  return low ^ high;
}

}  // namespace

Shingler::Shingler(std::size_t size, ShingleUnit unit, SimdLevel level)
    : size_(std::max<std::size_t>(1, size)), unit_(unit), level_(level), piece_(piece_bytes_max + piece_slack, ' ') {
  for (std::size_t i = 1; i < size_; ++i) drop_factor_ *= rolling_base;
  fold_table();
}

void Shingler::start(std::string_view text) noexcept {
  rest_ = text;
  piece_bytes_ = 0;
  words_.assign(size_, 0);  // zeros leave the rolling hash as they enter it: no weight
  rolling_ = 0;
  words_seen_ = 0;
}

std::span<const std::uint32_t> Shingler::next() {
  shingles_.clear();
  while (shingles_.empty() && (!rest_.empty() || piece_bytes_ > 0)) {
    normalize_piece();
    hash_words();
    roll();
  }
  return shingles_;
}

/// Fills the piece from the text; at the text's end a blank closes the last word.
void Shingler::normalize_piece() {
  char* out = piece_.data() + piece_bytes_;
  const char* const limit = piece_.data() + piece_bytes_max - 1;
  const bool in_words = unit_ == ShingleUnit::word;
  while (!rest_.empty() && limit - out >= 64) {
    std::array<char, 32> tail;
    const char* in = rest_.data();
    if (rest_.size() < tail.size()) {
      tail.fill(' ');
      std::memcpy(tail.data(), in, rest_.size());
      in = tail.data();
    }
    std::array<char, 32> folded;
    char* const target = in_words ? out : folded.data();
    const auto beyond_ascii = level_ == SimdLevel::scalar ? fold_block_scalar(in, target) : fold_block_avx2(in, target);
    auto count = std::min<std::size_t>(static_cast<std::size_t>(std::countr_zero(beyond_ascii)), rest_.size());
    if (in_words) {
      out += count;
    } else {
      count = std::min<std::size_t>(count, 16);  // each takes two bytes of the 32 that are free for sure
      for (std::size_t i = 0; i < count; ++i) {
        *out++ = folded[i];
        *out++ = ' ';
      }
    }
    rest_.remove_prefix(count);
    while (!rest_.empty() && static_cast<signed char>(rest_.front()) < 0 && limit - out >= 8) {
      std::size_t length = 0;
      const char32_t code_point = decode(rest_.data(), length);
      rest_.remove_prefix(length);
      const char32_t lower = fold(code_point);
      const bool stands_alone = !in_words || is_unspaced(code_point);
      if (lower == 0 || stands_alone) *out++ = ' ';
      if (lower == 0) continue;
      out = encode(lower, out);
      if (stands_alone) *out++ = ' ';
    }
  }
  if (rest_.empty()) *out++ = ' ';
  piece_bytes_ = static_cast<std::size_t>(out - piece_.data());
}

/// Hashes the words of the piece and moves one that its end cuts to the front.
void Shingler::hash_words() {
  const char* const piece = piece_.data();
  std::size_t word_start = 0;
  std::uint64_t inside = 0;  // whether the byte before the block belongs to a word
  const auto add_until = [&](std::size_t end) {
    for (; end - word_start > word_bytes_max; word_start += word_bytes_max) {
      words_.push_back(hash_word(piece + word_start, word_bytes_max));
    }
    words_.push_back(hash_word(piece + word_start, end - word_start));
  };
  for (std::size_t block = 0; block < piece_bytes_; block += 64) {
    auto mask = level_ == SimdLevel::scalar ? word_mask_scalar(piece + block) : word_mask_avx2(piece + block);
    if (piece_bytes_ - block < 64) mask = _bzhi_u64(mask, static_cast<unsigned>(piece_bytes_ - block));
    auto edges = mask ^ ((mask << 1) | inside);
    inside = mask >> 63;
    while (edges != 0) {
      const auto edge = block + static_cast<std::size_t>(std::countr_zero(edges));
      edges &= edges - 1;
      if (edge >= piece_bytes_) break;
      if (piece[edge] != ' ') {
        word_start = edge;
      } else {
        add_until(edge);
      }
    }
  }
  const bool is_cut = piece_bytes_ > 0 && piece[piece_bytes_ - 1] != ' ';
  if (!is_cut) word_start = piece_bytes_;
  for (; piece_bytes_ - word_start > word_bytes_max; word_start += word_bytes_max) {
    words_.push_back(hash_word(piece + word_start, word_bytes_max));
  }
  std::memmove(piece_.data(), piece + word_start, piece_bytes_ - word_start);
  piece_bytes_ -= word_start;
}

/// Rolls the polynomial hash over the new words; keeps the last of them for the next piece.
void Shingler::roll() {
  const std::size_t count = words_.size() - size_;
  shingles_.reserve(count);
  for (std::size_t i = size_; i < words_.size(); ++i) {
    rolling_ = (rolling_ - words_[i - size_] * drop_factor_) * rolling_base + words_[i];
    if (++words_seen_ < size_) continue;
    const std::uint64_t mixed = (rolling_ ^ (rolling_ >> 32)) * 0xD6E8FEB86659FD93ULL;
    shingles_.push_back(static_cast<std::uint32_t>(mixed >> 32));
  }
  words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace gristmill::kernels
