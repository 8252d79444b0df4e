// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/s3_xml.h"

#include <doctest/doctest.h>

#include "gristmill/base/clock.h"

namespace gristmill::io {
namespace {

// As the S3 API reference shows the answer to ListObjectsV2.
constexpr std::string_view page = R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix/><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>
  <IsTruncated>true</IsTruncated>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents><Key>a%20b/c%2Bd+e.txt</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>
    <ETag>"fba9dede5f27731c9771645a39863328"</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>
  <Contents><Key>%E6%97%A5</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified><Size>0</Size></Contents>
</ListBucketResult>)";

TEST_CASE("a page of a listing") {
  const auto parsed = parse_list_page(page);
  REQUIRE(parsed);
  REQUIRE(parsed->objects.size() == 2);
  CHECK(parsed->objects[0].key == "a b/c+d e.txt");
  CHECK(parsed->objects[0].bytes == 434234);
  CHECK(parsed->objects[0].modified_ms == 1255369830000);
  CHECK(parsed->objects[0].etag == "\"fba9dede5f27731c9771645a39863328\"");
  CHECK(parsed->objects[1].key == "日");
  CHECK(parsed->next_token == "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=");
}

TEST_CASE("keys are taken as they stand where the server does not escape") {
  const auto parsed = parse_list_page(
      "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a+b%20&amp;c</Key><Size>1</Size></Contents>"
      "</ListBucketResult>");
  REQUIRE(parsed);
  CHECK(parsed->objects[0].key == "a+b%20&c");
  // What says no time is not older than anything.
  CHECK(parsed->objects[0].modified_ms > now_ms());
  CHECK(parsed->next_token.empty());
}

TEST_CASE("answers that are none") {
  for (const auto* text :
       {"", "<ListBucketResult>", "<Other/>", "not xml", "<ListBucketResult><Contents/></ListBucketResult>",
        "<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>k</Key><Size>99999999999999999999</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_list_page(text));
    CHECK_FALSE(parse_upload_id(text));
    CHECK(parse_fault(text).code.empty());
  }
}

TEST_CASE("an error document") {
  const auto fault = parse_fault(
      "<?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong &lt;region&gt;</Message>"
      "<Region>eu-west-1</Region><AWSAccessKeyId>AKIA</AWSAccessKeyId></Error>");
  CHECK(fault.code == "AuthorizationHeaderMalformed");
  CHECK(fault.message == "wrong <region>");
  CHECK(fault.region == "eu-west-1");
}

TEST_CASE("what is sent") {
  CHECK(
      delete_xml({"a&b", "<c>\r"}) ==
      "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet><Object><Key>a&amp;b</Key></Object>"
      "<Object><Key>&lt;c&gt;&#13;</Key></Object></Delete>");
  CHECK(complete_upload_xml({{"\"e1\"", "AAAAAA=="}}) ==
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ChecksumCRC32>AAAAAA=="
        "</ChecksumCRC32><ETag>\"e1\"</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>");
}

TEST_CASE("what a batch could not delete; what was gone already is fine") {
  const auto faults = parse_delete_result(
      "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
      "<Error><Key>l</Key><Code>NoSuchKey</Code><Message>gone</Message></Error></DeleteResult>");
  REQUIRE(faults);
  REQUIRE(faults->size() == 1);
  CHECK(faults->front().first == "k");
  CHECK(faults->front().second.code == "AccessDenied");
  CHECK(faults->front().second.message == "no");
}

}  // namespace
}  // namespace gristmill::io
