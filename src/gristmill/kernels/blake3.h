// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "gristmill/kernels/simd.h"

namespace gristmill::kernels {

using Blake3Digest = std::array<unsigned char, 32>;

/// BLAKE3 without a key, 256 bits (O'Connor, Aumasson, Neves, Wilcox-O'Hearn: "BLAKE3, one function, fast everywhere").
/// A cryptographic digest several times as fast as SHA-256: its parts of 1 KiB are computed side by side. The digest is
/// the same at every level.
Blake3Digest blake3(std::string_view bytes, SimdLevel level = simd_level());

}  // namespace gristmill::kernels
