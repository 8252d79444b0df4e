// SPDX-License-Identifier: Apache-2.0
// The searches of 64 and 32 bytes at a time against loops over single bytes.
#include "gristmill/kernels/letter_words.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/kernels/byte_counts.h"
#include "gristmill/kernels/byte_scan.h"
#include "gristmill/kernels/html_tree.h"

namespace gristmill::kernels {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

/// Words of letters, byte by byte.
std::vector<std::string> words_of(const std::string& text, bool splits_at_upper) {
  std::vector<std::string> words{""};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_start = is_upper(c) && i > 0 && is_letter(text[i - 1]) && !is_upper(text[i - 1]);
    if (!is_letter(c) || (splits_at_upper && is_start)) words.emplace_back();
    if (is_letter(c)) words.back().push_back(is_upper(c) ? static_cast<char>(c | 0x20) : c);
  }
  std::erase_if(words, [](const std::string& word) { return word.size() < 2; });
  return words;
}

std::string random_text(std::mt19937& random, std::size_t size_max) {
  constexpr std::string_view bytes = "abzAMZ @[`{/:09.,;!?\n\t\r\f\v-\xC3\xA9\xE3\x80\x81\xE4\xB8\xAD\xEA\xB0\x80";
  std::string text(random() % size_max, 'a');
  const auto words = random() % 3;
  for (auto& c : text) c = words == 0 || random() % 8 == 0 ? bytes[random() % bytes.size()] : "abcXYZ"[random() % 6];
  return text;
}

template <WordKind kind>
std::vector<std::uint32_t> hashes_of(std::string_view text, const char* end) {
  std::vector<std::uint32_t> hashes;
  for_each_word_hash<kind>(text, end, [&](std::uint32_t hash) {
    hashes.push_back(hash);
    return true;
  });
  return hashes;
}

}  // namespace

TEST_CASE("words of letters and their hashes") {
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    const auto text = random_text(random, 300);
    const auto padded = text + random_text(random, 10) + std::string(readable_bytes, 'x');
    const auto seen = std::string_view(padded).substr(0, text.size());
    std::vector<std::uint32_t> plain;
    std::vector<std::uint32_t> split;
    for (const auto& word : words_of(text, false)) plain.push_back(html_word_hash(word));
    for (const auto& word : words_of(text, true)) split.push_back(html_word_hash(word));
    CHECK(hashes_of<WordKind::letters>(seen, padded.data() + padded.size()) == plain);
    CHECK(hashes_of<WordKind::letters_of_one_case>(seen, padded.data() + padded.size()) == split);
    // Nothing may be read behind the text.
    CHECK(hashes_of<WordKind::letters>(text, text.data() + text.size()) == plain);
  }
}

TEST_CASE("counts of bytes") {
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    const auto text = random_text(random, 500);
    const auto padded = text + "," + std::string(readable_bytes, '.');
    PunctuationCounts expected;
    FigureCounts figures;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const auto byte = static_cast<unsigned char>(c);
      expected.commas += c == ',' || c == ';' ? 1u : 0u;
      const bool is_last = i + 1 == text.size();
      expected.ends += (c == '.' || c == '!' || c == '?') && (is_last || is_space(text[i + 1])) ? 1u : 0u;
      expected.ideographs += byte >= 0xE3 && byte <= 0xED && byte != 0xEA ? 1u : 0u;
      if (i >= figure_bytes_max) continue;
      if (c >= '0' && c <= '9') ++figures.digits;
      if (is_upper(c)) ++figures.upper;
    }
    const auto [counts, counted] = count_bytes(std::string_view(padded).substr(0, text.size()));
    CHECK(counts.commas == expected.commas);
    CHECK(counts.ends == expected.ends);
    CHECK(counts.ideographs == expected.ideographs);
    CHECK(counted.digits == figures.digits);
    CHECK(counted.upper == figures.upper);
  }
}

TEST_CASE("a word is found in a text whatever the case") {
  std::mt19937 random(6);
  const auto lower = [](std::string text) {
    for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return text;
  };
  int found = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 120, 'a');
    for (auto& c : text) c = "aAbB:[{_"[random() % 8];
    std::string word(1 + random() % 4, 'a');
    for (auto& c : word) c = "ab:_{"[random() % 5];
    const bool is_in = lower(text).find(word) != std::string::npos;
    CHECK(contains_ascii_folded(text, word) == is_in);
    found += is_in ? 1 : 0;
  }
  CHECK(found > 1000);
  CHECK(contains_ascii_folded("<meta property=OG:Type>", "og:type"));
  CHECK_FALSE(contains_ascii_folded("<meta property=og:tape>", "og:type"));
}

}  // namespace gristmill::kernels
