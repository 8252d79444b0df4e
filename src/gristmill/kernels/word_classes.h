// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace gristmill::kernels::word_class {

/// Classes of characters that the word rules look at, as bits.
using Class = std::uint16_t;
constexpr Class letter = 1;        ///< Of a script the rules know.
constexpr Class lower = 2;         ///< Lower case, or a letter of a script without case.
constexpr Class upper = 4;         ///< Upper case, likewise.
constexpr Class digit = 8;         ///< 0 to 9.
constexpr Class quote = 16;
constexpr Class icon = 32;         ///< Symbols and emoji.
constexpr Class currency = 64;
constexpr Class prefix = 128;      ///< Split off alone at the start of a word.
constexpr Class suffix = 256;      ///< Split off alone at the end of a word.
constexpr Class stop_before = 512; ///< After it a full stop at the end of a word is split off.
constexpr Class symbol = 1024;     ///< A word of nothing but these does not count as a word (datatrove's set).
constexpr Class space = 2048;

/// All classes of a code point.
Class of(char32_t code_point) noexcept;

}  // namespace gristmill::kernels::word_class
