// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gristmill/kernels/pretokenizer.h"
#include "gristmill/kernels/simd.h"

namespace gristmill::kernels {

/// Room for the ends of a block.
constexpr std::size_t ascii_ends_min = 64;

/// Cuts ASCII text 64 bytes at a time: the starts of all pieces in a block are computed as bits, without looking at
/// single bytes. Works from a piece's start on, stores ends, moves `position` behind the last of them and returns
/// their number. Stops where only the plain matcher can say more: near other characters, in very long pieces, at the
/// end of the text, or when fewer than `ascii_ends_min` ends are free.
using AsciiCutter = std::size_t (*)(std::string_view text, std::size_t& position, std::span<std::uint32_t> ends);

/// The cutter of a pattern.
AsciiCutter ascii_cutter(Pattern pattern, SimdLevel level = simd_level()) noexcept;

}  // namespace gristmill::kernels
