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
  for (const auto* bad : {"gs://bucket/x", "relative/x", "", "file:", "file:relative", "file://host/x"})
    CHECK_MESSAGE(!store::path_of(bad).ok(), bad);
  CHECK(*store::location_of("/data/x/../a b/") == "file:///data/a b");
  CHECK(*store::location_of("/") == "file:///");
  CHECK(!store::location_of("/data/what?").ok());
  for (const auto* form : {"s3://bucket/a b/%41", "s3a://bucket/a b/%41", "s3n://bucket/a b/%41"})
    CHECK(*store::path_of(form) == "s3://bucket/a b/%41");
  CHECK(*store::location_of("s3://bucket/a b//") == "s3://bucket/a b");
  CHECK(*store::location_of("s3://bucket") == "s3://bucket");
  CHECK(!store::location_of("/data/a#b").ok());
}
