// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/murmur3.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

using gristmill::kernels::murmur3_32;

namespace {

std::int32_t hash_of(std::string_view bytes) { return static_cast<std::int32_t>(murmur3_32(bytes)); }

std::int32_t hash_of_long(std::int64_t value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return hash_of(bytes);
}

}  // namespace

// The values of the Iceberg table specification, appendix B.
TEST_CASE("hashes are those that Iceberg's specification lists") {
  CHECK(hash_of_long(34) == 2017239379);
  CHECK(hash_of_long(17486) == -653330422);                // 2017-11-16
  CHECK(hash_of_long(81'068'000'000) == -662762989);       // 22:31:08
  CHECK(hash_of_long(1'510'871'468'000'000) == -2047944441);
  CHECK(hash_of_long(1'510'871'468'000'001) == -1207196810);
  CHECK(hash_of("iceberg") == 1210000089);
  CHECK(hash_of(std::string_view("\x05\x8C", 2)) == -500754589);  // 14.20
  CHECK(hash_of("\xF7\x9C\x3E\x09\x67\x7C\x4B\xBD\xA4\x79\x3F\x34\x9C\xB7\x85\xE7") == 1488055340);
  CHECK(hash_of(std::string_view("\0\1\2\3", 4)) == -188683207);
}

TEST_CASE("no bytes hash to the seed's own end value") { CHECK(murmur3_32("") == 0); }
