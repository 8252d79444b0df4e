// SPDX-License-Identifier: Apache-2.0
// Identity numbers that python-stdnum calls valid or wrong (tests/peers/write_pii_golden.py), beside their label.
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>

#include "gristmill/base/json.h"
#include "gristmill/kernels/pii/id_types.h"
#include "gristmill/kernels/pii/scan.h"

using namespace gristmill;
using namespace gristmill::kernels::pii;

namespace {

std::vector<Match> ids_in(const std::string& text) {
  Wanted wanted;
  wanted.kinds.add(Group::national_id);
  wanted.kinds.add(Kind::imei);
  std::vector<Match> matches;
  find_pii(text, wanted, matches);
  return matches;
}

}  // namespace

TEST_CASE("identity numbers beside their label: valid ones are found, wrong ones are not") {
  std::ifstream file(std::string(GRISTMILL_SOURCE_DIR) + "/tests/golden/pii_ids.jsonl");
  REQUIRE(file.good());
  std::set<std::string> kinds;
  for (std::string line; std::getline(file, line);) {
    const auto item = *Json::parse(line);
    const auto& kind = item["kind"].as_string();
    CAPTURE(line);
    kinds.insert(kind);
    const std::string label = item["label"].as_string() + ": ";
    const auto& number = item["number"].as_string();
    const auto matches = ids_in(label + number + ".");
    REQUIRE(matches.size() == 1);
    CHECK(name_of(matches[0].kind) == kind);
    CHECK(matches[0].span.begin == label.size());
    CHECK(matches[0].span.size() == number.size());
    if (!item["wrong"].is_string()) continue;
    for (const auto& match : ids_in(label + item["wrong"].as_string() + ".")) CHECK(name_of(match.kind) != kind);
  }
  CHECK(kinds.size() > 70);
}

TEST_CASE("bare digits without a word beside them are left alone") {
  std::ifstream file(std::string(GRISTMILL_SOURCE_DIR) + "/tests/golden/pii_ids.jsonl");
  std::size_t bare = 0;
  for (std::string line; std::getline(file, line);) {
    const auto item = *Json::parse(line);
    const auto& number = item["number"].as_string();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    // Those whose country's prefix, date and check leave hardly anything else count by themselves.
    const auto& kind = item["kind"].as_string();
    if (kind == "fr_nir" || kind == "ch_ahv") continue;
    CAPTURE(line);
    CHECK(ids_in("order " + number + " shipped").empty());
    ++bare;
  }
  CHECK(bare > 100);
}

TEST_CASE("each kind of the national group has a row or a detector of its own") {
  std::set<Kind> kinds{kind_named("us_ssn"), kind_named("cn_id")};
  for (const auto types :
       {american_ids(), west_european_ids(), north_european_ids(), east_european_ids(), asian_ids(), other_ids()}) {
    for (const auto& type : types) kinds.insert(type.kind);
  }
  for (std::size_t i = 0; i < kind_count; ++i) {
    if (kind_rows[i].group == Group::national_id)
      CHECK_MESSAGE(kinds.contains(static_cast<Kind>(i)), kind_rows[i].name);
  }
}
