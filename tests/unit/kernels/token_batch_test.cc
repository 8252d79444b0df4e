// SPDX-License-Identifier: Apache-2.0
// Words that are looked up together against words that are looked up one by one.
#include "gristmill/kernels/token_batch.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gristmill/kernels/short_hash.h"

namespace gristmill::kernels {
namespace {

/// Words of any length up to beyond a window, some of one letter, some joined by capitals.
std::string random_text(std::mt19937& random) {
  std::string text;
  const auto parts = random() % 24;
  for (std::size_t i = 0; i < parts; ++i) {
    const auto size = random() % 40 == 0 ? 60 + random() % 90 : 1 + random() % 18;
    for (std::size_t k = 0; k < size; ++k) text.push_back("abyzAZ\xC3\xA9"[random() % 8]);
    if (random() % 8 != 0) text.append(1 + random() % 3, " -_7"[random() % 4]);
  }
  return text;
}

/// Sums in the bands from one on, slot by slot.
BandSums summed(const std::vector<std::uint32_t>& hashes, const std::vector<std::int8_t>& weights,
                std::size_t first_band) {
  BandSums sums;
  for (auto band = first_band; band < token_band_max && band < first_band + (first_band == 0 ? 5 : 8); ++band) {
    auto& sum = sums.of_band[band - first_band];
    const auto add = [&](std::uint32_t hash) {
      sum = static_cast<std::int16_t>(sum + weights[token_slot(hash, band)]);
    };
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      add(hashes[i]);
      if (i > 0) add(token_pair_hash(hashes[i - 1], hashes[i]));
    }
  }
  return sums;
}

template <WordKind kind>
std::vector<std::uint32_t> first_hashes(std::string_view text, std::size_t count_max) {
  std::vector<std::uint32_t> hashes;
  for_each_word_hash<kind>(text, text.data() + text.size(), [&](std::uint32_t hash) {
    hashes.push_back(hash);
    return hashes.size() < count_max;
  });
  return hashes;
}

}  // namespace

TEST_CASE_TEMPLATE("texts of a batch are summed as each alone", Kind,
                   std::integral_constant<WordKind, WordKind::letters>,
                   std::integral_constant<WordKind, WordKind::letters_of_one_case>) {
  std::mt19937 random(21);
  std::vector<std::int8_t> numbers(token_slot_count);
  for (auto& number : numbers) number = static_cast<std::int8_t>(random());
  const TokenWeights weights(numbers);
  TokenBatch plain(SimdLevel::avx2);
  TokenBatch best;
  std::size_t words = 0;
  for (int round = 0; round < 600; ++round) {
    auto& batch = round / 6 % 2 == 0 ? plain : best;
    std::vector<std::string> texts;
    const auto count_max = round % 2 == 0 ? TokenBatch::short_words_max : TokenBatch::text_words_max;
    const auto first_band = round % 3 == 0 ? TokenWeights::text_bands : 0;
    batch.clear();
    texts.reserve(TokenBatch::texts_max);
    while (!batch.is_full()) {
      auto& text = texts.emplace_back(random_text(random));
      const auto size = text.size();
      if (random() % 2 == 0) text.append(readable_bytes, 'x');
      batch.add(std::string_view(text).substr(0, size), text.data() + text.size(), count_max);
      text.resize(size);
    }
    batch.sum<Kind::value>(weights, first_band);
    REQUIRE(batch.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto hashes = first_hashes<Kind::value>(texts[i], count_max);
      words += hashes.size();
      CHECK(batch.sums(i).of_band == summed(hashes, numbers, first_band).of_band);
      if (count_max > TokenBatch::short_words_max) continue;
      std::uint32_t whole = 1;
      for (const auto hash : hashes) whole = token_pair_hash(whole, hash);
      CHECK(weights.at(batch.whole_place(i), first_band).of_band == summed({whole}, numbers, first_band).of_band);
    }
  }
  CHECK(words > 20'000);
}

TEST_CASE("words that are looked for are found in each text") {
  std::mt19937 random(22);
  const std::vector<std::int8_t> numbers(token_slot_count);
  const TokenWeights weights(numbers);
  TokenBatch plain(SimdLevel::avx2);
  TokenBatch best;
  std::size_t found = 0;
  for (int round = 0; round < 300; ++round) {
    auto& batch = round % 2 == 0 ? plain : best;
    std::vector<std::uint32_t> wanted;
    for (std::size_t i = 0; i < random() % (TokenBatch::wanted_max + 1); ++i) {
      const std::string word{"abyz"[random() % 4], "abyz"[random() % 4]};
      wanted.push_back(letter_word_hash((word + std::string(8, ' ')).data(), word.size()));
    }
    batch.look_for(wanted);
    batch.clear();
    std::vector<std::string> texts;
    texts.reserve(TokenBatch::texts_max);
    while (!batch.is_full()) {
      const auto& text = texts.emplace_back(random_text(random));
      batch.add(text, text.data() + text.size(), TokenBatch::short_words_max);
    }
    batch.sum<WordKind::letters>(weights, 0);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto hashes = first_hashes<WordKind::letters>(texts[i], TokenBatch::short_words_max);
      const auto expected = std::ranges::count_if(
          hashes, [&](std::uint32_t hash) { return std::ranges::find(wanted, hash) != wanted.end(); });
      CHECK(batch.words(i) == hashes.size());
      CHECK(batch.found(i) == static_cast<std::size_t>(expected));
      found += batch.found(i);
    }
  }
  CHECK(found > 300);
}

TEST_CASE("different short texts have different hashes, whatever stands behind them") {
  std::mt19937 random(5);
  std::set<std::string> texts;
  std::set<std::uint64_t> hashes;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 60, 'a');
    for (auto& c : text) c = "ab \0"[random() % 4];
    const auto with = [&](char behind) {
      const auto padded = text + std::string(readable_bytes, behind);
      return short_hash(std::string_view(padded).substr(0, text.size()));
    };
    CHECK(with('x') == with('\0'));
    texts.insert(text);
    hashes.insert(with('\n'));
  }
  CHECK(texts.size() == hashes.size());
}

}  // namespace gristmill::kernels
