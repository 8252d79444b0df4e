// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/json.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using gristmill::Json;

TEST_CASE("json round trips text byte for byte and keeps key order") {
  const std::string text =
      R"({"z":1,"a":[true,null,-9223372036854775808,0.1,"\u00e9\n"],"m":{"k":9223372036854775807}})";
  const auto parsed = Json::parse(text);
  REQUIRE(parsed.ok());
  CHECK(parsed->dump() ==
        "{\"z\":1,\"a\":[true,null,-9223372036854775808,0.1,\"\xC3\xA9\\n\"],\"m\":{\"k\":9223372036854775807}}");
  CHECK((*parsed)["m"]["k"].as_int() == INT64_MAX);
  CHECK((*parsed)["absent"]["deeper"].is_null());
}

TEST_CASE("json errors give line and column, and deep nesting is refused") {
  const auto bad = Json::parse("{\n  \"a\": 1,\n  \"b\" 2\n}");
  REQUIRE(!bad.ok());
  CHECK(bad.error().message.find("line 3, column 7") != std::string::npos);
  CHECK(!Json::parse(std::string(100'000, '[')).ok());
}

TEST_CASE("an object of many members is read in order, the last of equal keys winning") {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  text += "\"k7\":-1}";
  const auto parsed = gristmill::Json::parse(text);
  REQUIRE(parsed.ok());
  CHECK(parsed->size() == 50'000);
  CHECK(parsed->members()[7].first == "k7");
  CHECK(parsed->members()[7].second.as_int() == -1);
  CHECK(parsed->members()[49'999].second.as_int() == 49'999);
}

TEST_CASE("json reads as the standard says, whichever way the text takes through the parser") {
  struct Sample {
    std::string text;
    std::string printed;  ///< Empty: refused.
  };
  const std::string nested_512 = std::string(512, '[') + std::string(512, ']');
  const std::vector<Sample> samples{
      {"-0", "0"},
      {"18446744073709551615", "1.8446744073709552e+19"},
      {"18446744073709551616", "1.8446744073709552e+19"},
      {"-9223372036854775809", "-9.223372036854776e+18"},
      {"0.1e1", "1.0"},
      {"2.2250738585072011e-308", "2.225073858507201e-308"},  // Falls between two doubles; the lower one is nearer.
      {"1e400", ""},
      {"01", ""},
      {"+1", ""},
      {"1.", ""},
      {"NaN", ""},
      {"[1,]", ""},
      {"{\"a\":1}}", ""},
      {"{} x", ""},
      {std::string("{}\0", 3), ""},
      {std::string("[\"a\0b\"]", 7), ""},
      {"\"tab\there\"", ""},
      {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""},
      {"\"\\ud83d\"", ""},
      {"\"\xC3\xA9\"", "\"\xC3\xA9\""},
      {"\"\xC3\"", ""},
      {"\"\xED\xA0\x80\"", ""},
      {"\xEF\xBB\xBF{}", "{}"},
      {" \t\r\n[ 1 , \"\x7F\" ] ", "[1,\"\x7F\"]"},
      {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
      {"", ""},
      {nested_512, nested_512},
      {"[" + nested_512 + "]", ""},
  };
  for (const auto& [text, printed] : samples) {
    CAPTURE(text);
    const auto parsed = Json::parse(text);
    CHECK(parsed.ok() == !printed.empty());
    if (parsed.ok()) CHECK(parsed->dump() == printed);
  }
}

TEST_CASE("json escapes a byte wherever in a text it stands") {
  for (std::size_t at = 0; at < 20; ++at) {
    for (const char byte : {'"', '\\', '\n', '\x1F'}) {
      std::string text(20, 'x');
      text[at] = byte;
      const auto printed = Json(text).dump();
      CHECK(printed.size() > 22);
      const auto again = Json::parse(printed);
      REQUIRE(again.ok());
      CHECK(again->as_string() == text);
    }
  }
}

TEST_CASE("of equal keys the last value wins, at the place of the first, however many there are") {
  for (const int others : {0, 1, 6, 7, 15, 40}) {
    std::string text = R"({"a":1)";
    for (int i = 0; i < others; ++i) text += ",\"k" + std::to_string(i) + "\":0";
    const auto parsed = Json::parse(text + R"(,"a":2})");
    REQUIRE(parsed.ok());
    CHECK(parsed->size() == static_cast<std::size_t>(others) + 1);
    CHECK(parsed->members().front().first == "a");
    CHECK((*parsed)["a"] == Json(2));
  }
}

TEST_CASE("escapes in keys and values are undone, whatever follows them") {
  const auto parsed = Json::parse(R"({"\u0061\n":"\ud83d\ude00x\\","b":"\"plain text that is long enough\"","c":[1]})");
  REQUIRE(parsed.ok());
  CHECK((*parsed)["a\n"].as_string() == "\xF0\x9F\x98\x80x\\");
  CHECK((*parsed)["b"].as_string() == "\"plain text that is long enough\"");
  CHECK((*parsed)["c"] == Json::array({1}));
}

TEST_CASE("a document is appended to text as it is printed") {
  const auto document = Json::object({{"a", Json::array({1, "x\n"})}, {"b", nullptr}});
  std::string text = "before ";
  document.append_to(text);
  CHECK(text == "before " + document.dump());
}
