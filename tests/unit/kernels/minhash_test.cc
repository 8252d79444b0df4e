// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/minhash.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <string>

#include "gristmill/kernels/shingle.h"

using namespace gristmill;
using namespace gristmill::kernels;

namespace {

std::vector<std::uint32_t> shingles_of(Shingler& shingler, std::string_view text) {
  std::vector<std::uint32_t> all;
  shingler.start(text);
  for (auto part = shingler.next(); !part.empty(); part = shingler.next())
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<std::uint32_t> shingles_of(std::string_view text, std::size_t size, ShingleUnit unit = ShingleUnit::word,
                                       SimdLevel level = simd_level()) {
  Shingler shingler(size, unit, level);
  return shingles_of(shingler, text);
}

/// Random text of short words, blanks, punctuation and several scripts.
std::string random_text(std::mt19937& random, std::size_t pieces) {
  constexpr std::string_view parts[] = {"the",
                                        "A",
                                        "Zebra9",
                                        " ",
                                        ", ",
                                        "\n",
                                        "é",
                                        "Ж",
                                        "漢",
                                        "字",
                                        "ไทย",
                                        "\xF0\x9F\x98\x80",
                                        "-",
                                        "x",
                                        "averyveryverylongwordindeed",
                                        "İ",
                                        "\xF0\xA0\x80\x80",
                                        "한국",
                                        "e\xCC\x81"};
  std::string text;
  for (std::size_t i = 0; i < pieces; ++i) text += parts[random() % std::size(parts)];
  return text;
}

}  // namespace

TEST_CASE("minhash: all levels give the scalar result") {
  std::mt19937 random(7);
  for (const std::size_t count : {1u, 15u, 16u, 64u, 112u, 113u, 260u}) {
    const MinHash scalar(count, 42, SimdLevel::scalar);
    const MinHash avx2(count, 42, SimdLevel::avx2);
    const MinHash best(count, 42);
    for (std::size_t elements = 0; elements < 40; ++elements) {
      std::vector<std::uint32_t> values(elements);
      for (auto& value : values) value = static_cast<std::uint32_t>(random());
      std::vector<std::uint32_t> a, b, c;
      scalar.start(a);
      avx2.start(b);
      best.start(c);
      scalar.update(values, a);
      avx2.update(values, b);
      // Order and pieces do not matter.
      best.update(std::span(values).subspan(elements / 2), c);
      best.update(std::span(values).first(elements / 2), c);
      CHECK(a == b);
      CHECK(a == c);
    }
  }
}

TEST_CASE("minhash: the share of equal minima estimates Jaccard similarity") {
  std::mt19937 random(3);
  for (const double similarity : {0.2, 0.5, 0.8, 0.95}) {
    constexpr std::size_t united = 400;
    double equal = 0;
    constexpr int rounds = 60;
    for (int round = 0; round < rounds; ++round) {
      const MinHash hash(112, static_cast<std::uint64_t>(round));
      std::vector<std::uint32_t> all(united);
      for (auto& value : all) value = static_cast<std::uint32_t>(random());
      const auto common = static_cast<std::size_t>(similarity * united);
      const auto half = (united - common) / 2;
      std::vector<std::uint32_t> a, b;
      hash.start(a);
      hash.start(b);
      hash.update(std::span(all).first(common + half), a);
      hash.update(std::span(all).first(common), b);
      hash.update(std::span(all).subspan(common + half), b);
      for (std::size_t i = 0; i < hash.count(); ++i) equal += a[i] == b[i] ? 1 : 0;
    }
    // 6720 draws: three standard errors are under 0.019.
    CHECK(std::abs(equal / (112.0 * rounds) - similarity) < 0.025);
  }
}

TEST_CASE("shingles: all levels give the scalar result, at every length") {
  std::mt19937 random(11);
  for (const auto unit : {ShingleUnit::word, ShingleUnit::character}) {
    Shingler scalar(3, unit, SimdLevel::scalar);
    Shingler fast(3, unit);
    for (std::size_t length = 0; length < 300; ++length) {
      const auto text = random_text(random, length);
      CHECK(shingles_of(scalar, text) == shingles_of(fast, text));
    }
    const auto text = random_text(random, 60'000);  // many pieces
    CHECK(shingles_of(scalar, text) == shingles_of(fast, text));
  }
}

TEST_CASE("shingles: counts and equalities") {
  CHECK(shingles_of("one two three four", 5).empty());
  CHECK(shingles_of("one two three four five", 5).size() == 1);
  CHECK(shingles_of("one two three four five six", 5).size() == 2);
  CHECK(shingles_of("", 5).empty());
  CHECK(shingles_of(" ,.!\n", 1).empty());
  // Case, punctuation and white space make no difference, words do.
  const auto plain = shingles_of("the quick brown fox jumps", 5);
  CHECK(shingles_of("  The \"quick\"\tBROWN, fox -- jumps!", 5) == plain);
  CHECK(shingles_of("the quick brown fox jump", 5) != plain);
  CHECK(shingles_of("quick the brown fox jumps", 5) != plain);
  CHECK(shingles_of("ÉCOLE ЖУК ΣΊΓΜΑ", 3) == shingles_of("école жук σίγμα", 3));
}

TEST_CASE("shingles: scripts without spaces are cut by code point") {
  CHECK(shingles_of("天地玄黄宇宙洪荒", 5).size() == 4);
  CHECK(shingles_of("いろはにほへとちりぬるを", 5).size() == 8);
  CHECK(shingles_of("สวัสดี", 5).size() == 2);
  CHECK(shingles_of("ສະບາຍດີ", 5).size() == 3);
  CHECK(shingles_of("សួស្តី", 5).size() == 2);
  // Korean has spaces; Latin words inside Chinese text stay words.
  CHECK(shingles_of("한국어 문장 하나", 1).size() == 3);
  CHECK(shingles_of("用 Python 写代码", 1).size() == 5);
  CHECK(shingles_of("用Python写代码", 1) == shingles_of("用 python 写 代 码", 1));
}

TEST_CASE("shingles: a word across pieces is one word, and endless words are cut from their start") {
  // Every alignment of a text around the piece size gives the same shingles once the padding is passed.
  const std::string body = "alpha beta gamma delta epsilon zeta";
  const auto expected = shingles_of(body, 3);
  for (std::size_t padding = 32'600; padding < 32'800; ++padding) {
    const auto found = shingles_of(std::string(padding, ' ') + body, 3);
    CHECK(found == expected);
  }
  const std::string endless(100'000, 'a');
  CHECK(shingles_of(endless, 1).size() == 25);
  CHECK(shingles_of("x " + endless, 1).size() == 26);
  CHECK(shingles_of(std::string(4096, 'a'), 1).size() == 1);
  CHECK(shingles_of(std::string(4097, 'a'), 1).size() == 2);
}
