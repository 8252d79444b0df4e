// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/charset.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "gristmill/kernels/utf8.h"

using namespace gristmill;
using namespace std::string_view_literals;

namespace {

struct Expected {
  std::string_view charset;
  std::string_view text;
  bool lossy = false;
};

void check(std::string_view bytes, std::string_view label, bool is_html, const Expected& expected) {
  const auto decoded = kernels::decode_to_utf8(bytes, label, is_html);
  REQUIRE(decoded.ok());
  CHECK(decoded->charset == expected.charset);
  CHECK(decoded->text == expected.text);
  CHECK(decoded->lossy == expected.lossy);
}

}  // namespace

TEST_CASE("charset: byte order marks win over labels") {
  check(
      "\xEF\xBB\xBF"
      "caf\xC3\xA9",
      "iso-8859-1", false, {"utf-8", "caf\xC3\xA9"});
  check("\xFF\xFEh\0\xE9\0"sv, "utf-8", false, {"utf-16le", "h\xC3\xA9"});
  check("\xFE\xFF\0h\0\xE9"sv, "", false, {"utf-16be", "h\xC3\xA9"});
  check("\xFF\xFE\0\0h\0\0\0"sv, "", false, {"utf-32le", "h"});
  check("\0\0\xFE\xFF\0\0\0h"sv, "", false, {"utf-32be", "h"});
  check("\xFF\xFEh\0\x00\xD8"sv, "", false, {"utf-16le", "h\xEF\xBF\xBD", true});
}

TEST_CASE("charset: UTF-16 without a mark shows by its zero bytes") {
  check("H\0e\0l\0l\0o\0"sv, "", false, {"utf-16le", "Hello"});
  check("\0H\0e\0l\0l\0o"sv, "", false, {"utf-16be", "Hello"});
}

TEST_CASE("charset: labels follow the WHATWG table") {
  CHECK(kernels::charset_of_label(" Latin1 ") == "windows-1252");
  CHECK(kernels::charset_of_label("ISO-8859-1") == "windows-1252");
  CHECK(kernels::charset_of_label("gb2312") == "gb18030");
  CHECK(kernels::charset_of_label("x-sjis") == "shift_jis");
  CHECK(kernels::charset_of_label("iso-8859-9") == "windows-1254");
  CHECK(kernels::charset_of_label("ks_c_5601-1987") == "euc-kr");
  CHECK(kernels::charset_of_label("nonsense").empty());
  CHECK(kernels::charset_of_label("").empty());
}

TEST_CASE("charset: windows-1252 covers all bytes as the standard says") {
  check("\x80\x81\x93quoted\x94\x9D\xFF", "latin1", false,
        {"windows-1252", "\xE2\x82\xAC\xC2\x81\xE2\x80\x9Cquoted\xE2\x80\x9D\xC2\x9D\xC3\xBF"});
}

TEST_CASE("charset: declared encodings are converted") {
  check("\xD6\xD0\xCE\xC4\x80", "gb2312", false, {"gb18030", "\xE4\xB8\xAD\xE6\x96\x87\xE2\x82\xAC"});
  check("\x93\xFA\x96\x7B", "shift_jis", false, {"shift_jis", "\xE6\x97\xA5\xE6\x9C\xAC"});
  check("\xC6\xFC\xCB\xDC", "euc-jp", false, {"euc-jp", "\xE6\x97\xA5\xE6\x9C\xAC"});
  check("\xC7\xD1\xB1\xDB", "euc-kr", false, {"euc-kr", "\xED\x95\x9C\xEA\xB8\x80"});
  check("\xCF\xF0\xE8", "windows-1251", false, {"windows-1251", "\xD0\x9F\xD1\x80\xD0\xB8"});
  check("\x1B$BF|K\\\x1B(B", "", false, {"iso-2022-jp", "\xE6\x97\xA5\xE6\x9C\xAC"});
}

