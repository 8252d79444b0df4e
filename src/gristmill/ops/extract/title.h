// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/repeats.h"

namespace gristmill::ops::extract {

/// Different words of the title in the page's head, by their hashes. None when the page has no title.
class Title {
 public:
  static constexpr std::size_t words_max = 32;

  explicit Title(const kernels::HtmlTree& tree);

  [[nodiscard]] std::span<const std::uint32_t> words() const { return std::span(words_).first(count_); }

 private:
  std::size_t count_ = 0;
  std::array<std::uint32_t, words_max> words_;
};

/// Of the words at the beginning of a text, those that the title has too.
struct TitleMatch {
  std::uint8_t words = 0;
  std::uint8_t shared = 0;
};

struct TitleMatches {
  std::size_t title_words = 0;
  std::vector<TitleMatch> of_text;  ///< By group of repeats.
};

/// Compares the texts of a page with its title. The scorer of tokens finds the same on its way, which costs less.
TitleMatches match_title(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats);

}  // namespace gristmill::ops::extract
