// SPDX-License-Identifier: Apache-2.0
// Any bytes open as a token shard or are refused; what opens can be read everywhere. Checksums are put right first, so
// that the checks behind them are reached.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "gristmill/base/hash.h"
#include "gristmill/formats/token_shard.h"

namespace {

using namespace gristmill;

constexpr std::size_t header_bytes = 64;
constexpr std::size_t trailer_bytes = 80;

void put(std::string& bytes, std::size_t at, std::uint64_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

void repair(std::string& bytes) {
  if (bytes.size() < header_bytes + trailer_bytes) return;
  const auto trailer = bytes.size() - trailer_bytes;
  std::uint64_t index_offset = 0;
  std::memcpy(&index_offset, bytes.data() + trailer + 16, sizeof(index_offset));
  const auto all = std::string_view(bytes);
  const auto index = index_offset <= trailer ? xxh3_128(all.substr(index_offset, trailer - index_offset)) : Hash128();
  put(bytes, trailer + 40, __builtin_bswap64(index.high));
  put(bytes, trailer + 48, __builtin_bswap64(index.low));
  put(bytes, trailer + 56, xxh3_64(all.substr(0, header_bytes)));
  put(bytes, trailer + 64, xxh3_64(all.substr(trailer, 64)));
}

void exercise(const std::string& bytes) {
  const int descriptor = ::memfd_create("shard", 0);
  if (descriptor < 0) std::abort();
  if (::write(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  const auto reader = formats::ShardReader::open("/proc/self/fd/" + std::to_string(descriptor));
  if (reader) {
    (void)reader->verify_body();
    for (std::uint64_t i = 0; i < reader->documents(); ++i) {
      const auto document = reader->document(i);
      if (!reader->read(document.start, document.length)) std::abort();
      if (document.length > 0 && reader->locate(document.start)->ordinal != i) std::abort();
    }
    if (reader->locate(reader->tokens())) std::abort();
  }
  ::close(descriptor);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  exercise(bytes);
  repair(bytes);
  exercise(bytes);
  return 0;
}
