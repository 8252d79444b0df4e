// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace gristmill::kernels {

/// MurmurHash3, 32 bits, x86 variant (github.com/aappleby/smhasher): the hash by which Iceberg's bucket partitions and
/// others are defined. No protection against forgery.
std::uint32_t murmur3_32(std::string_view bytes, std::uint32_t seed = 0) noexcept;

}  // namespace gristmill::kernels
