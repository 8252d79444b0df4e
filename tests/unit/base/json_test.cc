// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/json.h"

#include <doctest/doctest.h>

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
