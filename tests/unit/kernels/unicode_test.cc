// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/unicode.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "gristmill/kernels/utf8.h"
#include "gristmill/kernels/whitespace.h"

using namespace gristmill;
using kernels::NormalizationForm;

namespace {

std::string normalized(NormalizationForm form, std::string_view text) {
  std::string out;
  return kernels::normalize_unicode(form, text, out) ? out : std::string(text);
}

}  // namespace

TEST_CASE("unicode: examples of the standard annex") {
  CHECK(normalized(NormalizationForm::nfc, "\u1E9B\u0323") == "\u1E9B\u0323");
  CHECK(normalized(NormalizationForm::nfkc, "\u1E9B\u0323") == "\u1E69");
  CHECK(normalized(NormalizationForm::nfc, "\u0344") == "\u0308\u0301");
  CHECK(normalized(NormalizationForm::nfc, "\u1112\u1161\u11AB") == "\uD55C");
  CHECK(normalized(NormalizationForm::nfc, "\uD558\u11AB") == "\uD55C");
  CHECK(normalized(NormalizationForm::nfkc, "\uFDFA").size() > 18);
}

TEST_CASE("unicode: nothing is appended to normal text") {
  std::string out = "kept";
  CHECK_FALSE(kernels::normalize_unicode(NormalizationForm::nfc, "caf\u00E9 \u65E5\u672C", out));
  CHECK(out == "kept");
}

TEST_CASE("unicode: a long run of marks takes no quadratic time") {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
  std::string out;
  CHECK(kernels::normalize_unicode(NormalizationForm::nfc, text, out));
  // One dot below composes first, the acute cannot pass the marks in between.
  CHECK(out.starts_with("\u1EA1\u0323"));
}

TEST_CASE("unicode: classes") {
  CHECK(kernels::is_letter(U'\u00E9'));
  CHECK(kernels::is_letter(U'\u65E5'));
  CHECK_FALSE(kernels::is_letter(U'1'));
  CHECK_FALSE(kernels::is_letter(U'\u0301'));
  CHECK(kernels::is_decimal_digit(U'\u0663'));
  CHECK_FALSE(kernels::is_decimal_digit(U'\u00B2'));
  CHECK(kernels::is_word_character(U'\u00B2'));
  CHECK(kernels::is_word_character(U'_'));
  CHECK_FALSE(kernels::is_word_character(U'-'));
}

TEST_CASE("whitespace: the vector scan finds what the scalar one finds") {
  const std::string_view pieces[] = {"a",      " ",      "\t",     "\n",     "\n\n\n\n", "\r",     "\u00E9",
                                     "\u200B", "\u2019", "\u0085", "\uFEFF", "word",     "\u65E5", "\x7F"};
  std::uint32_t state = 7;
  const auto next = [&state](std::uint32_t bound) {
    state = state * 1664525U + 1013904223U;
    return (state >> 16) % bound;
  };
  for (int round = 0; round < 4000; ++round) {
    std::string text(next(70), 'x');
    // Mostly clean text, so that the scan gets far; then anything.
    const auto piece_count = next(60);
    for (std::uint32_t i = 0; i < piece_count; ++i) text += pieces[next(20) == 0 ? next(14) : (i % 2 == 0 ? 11 : 8)];
    for (std::size_t offset = 0; offset < std::min<std::size_t>(text.size(), 40); ++offset) {
      auto part = std::string_view(text).substr(offset);
      if (!kernels::is_valid_utf8(part)) continue;
      REQUIRE(kernels::first_unclean(part) == kernels::first_unclean_scalar(part));
    }
  }
  for (std::size_t length = 0; length <= 256; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, 'x');
      text[at] = '\r';
      REQUIRE(kernels::first_unclean(text) == at);
      text[at] = '\n';
      if (at > 0) text[at - 1] = ' ';
      REQUIRE(kernels::first_unclean(text) == kernels::first_unclean_scalar(text));
    }
  }
}

TEST_CASE("whitespace: cleaning twice changes nothing more") {
  std::uint32_t state = 99;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 24; ++i) {
      state = state * 1664525U + 1013904223U;
      kernels::append_code_point(text, U" \t\n\r\n a\u200B\u2028b\u00A0\x01"[(state >> 16) % 12]);
    }
    std::string once;
    if (!kernels::clean_whitespace(text, once)) continue;
    CHECK(once != text);
    std::string twice;
    CHECK_FALSE(kernels::clean_whitespace(once, twice));
  }
}
