// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/class_runs.h"

#include <algorithm>

#include "gristmill/kernels/unicode_classes.h"

namespace gristmill::kernels {

std::unique_ptr<const std::uint8_t[]> expand_class_runs(std::span<const std::uint32_t> runs) {
  auto classes = std::make_unique_for_overwrite<std::uint8_t[]>(code_point_count);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::size_t end = i + 1 < runs.size() ? runs[i + 1] >> 8 : code_point_count;
    std::fill(&classes[runs[i] >> 8], classes.get() + end, static_cast<std::uint8_t>(runs[i] & 0xFF));
  }
  return classes;
}

}  // namespace gristmill::kernels
