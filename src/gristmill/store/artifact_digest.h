// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gristmill::store {

/// The name of a chunk: a cryptographic digest of its bytes. New chunks are named by BLAKE3, several times as fast;
/// those that were stored by SHA-256 keep their names.
struct ChunkDigest {
  enum class Kind : unsigned char { sha256, blake3 };

  Kind kind = Kind::sha256;
  std::array<unsigned char, 32> bytes{};

  static ChunkDigest of(std::string_view content, Kind kind = Kind::blake3);
  [[nodiscard]] bool matches(std::string_view content) const { return of(content, kind) == *this; }
  /// 64 hex digits of SHA-256, or `blake3:` and 64 hex digits.
  [[nodiscard]] std::string text() const;
  /// False for anything that `text` does not make.
  static bool parse(std::string_view text, ChunkDigest& out) noexcept;
  auto operator<=>(const ChunkDigest&) const = default;
};

/// Digests are uniform: any eight bytes of one are its hash.
struct ChunkDigestHash {
  std::size_t operator()(const ChunkDigest& digest) const noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
  }
};

}  // namespace gristmill::store
