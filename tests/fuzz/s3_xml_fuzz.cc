// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include "gristmill/io/object_path.h"
#include "gristmill/io/s3_settings.h"
#include "gristmill/io/s3_xml.h"

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
  (void)ini_value(text, "default", "aws_access_key_id");
  if (percent_decode(percent_encode(text, true)) != text) __builtin_trap();
  return 0;
}
