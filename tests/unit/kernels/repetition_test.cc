// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/repetition.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "gristmill/kernels/utf8.h"

using namespace gristmill;

namespace {

std::string join(const std::string& text, const std::vector<kernels::TextRange>& words, std::size_t first,
                 std::size_t count, std::string_view separator) {
  std::string joined;
  for (std::size_t i = first; i < first + count; ++i)
    joined.append(i == first ? "" : separator).append(words[i].of(text));
  return joined;
}

/// The definitions, word for word: strings in sets.
std::size_t plain_top(const std::string& text, const std::vector<kernels::TextRange>& words, std::size_t n) {
  std::map<std::string, std::size_t> counts;
  std::size_t most = 0;
  for (std::size_t i = 0; i + n <= words.size(); ++i) most = std::max(most, ++counts[join(text, words, i, n, " ")]);
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    const auto gram = join(text, words, i, n, " ");
    if (counts[gram] == most) return kernels::count_code_points(gram) * most;
  }
  return 0;
}

std::size_t plain_repeated(const std::string& text, const std::vector<kernels::TextRange>& words, std::size_t n) {
  std::set<std::string> seen;
  std::size_t characters = 0;
  for (std::size_t i = 0; i + n <= words.size();) {
    const auto gram = join(text, words, i, n, "");
    const bool is_new = seen.insert(gram).second;
    if (!is_new) characters += kernels::count_code_points(gram);
    i += is_new ? 1 : n;
  }
  return characters;
}

std::vector<kernels::TextRange> words_of(const std::string& text) {
  std::vector<kernels::TextRange> words;
  kernels::split_whitespace(text, words);
  return words;
}

void check_all(kernels::RepetitionMeter& meter, const std::string& text) {
  CAPTURE(text);
  const auto words = words_of(text);
  meter.set_words(text, words);
  for (std::size_t n = 2; n <= 4; ++n) CHECK(meter.top_ngram_characters(n) == plain_top(text, words, n));
  for (std::size_t n = 5; n <= 10; ++n) CHECK(meter.repeated_ngram_characters(n) == plain_repeated(text, words, n));
}

}  // namespace

TEST_CASE("repetition: n-grams are counted as their definition says") {
  const std::vector<std::vector<std::string>> vocabularies{
      {"a", "b"},
      {"a", "ab", "b", "ba", "bab"},
      {"the", "of", "snow", "winter", "everlasting", "incomprehensibilities"},
      {"\u00e9t\u00e9", "\u65e5\u672c", "a", "\U0001F600"},
  };
  std::mt19937 random(11);
  kernels::RepetitionMeter meter;
  for (int round = 0; round < 400; ++round) {
    const auto& vocabulary = vocabularies[static_cast<std::size_t>(round) % vocabularies.size()];
    std::string text;
    const auto count = random() % 120;
    for (std::size_t i = 0; i < count; ++i) {
      // A rare word of its own keeps some places from repeating.
      text += random() % 4 == 0 ? "w" + std::to_string(random() % 300) : vocabulary[random() % vocabulary.size()];
      text += ' ';
    }
    check_all(meter, text);
  }
}

TEST_CASE("repetition: parts that came before") {
  kernels::RepetitionMeter meter;
  const std::vector<std::string_view> parts{"a", "", "\u00e9\u00e9", "a", "", "\u00e9\u00e9", "b", "a"};
  const auto repeats = meter.repeated_parts(parts);
  CHECK(repeats.count == 4);
  CHECK(repeats.characters == 4);
}

TEST_CASE("repetition: a million equal words take no quadratic time") {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "a ";
  const auto words = words_of(text);
  kernels::RepetitionMeter meter;
  meter.set_words(text, words);
  CHECK(meter.top_ngram_characters(2) == 3 * 999'999);
  CHECK(meter.repeated_ngram_characters(5) == 999'995);
}
