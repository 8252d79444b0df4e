// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "gristmill/kernels/simd.h"

namespace gristmill::kernels::pii {

constexpr std::size_t block_bytes = 64;

/// Where in 64 bytes something may stand, as bits.
struct Anchors {
  std::uint64_t at = 0;      ///< '@'
  std::uint64_t colon = 0;   ///< ':'
  std::uint64_t equals = 0;  ///< '='
  std::uint64_t digit = 0;   ///< 0-9
  std::uint64_t head = 0;    ///< Three bytes that may be in `secret_heads`.
};

/// Anchors of the 64 bytes from `begin`; beyond the end of the text there are none. All levels give the same.
Anchors anchors_at(std::string_view text, std::size_t begin, SimdLevel level) noexcept;

}  // namespace gristmill::kernels::pii
