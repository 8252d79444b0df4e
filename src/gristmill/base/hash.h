// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gristmill {

/// A 128-bit value: document ids and content digests. Orders by (high, low), as its hex text does.
struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// 32 lower-case hex digits.
  [[nodiscard]] std::string hex() const;
  /// Parses 32 hex digits; false for anything else.
  static bool parse(std::string_view text, Hash128& out) noexcept;
  auto operator<=>(const Hash128&) const = default;
};

/// XXH3, 128 bits, seed 0 (github.com/Cyan4973/xxHash): fast identity, no protection against forgery.
Hash128 xxh3_128(std::string_view bytes) noexcept;
/// XXH3, 64 bits.
std::uint64_t xxh3_64(std::string_view bytes, std::uint64_t seed = 0) noexcept;

/// XXH64 and XXH32, seed 0, and the first bytes of SHA-1 as a little-endian number: hashes that other tools define
/// their results by.
std::uint64_t xxh64(std::string_view bytes) noexcept;
std::uint64_t xxh32(std::string_view bytes) noexcept;
std::uint64_t sha1_64(std::string_view bytes) noexcept;
std::uint64_t sha1_32(std::string_view bytes) noexcept;

/// Incremental XXH3-128.
class Xxh3Stream {
 public:
  Xxh3Stream();
  ~Xxh3Stream();
  Xxh3Stream(Xxh3Stream&&) noexcept;
  Xxh3Stream& operator=(Xxh3Stream&&) noexcept;
  void update(std::string_view bytes) noexcept;
  [[nodiscard]] Hash128 digest() const noexcept;
  /// XXH3-64 of the same bytes.
  [[nodiscard]] std::uint64_t digest64() const noexcept;
  /// Begins anew.
  void reset() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Incremental SHA-256 (FIPS 180-4): identity for exchange and audit.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  /// 64 lower-case hex digits of everything so far; the stream may go on.
  [[nodiscard]] std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of one piece, as 64 hex digits.
std::string sha256_hex(std::string_view bytes);
/// HMAC with SHA-256 (RFC 2104), as 64 hex digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view message);

}  // namespace gristmill
