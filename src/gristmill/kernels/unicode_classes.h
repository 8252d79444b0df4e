// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace gristmill::kernels {

inline constexpr std::size_t code_point_count = 0x110000;

/// The Unicode version of the tables: that of the tokenizer libraries whose ids we must equal.
inline constexpr const char* unicode_classes_version = "16.0.0";

/// Character class as one bit, so that a set of classes is a mask. Every code point has exactly one.
struct CharacterClass {
  static constexpr std::uint8_t other = 1;      ///< None of the below.
  static constexpr std::uint8_t upper = 2;      ///< Lu, Lt
  static constexpr std::uint8_t lower = 4;      ///< Ll
  static constexpr std::uint8_t caseless = 8;   ///< Lm, Lo
  static constexpr std::uint8_t mark = 16;      ///< Mn, Mc, Me
  static constexpr std::uint8_t number = 32;    ///< Nd, Nl, No
  static constexpr std::uint8_t space = 64;     ///< White_Space without LF and CR
  static constexpr std::uint8_t newline = 128;  ///< LF, CR
  static constexpr std::uint8_t letter = upper | lower | caseless;
  static constexpr std::uint8_t blank = space | newline;
};

/// Table of `code_point_count` classes; built on first use (1.1 MB), safe from any thread.
const std::uint8_t* unicode_classes();

}  // namespace gristmill::kernels
