// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/blake3.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace gristmill;
using namespace gristmill::kernels;

namespace {

constexpr SimdLevel levels[] = {SimdLevel::scalar, SimdLevel::avx2, SimdLevel::avx512};

std::string hex(const Blake3Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

/// What this processor has: it cannot run more.
bool can_run(SimdLevel level) { return level <= simd_level(); }

}  // namespace

TEST_CASE("digests of the published pattern are those of the reference implementation") {
  // Bytes 0 to 250 over and over, as in the paper's test vectors; digests by the Python package blake3.
  const std::pair<std::size_t, std::string_view> expected[] = {
      {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
      {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
      {63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b"},
      {64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98"},
      {65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee"},
      {127, "d81293fda863f008c09e92fc382a81f5a0b4a1251cba1634016a0f86a6bd640d"},
      {128, "f17e570564b26578c33bb7f44643f539624b05df1a76c81f30acd548c44b45ef"},
      {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
      {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
      {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
      {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
      {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
      {3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"},
      {3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"},
      {4096, "015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969"},
      {5120, "9cadc15fed8b5d854562b26a9536d9707cadeda9b143978f319ab34230535833"},
      {8192, "aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63"},
      {8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"},
      {16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"},
      {16385, "1dabe216be2578830263b049de1639f39f05a4da616b9b78c7a5e4e41662fd1f"},
      {31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"},
      {102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
      {262144, "d57dc906e20d3fd326ffaa85535500486f46a0979f5a323f028dcabfd381fd4a"},
      {262145, "531c319935cf78f34869faebd865e5748266b1799039103bfb851a680d9ed30c"},
      {300000, "6cc9dce05d4cff8c5bef5c5a24681e42b13f03e34a0bc5e66f65a91d48c944fa"},
      {400000, "6e5b7b875c97872da29e27c09ac8f4a3c2eca94e95f6eae2d2e87caf1cf22b2e"},
  };
  std::string bytes;
  for (std::size_t i = 0; i < 400'000; ++i) bytes += static_cast<char>(i % 251);
  for (const auto level : levels) {
    if (!can_run(level)) continue;
    for (const auto& [size, digest] : expected)
      CHECK(hex(blake3(std::string_view(bytes).substr(0, size), level)) == digest);
  }
}

TEST_CASE("every level gives the same digest at every length and alignment") {
  std::mt19937_64 random(11);
  std::string bytes(70'000, '\0');
  for (auto& c : bytes) c = static_cast<char>(random());
  const auto check = [&](std::size_t begin, std::size_t size) {
    const auto text = std::string_view(bytes).substr(begin, size);
    const auto plain = blake3(text, SimdLevel::scalar);
    for (const auto level : levels) {
      if (can_run(level)) CHECK(blake3(text, level) == plain);
    }
  };
  for (std::size_t size = 0; size <= 256; ++size) check(size % 64, size);
  for (std::size_t size = 1000; size < 70'000; size += 509) check(0, size);
  for (int i = 0; i < 200; ++i) {
    const auto begin = random() % 1000;
    check(begin, random() % (bytes.size() - begin));
  }
}
