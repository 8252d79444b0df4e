// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace gristmill::kernels {

/// Instruction sets that kernels are written for. The build's floor is AVX2; `scalar` is the plain reference code.
enum class SimdLevel { scalar, avx2, avx512 };

/// The best level of this processor, asked once. The environment variable GRISTMILL_SIMD (scalar, avx2, avx512) lowers
/// it, so that tests and bug hunts can force a level; it never raises it.
SimdLevel simd_level() noexcept;

}  // namespace gristmill::kernels
