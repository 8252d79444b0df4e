// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/ascii_pieces.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace gristmill::kernels {
namespace {

constexpr std::size_t block_bytes = 64;
// A start this far before the end of what a block shows has all in view that decides it: an apostrophe and two letters.
constexpr unsigned look_ahead = 4;

using Bits = std::uint64_t;  ///< Bit i tells of byte i of a block.

/// Which bytes of a block are what.
struct Classes {
  Bits upper = 0;
  Bits lower = 0;
  Bits digit = 0;
  Bits space = 0;    ///< The character ' ' only.
  Bits blank = 0;    ///< White space but for newlines.
  Bits newline = 0;  ///< \r and \n.
  Bits apostrophe = 0;
  Bits slash = 0;
  Bits beyond_ascii = 0;
};

Classes classify_scalar(const char* bytes) {
  Classes classes;
  for (unsigned i = 0; i < block_bytes; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const auto mark = [i](bool is_in) { return Bits{is_in} << i; };
    classes.upper |= mark(byte >= 'A' && byte <= 'Z');
    classes.lower |= mark(byte >= 'a' && byte <= 'z');
    classes.digit |= mark(byte >= '0' && byte <= '9');
    classes.space |= mark(byte == ' ');
    classes.blank |= mark(byte == ' ' || byte == '\t' || byte == '\v' || byte == '\f');
    classes.newline |= mark(byte == '\r' || byte == '\n');
    classes.apostrophe |= mark(byte == '\'');
    classes.slash |= mark(byte == '/');
    classes.beyond_ascii |= mark(byte >= 0x80);
  }
  return classes;
}

/// Two AVX2 vectors.
struct Halves {
  __m256i low;
  __m256i high;
};

Bits bits_of(__m256i low, __m256i high) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         Bits{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << 32;
}

Bits equal(const Halves& bytes, char c) {
  const __m256i wanted = _mm256_set1_epi8(c);
  return bits_of(_mm256_cmpeq_epi8(bytes.low, wanted), _mm256_cmpeq_epi8(bytes.high, wanted));
}

/// Bytes in first..last, which are ASCII; signed comparison leaves the others out.
Bits between(const Halves& bytes, char first, char last) {
  const __m256i below = _mm256_set1_epi8(static_cast<char>(first - 1));
  const __m256i above = _mm256_set1_epi8(static_cast<char>(last + 1));
  const auto half = [&](__m256i part) {
    return _mm256_and_si256(_mm256_cmpgt_epi8(part, below), _mm256_cmpgt_epi8(above, part));
  };
  return bits_of(half(bytes.low), half(bytes.high));
}

Classes classify_avx2(const char* bytes) {
  const auto* const at = reinterpret_cast<const __m256i*>(bytes);
  const Halves halves{_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)};
  Classes classes;
  classes.upper = between(halves, 'A', 'Z');
  classes.lower = between(halves, 'a', 'z');
  classes.digit = between(halves, '0', '9');
  classes.space = equal(halves, ' ');
  classes.newline = equal(halves, '\n') | equal(halves, '\r');
  classes.blank = (between(halves, '\t', '\r') & ~classes.newline) | classes.space;
  classes.apostrophe = equal(halves, '\'');
  classes.slash = equal(halves, '/');
  classes.beyond_ascii = bits_of(halves.low, halves.high);
  return classes;
}

/// A block, from the start of a piece on.
struct Block {
  const char* bytes;
  Classes is;
  unsigned size;  ///< Bytes in view: of ASCII text, at most 64.

  [[nodiscard]] Bits letter() const { return is.upper | is.lower; }
  [[nodiscard]] Bits white() const { return is.blank | is.newline; }
  [[nodiscard]] Bits other() const {
    return ~(letter() | white() | is.digit) & (size == block_bytes ? ~Bits{0} : (Bits{1} << size) - 1);
  }
};

Bits after(Bits bits) { return bits << 1; }
Bits before(Bits bits) { return bits >> 1; }
Bits run_starts(Bits bits) { return bits & ~after(bits); }

/// Length of a contraction ('s 't 'm 'd 're 've 'll) at an apostrophe, or 0; also 0 where the block ends too early.
template <bool ignores_case>
unsigned contraction(const Block& block, unsigned apostrophe) {
  if (apostrophe + 2 >= block.size) return 0;
  const auto letter = [&](unsigned offset) {
    const char c = block.bytes[apostrophe + offset];
    return ignores_case ? static_cast<char>(c | 0x20) : c;
  };
  const char first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  const char second = letter(2);
  const bool is_long = ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l');
  return is_long ? 3 : 0;
}

/// Calls `use(apostrophe, length)` for the contractions at `candidates`, in order.
template <bool ignores_case, typename Use>
void for_contractions(const Block& block, Bits candidates, Use use) {
  for (candidates &= block.is.apostrophe & before(block.letter()); candidates != 0; candidates &= candidates - 1) {
    const auto at = static_cast<unsigned>(std::countr_zero(candidates));
    if (const auto length = contraction<ignores_case>(block, at)) use(at, length);
  }
}

/// Starts of pieces by the pattern of GPT-2.
struct Gpt2 {
  static Bits starts(const Block& block) {
    const auto other = block.other();
    const auto white = block.white();
    const auto after_space = after(block.is.space);
    const auto other_starts = run_starts(other) & ~after_space;
    // The last of several blanks stands alone or leads what follows.
    Bits starts = ((run_starts(block.letter()) | run_starts(block.is.digit)) & ~after_space) | other_starts |
                  run_starts(white) | (white & ~before(white));
    for_contractions<false>(block, other_starts, [&](unsigned at, unsigned length) {
      starts = (starts & ~(Bits{2} << at)) | Bits{1} << at << length;
    });
    return starts;
  }
};

