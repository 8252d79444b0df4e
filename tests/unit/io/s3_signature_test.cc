// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/s3_signature.h"

#include <doctest/doctest.h>

namespace gristmill::io {
namespace {

// Keys, time and signatures of the examples in "Signature Calculations for the Authorization Header" of AWS's S3 API
// reference.
const S3Credentials example{.access_key = "AKIAIOSFODNN7EXAMPLE",
                            .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                            .session_token = {}};
constexpr std::string_view empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view stamp = "20130524T000000Z";

SignedParts example_parts(std::string path) {
  return {.method = "GET",
          .path = std::move(path),
          .query = {},
          .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                      {"x-amz-content-sha256", std::string(empty_hash)},
                      {"x-amz-date", std::string(stamp)}},
          .payload_hash = std::string(empty_hash)};
}

std::string signature_of(const SignedParts& parts) {
  const auto text = authorization(parts, example, "us-east-1", stamp);
  return text.substr(text.rfind('=') + 1);
}

TEST_CASE("the published example: GET of a range") {
  auto parts = example_parts("/test.txt");
  parts.headers["range"] = "bytes=0-9";
  CHECK(authorization(parts, example, "us-east-1", stamp) ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("the published example: PUT") {
  auto parts = example_parts("/test%24file.text");
  parts.method = "PUT";
  parts.payload_hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
  parts.headers["x-amz-content-sha256"] = parts.payload_hash;
  parts.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  parts.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  CHECK(signature_of(parts) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("the published examples: a parameter without a value, and a listing") {
  auto parts = example_parts("/");
  parts.query = {{"lifecycle", ""}};
  CHECK(signature_of(parts) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  parts.query = {{"prefix", "J"}, {"max-keys", "2"}};
  CHECK(canonical_query(parts.query) == "max-keys=2&prefix=J");
  CHECK(signature_of(parts) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("blanks in header values count once, and parameters are sorted after they were escaped") {
  auto parts = example_parts("/");
  parts.headers["x-amz-meta-note"] = "  two   blanks ";
  CHECK(canonical_request(parts).find("x-amz-meta-note:two blanks\n") != std::string::npos);
  CHECK(canonical_query({{"b", "1"}, {"a b", "x/y"}, {"a", "~é"}}) == "a=~%C3%A9&a%20b=x%2Fy&b=1");
}

TEST_CASE("the stamp of a moment") { CHECK(signature_stamp(1369353600000) == stamp); }

}  // namespace
}  // namespace gristmill::io
