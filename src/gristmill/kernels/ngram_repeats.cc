// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/ngram_repeats.h"

#include <algorithm>
#include <bit>

#include "gristmill/base/hash.h"

namespace gristmill::kernels {
namespace {

std::uint64_t mixed(std::uint64_t key) {
  key *= 0x9E3779B97F4A7C15U;
  return key ^ (key >> 29);
}

}  // namespace

void NgramRepeats::count(std::span<const CountedWord> words) {
  top_characters_ = {};
  repeated_characters_ = {};
  number_words(words);
  for (std::size_t n = 2; n <= longest && !positions_.empty(); ++n) {
    count_pairs();
    measure(n, words);
  }
}

std::size_t NgramRepeats::start_round(std::size_t items) {
  const auto size = std::bit_ceil(items * 2 + 1);
  if (table_.size() < size) table_.resize(size);
  if (++round_ == 0) {
    // Once in four billion rounds the numbers start anew.
    std::ranges::fill(table_, Slot{});
    round_ = 1;
  }
  return size - 1;
}

/// Numbers the different words; leaves the positions of those that repeat.
void NgramRepeats::number_words(std::span<const CountedWord> words) {
  counts_of_words_.clear();
  first_words_.clear();
  ids_.clear();
  const auto mask = start_round(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto hash = xxh3_64(words[i].bytes);
    auto at = hash & mask;
    while (table_[at].round == round_ &&
           (table_[at].key != hash || words[first_words_[table_[at].id]].bytes != words[i].bytes))
      at = (at + 1) & mask;
    auto& slot = table_[at];
    if (slot.round != round_) {
      slot = {hash, static_cast<std::uint32_t>(first_words_.size()), round_};
      first_words_.push_back(static_cast<std::uint32_t>(i));
      counts_of_words_.push_back(0);
    }
    ++counts_of_words_[slot.id];
    ids_.push_back(slot.id);
  }
  positions_.clear();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (counts_of_words_[ids_[i]] < 2) continue;
    positions_.push_back(static_cast<std::uint32_t>(i));
    ids_[kept++] = ids_[i];
  }
  ids_.resize(kept);
}

/// Numbers and counts the n-grams whose two (n-1)-grams both repeat.
void NgramRepeats::count_pairs() {
  counts_.clear();
  firsts_.clear();
  next_positions_.clear();
  next_ids_.clear();
  const auto mask = start_round(positions_.size());
  for (std::size_t i = 0; i + 1 < positions_.size(); ++i) {
    if (positions_[i + 1] != positions_[i] + 1) continue;
    const auto key = (std::uint64_t{ids_[i]} << 32) | ids_[i + 1];
    auto at = mixed(key) & mask;
    while (table_[at].round == round_ && table_[at].key != key) at = (at + 1) & mask;
    auto& slot = table_[at];
    if (slot.round != round_) {
      slot = {key, static_cast<std::uint32_t>(counts_.size()), round_};
      counts_.push_back(0);
      firsts_.push_back(positions_[i]);
    }
    ++counts_[slot.id];
    next_positions_.push_back(positions_[i]);
    next_ids_.push_back(slot.id);
  }
}

/// Fills in the results of one length and leaves the positions of what repeats.
void NgramRepeats::measure(std::size_t n, std::span<const CountedWord> words) {
  const auto characters = [&words](std::size_t begin, std::size_t end) {
    std::uint64_t sum = 0;
    for (auto i = begin; i < end; ++i) sum += words[i].characters;
    return sum;
  };
  positions_.clear();
  ids_.clear();
  std::size_t covered = 0;
  for (std::size_t i = 0; i < next_positions_.size(); ++i) {
    if (counts_[next_ids_[i]] < 2) continue;
    const std::size_t position = next_positions_[i];
    repeated_characters_[n] += characters(std::max(covered, position), position + n);
    covered = position + n;
    positions_.push_back(next_positions_[i]);
    ids_.push_back(next_ids_[i]);
  }
  const auto top = std::ranges::max_element(counts_);
  if (top == counts_.end() || *top < 2) return;
  const auto first = firsts_[static_cast<std::size_t>(top - counts_.begin())];
  top_characters_[n] = characters(first, first + n) * *top;
}

}  // namespace gristmill::kernels