TEST_CASE("charset: well-formed UTF-8 wins over a wrong declaration") {
  check("caf\xC3\xA9", "iso-8859-1", false, {"utf-8", "caf\xC3\xA9"});
  check("plain", "gb2312", false, {"utf-8", "plain"});
  // Two characters of GBK that happen to be well-formed UTF-8 stay what they were declared as.
  check("\xC4\xA3\xC4\xA3", "gbk", false, {"gb18030", "\xE6\xA8\xA1\xE6\xA8\xA1"});
  check("\xE4\xB8\xAD\xE6\x96\x87\xE4\xB8\xAD\xE6\x96\x87", "gbk", false,
        {"utf-8", "\xE4\xB8\xAD\xE6\x96\x87\xE4\xB8\xAD\xE6\x96\x87"});
}

TEST_CASE("charset: ill-formed UTF-8 keeps its good part") {
  const std::string good = "na\xC3\xAFve caf\xC3\xA9 na\xC3\xAFve caf\xC3\xA9 na\xC3\xAFve caf\xC3\xA9 na\xC3\xAFve ";
  check(good + "\xC3\xA9\xFF x", "utf-8", false, {"utf-8", good + "\xC3\xA9\xEF\xBF\xBD x", true});
  check("caf\xC3\xA9 \xE4\xB8", "", false, {"utf-8", "caf\xC3\xA9 \xEF\xBF\xBD", true});
}

TEST_CASE("charset: meta prescan") {
  using kernels::prescan_html_charset;
  CHECK(prescan_html_charset("<meta charset=gb2312>") == "gb18030");
  CHECK(prescan_html_charset("<META CharSet = 'Shift_JIS' >") == "shift_jis");
  CHECK(prescan_html_charset("<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>") == "koi8-r");
  CHECK(prescan_html_charset("<meta content='text/html; charset=koi8-r'>").empty());
  CHECK(prescan_html_charset("<!-- <meta charset=koi8-r> --><meta charset=big5>") == "big5");
  CHECK(prescan_html_charset("<!--><meta charset=big5>") == "big5");
  CHECK(prescan_html_charset("<p title='<meta charset=koi8-r>'><meta charset=big5>") == "big5");
  CHECK(prescan_html_charset("<meta charset=utf-16>") == "utf-8");
  CHECK(prescan_html_charset("<meta charset=x-user-defined>") == "windows-1252");
  CHECK(prescan_html_charset("<meta charset=unheard-of><meta charset=big5>") == "big5");
  CHECK(prescan_html_charset("<?xml version='1.0' encoding='euc-jp'?><html>") == "euc-jp");
  CHECK(prescan_html_charset(std::string(1100, ' ') + "<meta charset=big5>").empty());
  CHECK(prescan_html_charset("<meta").empty());
  CHECK(prescan_html_charset("<meta charset").empty());
  CHECK(prescan_html_charset("<meta charset=").empty());
}

TEST_CASE("charset: statistics find undeclared encodings") {
  const auto russian =
      "\xCF\xF0\xE8\xE2\xE5\xF2, \xEA\xE0\xEA \xE4\xE5\xEB\xE0? \xDD\xF2\xEE \xEF\xF0\xEE\xF1\xF2\xEE"
      " \xEF\xF0\xE8\xEC\xE5\xF0 \xF2\xE5\xEA\xF1\xF2\xE0 \xED\xE0 \xF0\xF3\xF1\xF1\xEA\xEE\xEC"sv;
  CHECK(kernels::detect_charset(russian, "", false).name == "windows-1251");
  CHECK(kernels::detect_charset(russian, "utf-8", false).name == "windows-1251");
}

TEST_CASE("charset: output is well-formed for arbitrary bytes under every label") {
  std::uint32_t state = 12345;
  for (const auto label :
       {"", "gbk", "big5", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp", "windows-1258", "windows-1255", "utf-16",
        "utf-16be", "utf-32", "koi8-u", "macintosh", "windows-874", "utf-8"}) {
    for (std::size_t length = 0; length < 130; ++length) {
      std::string bytes;
      for (std::size_t i = 0; i < length; ++i) {
        state = state * 1664525U + 1013904223U;
        bytes += static_cast<char>(state >> 24);
      }
      const auto decoded = kernels::decode_to_utf8(bytes, label, true);
      REQUIRE(decoded.ok());
      CHECK(kernels::is_valid_utf8(decoded->text));
    }
  }
}
