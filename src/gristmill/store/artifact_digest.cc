// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_digest.h"

#include "gristmill/base/hash.h"
#include "gristmill/kernels/blake3.h"

namespace gristmill::store {
namespace {

constexpr std::string_view blake3_prefix = "blake3:";

bool parse_hex(std::string_view text, std::array<unsigned char, 32>& out) noexcept {
  if (text.size() != 2 * out.size()) return false;
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = value(text[2 * i]);
    const int low = value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return true;
}

}  // namespace

ChunkDigest ChunkDigest::of(std::string_view content, Kind kind) {
  ChunkDigest digest{.kind = kind, .bytes = {}};
  if (kind == Kind::blake3) {
    digest.bytes = kernels::blake3(content);
  } else {
    parse_hex(sha256_hex(content), digest.bytes);
  }
  return digest;
}

std::string ChunkDigest::text() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(kind == Kind::blake3 ? blake3_prefix : "");
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

bool ChunkDigest::parse(std::string_view text, ChunkDigest& out) noexcept {
  const bool is_blake3 = text.starts_with(blake3_prefix);
  if (is_blake3) text.remove_prefix(blake3_prefix.size());
  out.kind = is_blake3 ? Kind::blake3 : Kind::sha256;
  return parse_hex(text, out.bytes);
}

}  // namespace gristmill::store
