// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/json.h"

#include <doctest/doctest.h>

using gristmill::Json;

TEST_CASE("json round trips text byte for byte and keeps key order") {
  const std::string text = R"({"z":1,"a":[true,null,-9223372036854775808,0.1,"\u00e9\n"],"m":{"k":9223372036854775807}})";
  const auto parsed = Json::parse(text);
  REQUIRE(parsed.ok());
  CHECK(parsed->dump() == "{\"z\":1,\"a\":[true,null,-9223372036854775808,0.1,\"\xC3\xA9\\n\"],\"m\":{\"k\":9223372036854775807}}");
  CHECK((*parsed)["m"]["k"].as_int() == INT64_MAX);
  CHECK((*parsed)["absent"]["deeper"].is_null());
}

TEST_CASE("json errors give line and column, and deep nesting is refused") {
  const auto bad = Json::parse("{\n  \"a\": 1,\n  \"b\" 2\n}");
  REQUIRE(!bad.ok());
  CHECK(bad.error().message.find("line 3, column 7") != std::string::npos);
  CHECK(!Json::parse(std::string(100'000, '[')).ok());
}
