// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/object_path.h"

#include <doctest/doctest.h>

#include "gristmill/io/crc32.h"

namespace gristmill::io {
namespace {

TEST_CASE("bucket and key of a path") {
  const auto object = ObjectPath::parse("s3://corpus-1/a b/ä+%20.txt");
  REQUIRE(object);
  CHECK(object->bucket == "corpus-1");
  CHECK(object->key == "a b/ä+%20.txt");
  CHECK(object->text() == "s3://corpus-1/a b/ä+%20.txt");
  const auto bucket = ObjectPath::parse("s3://corpus");
  REQUIRE(bucket);
  CHECK(bucket->key.empty());
  CHECK_FALSE(is_object("/data/s3://x"));
  CHECK_FALSE(is_object("S3://bucket/x"));
  for (const auto* path : {"s3://bucket/x", "/data/gs://x", "gs:/x", "://x", "data", "C:\\x", "a b://x"})
    CHECK(check_scheme(path));
  for (const auto* path : {"gs://bucket/x", "S3://bucket/x", "s3a://bucket", "file:///data", "abfss://x@y/z"})
    CHECK_FALSE(check_scheme(path));
}

TEST_CASE("names that could reach another server are refused") {
  for (const auto* path : {"s3://", "s3:///key", "s3://ab/key", "s3://evil.example:80/key", "s3://user@host/key",
                           "s3://a/b", "s3://bu cket/x", "s3://-bucket/x", "s3://.bucket/x", "/local/file"}) {
    CAPTURE(path);
    CHECK_FALSE(ObjectPath::parse(path));
  }
  CHECK_FALSE(ObjectPath::parse("s3://bucket/" + std::string(1025, 'x')));
  CHECK(ObjectPath::parse("s3://bucket/" + std::string(1024, 'x')));
  CHECK_FALSE(ObjectPath::parse(std::string_view("s3://bucket/a\0b", 15)));
}

TEST_CASE("escapes of RFC 3986, with capital digits") {
  CHECK(percent_encode("a b+c%d/e~f-g_h.i", true) == "a%20b%2Bc%25d/e~f-g_h.i");
  CHECK(percent_encode("a/b", false) == "a%2Fb");
  CHECK(percent_encode("日本", true) == "%E6%97%A5%E6%9C%AC");
  CHECK(percent_decode("a+b%20c%2Bd%2fe%E6%97%A5") == "a b c+d/e日");
  CHECK(percent_decode("100%, %zz, %4") == "100%, %zz, %4");
}

TEST_CASE("CRC-32 as base64 of its bytes, highest first") {
  // The check value of CRC-32/ISO-HDLC: "123456789" gives CBF43926, whose bytes are y/Q5Jg== in base64.
  CHECK(crc32("123456789") == 0xCBF43926U);
  CHECK(crc32("456789", crc32("123")) == 0xCBF43926U);
  CHECK(crc32_text(0xCBF43926U) == "y/Q5Jg==");
  CHECK(crc32_text(0) == "AAAAAA==");
}

}  // namespace
}  // namespace gristmill::io
