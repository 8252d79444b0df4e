// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/hash.h"

#include <doctest/doctest.h>

using namespace gristmill;

TEST_CASE("digests equal the published vectors") {
  // FIPS 180-4 example and the xxHash specification's value for empty input.
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(xxh3_128("").hex() == "99aa06d3014798d86001c324468d497f");
  Hash128 parsed;
  REQUIRE(Hash128::parse("99aa06d3014798d86001c324468d497f", parsed));
  CHECK(parsed == xxh3_128(""));
  CHECK(!Hash128::parse("99aa06d3014798d86001c324468d497g", parsed));
}

TEST_CASE("streams equal the one-piece digests") {
  const std::string text(100'003, 'x');
  Xxh3Stream fast;
  Sha256 strong;
  for (std::size_t at = 0; at < text.size(); at += 777) {
    const auto piece = std::string_view(text).substr(at, 777);
    fast.update(piece);
    strong.update(piece);
  }
  CHECK(fast.digest() == xxh3_128(text));
  CHECK(strong.hex() == sha256_hex(text));
}

TEST_CASE("HMAC with SHA-256: test cases 1, 2 and 6 of RFC 4231") {
  CHECK(hmac_sha256_hex(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
