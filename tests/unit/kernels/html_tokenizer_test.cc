// SPDX-License-Identifier: Apache-2.0
// Expected values are worked out by hand from the HTML standard, section 13.2.5.
#include "gristmill/kernels/html_tokenizer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "gristmill/kernels/byte_scan.h"
#include "gristmill/kernels/html_entities.h"

namespace gristmill::kernels {
namespace {

/// Tokens in short: text as it is, <name ...>, </name>, raw content in braces.
std::string tokens(std::string_view html) {
  HtmlTokenizer tokenizer(html);
  HtmlToken token;
  std::string out;
  while (tokenizer.next(token)) {
    if (!out.empty()) out += '|';
    if (token.kind == HtmlToken::Kind::text) {
      out += token.source;
      continue;
    }
    out += token.kind == HtmlToken::Kind::end_tag ? "</" : "<";
    out += html_tag_name(token.tag);
    if (token.attributes.has(HtmlAttribute::class_))
      out.append(" class=").append(token.attributes[HtmlAttribute::class_]);
    if (token.attributes.has(HtmlAttribute::id)) out.append(" id=").append(token.attributes[HtmlAttribute::id]);
    out += ">";
    if (token.raw_content) out.append("{").append(token.content).append("}");
  }
  return out;
}

std::string decoded(std::string_view text, bool in_attribute = false) {
  const auto reference = decode_html_reference(text, 0, in_attribute);
  std::string out(reference.text());
  return out.append("+").append(std::to_string(reference.source_bytes));
}

}  // namespace

TEST_CASE("element names have one entry each") {
  for (std::size_t i = 2; i < html_tag_count; ++i) {
    CHECK(html_tag(html_tag_name(static_cast<HtmlTag>(i))) == static_cast<HtmlTag>(i));
  }
  CHECK(html_tag("BlockQuote") == HtmlTag::blockquote);
  CHECK(html_tag("h7") == HtmlTag::unknown);
  CHECK(html_tag("x-card") == HtmlTag::unknown);
  CHECK(html_tag("") == HtmlTag::unknown);
}

TEST_CASE("tags, text and attributes") {
  CHECK(tokens("a<b>c</b>d") == "a|<b>|c|</b>|d");
  CHECK(tokens("<P CLASS=one ID='two'>x") == "<p class=one id=two>|x");
  CHECK(tokens("<p class = \"a > b\">x") == "<p class=a > b>|x");
  CHECK(tokens("<p class=first class=second>") == "<p class=first>");
  CHECK(tokens("<p class=a/b>") == "<p class=a/b>");
  CHECK(tokens("<p class>") == "<p class=>");
  CHECK(tokens("<p class=>x") == "<p class=>|x");
  CHECK(tokens("<p/class=a>") == "<p class=a>");
  CHECK(tokens("<p class=\"a\"id=b>") == "<p class=a id=b>");
  CHECK(tokens("<p =class=a>x") == "<p>|x");
  CHECK(tokens("<br/>") == "<br>");
}

TEST_CASE("any attribute is found by its name") {
  CHECK(find_html_attribute("<math ALTTEXT='x > y' display=block>", "alttext") == "x > y");
  CHECK(find_html_attribute("<math alttext='x > y' display=block>", "display") == "block");
  CHECK(find_html_attribute("<li value=3 value=4>", "value") == "3");
  CHECK(find_html_attribute("<li value>", "value").empty());
  CHECK(find_html_attribute("<li data-value=3>", "value").empty());
  CHECK(find_html_attribute("", "value").empty());
}

TEST_CASE("what only looks like a tag is text") {
  CHECK(tokens("a < b") == "a < b");
  CHECK(tokens("1<2>3") == "1<2>3");
  CHECK(tokens("a<") == "a<");
  CHECK(tokens("<") == "<");
  CHECK(tokens("</") == "</");
  CHECK(tokens("x<<b>y") == "x<|<b>|y");
}

TEST_CASE("markup that the end cuts off is dropped") {
  CHECK(tokens("a<b") == "a");
  CHECK(tokens("a<b class=\"x>y") == "a");
  CHECK(tokens("a</b") == "a");
  CHECK(tokens("a<!-- b") == "a");
  CHECK(tokens("a<!doctype html") == "a");
}

TEST_CASE("comments and declarations") {
  CHECK(tokens("a<!-- <b> -->c") == "a|c");
  CHECK(tokens("a<!-->c") == "a|c");
  CHECK(tokens("a<!--->c") == "a|c");
  CHECK(tokens("a<!-- b --!>c") == "a|c");
  CHECK(tokens("a<!-- b -- c -->d") == "a|d");
  CHECK(tokens("a<!---->c") == "a|c");
  CHECK(tokens("a<!x>b<?php echo 1 ?>c</ d>e</>f") == "a|b|c|e|f");
  CHECK(tokens("<!DOCTYPE html>a") == "a");
  CHECK(tokens("a<![CDATA[b]]>c") == "a|c");
}

TEST_CASE("raw text ends at its own end tag") {
  CHECK(tokens("<script>if (a < b) '</p>'</script>x") == "<script>{if (a < b) '</p>'}|x");
  CHECK(tokens("<style>a</styles></STYLE >x") == "<style>{a</styles>}|x");
  CHECK(tokens("<title>a <b> c</title>x") == "<title>{a <b> c}|x");
  CHECK(tokens("<textarea></textarea>x") == "<textarea>{}|x");
  CHECK(tokens("<script>a") == "<script>{a}");
  CHECK(tokens("<plaintext></plaintext>") == "<plaintext>{</plaintext>}");
  CHECK(tokens("<script><!-- a </script>x") == "<script>{<!-- a }|x");
  // Double escaped: the inner end tag belongs to the inner script.
  CHECK(tokens("<script><!-- <script> a </script> b --></script>x") == "<script>{<!-- <script> a </script> b -->}|x");
  CHECK(tokens("<script><!-- <script> --> a </script>x") == "<script>{<!-- <script> --> a }|x");
}

TEST_CASE("foreign content has CDATA and no raw text") {
  HtmlTokenizer tokenizer("<title>a<b></title><![CDATA[<i>]]>");
  tokenizer.set_foreign(true, true);
  HtmlToken token;
  REQUIRE(tokenizer.next(token));
  CHECK_FALSE(token.raw_content);
  for (int i = 0; i < 4; ++i) REQUIRE(tokenizer.next(token));
  CHECK(token.source == "<i>");
}

TEST_CASE("character references") {
  CHECK(decoded("&amp;x") == "&+5");
  CHECK(decoded("&ampx") == "&+4");
  CHECK(decoded("&notit;") == "\xC2\xAC+4");
  CHECK(decoded("&notin;") == "\xE2\x88\x89+7");
  CHECK(decoded("&NotEqualTilde;") == "\xE2\x89\x82\xCC\xB8+15");
  CHECK(decoded("&CounterClockwiseContourIntegral;") == "\xE2\x88\xB3+33");
  CHECK(decoded("&Aacute") == "\xC3\x81+7");
  CHECK(decoded("&hellip") == "+0");
  CHECK(decoded("&nosuch;") == "+0");
  CHECK(decoded("& ") == "+0");
  CHECK(decoded("&") == "+0");
  CHECK(decoded("&#65;") == "A+5");
  CHECK(decoded("&#x1F600;") == "\xF0\x9F\x98\x80+9");
  CHECK(decoded("&#X41") == "A+5");
  CHECK(decoded("&#150;") == "\xE2\x80\x93+6");
  CHECK(decoded("&#x80;") == "\xE2\x82\xAC+6");
  CHECK(decoded("&#0;") == "\xEF\xBF\xBD+4");
  CHECK(decoded("&#xD800;") == "\xEF\xBF\xBD+8");
  CHECK(decoded("&#99999999999999999999;") == "\xEF\xBF\xBD+23");
  CHECK(decoded("&#;") == "+0");
  CHECK(decoded("&#x;") == "+0");
  CHECK(decoded("&copy=1", true) == "+0");
  CHECK(decoded("&copy=1") == "\xC2\xA9+5");
  CHECK(decode_html_attribute("?a=1&amp;b=2&lt=3&x") == "?a=1&b=2&lt=3&x");
}

TEST_CASE("vector scans equal the byte-by-byte search at every length and place") {
  for (std::size_t length = 0; length <= 130; ++length) {
    for (std::size_t place = 0; place <= length; ++place) {
      std::string text(length + 2, 'a');
      if (place < length) text[place] = '<';
      if (place + 1 < length) text[place + 1] = '/';
      const char* begin = text.data();
      const char* end = begin + length;
      CHECK(find_byte(begin, end, '<') == begin + place);
      const bool has_pair = place + 1 < length;
      CHECK(find_pair(begin, end, '<', '/', '!') == (has_pair ? begin + place : end));
    }
  }
}

}  // namespace gristmill::kernels
