// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/text_pattern.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace gristmill::kernels {

TEST_CASE("patterns say where they match") {
  const auto pattern = TextPattern::compile("[0-9]+ (é|x)", true);
  REQUIRE(pattern.ok());
  CHECK(pattern->is_in("a 12 É"));
  CHECK_FALSE(pattern->is_in("a 12 y"));
  TextMatch match;
  REQUIRE(pattern->find("1 x, 2 X", 3, match));
  CHECK(match.begin == 5);
  CHECK(match.end == 8);
  CHECK_FALSE(pattern->find("1 x, 2 X", 6, match));
}

TEST_CASE("like") {
  const auto is_like = [](std::string_view wanted, std::string_view text) {
    const auto pattern = TextPattern::like(wanted);
    REQUIRE(pattern.ok());
    return pattern->is_in(text);
  };
  CHECK(is_like("a%c", "a\nbc"));
  CHECK(is_like("_", "名"));
  CHECK(is_like(".*\\", ".*\\"));
  CHECK(is_like("", ""));
  CHECK_FALSE(is_like("", "a"));
  CHECK_FALSE(is_like("a", "a\n"));
  CHECK_FALSE(is_like(".*", "ab"));
}

TEST_CASE("sets of patterns") {
  const std::vector<std::string> wanted{"^a", "b$", "c{3}"};
  const auto set = TextPatternSet::compile(wanted);
  REQUIRE(set.ok());
  CHECK(set->any_in("xb"));
  CHECK(set->any_in("xccc."));
  CHECK_FALSE(set->any_in("xcbx"));
  CHECK_FALSE(TextPatternSet::compile({})->any_in("a"));
  const std::vector<std::string> bad{"a", "(?=b)"};
  const auto refused = TextPatternSet::compile(bad);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("bad pattern 2") == 0);
}

TEST_CASE("hostile patterns take linear time") {
  const auto pattern = TextPattern::compile("(a*)*b");
  REQUIRE(pattern.ok());
  CHECK_FALSE(pattern->is_in(std::string(100'000, 'a')));
}

}  // namespace gristmill::kernels
