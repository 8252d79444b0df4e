// SPDX-License-Identifier: Apache-2.0
#include "server/http.h"

#include <doctest/doctest.h>

#include "server/json_ids.h"
#include "server/request_check.h"
#include "server/schema.h"

using namespace gristmill;
using namespace gristmill::server;

TEST_CASE("percent encoding is undone, and what is no text is refused") {
  CHECK(percent_decoded("a%20b%2Fc+d", false) == "a b/c+d");
  CHECK(percent_decoded("a+b%2b", true) == "a b+");
  CHECK(percent_decoded("%C3%A4", false) == "ä");
  CHECK(percent_decoded("%2500", false) == "%00");  // Once, not until nothing is left.
  for (const auto* bad : {"%", "%2", "%zz", "%00", "%0a", "%7f", "%ff", "%C3", "%ED%A0%80", "%C0%AF", "a%1fb"})
    CHECK_MESSAGE(!percent_decoded(bad, false), bad);
}

TEST_CASE("queries are read in order") {
  const auto pairs = parse_query("a=1&b=x%26y&c&&=d&a=2");
  REQUIRE(pairs);
  CHECK(*pairs ==
        std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "x&y"}, {"c", ""}, {"", "d"}, {"a", "2"}});
  CHECK(parse_query("")->empty());
  CHECK_FALSE(parse_query("a=%zz"));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a=1&";
  CHECK_FALSE(parse_query(many));
}

TEST_CASE("paths are split before they are decoded, and nothing climbs") {
  CHECK(*parse_path("/a/b%2Fc/d") == std::vector<std::string>{"a", "b/c", "d"});
  for (const auto* bad : {"", "a", "/", "//", "/a/", "/a//b", "/.", "/a/..", "/a/%2e%2e/b", "/%2E", "/a%00"})
    CHECK_MESSAGE(!parse_path(bad), bad);
}

TEST_CASE("Accept headers choose media types (RFC 9110, 12.5.1)") {
  for (const auto* fits : {"", "*/*", "application/json", "text/html, application/*;q=0.1", "APPLICATION/JSON ; q=1",
                           "text/html;q=0,*/*;q=0.001", " , application/json"})
    CHECK_MESSAGE(accepts(fits, "application/json"), fits);
  for (const auto* other : {"text/html", "application/json;q=0", "application/json;q=0.000", "application/jsonx",
                            "text/*", "application", ";q=1"})
    CHECK_MESSAGE(!accepts(other, "application/json"), other);
}

TEST_CASE("values are checked against schemas, every fault with its place") {
  const auto schema = closed_object({{"name", text_schema(3)},
                                     {"count", number_schema(1, 9)},
                                     {"list", array_schema(text_schema(1))},
                                     {"maybe", nullable(schema_of("boolean"))}},
                                    1);
  const auto faults_of = [&](const char* text) {
    std::vector<SchemaFault> faults;
    check_schema(schema, *Json::parse(text), "", faults);
    std::string out;
    for (const auto& fault : faults) out += fault.where + " " + fault.message + "; ";
    return out;
  };
  CHECK(faults_of(R"({"name": "äöü", "count": 9, "list": ["a"], "maybe": null})").empty());
  CHECK(faults_of("[]") == " must be of type object; ");
  CHECK(faults_of("{}") == "/name is missing; ");
  CHECK(faults_of(R"({"name": "abcd"})") == "/name is longer than 3 characters; ");
  CHECK(faults_of(R"({"name": "", "count": 0})") == "/name is too short; /count must be at least 1; ");
  CHECK(faults_of(R"({"name": "a", "count": 10})") == "/count must be at most 9; ");
  CHECK(faults_of(R"({"name": "a", "count": 1.5})") == "/count must be of type integer; ");
  CHECK(faults_of(R"({"name": "a", "list": ["a", "bc"]})") == "/list/1 is longer than 1 characters; ");
  CHECK(faults_of(R"({"name": "a", "maybe": 1})") == "/maybe must be of type boolean or null; ");
  CHECK(faults_of(R"({"name": "a", "x/y~z": 1})") == "/x~1y~0z is no known member; ");
}

TEST_CASE("texts become what their schema asks for") {
  const auto number = schema_of("integer");
  CHECK(scalar_of(number, "-5") == Json(-5));
  for (const auto* text : {"", "5x", " 5", "+5", "0x5", "1e3", "99999999999999999999"})
    CHECK_MESSAGE(scalar_of(number, text).is_string(), text);
  CHECK(scalar_of(schema_of("boolean"), "true") == Json(true));
  CHECK(scalar_of(schema_of("boolean"), "True").is_string());
  CHECK(scalar_of(schema_of("string"), "5") == Json("5"));
}

TEST_CASE("ids become text where they are told to be") {
  const auto document = *Json::parse(R"({"version": 9007199254740993, "list": [{"version": 1}, {"other": 2}, 3]})");
  CHECK(ids_as_text(document, {"version", "list/*/version", "absent/*/x"}).dump() ==
        R"({"version":"9007199254740993","list":[{"version":"1"},{"other":2},3]})");
}

TEST_CASE("failures have the status that their code says") {
  CHECK(problem_of(not_found("x")).status == 404);
  CHECK(problem_of({ErrorCode::conflict, "x"}).status == 409);
  CHECK(problem_of({ErrorCode::denied, "x"}).status == 403);
  CHECK(problem_of(invalid_argument("x")).status == 422);
  const auto away = problem_of(unavailable("the database is away"));
  CHECK(away.status == 503);
  CHECK(Json::parse(away.body)->operator[]("detail").as_string() == "the database is away");
}
