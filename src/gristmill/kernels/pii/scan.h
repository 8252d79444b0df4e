// SPDX-License-Identifier: Apache-2.0
// Personal data in text: one pass over the bytes finds anchors ('@', starts of numbers, ':'), detectors with checksums
// judge what is around them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gristmill/kernels/pii/context.h"
#include "gristmill/kernels/simd.h"

namespace gristmill::kernels::pii {

/// Kinds of personal data, in the order of their names here.
enum class Kind : std::uint8_t { email, phone, ip_address, card, iban, us_ssn, cn_id };
constexpr std::size_t kind_count = 7;
constexpr std::array<std::string_view, kind_count> kind_names{"email", "phone",  "ip_address", "card",
                                                              "iban",  "us_ssn", "cn_id"};

/// A set of kinds.
class Kinds {
 public:
  void add(Kind kind) noexcept { bits_ |= 1U << static_cast<unsigned>(kind); }
  [[nodiscard]] bool has(Kind kind) const noexcept { return ((bits_ >> static_cast<unsigned>(kind)) & 1U) != 0; }

 private:
  unsigned bits_ = 0;
};

/// What to look for.
struct Wanted {
  Kinds kinds;
  bool public_ips_only = true;
  SimdLevel level = simd_level();
};

/// One find.
struct Match {
  Span span;
  Kind kind = Kind::email;
};

/// Writes all finds into `matches`, in text order, without overlaps. Time is linear in the text.
void find_pii(std::string_view text, const Wanted& wanted, std::vector<Match>& matches);

}  // namespace gristmill::kernels::pii
