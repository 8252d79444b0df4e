// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/clock.h"

#include <doctest/doctest.h>

#include <random>

#include "gristmill/base/units.h"

using namespace gristmill;

TEST_CASE("times are read as ISO 8601") {
  // From `date -u -d ... +%s`.
  CHECK(parse_iso8601("1970-01-01") == 0);
  CHECK(parse_iso8601("2026-11-01T00:00:00Z") == 1'793'491'200'000);
  CHECK(parse_iso8601("2026-11-01 00:00") == 1'793'491'200'000);
  CHECK(parse_iso8601("2026-11-01T02:00:00.250+02:00") == 1'793'491'200'250);
  CHECK(parse_iso8601("2026-10-31T19:30:00-0430") == 1'793'491'200'000);
  CHECK(parse_iso8601("2024-02-29") == 1'709'164'800'000);
  for (const auto* bad : {"", "2026", "2026-13-01", "2025-02-29", "2026-11-01T", "2026-11-01T25:00", "2026-11-01X00:00",
                          "2026-11-01T00:00:00+", "2026-11-01T00:00:00ZZ", "2026-1-1", "2026-11-01T00:00:00."})
    CHECK_MESSAGE(!parse_iso8601(bad).has_value(), bad);
}

TEST_CASE("times survive their text form") {
  CHECK(iso8601(1'793'491'200'250) == "2026-11-01T00:00:00.250Z");
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const auto time = static_cast<std::int64_t>(random() % 4'000'000'000'000);
    CHECK(parse_iso8601(iso8601(time)) == time);
  }
}

TEST_CASE("sizes and shares are read by their units, and anything else is refused") {
  CHECK(*parse_size("512MiB") == 512ULL << 20);
  CHECK(*parse_size("2GB") == 2'000'000'000);
  CHECK(*parse_size("1.5 GiB") == 3ULL << 29);
  CHECK(*parse_size("1024") == 1024);
  for (const auto* bad : {"", "MiB", "-1", "5 potatoes", "1e30GB", "nan", "12MiBx"})
    CHECK_MESSAGE(!parse_size(bad), bad);
  CHECK(*parse_share("5%") == doctest::Approx(0.05));
  CHECK(*parse_share("0.25") == doctest::Approx(0.25));
  for (const auto* bad : {"", "120%", "-0.1", "5%%", "half"}) CHECK_MESSAGE(!parse_share(bad), bad);
  CHECK(format_count(-1'234'567) == "-1,234,567");
  CHECK(format_count(999) == "999");
}
