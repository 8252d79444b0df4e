// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/short_tokens.h"

#include <doctest/doctest.h>

#include <string>

using gristmill::kernels::PieceKey;
using gristmill::kernels::ShortTokens;

namespace {

std::uint32_t find(const ShortTokens& tokens, std::string_view text, std::size_t begin, std::size_t size) {
  const auto key = PieceKey::of(text, begin, size);
  return tokens.find(key, tokens.place(key));
}

}  // namespace

TEST_CASE("short tokens are found by their own bytes only") {
  using namespace std::string_view_literals;
  const std::vector<ShortTokens::Token> list{{"a"sv, 1}, {"ab"sv, 2}, {"a\0"sv, 3}, {"exactly15 bytes"sv, 4}};
  const ShortTokens tokens(list);
  CHECK(find(tokens, "a", 0, 1) == 1);
  CHECK(find(tokens, "ab", 0, 2) == 2);
  CHECK(find(tokens, "a\0"sv, 0, 2) == 3);
  CHECK(find(tokens, "\0"sv, 0, 1) == ShortTokens::none);
  CHECK(find(tokens, "exactly15 bytes", 0, 15) == 4);
  // Longer pieces that begin like a token are not it.
  CHECK(find(tokens, "exactly15 bytes+", 0, 16) == ShortTokens::none);
  CHECK(find(tokens, "exactly15 bytes" + std::string(240, 'x'), 0, 255) == ShortTokens::none);
  CHECK(find(tokens, "exactly15 bytes" + std::string(256, 'x'), 0, 271) == ShortTokens::none);
}

TEST_CASE("a key is the same wherever in a text the piece stands") {
  const std::string text = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
  for (std::size_t size = 1; size <= 26; ++size) {
    const auto near = PieceKey::of(text, 0, size);
    const auto at_end = PieceKey::of(std::string_view(text).substr(0, 26 + size), 26, size);
    CHECK(near.low == at_end.low);
    CHECK(near.high == at_end.high);
  }
}

TEST_CASE("of many short tokens nearly all are found, and none as another") {
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i) names.push_back("t" + std::to_string(i * 7919));
  std::vector<ShortTokens::Token> list;
  for (std::uint32_t i = 0; i < names.size(); ++i) list.push_back({names[i], i});
  const ShortTokens tokens(list);
  std::size_t missing = 0;
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    const auto id = find(tokens, names[i], 0, names[i].size());
    if (id == ShortTokens::none) {
      ++missing;
    } else {
      CHECK(id == i);
    }
  }
  CHECK(missing < names.size() / 10);
}
