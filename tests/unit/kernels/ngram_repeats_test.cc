// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/ngram_repeats.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace gristmill::kernels {
namespace {

using Words = std::vector<CountedWord>;

std::string gram(const Words& words, std::size_t at, std::size_t n) {
  std::string joined;
  for (auto i = at; i < at + n; ++i) joined += std::string(words[i].bytes) + " ";
  return joined;
}

struct Expected {
  std::uint64_t top = 0;
  std::uint64_t repeated = 0;
};

/// The definitions, with maps.
Expected expected(const Words& words, std::size_t n) {
  std::map<std::string, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i + n <= words.size(); ++i) places[gram(words, i, n)].push_back(i);
  Expected result;
  std::set<std::size_t> covered;
  std::size_t best = 1;
  std::size_t first = 0;
  for (const auto& [text, where] : places) {
    if (where.size() < 2) continue;
    for (const auto at : where)
      for (auto i = at; i < at + n; ++i) covered.insert(i);
    if (where.size() > best || (where.size() == best && where.front() < first)) {
      best = where.size();
      first = where.front();
    }
  }
  for (const auto i : covered) result.repeated += words[i].characters;
  for (auto i = first; best > 1 && i < first + n; ++i) result.top += words[i].characters * best;
  return result;
}

}  // namespace

TEST_CASE("repetition equals the definitions") {
  const std::vector<std::string> vocabulary{"a", "bb", "ccc", "dddd", "eeeee"};
  NgramRepeats repeats;
  std::uint64_t state = 7;
  for (int round = 0; round < 300; ++round) {
    Words words;
    const auto kinds = 1 + static_cast<std::size_t>(round % 5);
    for (int i = 0; i < round % 60; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      const auto& word = vocabulary[(state >> 33) % kinds];
      words.push_back({word, static_cast<std::uint32_t>(word.size())});
    }
    repeats.count(words);
    std::map<std::string_view, std::uint32_t> counts;
    for (const auto& word : words) ++counts[word.bytes];
    REQUIRE(repeats.word_counts().size() == counts.size());
    for (std::size_t n = 2; n <= NgramRepeats::longest; ++n) {
      const auto [top, repeated] = expected(words, n);
      CHECK(repeats.top_characters(n) == top);
      CHECK(repeats.repeated_characters(n) == repeated);
    }
  }
}

}  // namespace gristmill::kernels
