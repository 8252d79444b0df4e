// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/word_breaks.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

std::vector<std::string> segments(std::string_view text) {
  std::vector<std::string> found;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = next_word_boundary(text, begin);
    found.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return found;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<TextRange> ranges;
  split_at_word_boundaries(text, ranges);
  std::vector<std::string> found;
  for (const auto& range : ranges) found.emplace_back(range.of(text));
  return found;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("all cases of Unicode's WordBreakTest") {
  std::ifstream file(std::string(GRISTMILL_SOURCE_DIR) + "/tests/golden/word_breaks.jsonl");
  std::string line;
  std::size_t count = 0;
  while (std::getline(file, line)) {
    const auto parsed = Json::parse(line);
    REQUIRE(parsed.ok());
    Words expected;
    std::string text;
    for (const auto& segment : parsed->items()) {
      expected.push_back(segment.as_string());
      text += segment.as_string();
    }
    CHECK_MESSAGE(segments(text) == expected, line);
    ++count;
  }
  CHECK(count > 1800);
}

TEST_CASE("words are the segments that are not white space") {
  CHECK(words("The quick (\"brown\") fox can't jump 32.3 feet, right?") == Words{"The", "quick", "(", "\"", "brown",
                                                                                 "\"", ")", "fox", "can't", "jump",
                                                                                 "32.3", "feet", ",", "right", "?"});
  CHECK(words("  two\t blanks \n\u00A0\u3000x ") == Words{"two", "blanks", "x"});
  CHECK(words("日本語 カタカナ a_b\u0301c") == Words{"日", "本", "語", "カタカナ", "a_b\u0301c"});
  CHECK(words("\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7 \U0001F469\u200D\U0001F467") ==
        Words{"\U0001F1E9\U0001F1EA", "\U0001F1EB\U0001F1F7", "\U0001F469\u200D\U0001F467"});
  CHECK(words("e-mail x-\u0301y word) word, end") ==
        Words{"e", "-", "mail", "x", "-\u0301", "y", "word", ")", "word", ",", "end"});
  CHECK(words("").empty());
  CHECK(words(" \u0301") == Words{" \u0301"});
}

TEST_CASE("the quick way through words finds the boundaries of the rules") {
  // Every text of up to five of these, which meet all rules.
  const std::vector<std::string> parts{"a", " ", "'", ".", ",", "1", "\u0301", "\u05D0", "\n", "_", "\u30AB", "-"};
  for (std::size_t number = 0; number < 12 * 12 * 12 * 12 * 12; ++number) {
    std::string text;
    for (auto rest = number; rest > 0; rest /= parts.size()) text += parts[rest % parts.size()];
    Words expected;
    for (auto& segment : segments(text))
      if (segment.find_first_not_of(" \n") != std::string::npos) expected.push_back(std::move(segment));
    if (words(text) != expected) FAIL(text);
  }
}

TEST_CASE("time is linear on marks and quotation marks without end") {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += "'\u0301";
  CHECK(words(text).size() == 200'001);
}

}  // namespace gristmill::kernels
