// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/word_classes.h"
#include "gristmill/kernels/word_exceptions.h"

namespace gristmill::kernels {

/// A piece of text without white space, decoded for the rules.
struct WordPiece {
  std::string_view bytes;
  std::vector<char32_t> points;
  std::vector<word_class::Class> classes;
  std::vector<std::uint32_t> offsets;  ///< Byte offset of each code point, and the size at the end.

  void decode(std::string_view piece);
  [[nodiscard]] bool has(std::size_t at, word_class::Class bits) const { return (classes[at] & bits) != 0; }
  [[nodiscard]] std::string_view part(std::size_t begin, std::size_t end) const {
    return bytes.substr(offsets[begin], offsets[end] - offsets[begin]);
  }
};

/// A stretch of code points [begin, end).
struct WordSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// How many code points the prefix rule splits off the start of a span; 0 for none.
std::size_t prefix_length(const WordPiece& piece, WordSpan span);
/// How many code points the suffix rule splits off its end; 0 for none.
std::size_t suffix_length(const WordPiece& piece, WordSpan span);
/// How many code points at `at` the infix rule makes a word of their own; 0 for none.
std::size_t infix_length(const WordPiece& piece, WordSpan span, std::size_t at);
/// True when the whole span is an address: a domain with a known shape of top level, or an IPv4 number, with scheme,
/// user, port and path or not.
bool is_address(const WordPiece& piece, WordSpan span);

/// The exceptions, found by their text.
class WordExceptions {
 public:
  /// The table of English, made once.
  static const WordExceptions& english();

  /// The exception with this text, or null.
  [[nodiscard]] const WordException* find(std::string_view text) const;
  [[nodiscard]] const std::vector<WordException>& all() const { return exceptions_; }

  /// True when part of a text may be an exception: false settles it for nearly all that is none.
  [[nodiscard]] bool may_hold(std::string_view text, std::size_t begin, std::size_t end) const {
    if (end - begin > bytes_max_) return false;
    const auto bit = hash(text, begin, end) % filter_bits;
    return (filter_[bit / 64] >> (bit % 64) & 1) != 0;
  }

  /// A fast hash of short texts, for this table and the caches of splitters.
  static std::uint64_t hash(std::string_view text);
  /// The same for a part of a text, faster where 8 bytes can be read from its start on.
  static std::uint64_t hash(std::string_view text, std::size_t begin, std::size_t end) {
    const auto size = end - begin;
    if (begin + 8 > text.size()) return hash(text.substr(begin, size));
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    std::memcpy(&head, text.data() + begin, 8);
    if (size >= 8) {
      std::memcpy(&tail, text.data() + end - 8, 8);
    } else {
      head &= (std::uint64_t{1} << (8 * size)) - 1;
    }
    return mixed(head, tail, size);
  }

 private:
  static constexpr std::size_t filter_bits = std::size_t{1} << 15;

  explicit WordExceptions(std::vector<WordException> exceptions);
  static std::uint64_t mixed(std::uint64_t head, std::uint64_t tail, std::size_t size) {
    std::uint64_t mix = (head ^ (size * 0x9E3779B97F4A7C15ULL)) * 0xD6E8FEB86659FD93ULL;
    mix = (mix ^ (mix >> 32) ^ tail) * 0xD6E8FEB86659FD93ULL;
    return mix ^ (mix >> 29);
  }

  std::vector<WordException> exceptions_;
  std::vector<std::int32_t> slots_;
  std::array<std::uint64_t, filter_bits / 64> filter_{};
  std::size_t bytes_max_ = 0;  ///< Of the longest.
};

}  // namespace gristmill::kernels
