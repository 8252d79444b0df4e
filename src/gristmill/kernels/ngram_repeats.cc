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
  make_room(words.size());
  number_words(words);
  for (std::size_t n = 2; n <= longest && repeats_ > 0; ++n) {
    find_pairs();
    count_pairs();
    measure(n);
  }
}

/// Room for what is written before it is known whether it counts.
void NgramRepeats::make_room(std::size_t words) {
  for (auto* list : {&counts_of_words_, &first_words_, &counts_, &firsts_, &positions_, &ids_, &ends_})
    if (list->size() < words + 1) list->resize(2 * words + 1);
  if (pairs_.size() < words + 1) pairs_.resize(2 * words + 1);
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
  different_words_ = 0;
  const auto mask = start_round(words.size());
  std::uint32_t characters = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto hash = xxh3_64(words[i].bytes);
    auto at = hash & mask;
    while (table_[at].round == round_ &&
           (table_[at].key != hash || words[first_words_[table_[at].id]].bytes != words[i].bytes))
      at = (at + 1) & mask;
    auto& slot = table_[at];
    if (slot.round != round_) {
      slot = {hash, different_words_, round_};
      first_words_[different_words_] = static_cast<std::uint32_t>(i);
      counts_of_words_[different_words_++] = 0;
    }
    ++counts_of_words_[slot.id];
    ids_[i] = slot.id;
    ends_[i] = characters;
    characters += words[i].characters;
  }
  ends_[words.size()] = characters;
  repeats_ = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto id = ids_[i];
    positions_[repeats_] = static_cast<std::uint32_t>(i);
    ids_[repeats_] = id;
    repeats_ += counts_of_words_[id] > 1;
  }
}

/// The n-grams whose two (n-1)-grams both repeat. What happens in about every other case is written always and kept by
/// how far the end moves, here and below: a branch would be guessed wrong that often.
void NgramRepeats::find_pairs() {
  std::size_t found = 0;
  for (std::size_t i = 0; i + 1 < repeats_; ++i) {
    pairs_[found] = {.key = (std::uint64_t{ids_[i]} << 32) | ids_[i + 1], .position = positions_[i]};
    found += positions_[i + 1] == positions_[i] + 1;
  }
  found_ = found;
}

/// Numbers and counts them.
void NgramRepeats::count_pairs() {
  std::uint32_t different = 0;
  const auto mask = start_round(found_);
  for (std::size_t i = 0; i < found_; ++i) {
    auto& pair = pairs_[i];
    auto at = mixed(pair.key) & mask;
    while (table_[at].round == round_ && table_[at].key != pair.key) at = (at + 1) & mask;
    auto& slot = table_[at];
    const bool is_new = slot.round != round_;
    const auto id = is_new ? different : slot.id;
    slot = {pair.key, id, round_};
    counts_[different] = 0;
    firsts_[different] = pair.position;
    different += is_new;
    ++counts_[id];
    pair.id = id;
  }
}

/// Fills in the results of one length and leaves the positions of what repeats.
void NgramRepeats::measure(std::size_t n) {
  const auto characters = [this](std::size_t begin, std::size_t end) { return ends_[end] - ends_[begin]; };
  std::size_t kept = 0;
  for (std::size_t i = 0; i < found_; ++i) {
    positions_[kept] = pairs_[i].position;
    ids_[kept] = pairs_[i].id;
    kept += counts_[pairs_[i].id] > 1;
  }
  repeats_ = kept;
  std::size_t covered = 0;
  std::uint32_t top = 0;
  for (std::size_t i = 0; i < kept; ++i) {
    const std::size_t position = positions_[i];
    repeated_characters_[n] += characters(std::max(covered, position), position + n);
    covered = position + n;
    top = std::max(top, counts_[ids_[i]]);
  }
  if (top == 0) return;
  const auto first = std::ranges::find(ids_, top, [this](std::uint32_t id) { return counts_[id]; });
  const auto begin = firsts_[*first];
  top_characters_[n] = std::uint64_t{characters(begin, begin + n)} * top;
}

}  // namespace gristmill::kernels
