// SPDX-License-Identifier: Apache-2.0
// Words of many short texts at once, on their way to the weights that a table has for them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/kernels/letter_words.h"
#include "gristmill/kernels/token_weights.h"

namespace gristmill::kernels {

/// Finds the words of texts, their hashes and where their weights lie. Most texts have only a few words: taken together
/// they fill the registers, and none waits for the one before.
class TokenBatch {
 public:
  static constexpr std::size_t texts_max = 128;
  static constexpr std::size_t text_words_max = 32;

  TokenBatch();

  void clear() {
    text_count_ = word_count_ = 0;
    padded_.clear();
  }
  [[nodiscard]] bool is_full() const { return text_count_ == texts_max || word_count_ > words_max - text_words_max; }

  /// Takes the first words of a text, at most `count_max` <= `text_words_max`, of at least two bytes each, in lower
  /// case as far as ASCII goes. `end` is the end of what may be read; the text must stay until the batch is looked up.
  template <WordKind kind>
  void add(std::string_view text, const char* end, std::size_t count_max) {
    if (static_cast<std::size_t>(end - text.data()) >= text.size() + readable_bytes) {
      add_words<kind>(text, count_max);
    } else {
      auto& padded = padded_.emplace_back(text);
      padded.append(readable_bytes, '\0');
      add_words<kind>(std::string_view(padded).substr(0, text.size()), count_max);
    }
    ends_[text_count_++] = static_cast<std::uint32_t>(word_count_);
  }

  /// Sums the weights of each text's words and of each two neighbours among them, in the bands from `first_band` on
  /// (as in `TokenWeights`). What follows speaks of texts by the order in which they were added.
  void sum(const TokenWeights& weights, std::size_t first_band) noexcept;
  [[nodiscard]] std::size_t size() const { return text_count_; }
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

  /// As `for_each_word`. Words are taken four at a time, whether there are so many or not: how many there are cannot be
  /// guessed, and a wrong guess costs more than words that do not count.
  template <WordKind kind>
  void add_words(std::string_view text, std::size_t count_max) {
    const auto last = word_count_ + count_max;
    auto next = word_count_;
    WordWindow<kind> window;
    for (std::size_t first = 0; first <= text.size() && next < last; first += 64) {
      window.move_to(text, first);
      const char* const base = text.data() + first;
      while (window.ends != 0) {
        for (int i = 0; i < 4; ++i) {
          const bool is_word = window.ends != 0;
          const auto end = static_cast<std::ptrdiff_t>(std::countr_zero(window.ends));
          const auto size = end - window.start;
          starts_[next] = base + window.start;
          sizes_[next] = static_cast<std::uint32_t>(size);
          next += is_word && size > 1 ? 1 : 0;
          window.next();
        }
      }
    }
    word_count_ = std::min(next, last);
  }

  void hash_words() noexcept;
  void hash_rest(const std::uint32_t* words) noexcept;
  void find_places() noexcept;

  std::size_t text_count_ = 0;
  std::size_t word_count_ = 0;
  std::array<std::uint32_t, texts_max> ends_{};         ///< Of the texts, as counts of words.
  std::array<const char*, room> starts_;                ///< Of the words.
  std::array<std::uint32_t, room> sizes_;
  std::array<std::uint32_t, room> hashes_{};
  std::array<std::uint32_t, room> words_{};             ///< Places of the words.
  std::array<std::uint32_t, room> pairs_{};             ///< Places of each word with the next.
  std::array<BandSums, room> sums_{};                   ///< Running sums over all words.
  std::vector<std::string> padded_;  ///< Texts at the end of what may be read. Longer than what a string holds itself.
};

}  // namespace gristmill::kernels
