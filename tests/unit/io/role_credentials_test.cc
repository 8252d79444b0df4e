// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/role_credentials.h"

#include <doctest/doctest.h>

using gristmill::ErrorCode;
using gristmill::io::parse_role_credentials;

TEST_CASE("what a role's service gives") {
  // The shape is that of the EC2 user guide, "Retrieve security credentials from instance metadata".
  const auto found = parse_role_credentials(R"({
    "Code" : "Success", "LastUpdated" : "2012-04-26T16:39:16Z", "Type" : "AWS-HMAC",
    "AccessKeyId" : "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey" : "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "Token" : "token", "Expiration" : "2017-05-17T15:09:54Z"})");
  REQUIRE(found);
  CHECK(found->access_key == "ASIAIOSFODNN7EXAMPLE");
  CHECK(found->secret_key == "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  CHECK(found->session_token == "token");
  CHECK(found->expires_ms == 1'495'033'794'000);
}

TEST_CASE("what is no credentials is refused") {
  for (const auto* text : {"", "null", "[]", "<html>", "{}", R"({"AccessKeyId": "A"})",
                           R"({"AccessKeyId": "A", "SecretAccessKey": "s\r\nHost: x"})",
                           R"({"AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": "soon"})"}) {
    const auto found = parse_role_credentials(text);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::corrupt_data);
  }
  const auto failed = parse_role_credentials(R"({"Code": "AssumeRoleUnauthorizedAccess"})");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ErrorCode::not_found);
}