/// What punctuation takes of the newlines (and slashes) behind it.
struct Tails {
  Bits taken = 0;
  Bits ends = 0;  ///< The byte behind each tail.
  bool is_certain = true;
};

/// A tail is the run of `members` from a newline behind punctuation on. One addition lets a carry run through it; two
/// tails that begin in one run get into each other's way.
Tails tails_of(Bits members, Bits begins) {
  const auto sum = members + begins;
  const auto taken = members & ~sum;
  return {taken, sum & ~members, (begins & ~taken) == 0};
}

/// Starts among the white space: at a run, behind its last newline, and before its last blank, which leads what
/// follows.
Bits white_starts(const Block& block, Bits taken) {
  const auto white = block.white() & ~taken;
  const auto blank = block.is.blank;
  const auto behind_newline = blank & after(block.is.newline);
  // Each run of blanks behind a newline has its end at the same place in order; is it another newline?
  const auto run_ends = (blank + behind_newline) & ~blank;
  const auto has_more = _pdep_u64(_pext_u64(block.is.newline, run_ends), behind_newline);
  return run_starts(white) | (behind_newline & ~has_more) | (blank & ~before(block.white()));
}

/// Starts in runs of digits: each third.
Bits digit_starts(Bits digit) {
  Bits starts = run_starts(digit);
  const auto fourth = digit & digit << 1 & digit << 2 & digit << 3;
  for (auto next = starts << 3 & fourth; next != 0; next = next << 3 & fourth) starts |= next;
  return starts;
}

/// Starts of pieces by cl100k and its kin. A word may begin with one blank or one sign.
template <bool single_digits>
struct Cl100k {
  static Bits starts(const Block& block) {
    const auto other = block.other();
    const auto after_space = after(block.is.space);
    const auto tails = tails_of(block.is.newline, block.is.newline & after(other));
    const auto other_starts = run_starts(other) & ~after_space;
    const auto lone = other_starts & ~before(other);
    Bits starts = (run_starts(block.letter()) & ~after(block.is.blank) & ~after(lone)) | other_starts | tails.ends |
                  white_starts(block, tails.taken);
    starts |= single_digits ? block.is.digit : digit_starts(block.is.digit);
    for_contractions<true>(block, lone, [&](unsigned at, unsigned length) { starts |= Bits{1} << at << length; });
    return starts;
  }
};

/// Starts of pieces by o200k: words are also cut before a capital behind a small letter, and a contraction belongs to
/// the word before it.
struct O200k {
  static Bits starts(const Block& block) {
    const auto after_space = after(block.is.space);
    const auto tails = tails_of(block.is.newline | block.is.slash, block.is.newline & after(block.other()));
    if (!tails.is_certain) return 0;
    const auto other = block.other() & ~tails.taken;
    const auto other_starts = run_starts(other) & ~after_space;
    const auto lone = other_starts & ~before(other);
    const auto word_starts = run_starts(block.letter()) & ~after(block.is.blank) & ~after(lone);
    Bits starts = word_starts | (block.is.upper & after(block.is.lower)) | other_starts | tails.ends |
                  white_starts(block, tails.taken) | digit_starts(block.is.digit);
    unsigned last_end = 0;
    for_contractions<true>(block, lone & after(block.letter()), [&](unsigned at, unsigned length) {
      if (at == last_end && at != 0) return;  // The word before it has its contraction: this begins another word.
      last_end = at + length;
      starts = (starts & ~(Bits{7} << at)) | Bits{1} << at << length;
    });
    return starts;
  }
};

/// Starts that nothing behind the block can change: neither close to its end nor in white space that may go on.
Bits trusted(const Block& block) {
  if (block.size <= look_ahead) return 0;
  const auto white_tail = static_cast<unsigned>(std::countl_one(block.white() << (block_bytes - block.size)));
  const auto last = std::min(block.size - look_ahead, block.size - white_tail);
  return ((Bits{2} << last) - 1) & ~Bits{1};
}

template <typename Rules, Classes classify(const char*)>
std::size_t cut(std::string_view text, std::size_t& position, std::span<std::uint32_t> ends) {
  std::size_t count = 0;
  std::array<char, block_bytes> tail;
  while (ends.size() - count >= ascii_ends_min) {
    const char* bytes = text.data() + position;
    const auto left = text.size() - position;
    if (left < block_bytes) {
      if (left <= look_ahead) break;
      tail.fill(0);
      std::memcpy(tail.data(), bytes, left);
      bytes = tail.data();
    }
    Block block{bytes, classify(bytes), 0};
    block.size = std::min(static_cast<unsigned>(std::min(left, block_bytes)),
                          static_cast<unsigned>(std::countr_zero(block.is.beyond_ascii)));
    auto starts = Rules::starts(block) & trusted(block);
    if (starts == 0) break;
    const auto last = static_cast<unsigned>(std::bit_width(starts)) - 1;
    for (; starts != 0; starts &= starts - 1) {
      ends[count++] = static_cast<std::uint32_t>(position) + static_cast<std::uint32_t>(std::countr_zero(starts));
    }
    position += last;
  }
  return count;
}

template <Classes classify(const char*)>
AsciiCutter cutter_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::gpt2: return cut<Gpt2, classify>;
    case Pattern::cl100k:
    case Pattern::llama3: return cut<Cl100k<false>, classify>;
    case Pattern::qwen2: return cut<Cl100k<true>, classify>;
    case Pattern::o200k: return cut<O200k, classify>;
  }
  return nullptr;
}

}  // namespace

AsciiCutter ascii_cutter(Pattern pattern, SimdLevel level) noexcept {
  return level == SimdLevel::scalar ? cutter_of<classify_scalar>(pattern) : cutter_of<classify_avx2>(pattern);
}

}  // namespace gristmill::kernels
