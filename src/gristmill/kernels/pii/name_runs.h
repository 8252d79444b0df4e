// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// Capitalized words (and particles such as "van" between them) that stand together with a blank or a dot between.
struct NameRun {
  static constexpr std::size_t words_max = 12;
  std::array<Span, words_max> words{};
  std::size_t count = 0;
  std::size_t begin = 0;  ///< Of the first word, a form of address too.
  std::size_t end = 0;
  bool is_titled = false;  ///< Forms of address stood before the words; they are left out.
  bool has_office = false;  ///< The same of offices such as "President".
};

/// Reads a run that begins with a capital letter.
NameRun read_name_run(std::string_view text, std::size_t begin) noexcept;

/// Whether a capital letter of Latin script stands at a position.
bool is_name_capital(std::string_view text, std::size_t at) noexcept;
/// Whether a byte belongs to a letter: ASCII or any of more bytes.
bool is_word_byte(char c) noexcept;
/// Words of up to 24 bytes next to a position, over three other bytes of the same line at most; `at` moves behind them.
std::string_view word_before(std::string_view text, std::size_t& at) noexcept;
std::string_view word_after(std::string_view text, std::size_t& at) noexcept;

}  // namespace gristmill::kernels::pii
