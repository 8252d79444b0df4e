// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "gristmill/kernels/pii/checksum.h"
#include "gristmill/kernels/pii/network.h"
#include "gristmill/kernels/pii/scan.h"

using namespace gristmill::kernels;
using namespace gristmill::kernels::pii;

namespace {

Wanted all_kinds(SimdLevel level = simd_level()) {
  Wanted wanted;
  wanted.level = level;
  for (std::size_t kind = 0; kind < kind_count; ++kind) wanted.kinds.add(static_cast<Kind>(kind));
  return wanted;
}

std::string found(std::string_view text, SimdLevel level = simd_level()) {
  std::vector<Match> matches;
  find_pii(text, all_kinds(level), matches);
  std::string line;
  for (const auto& [span, kind] : matches) {
    line += name_of(kind);
    line += '[';
    line += text.substr(span.begin, span.size());
    line += ']';
  }
  return line;
}

}  // namespace

TEST_CASE("checksums: published examples, and every wrong digit is noticed") {
  CHECK(passes_luhn("79927398713"));  // ISO/IEC 7812-1's usual example
  CHECK(passes_luhn("4111 1111-1111 1111"));
  CHECK(passes_mod_97("GB82WEST12345698765432"));
  CHECK(passes_mod_97("DE89 3704 0044 0532 0130 00"));
  CHECK_FALSE(passes_mod_97("DE8"));
  CHECK(passes_mod_11_2("11010519491231002X"));   // GB 11643-1999
  CHECK(passes_mod_11_2("440524188001010014"));   // the same
  CHECK_FALSE(passes_mod_11_2("11010519491231002"));
  const auto each_change_fails = [](std::string good, bool (*check)(std::string_view)) {
    for (auto& c : good) {
      const char right = c;
      for (char wrong = '0'; wrong <= '9'; ++wrong) {
        if (right < '0' || right > '9' || wrong == right) continue;
        c = wrong;
        CHECK_FALSE(check(good));
      }
      c = right;
    }
  };
  each_change_fails("79927398713", [](std::string_view text) { return passes_luhn(text); });
  each_change_fails("GB82WEST12345698765432", [](std::string_view text) { return passes_mod_97(text); });
  each_change_fails("11010519491231002X", [](std::string_view text) { return passes_mod_11_2(text); });
}

TEST_CASE("IPv6 text forms of RFC 4291 section 2.2 and what they mean") {
  const auto bytes = [](std::string_view text) {
    Ipv6Bytes address{};
    REQUIRE(parse_ipv6(text, address));
    return address;
  };
  CHECK(bytes("2001:DB8:0:0:8:800:200C:417A") == bytes("2001:DB8::8:800:200C:417A"));
  CHECK(bytes("FF01:0:0:0:0:0:0:101") == bytes("FF01::101"));
  CHECK(bytes("0:0:0:0:0:0:0:1") == bytes("::1"));
  CHECK(bytes("0:0:0:0:0:0:0:0") == bytes("::"));
  CHECK(bytes("0:0:0:0:0:0:13.1.68.3") == bytes("::13.1.68.3"));
  CHECK(bytes("0:0:0:0:0:FFFF:129.144.52.38") == bytes("::FFFF:8190:3426"));
  CHECK(bytes("1::") == bytes("1:0:0:0:0:0:0:0"));
  Ipv6Bytes address{};
  for (const auto* bad : {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "1:",
                          ":1", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.256", "::01.2.3.4", "1:2:3:4:5:6:7:8::"}) {
    CHECK_MESSAGE(!parse_ipv6(bad, address), bad);
  }
}

TEST_CASE("special IPv4 blocks end where the registry says") {
  const auto is_public = [](std::string_view text) {
    std::uint32_t address = 0;
    REQUIRE(parse_ipv4(text, address));
    return is_public_ipv4(address);
  };
  for (const auto* yes : {"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
                          "128.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
                          "198.17.255.255", "198.20.0.0", "223.255.255.255"}) {
    CHECK_MESSAGE(is_public(yes), yes);
  }
  for (const auto* no : {"0.0.0.0", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
                         "169.254.0.1", "172.16.0.0", "172.31.255.255", "192.0.2.255", "192.168.255.255", "198.18.0.0",
                         "198.19.255.255", "224.0.0.0", "240.0.0.1", "255.255.255.255"}) {
    CHECK_MESSAGE(!is_public(no), no);
  }
}

TEST_CASE("finds do not depend on where they stand in a block") {
  constexpr std::string_view core =
      "a@b.org 212-555-0123, DE89 3704 0044 0532 0130 00; 2a00:1450::200e 81.2.69.142 11010519491231002X "
      "4111 1111 1111 1111, SSN 536-22-8726";
  const auto expected = found(core);
  CHECK(expected ==
        "email[a@b.org]phone[212-555-0123]iban[DE89 3704 0044 0532 0130 00]ip_address[2a00:1450::200e]"
        "ip_address[81.2.69.142]cn_id[11010519491231002X]card[4111 1111 1111 1111]us_ssn[536-22-8726]");
  for (std::size_t padding = 0; padding < 130; ++padding) {
    const auto text = std::string(padding, ' ') + std::string(core) + std::string(padding, '.');
    CHECK(found(text) == expected);
    CHECK(found(text, SimdLevel::scalar) == expected);
  }
}

TEST_CASE("random bytes rich in anchors: all levels agree") {
  std::mt19937 random(5);
  constexpr std::string_view alphabet = "0123456789@@::..--  +()ab/X";
  for (int round = 0; round < 3000; ++round) {
    std::string text(random() % 300, ' ');
    for (auto& c : text) c = alphabet[random() % alphabet.size()];
    CHECK(found(text) == found(text, SimdLevel::scalar));
  }
}

TEST_CASE("hostile repetitions take linear time") {
  // Quadratic behaviour would take hours here, so finishing at all is the check.
  for (const std::string_view unit : {"@", "a", "a.", "1", "1 ", "1-", "1:", ":", "a@", "a@b.", "(1)", "+1", "1.1.",
                                      "\"", "\"@", "AB12 ", "tel ", "tel 1", "1111 "}) {
    std::string text;
    while (text.size() < (std::size_t{1} << 21)) text += unit;
    found(text + "@x.org");
  }
}
