// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/phrases.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "gristmill/kernels/case_map.h"
#include "gristmill/kernels/url.h"

namespace gristmill::kernels {
namespace {

using Phrases = std::vector<std::string>;

/// The phrases found, in order, as they stand in the lower-cased text.
Phrases found(const Phrases& phrases, std::string_view text, Boundaries boundaries) {
  const auto matcher = PhraseMatcher::make(phrases, boundaries);
  REQUIRE(matcher.ok());
  std::string lowered;
  append_lower_case(text, lowered);
  Phrases hits;
  for (PhraseMatcher::Hit hit; matcher->find(lowered, hit.end, hit);)
    hits.push_back(lowered.substr(hit.begin, hit.end - hit.begin));
  return hits;
}

/// The same by trying every phrase at every end.
Phrases found_slowly(const Phrases& phrases, std::string_view text) {
  Phrases hits;
  for (std::size_t from = 0, end = 1; end <= text.size(); ++end) {
    std::string best;
    for (const auto& phrase : phrases) {
      const auto before = text.substr(from, end - from);
      if (!phrase.empty() && before.ends_with(phrase) && phrase.size() > best.size()) best = phrase;
    }
    if (best.empty()) continue;
    hits.push_back(best);
    from = end;
  }
  return hits;
}

}  // namespace

TEST_CASE("phrases are found as trying each of them finds them") {
  const Phrases phrases{"a", "ab", "bab", "bc", "bca", "c", "caa", "abcab", ""};
  std::uint64_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      text += "abc"[(state >> 33) % 3];
    }
    const Phrases some(phrases.begin() + round % 5, phrases.end() - round % 3);
    CHECK(found(some, text, Boundaries::never) == found_slowly(some, text));
  }
}

TEST_CASE("boundaries of words") {
  CHECK(found({"cat"}, "Cat, concat cat's cat9 CAT_ -cat-", Boundaries::automatic) == Phrases{"cat", "cat", "cat"});
  CHECK(found({"猫", "ねこ"}, "黒猫とねこ", Boundaries::automatic) == Phrases{"猫", "ねこ"});
  CHECK(found({"a猫"}, "xa猫y a猫y", Boundaries::automatic) == Phrases{"a猫"});
  CHECK(found({"été"}, "L'ÉTÉ étés", Boundaries::automatic) == Phrases{"été"});
}

TEST_CASE("no phrases, broken ones, and too many") {
  CHECK(found({}, "text", Boundaries::never).empty());
  CHECK(found({"", "\xFF"}, "text \uFFFD", Boundaries::never) == Phrases{"\uFFFD"});
  Phrases many;
  for (int i = 0; i < 40; ++i) many.push_back(std::string(1 << 20, static_cast<char>('a' + i % 26)));
  const auto refused = PhraseMatcher::make(many, Boundaries::never);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::limit_exceeded);
}

TEST_CASE("hosts of addresses") {
  CHECK(url_host("https://user:pw@Example.org:443/a?b#c") == "Example.org");
  CHECK(url_host("example.org/a://b") == "example.org");
  CHECK(url_host("//cdn.example.org") == "cdn.example.org");
  CHECK(url_host("http://[2001:db8::1]:80/") == "2001:db8::1");
  CHECK(url_host("http://example.org./") == "example.org");
  CHECK(url_host("http://a.b\\@c.d/") == "a.b");
  CHECK(url_host("").empty());
  CHECK(url_host("http://").empty());
  CHECK(url_host("http://[").empty());
}

TEST_CASE("case of letters beyond ASCII") {
  std::string lower;
  append_lower_case("ABC xyz ÀÉ ΣΑΣ İ", lower);
  CHECK(lower == "abc xyz àé σασ i");
  std::string upper;
  append_upper_case("abc àé ß", upper);
  CHECK(upper == "ABC ÀÉ ẞ");
}

}  // namespace gristmill::kernels
