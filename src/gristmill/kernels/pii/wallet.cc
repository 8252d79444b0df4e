// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/wallet.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>

#include "gristmill/base/hash.h"

namespace gristmill::kernels::pii {
namespace {

constexpr std::string_view base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

unsigned hex_digit(char c) noexcept { return static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 32) - 'a' + 10); }

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(hex_digit(hex[i]) * 16 + hex_digit(hex[i + 1]));
  }
  return bytes;
}

/// 21 bytes and the first four of the double SHA-256 of them.
bool passes_base58_check(std::string_view address) {
  std::array<std::uint8_t, 25> bytes{};
  for (const char c : address) {
    auto carry = static_cast<unsigned>(base58.find(c));
    for (std::size_t i = bytes.size(); i-- > 0;) {
      carry += 58U * bytes[i];
      bytes[i] = static_cast<std::uint8_t>(carry & 255);
      carry >>= 8;
    }
    if (carry != 0) return false;
  }
  if (bytes[0] != 0 && bytes[0] != 5) return false;
  const std::string whole(bytes.begin(), bytes.end());
  return from_hex(sha256_hex(from_hex(sha256_hex(std::string_view(whole).substr(0, 21)))))
      .starts_with(whole.substr(21));
}

/// BIP 173: a BCH code over GF(32); version 0 ends in 1, later ones in the constant of BIP 350.
bool passes_bech32_check(std::string_view data) noexcept {
  constexpr std::array<std::uint32_t, 5> generator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  std::uint32_t check = 1;
  const auto feed = [&](std::uint32_t value) {
    const std::uint32_t top = check >> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    for (std::size_t i = 0; i < generator.size(); ++i) {
      if ((top >> i) & 1) check ^= generator[i];
    }
  };
  for (const std::uint32_t value : {'b' >> 5, 'c' >> 5, 0, 'b' & 31, 'c' & 31}) feed(value);
  for (const char c : data) feed(static_cast<std::uint32_t>(bech32.find(c)));
  return check == (data.front() == 'q' ? 1U : 0x2bc830a3U);
}

void keccak_permute(std::array<std::uint64_t, 25>& state) noexcept {
  constexpr std::array<int, 24> rotations{1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                          27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
  constexpr std::array<std::uint8_t, 24> lanes{10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                               15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};
  std::uint8_t register_bits = 1;
  for (int round = 0; round < 24; ++round) {
    std::array<std::uint64_t, 5> parity{};
    for (std::size_t i = 0; i < 25; ++i) parity[i % 5] ^= state[i];
    for (std::size_t i = 0; i < 25; ++i) state[i] ^= parity[(i + 4) % 5] ^ std::rotl(parity[(i + 1) % 5], 1);
    std::uint64_t moved = state[1];
    for (std::size_t i = 0; i < 24; ++i) {
      const std::uint64_t next = state[lanes[i]];
      state[lanes[i]] = std::rotl(moved, rotations[i]);
      moved = next;
    }
    for (std::size_t row = 0; row < 25; row += 5) {
      std::array<std::uint64_t, 5> old{};
      std::copy_n(state.begin() + static_cast<std::ptrdiff_t>(row), 5, old.begin());
      for (std::size_t i = 0; i < 5; ++i) state[row + i] = old[i] ^ (~old[(i + 1) % 5] & old[(i + 2) % 5]);
    }
    // The round constants come from a shift register (FIPS 202, algorithm 5).
    for (int bit = 0; bit < 7; ++bit) {
      if (register_bits & 1) state[0] ^= std::uint64_t{1} << ((1 << bit) - 1);
      register_bits = static_cast<std::uint8_t>((register_bits << 1) ^ ((register_bits >> 7) * 0x71));
    }
  }
}

/// First 20 bytes of Keccak-256 (the padding from before FIPS 202) of fewer than 136 bytes.
std::array<std::uint8_t, 20> keccak_head(std::string_view bytes) noexcept {
  constexpr std::size_t rate = 136;
  std::array<std::uint64_t, 25> state{};
  const auto absorb = [&](std::size_t at, std::uint64_t byte) { state[at / 8] ^= byte << (8 * (at % 8)); };
  for (std::size_t i = 0; i < bytes.size(); ++i) absorb(i, static_cast<unsigned char>(bytes[i]));
  absorb(bytes.size(), 1);
  absorb(rate - 1, 0x80);
  keccak_permute(state);
  std::array<std::uint8_t, 20> head{};
  for (std::size_t i = 0; i < head.size(); ++i) head[i] = static_cast<std::uint8_t>(state[i / 8] >> (8 * (i % 8)));
  return head;
}

/// A letter is a capital where the hash of the lower-case address has a digit of 8 or more.
bool passes_eip_55(std::string_view address) noexcept {
  std::array<char, 40> lower{};
  std::ranges::transform(address, lower.begin(), [](char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; });
  const auto hash = keccak_head({lower.data(), lower.size()});
  for (std::size_t i = 0; i < address.size(); ++i) {
    const unsigned digit = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15U;
    if (is_letter(address[i]) && is_upper(address[i]) != (digit >= 8)) return false;
  }
  return true;
}

bool stands_alone(std::string_view text, Span span) noexcept {
  return !is_alphanumeric(byte_before(text, span.begin)) && !is_alphanumeric(byte_at(text, span.end));
}

Span run_of(std::string_view text, std::size_t begin, std::string_view alphabet, std::size_t longest) noexcept {
  std::size_t end = begin;
  while (end < text.size() && end - begin <= longest && alphabet.find(text[end]) != std::string_view::npos) ++end;
  return {begin, end};
}

}  // namespace

Span find_bitcoin(std::string_view text, std::size_t digit) {
  if (text[digit] != '1' && text[digit] != '3') return {};
  if (digit >= 2 && text.substr(digit - 2, 3) == "bc1") {
    const auto data = run_of(text, digit + 1, bech32, 87);
    const Span span{digit - 2, data.end};
    const bool is_long = data.size() >= 11 && data.size() <= 87;
    return is_long && stands_alone(text, span) && passes_bech32_check(text.substr(data.begin, data.size())) ? span
                                                                                                            : Span{};
  }
  if (is_alphanumeric(byte_before(text, digit))) return {};
  const auto span = run_of(text, digit, base58, 35);
  if (span.size() < 26 || span.size() > 35 || !stands_alone(text, span)) return {};
  return passes_base58_check(text.substr(span.begin, span.size())) ? span : Span{};
}

Span find_ethereum(std::string_view text, std::size_t digit) noexcept {
  constexpr std::size_t digits = 40;
  if (text[digit] != '0' || byte_at(text, digit + 1) != 'x' || text.size() < digit + 2 + digits) return {};
  const Span span{digit, digit + 2 + digits};
  const auto address = text.substr(digit + 2, digits);
  if (!stands_alone(text, span) || !std::ranges::all_of(address, is_hex)) return {};
  const bool has_upper = std::ranges::any_of(address, is_upper);
  const bool has_lower = std::ranges::any_of(address, [](char c) { return is_letter(c) && !is_upper(c); });
  return !(has_upper && has_lower) || passes_eip_55(address) ? span : Span{};
}

}  // namespace gristmill::kernels::pii
