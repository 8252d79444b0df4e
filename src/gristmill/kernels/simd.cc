// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/simd.h"

#include <cstdlib>
#include <string_view>

namespace gristmill::kernels {
namespace {

SimdLevel detect() noexcept {
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
  const SimdLevel best = has_avx512 ? SimdLevel::avx512 : SimdLevel::avx2;
  const char* const setting = std::getenv("GRISTMILL_SIMD");
  const std::string_view wanted = setting != nullptr ? setting : "";
  if (wanted == "scalar") return SimdLevel::scalar;
  if (wanted == "avx2") return SimdLevel::avx2;
  return best;
}

}  // namespace

SimdLevel simd_level() noexcept {
  static const SimdLevel level = detect();
  return level;
}

}  // namespace gristmill::kernels
