// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/sentences.h"

#include <doctest/doctest.h>

#include <string>

#include "gristmill/kernels/folded_search.h"
#include "gristmill/kernels/lines.h"

using namespace gristmill;

namespace {

std::string sentences_of(std::string_view text) {
  kernels::WordSplitter words;
  kernels::SentenceSplitter splitter;
  std::vector<std::string_view> sentences;
  splitter.split(text, words, sentences);
  CHECK(splitter.count(text, words, 1000) == sentences.size());
  CHECK(splitter.count(text, words, 2) == std::min<std::size_t>(sentences.size(), 2));
  std::string joined;
  for (const auto sentence : sentences) joined.append(joined.empty() ? "" : "|").append(sentence);
  return joined;
}

std::string lines_of(std::string_view text) {
  kernels::LineReader reader(text);
  std::string joined;
  for (std::string_view line; reader.next(line);) joined.append("[").append(line).append("]");
  return joined;
}

}  // namespace

// The expected sentences are those of spaCy 3.8: spacy.blank("en") with a sentencizer.
TEST_CASE("sentences: they end before the first word behind their marks") {
  CHECK(sentences_of("It rains. It pours! Does it?").compare("It rains.| It pours!| Does it?") == 0);
  CHECK(sentences_of("\"Go.\" (Now.) he said") == "\"Go.\" (|Now.)| he said");
  CHECK(sentences_of("What?! No... Yes") == "What?!| No... Yes");
  CHECK(sentences_of("Mr. Smith of the U.S.A. left.") == "Mr. Smith of the U.S.A. left.");
  CHECK(sentences_of("One.  Two") == "One.|  Two");
  CHECK(sentences_of("") == "");
}

// The expected lines are those of Python's str.splitlines.
TEST_CASE("lines: every end that Python knows") {
  CHECK(lines_of("a\nb\r\nc\rd\ve\ff\x1Cg\x1Dh\x1Ei\u0085j\u2028k\u2029l") == "[a][b][c][d][e][f][g][h][i][j][k][l]");
  CHECK(lines_of("\n\nx\n") == "[][][x]");
  CHECK(lines_of("").empty());
  CHECK(lines_of("\u00A0\u201Cno end here\u201D\x1F") == "[\u00A0\u201Cno end here\u201D\x1F]");
  for (std::size_t at = 0; at < 70; ++at) {
    const std::string before(at, 'x');
    CHECK(lines_of(before + "\u2028y") == "[" + before + "][y]");
  }
}

TEST_CASE("lines: white space at both ends, and runs of newlines") {
  CHECK(kernels::strip_space(" \t\u00A0 a b \u3000\x1F\n") == "a b");
  CHECK(kernels::strip_space("\u2003\n").empty());
  std::vector<std::string_view> parts;
  kernels::split_newlines("\na\n\nb\n\n\nc\n", 2, parts);
  CHECK(parts == std::vector<std::string_view>{"\na", "b", "c\n"});
  parts.clear();
  kernels::split_newlines("\na\n\nb\n", 1, parts);
  CHECK(parts == std::vector<std::string_view>{"", "a", "b", ""});
}

TEST_CASE("folded search: any case, at any place") {
  for (std::size_t at = 0; at < 70; ++at) {
    CHECK(kernels::contains_folded(std::string(at, '.') + "JavaScript", "javascript"));
    CHECK(kernels::contains_folded(std::string(at, 'j') + "JAVASCRIPT..", "javascript"));
    CHECK_FALSE(kernels::contains_folded(std::string(at, '.') + "JavaScrip", "javascript"));
  }
  CHECK(kernels::contains_folded("use coo\u212Aies", "cookies"));
  CHECK_FALSE(kernels::contains_folded("lorem@ipsum", "lorem ipsum"));
}
