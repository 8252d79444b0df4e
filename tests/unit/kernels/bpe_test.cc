// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/bpe.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "gristmill/kernels/pretokenizer.h"

namespace gristmill::kernels {
namespace {

/// A vocabulary by rank: the 256 bytes, then the given tokens; any two neighbours that join to a token may merge.
struct RankedTokens {
  std::map<std::string, std::uint32_t> ids;
  BpeVocabulary vocabulary;

  explicit RankedTokens(const std::vector<std::string>& tokens, bool whole_pieces_first = true) {
    for (int byte = 0; byte < 256; ++byte) vocabulary.tokens.emplace_back(1, static_cast<char>(byte));
    vocabulary.tokens.insert(vocabulary.tokens.end(), tokens.begin(), tokens.end());
    vocabulary.whole_pieces_first = whole_pieces_first;
    for (std::uint32_t id = 0; id < vocabulary.tokens.size(); ++id) ids[vocabulary.tokens[id]] = id;
    for (std::uint32_t id = 256; id < vocabulary.tokens.size(); ++id) {
      const auto& token = vocabulary.tokens[id];
      for (std::size_t cut = 1; cut < token.size(); ++cut) {
        const auto left = ids.find(token.substr(0, cut));
        const auto right = ids.find(token.substr(cut));
        if (left != ids.end() && right != ids.end()) {
          vocabulary.merges.push_back({left->second, right->second, id, id});
        }
      }
    }
  }

  /// The definition, word for word: join the leftmost of the lowest pairs until none is a token.
  [[nodiscard]] std::vector<std::uint32_t> encode(const std::string& piece) const {
    if (const auto whole = ids.find(piece); whole != ids.end() && vocabulary.whole_pieces_first) return {whole->second};
    std::vector<std::string> parts;
    for (const char c : piece) parts.emplace_back(1, c);
    while (true) {
      auto best = ids.end();
      std::size_t place = 0;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto found = ids.find(parts[i] + parts[i + 1]);
        if (found == ids.end() || (best != ids.end() && found->second >= best->second)) continue;
        best = found;
        place = i;
      }
      if (best == ids.end()) break;
      parts[place] += parts[place + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    }
    std::vector<std::uint32_t> found;
    for (const auto& part : parts) found.push_back(ids.at(part));
    return found;
  }
};

std::string random_word(std::mt19937& random, std::size_t size, unsigned letters) {
  std::string word;
  for (std::size_t i = 0; i < size; ++i) word += static_cast<char>('a' + random() % letters);
  return word;
}

/// Distinct words in random order, so that some tokens need others that come later, and some can never be made.
std::vector<std::string> random_tokens(std::mt19937& random, unsigned letters) {
  std::vector<std::string> tokens;
  const auto count = 3 + random() % 40;
  for (std::size_t i = 0; i < count; ++i) {
    auto word = random_word(random, 2 + random() % 6, letters);
    const auto known = tokens.size();
    if (known > 3 && random() % 2 == 0) word = tokens[random() % known] + tokens[random() % known].substr(0, 3);
    if (std::ranges::find(tokens, word) == tokens.end()) tokens.push_back(word);
  }
  return tokens;
}

/// Ends of all pieces, asked for a few at a time.
std::vector<std::uint32_t> ends_of(const Pretokenizer& pretokenizer, std::string_view text,
                                   std::span<std::uint32_t> buffer) {
  std::vector<std::uint32_t> ends;
  for (std::size_t position = 0;;) {
    const auto count = pretokenizer.split(text, position, buffer);
    REQUIRE(count.ok());
    if (*count == 0) return ends;
    ends.insert(ends.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*count));
  }
}

/// What texts are put together of to reach every rule of the patterns.
const std::vector<std::string>& text_parts() {
  static const std::vector<std::string> parts{
      "word",
      "Word",
      "WORD",
      "aB",
      " ",
      "  ",
      "\t",
      "\n",
      "\r\n",
      "\n\n",
      "   ",
      "'s",
      "'S",
      "'ll",
      "'lL",
      "'Ve",
      "'re",
      "'x",
      "'",
      "''",
      "1",
      "123",
      "1234567",
      "!",
      "!!",
      ".",
      "/",
      "//",
      "//\n",
      "\n/",
      "\x0b",
      "\x0c",
      "\x1c",
      "\x7f",
      "\0",
      "\u00e9",
      "\u4e2d\u6587",
      "\u017f",
      "\u0301",
      "\u3000",
      "(",
      "_",
      "-----------------------------------------------------------------------"};
  return parts;
}

}  // namespace

TEST_CASE("pieces get the ids of the definition, for vocabularies in any order") {
  std::mt19937 random(3);
  for (int round = 0; round < 150; ++round) {
    const auto letters = static_cast<unsigned>(1 + random() % 3);
    const RankedTokens tokens(random_tokens(random, letters), random() % 2 == 0);
    const auto model = BpeModel::build(tokens.vocabulary);
    REQUIRE(model.ok());
    BpeScratch scratch;
    for (int i = 0; i < 60; ++i) {
      const auto piece = random_word(random, 1 + random() % (i % 10 == 0 ? 150 : 24), letters);
      const auto expected = tokens.encode(piece);
      for (int again = 0; again < 2; ++again) {  // The second time from the cache.
        std::vector<std::uint32_t> ids;
        model->encode_piece(piece, scratch, ids);
        CHECK_MESSAGE(ids == expected, piece);
      }
      std::vector<std::uint32_t> merged;
      model->merge_piece(piece, scratch, merged);
      CHECK_MESSAGE(merged == expected, piece);
    }
  }
}

TEST_CASE("pieces longer than what is matched merge to the same ids") {
  const RankedTokens tokens({"ab", "abab", "ba", "bab", "aab", "aa"});
  const auto model = BpeModel::build(tokens.vocabulary);
  REQUIRE(model.ok());
  BpeScratch scratch;
  std::mt19937 random(5);
  for (const std::size_t size : {4095u, 4096u, 4097u, 5000u}) {
    const auto piece = random_word(random, size, 2);
    std::vector<std::uint32_t> ids;
    std::vector<std::uint32_t> merged;
    model->encode_piece(piece, scratch, ids);
    model->merge_piece(piece, scratch, merged);
    CHECK(ids == merged);
  }
}

TEST_CASE("blocks of ASCII are cut like single characters, wherever they begin and end") {
  const auto& parts = text_parts();
  std::mt19937 random(9);
  std::array<std::uint32_t, 3> few;  // No room for a block: each piece is cut by itself.
  std::array<std::uint32_t, 100> many;
  for (const auto pattern : {Pattern::gpt2, Pattern::cl100k, Pattern::llama3, Pattern::qwen2, Pattern::o200k}) {
    const auto plain = Pretokenizer::for_pattern(pattern, SimdLevel::scalar);
    const auto fast = Pretokenizer::for_pattern(pattern, SimdLevel::avx512);
    for (int round = 0; round < 1500; ++round) {
      std::string text;
      const auto kinds = 1 + random() % parts.size();
      for (auto count = random() % 60; count > 0; --count) text += parts[random() % kinds];
      const auto expected = ends_of(*plain, text, few);
      CHECK_MESSAGE(ends_of(*plain, text, many) == expected, to_string(pattern), " ", text);
      CHECK_MESSAGE(ends_of(*fast, text, many) == expected, to_string(pattern), " ", text);
    }
  }
}

}  // namespace gristmill::kernels
