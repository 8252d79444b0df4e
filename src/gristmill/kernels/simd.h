// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Attribute of functions for `SimdLevel::avx512`.
#define GRISTMILL_AVX512 gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2")

namespace gristmill::kernels {

/// Instruction sets that kernels are written for. The build's floor is AVX2; `scalar` is the plain reference code, and
/// `avx512` what Ice Lake and Zen 4 have of it: F, BW, DQ, VL, VBMI and VBMI2.
enum class SimdLevel { scalar, avx2, avx512 };

/// The best level of this processor, asked once. The environment variable GRISTMILL_SIMD (scalar, avx2, avx512) lowers
/// it, so that tests and bug hunts can force a level; it never raises it.
SimdLevel simd_level() noexcept;

}  // namespace gristmill::kernels
