// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
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

  /// A fast hash of short texts, for this table and the caches of splitters.
  static std::uint64_t hash(std::string_view text);

 private:
  explicit WordExceptions(std::vector<WordException> exceptions);

  std::vector<WordException> exceptions_;
  std::vector<std::int32_t> slots_;
};

}  // namespace gristmill::kernels
