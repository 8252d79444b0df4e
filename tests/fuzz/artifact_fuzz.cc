// SPDX-License-Identifier: Apache-2.0
// Any bytes are a manifest or an index of a pack, or are refused; what is taken keeps its promises.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "gristmill/base/hash.h"
#include "gristmill/store/artifact_manifest.h"
#include "gristmill/store/artifact_packs.h"

using namespace gristmill;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto manifest = store::ArtifactManifest::decode(bytes)) {
    for (const auto& file : manifest->files) {
      if (file.path.starts_with("/") || file.path.starts_with("../") || file.path.find("/../") != std::string::npos)
        std::abort();
    }
    const auto text = manifest->encode();
    const auto again = store::ArtifactManifest::decode(text);
    if (!again || again->encode() != text) std::abort();
  }
  if (bytes.size() >= 8) {
    // The checksum is put right, so that what is behind it is reached.
    const auto checksum = xxh3_64(std::string_view(bytes).substr(0, bytes.size() - 8));
    std::memcpy(bytes.data() + bytes.size() - 8, &checksum, sizeof checksum);
  }
  if (const auto pack = store::decode_pack_index(bytes, "pack")) {
    std::uint64_t end = 0;
    for (const auto& entry : pack->entries) {
      if (entry.offset != end || entry.bytes > pack->bytes - end) std::abort();
      end += entry.bytes;
    }
    if (store::encode_pack_index(*pack) != bytes) std::abort();
  }
  return 0;
}
