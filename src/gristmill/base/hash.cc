// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace gristmill {
namespace {

constexpr char digits[] = "0123456789abcdef";

void append_hex(std::string& out, const unsigned char* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
}

/// Looked up once: by its name OpenSSL searches anew for each digest.
const EVP_MD* sha256() {
  static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return found;
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Hash128::hex() const {
  std::string out(32, '0');
  for (unsigned i = 0; i < 16; ++i) {
    out[15 - i] = digits[(high >> (4 * i)) & 15];
    out[31 - i] = digits[(low >> (4 * i)) & 15];
  }
  return out;
}

bool Hash128::parse(std::string_view text, Hash128& out) noexcept {
  if (text.size() != 32) return false;
  Hash128 value;
  for (unsigned i = 0; i < 32; ++i) {
    const int digit = nibble(text[i]);
    if (digit < 0) return false;
    auto& half = i < 16 ? value.high : value.low;
    half = (half << 4) | static_cast<std::uint64_t>(digit);
  }
  out = value;
  return true;
}

Hash128 xxh3_128(std::string_view bytes) noexcept {
  const auto hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

std::uint64_t xxh3_64(std::string_view bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t xxh64(std::string_view bytes) noexcept { return XXH64(bytes.data(), bytes.size(), 0); }
std::uint64_t xxh32(std::string_view bytes) noexcept { return XXH32(bytes.data(), bytes.size(), 0); }

std::uint64_t sha1_64(std::string_view bytes) noexcept {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  std::uint64_t value = 0;
  std::memcpy(&value, digest.data(), sizeof(value));
  return value;
}
std::uint64_t sha1_32(std::string_view bytes) noexcept { return sha1_64(bytes) & UINT32_MAX; }

struct Xxh3Stream::State {
  XXH3_state_t state;
};

Xxh3Stream::Xxh3Stream() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->state); }
Xxh3Stream::~Xxh3Stream() = default;
Xxh3Stream::Xxh3Stream(Xxh3Stream&&) noexcept = default;
Xxh3Stream& Xxh3Stream::operator=(Xxh3Stream&&) noexcept = default;

void Xxh3Stream::update(std::string_view bytes) noexcept {
  XXH3_128bits_update(&state_->state, bytes.data(), bytes.size());
}

Hash128 Xxh3Stream::digest() const noexcept {
  const auto hash = XXH3_128bits_digest(&state_->state);
  return {hash.high64, hash.low64};
}

// The state is the same for both widths.
std::uint64_t Xxh3Stream::digest64() const noexcept { return XXH3_64bits_digest(&state_->state); }
void Xxh3Stream::reset() noexcept { XXH3_128bits_reset(&state_->state); }

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { EVP_DigestInit_ex(state_->context, sha256(), nullptr); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string Sha256::hex() const {
  State copy;
  EVP_MD_CTX_copy_ex(copy.context, state_->context);
  unsigned char digest[32];
  unsigned int size = 0;
  EVP_DigestFinal_ex(copy.context, digest, &size);
  std::string out;
  append_hex(out, digest, size);
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[32];
  EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, sha256(), nullptr);
  std::string out;
  append_hex(out, digest, sizeof digest);
  return out;
}

std::string hmac_sha256_hex(std::string_view key, std::string_view message) {
  unsigned char digest[32];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), digest, &size);
  std::string out;
  append_hex(out, digest, size);
  return out;
}

}  // namespace gristmill
