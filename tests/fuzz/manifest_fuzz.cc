// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include "gristmill/store/manifest.h"

/// Any bytes as a manifest and as a manifest list: entries or an error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill;
  const std::string bytes(data, data + size);
  const auto files = store::decode_manifest_list(bytes, "file:///list.avro");
  if (files) static_cast<void>(store::encode_manifest_list({}, *files));
  store::ManifestFile file;
  file.location = "file:///manifest.avro";
  const auto manifest = store::decode_manifest(bytes, file);
  if (manifest) static_cast<void>(store::encode_manifest({}, manifest->avro_schema, manifest->entries));
  return 0;
}
