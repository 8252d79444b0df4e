// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/catalog.h"

#include <doctest/doctest.h>

#include "gristmill/store/location.h"
#include "gristmill/store/table.h"

using namespace gristmill;
using store::TableName;

TEST_CASE("dataset names map to namespaces and back") {
  const auto nested = *TableName::parse("a/b/c");
  CHECK(nested.name_space == "a.b");
  CHECK(nested.name == "c");
  CHECK(nested.text() == "a/b/c");
  CHECK(TableName::parse("web")->name_space == "default");
  CHECK(TableName::parse("web")->text() == "web");
  CHECK(TableName::parse("raw/We_b-2")->text() == "raw/We_b-2");
  for (const auto* bad : {"", "/", "a/", "/a", "a//b", "a.b", "a b", "../x", "a/./b", "a@v1", "ünï", "a'b"})
    CHECK_MESSAGE(!TableName::parse(bad).ok(), bad);
  CHECK(!TableName::parse(std::string(256, 'a')).ok());
  CHECK(TableName::parse(std::string(255, 'a')).ok());
}

TEST_CASE("locations are read in every form and written in one") {
  for (const auto* form :
       {"file:///data/a b/%41", "file:/data/a b/%41", "/data/a b/%41", "file://localhost/data/a b/%41"})
    CHECK(*store::path_of(form) == "/data/a b/%41");
  for (const auto* bad : {"s3://bucket/x", "relative/x", "", "file:", "file:relative", "file://host/x"})
    CHECK_MESSAGE(!store::path_of(bad).ok(), bad);
  CHECK(*store::location_of("/data/x/../a b/") == "file:///data/a b");
  CHECK(*store::location_of("/") == "file:///");
  CHECK(!store::location_of("/data/what?").ok());
  CHECK(!store::location_of("/data/a#b").ok());
}

TEST_CASE("times are read as ISO 8601") {
  // From `date -u -d ... +%s`.
  CHECK(store::parse_time_ms("1970-01-01") == 0);
  CHECK(store::parse_time_ms("2026-11-01T00:00:00Z") == 1'793'491'200'000);
  CHECK(store::parse_time_ms("2026-11-01 00:00") == 1'793'491'200'000);
  CHECK(store::parse_time_ms("2026-11-01T02:00:00.250+02:00") == 1'793'491'200'250);
  CHECK(store::parse_time_ms("2026-10-31T19:30:00-0430") == 1'793'491'200'000);
  CHECK(store::parse_time_ms("2024-02-29") == 1'709'164'800'000);
  for (const auto* bad : {"", "2026", "2026-13-01", "2025-02-29", "2026-11-01T", "2026-11-01T25:00", "2026-11-01X00:00",
                          "2026-11-01T00:00:00+", "2026-11-01T00:00:00ZZ", "2026-1-1", "2026-11-01T00:00:00."})
    CHECK_MESSAGE(!store::parse_time_ms(bad).has_value(), bad);
}
