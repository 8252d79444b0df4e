// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/words.h"

#include <doctest/doctest.h>

#include <string>

using namespace gristmill;

namespace {

/// Words with a bar between them.
std::string split(std::string_view text) {
  kernels::WordSplitter splitter;
  std::vector<std::string_view> words;
  splitter.split(text, words);
  std::string joined;
  for (const auto word : words) joined.append(joined.empty() ? "" : "|").append(word);
  return joined;
}

}  // namespace

// The expected words are those of spaCy 3.8's spacy.blank("en").
TEST_CASE("words: prefixes, suffixes and infixes") {
  CHECK(split("Hello, world! (yes)") == "Hello|,|world|!|(|yes|)");
  CHECK(split("well-known state--of") == "well|-|known|state|--|of");
  CHECK(split("it costs US$5, 10km/h and 5%.") == "it|costs|US$|5|,|10|km/h|and|5|%|.");
  CHECK(split("a/b 3/4 1-2 x=y") == "a|/|b|3/4|1|-|2|x|=|y");
  CHECK(split("wait...what \u2026 end.Next") == "wait|...|what|\u2026|end|.|Next");
  CHECK(split("\u201CQuoted\u201D \u2018it\u2019s\u2019") == "\u201C|Quoted|\u201D|\u2018|it|\u2019s|\u2019");
}

TEST_CASE("words: exceptions") {
  CHECK(split("can't cannot I'll they're gonna") == "ca|n't|can|not|I|'ll|they|'re|gon|na");
  CHECK(split("Mr. Smith vs. U.S.A. at 10am, e.g.") == "Mr.|Smith|vs.|U.S.A.|at|10|am|,|e.g.");
  CHECK(split("either and/or-else :) (:") == "either|and/or|-|else|:)|(:");
  CHECK(split("well hell its were") == "well|hell|its|were");
}

TEST_CASE("words: addresses stay whole") {
  CHECK(split("see http://example.org:80/a?b=c, or me@example.com.") ==
        "see|http://example.org:80/a?b=c|,|or|me@example.com|.");
  CHECK(split("8.8.8.8 10.0.0.1 low.Up x.Y") == "8.8.8.8|10.0.0.1|low|.|Up|x.|Y");
}

TEST_CASE("words: white space of every kind separates") {
  CHECK(split("a  b\t\nc\u00A0d\u3000e") == "a|b|c|d|e");
  CHECK(split("").empty());
  CHECK(split(" \n ").empty());
}

TEST_CASE("words: a long piece takes no quadratic time") {
  const std::string brackets(200'000, '(');
  kernels::WordSplitter splitter;
  std::vector<std::string_view> words;
  splitter.split(brackets, words);
  CHECK(words.size() == brackets.size());
  words.clear();
  splitter.split(std::string(100'000, 'a') + std::string(100'000, '.'), words);
  CHECK(words.size() == 2);
}
