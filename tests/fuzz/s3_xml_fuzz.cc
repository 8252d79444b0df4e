// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include "gristmill/io/object_path.h"
#include "gristmill/io/s3_settings.h"
#include "gristmill/io/s3_signing.h"
#include "gristmill/io/s3_xml.h"

namespace {

/// What a client without keys wants signed: a signature for something in the table's folder, or an error.
void fuzz_signing(const std::string& text) {
  using namespace gristmill::io;
  const S3Credentials credentials{.access_key = "key", .secret_key = "secret", .session_token = {}};
  const SigningRules rules{.settings = {.endpoint = "http://store:9000", .region = "us-east-1"},
                           .may_write = true,
                           .covers = [](const std::string& path) -> gristmill::Result<bool> {
                             return path.starts_with("s3://bucket/table/");
                           }};
  for (const auto* start : {"", "http://store:9000/bucket/table/", "http://store:9000/"}) {
    const UnsignedRequest request{
        .method = "GET", .url = start + text, .headers = {{"x-amz-copy-source", text}}, .body = {}};
    const auto answer = sign_for_client(request, rules, credentials, 0);
    if (answer && !answer->url.starts_with("http://store:9000/bucket")) __builtin_trap();
  }
}

}  // namespace

/// Any bytes as an answer of an object store and as a credentials file: a value or an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill::io;
  const std::string text(data, data + size);
  if (const auto page = parse_list_page(text)) {
    for (const auto& object : page->objects) (void)ObjectPath::parse("s3://bucket/" + object.key);
  }
  (void)parse_fault(text);
  (void)parse_upload_id(text);
  (void)parse_uploads(text);
  (void)parse_delete_result(text);
  (void)parse_deletion(text);
  fuzz_signing(text);
  (void)ini_value(text, "default", "aws_access_key_id");
  if (percent_decode(percent_encode(text, true)) != text) __builtin_trap();
  return 0;
}
