// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/s3_settings.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "gristmill/io/file.h"

namespace gristmill::io {
namespace {

/// An environment without anything of AWS, and a home of its own.
class Surroundings {
 public:
  Surroundings() : home_(std::filesystem::temp_directory_path() / "gristmill-s3-settings-test") {
    std::filesystem::create_directories(home_ / ".aws");
    for (const auto* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
                             "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
                             "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"})
      ::unsetenv(name);
    ::setenv("HOME", home_.c_str(), 1);
  }
  ~Surroundings() { std::filesystem::remove_all(home_); }
  void write(const std::string& name, std::string_view text) const {
    REQUIRE(write_file((home_ / ".aws" / name).string(), text));
  }

 private:
  std::filesystem::path home_;
};

constexpr std::string_view credentials_text =
    "; comment\n[default]\naws_access_key_id = AKIDEFAULT\naws_secret_access_key=default-secret\n\n"
    "[team]\r\naws_access_key_id=AKITEAM\r\naws_secret_access_key = team=secret\r\naws_session_token = tok\r\n";

TEST_CASE("values of sections") {
  CHECK(ini_value(credentials_text, "team", "aws_secret_access_key") == "team=secret");
  CHECK(ini_value(credentials_text, "default", "aws_session_token").empty());
  CHECK(ini_value(credentials_text, "none", "aws_access_key_id").empty());
  CHECK(ini_value("[a\nk=v", "a", "k") == "v");
}

TEST_CASE("the environment comes before the default profile, a named profile before the environment") {
  const Surroundings around;
  CHECK_FALSE(load_s3_credentials({}));
  around.write("credentials", credentials_text);
  auto found = load_s3_credentials({});
  REQUIRE(found);
  CHECK(found->access_key == "AKIDEFAULT");
  ::setenv("AWS_ACCESS_KEY_ID", "AKIENV", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "env-secret", 1);
  found = load_s3_credentials({});
  REQUIRE(found);
  CHECK(found->access_key == "AKIENV");
  S3Settings named;
  named.profile = "team";
  found = load_s3_credentials(named);
  REQUIRE(found);
  CHECK(*found == S3Credentials{"AKITEAM", "team=secret", "tok"});
  named.profile = "absent";
  found = load_s3_credentials(named);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::denied);
  CHECK(found.error().message.find("'absent'") != std::string::npos);
}

TEST_CASE("settings come before the environment, that before the config file") {
  const Surroundings around;
  around.write("config", "[default]\nregion = eu-central-1\n[profile team]\nregion = eu-west-3\n");
  auto settings = resolve_s3_settings({});
  REQUIRE(settings);
  CHECK(settings->region == "eu-central-1");
  S3Settings given;
  given.profile = "team";
  CHECK(resolve_s3_settings(given)->region == "eu-west-3");
  ::setenv("AWS_REGION", "ap-south-1", 1);
  ::setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/", 1);
  settings = resolve_s3_settings(given);
  CHECK(settings->region == "ap-south-1");
  CHECK(settings->endpoint == "http://127.0.0.1:9000");
  given.region = "us-west-2";
  given.endpoint = "https://minio.example";
  settings = resolve_s3_settings(given);
  CHECK(settings->region == "us-west-2");
  CHECK(settings->endpoint == "https://minio.example");
}

TEST_CASE("addresses that are none, or hold secrets, are refused without being shown") {
  const Surroundings around;
  for (const auto* endpoint : {"minio.example", "ftp://minio", "http://", "http://host/path", "http://a b"}) {
    S3Settings settings;
    settings.endpoint = endpoint;
    CAPTURE(endpoint);
    CHECK_FALSE(resolve_s3_settings(settings));
  }
  S3Settings settings;
  settings.endpoint = "https://user:hunter2@minio.example";
  const auto resolved = resolve_s3_settings(settings);
  REQUIRE_FALSE(resolved);
  CHECK(resolved.error().message.find("hunter2") == std::string::npos);
  settings.endpoint.clear();
  settings.region = "us east";
  CHECK_FALSE(resolve_s3_settings(settings));
}

}  // namespace
}  // namespace gristmill::io
