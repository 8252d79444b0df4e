// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/strip_tags.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace gristmill::kernels {
namespace {

std::string strip(const std::string& html, const StripOptions& options = {}) {
  // The room behind the text must not be needed either.
  std::vector<char> out(strip_bound(html.size()));
  const auto stripped = strip_tags(html, options, out);
  REQUIRE(stripped.bytes <= out.size());
  return {out.data(), stripped.bytes};
}

std::string random_page(std::mt19937& random) {
  const std::vector<std::string> pieces{"<",       ">",         "</",      "<b>", "<a x=\"", "'",  "\"", "=",
                                        "!--",     "-->",       "&amp;",   "&",   " ",       "\n", "  ", "word",
                                        "<script", "</script>", "<style>", "é",   "日",      "?"};
  std::string page;
  for (auto left = std::uniform_int_distribution<int>(0, 40)(random); left > 0; --left)
    page += pieces[std::uniform_int_distribution<std::size_t>(0, pieces.size() - 1)(random)];
  return page;
}

}  // namespace

TEST_CASE("plain text of any length is copied as it is") {
  for (std::size_t length = 0; length < 130; ++length) {
    const std::string text(length, 'x');
    CHECK(strip(text) == text);
    CHECK(strip(text, {.collapses_space = true}) == text);
    CHECK(strip(text + "<br>" + text) == text + text);
  }
}

TEST_CASE("where the blocks lie does not matter") {
  std::mt19937 random(20260823);
  for (int round = 0; round < 400; ++round) {
    const auto page = random_page(random);
    for (const bool collapses : {false, true}) {
      const StripOptions options{.tags_become_spaces = collapses, .collapses_space = collapses};
      const auto expected = strip("x" + page, options);
      for (std::size_t length = 2; length < 70; length += 3) {
        const std::string before(length - 1, 'y');
        REQUIRE(strip(before + "x" + page, options) == before + expected);
      }
    }
  }
}

TEST_CASE("white space collapses to single spaces, none at the ends") {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const auto text = strip(random_page(random), {.tags_become_spaces = true, .collapses_space = true});
    CHECK(text.find("  ") == std::string::npos);
    CHECK(text.find_first_of("\n\t\r") == std::string::npos);
    if (!text.empty()) CHECK((text.front() != ' ' && text.back() != ' '));
  }
}

}  // namespace gristmill::kernels
