// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace gristmill::kernels {

/// A class for every code point, from the starts of runs of equal class: (first code point << 8) | class, ascending,
/// the first of them at 0.
std::unique_ptr<const std::uint8_t[]> expand_class_runs(std::span<const std::uint32_t> runs);

}  // namespace gristmill::kernels
