// SPDX-License-Identifier: Apache-2.0
// Words of many short texts at once, on their way to the weights that a table has for them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/letter_words.h"
#include "gristmill/kernels/simd.h"
#include "gristmill/kernels/token_weights.h"

namespace gristmill::kernels {

/// Finds the words of texts, their hashes and where their weights lie. Most texts have only a few words: taken together
/// they fill the registers, and none waits for the one before.
class TokenBatch {
 public:
  static constexpr std::size_t texts_max = 128;
  static constexpr std::size_t text_words_max = 32;

  explicit TokenBatch(SimdLevel level = simd_level());

  void clear() {
    text_count_ = word_count_ = words_possible_ = 0;
    padded_.clear();
  }
  [[nodiscard]] bool is_full() const {
    return text_count_ == texts_max || words_possible_ > words_max - text_words_max;
  }

  /// Takes the first words of a text, at most `count_max` <= `text_words_max`, of at least two bytes each, in lower
  /// case as far as ASCII goes. `end` is the end of what may be read; the text must stay until the batch is summed.
  void add(std::string_view text, const char* end, std::size_t count_max) {
    if (static_cast<std::size_t>(end - text.data()) < text.size() + readable_bytes) text = padded(text);
    texts_[text_count_++] = {text, count_max};
    words_possible_ += std::min(count_max, text.size() / 2);
  }

  /// Sums the weights of each text's words and of each two neighbours among them, in the bands from `first_band` on
  /// (as in `TokenWeights`). What follows speaks of texts by the order in which they were added.
  template <WordKind kind>
  void sum(const TokenWeights& weights, std::size_t first_band) noexcept {
    if (level_ == SimdLevel::avx512)
      cut_avx512<kind>();
    else
      cut_avx2<kind>();
    sum_words(weights, first_band);
  }
  /// Words, by their hashes, that are looked for in the texts which are summed from now on: at most `wanted_max`.
  void look_for(std::span<const std::uint32_t> hashes) noexcept;
  static constexpr std::size_t wanted_max = 32;

  [[nodiscard]] std::size_t size() const { return text_count_; }
  [[nodiscard]] std::size_t words(std::size_t text) const noexcept { return ends_[text] - begin_of(text); }
  /// How many of a text's words are among those looked for.
  [[nodiscard]] std::size_t found(std::size_t text) const noexcept {
    const auto begin = begin_of(text);
    std::uint64_t bits = 0;
    std::memcpy(&bits, found_.data() + begin / 8, sizeof bits);
    return static_cast<std::size_t>(std::popcount(_bzhi_u64(bits >> begin % 8, static_cast<unsigned>(words(text)))));
  }
  [[nodiscard]] BandSums sums(std::size_t text) const noexcept {
    const auto& before = sums_[begin_of(text)].of_band;
    auto sums = sums_[ends_[text]];
    for (std::size_t i = 0; i < before.size(); ++i)
      sums.of_band[i] = static_cast<std::int16_t>(sums.of_band[i] - before[i]);
    return sums;
  }
  /// Place of a text of at most `short_words_max` words as a whole.
  [[nodiscard]] std::uint32_t whole_place(std::size_t text) const noexcept;
  static constexpr std::size_t short_words_max = 12;

 private:
  static constexpr std::size_t words_max = 256;
  /// For all words of 64 bytes, and for whole registers. The last place never holds a word.
  static constexpr std::uint32_t room = words_max + 64;

  [[nodiscard]] std::size_t begin_of(std::size_t text) const { return text == 0 ? 0 : ends_[text - 1]; }

  std::string_view padded(std::string_view text);
  template <WordKind kind>
  void cut_avx2() noexcept;
  template <WordKind kind>
  void cut_avx512() noexcept;
  void sum_words(const TokenWeights& weights, std::size_t first_band) noexcept;
  void hash_words_avx2() noexcept;
  void hash_words_avx512() noexcept;
  void hash_rest(const std::uint32_t* words) noexcept;
  void find_places() noexcept;
  void find_wanted_avx2() noexcept;
  void find_wanted_avx512() noexcept;
  [[nodiscard]] bool is_wanted(std::uint32_t hash) const noexcept;

  /// A text and how many of its words count.
  struct Text {
    std::string_view text;
    std::size_t count_max = 0;
  };

  SimdLevel level_;
  std::size_t text_count_ = 0;
  std::size_t word_count_ = 0;
  std::size_t words_possible_ = 0;  ///< In the texts, at most.
  std::array<Text, texts_max> texts_;
  std::array<std::uint32_t, texts_max> ends_{};         ///< Of the texts, as counts of words.
  std::array<const char*, room> starts_;                ///< Of the words.
  std::array<std::uint32_t, room> sizes_;
  std::array<std::uint32_t, room> hashes_{};
  std::array<std::uint32_t, room> words_{};             ///< Places of the words.
  std::array<std::uint32_t, room> pairs_{};             ///< Places of each word with the next.
  std::array<BandSums, room> sums_{};                   ///< Running sums over all words.
  std::size_t wanted_count_ = 0;
  std::array<std::uint32_t, wanted_max> wanted_{};      ///< Hashes of the words looked for.
  std::array<std::uint32_t, 16> wanted_bits_{};         ///< By the first nine bits of a hash: whether one may be.
  std::array<std::uint8_t, room / 8 + 8> found_{};      ///< Bits of the words that were found.
  std::vector<std::string> padded_;  ///< Texts at the end of what may be read. Longer than what a string holds itself.
};

}  // namespace gristmill::kernels
