// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/scan_bounds.h"

#include <doctest/doctest.h>

#include <climits>

#include "gristmill/store/scan_filter.h"

using namespace gristmill;
using store::Condition;

namespace {

formats::PartitionField field(const char* transform, const char* type) {
  return {.source_id = 1, .field_id = 1000, .name = "part", .transform = transform, .source_type = type};
}

std::string text(const Json& value) { return value.is_null() ? "none" : value.as_string(); }

std::string range(const char* transform, const char* type, std::int64_t low, std::int64_t high) {
  const auto bounds = store::bounds_from_partition(field(transform, type), Json(low), Json(high));
  return text(bounds.low) + ".." + text(bounds.high);
}

template <typename Number>
Json bytes(Number value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string range(const char* type, std::int64_t low, std::int64_t high) {
  const auto bounds = store::bounds_from_bytes(type, bytes(low), bytes(high));
  return text(bounds.low) + ".." + text(bounds.high);
}

/// A file whose column 1 has these bounds and counts.
Json file(const Json& low, const Json& high, std::int64_t nulls, const Json& nans = {}) {
  const auto one = [](const Json& value) {
    auto list = Json::array();
    if (!value.is_null()) list.push(Json::object({{"key", 1}, {"value", value}}));
    return list;
  };
  return Json::object({{"lower_bounds", one(low)},
                       {"upper_bounds", one(high)},
                       {"value_counts", one(10)},
                       {"null_value_counts", one(nulls)},
                       {"nan_value_counts", one(nans)}});
}

bool may_match(const char* type, Condition::Test test, std::vector<Json> values, const Json& data_file) {
  const store::ScanFilter filter{{.field_id = 1, .type = type, .test = test, .values = std::move(values)}};
  return store::FilePruner(filter, {}).may_match_file(data_file);
}

}  // namespace

TEST_CASE("calendar fields stand for all moments in them, before 1970 too") {
  CHECK(range("day", "date", -1, 0) == "1969-12-31..1970-01-01");
  CHECK(range("month", "date", -1, -1) == "1969-12-01..1969-12-31");
  CHECK(range("month", "date", 649, 649) == "2024-02-01..2024-02-29");
  CHECK(range("year", "date", -70, 54) == "1900-01-01..2024-12-31");
  CHECK(range("day", "timestamptz", 19'782, 19'782) == "2024-02-29 00:00:00..2024-02-29 23:59:59\x7F");
  CHECK(range("hour", "timestamp", -1, -1) == "1969-12-31 23:00:00..1969-12-31 23:59:59\x7F");
  CHECK(range("identity", "date", 19'782, 19'783) == "2024-02-29..2024-03-01");
  CHECK(range("bucket[4]", "date", 1, 2) == "none..none");
}

TEST_CASE("where texts are not in the order of time nothing is said") {
  CHECK(range("date", 0, 2'932'896) == "1970-01-01..9999-12-31");
  CHECK(range("date", 0, 2'932'897) == "none..none");
  CHECK(range("date", -719'529, 0) == "none..none");
  CHECK(range("timestamp", LLONG_MIN, LLONG_MAX) == "none..none");
  CHECK(range("timestamp", -1, 999'999) == "1969-12-31 23:59:59..1970-01-01 00:00:00\x7F");
  for (const auto value : {LLONG_MIN, LLONG_MIN + 1, LLONG_MAX - 1, LLONG_MAX}) {
    for (const auto* transform : {"year", "month", "day", "hour"})
      CHECK(range(transform, "timestamp", value, value) == "none..none");
  }
}

TEST_CASE("bounds of a narrower type are read") {
  CHECK(store::single_value_json("long", bytes(std::int32_t{-5})).as_int() == -5);
  CHECK(store::single_value_json("double", bytes(0.5F)).as_double() == 0.5);
  CHECK(store::single_value_json("long", Json("abc")).is_null());
  CHECK(store::single_value_json("boolean", Json("")).is_null());
}

TEST_CASE("prefixes, nulls and not-a-number") {
  using Test = Condition::Test;
  const auto words = file("bee", "cat", 0);
  CHECK(may_match("string", Test::starts_with, {"b"}, words));
  CHECK(may_match("string", Test::starts_with, {"bee"}, words));
  CHECK(may_match("string", Test::starts_with, {"beef"}, words));
  CHECK(may_match("string", Test::starts_with, {"ca"}, words));
  CHECK(!may_match("string", Test::starts_with, {"bed"}, words));
  CHECK(!may_match("string", Test::starts_with, {"cats"}, words));
  CHECK(!may_match("string", Test::starts_with, {"d"}, words));
  // An upper bound that could not be cut is missing.
  CHECK(may_match("string", Test::starts_with, {"d"}, file("bee", {}, 0)));
  CHECK(!may_match("string", Test::is_null, {}, words));
  CHECK(may_match("string", Test::is_null, {}, file("bee", "cat", 1)));
  CHECK(may_match("string", Test::not_null, {}, file("bee", "cat", 9)));
  CHECK(!may_match("string", Test::not_null, {}, file({}, {}, 10)));
  const auto numbers = [](const Json& nans) { return file(bytes(1.0), bytes(2.0), 0, nans); };
  CHECK(!may_match("double", Test::greater, {2.0}, numbers(0)));
  CHECK(may_match("double", Test::greater, {2.0}, numbers(1)));
  CHECK(may_match("double", Test::greater_equal, {3.0}, numbers({})));
  CHECK(!may_match("double", Test::equal, {3.0}, numbers(1)));
  CHECK(!may_match("double", Test::less, {1.0}, numbers(1)));
}
