// SPDX-License-Identifier: Apache-2.0
// Personal data in text: one pass over the bytes finds anchors ('@', ':', '=', starts of numbers, heads of secrets),
// detectors with checksums judge what is around them.
#pragma once

#include <string_view>
#include <vector>

#include "gristmill/kernels/pii/context.h"
#include "gristmill/kernels/pii/id_scan.h"
#include "gristmill/kernels/pii/kinds.h"
#include "gristmill/kernels/simd.h"

namespace gristmill::kernels::pii {

/// What to look for.
struct Wanted {
  Kinds kinds;
  bool public_ips_only = true;
  SimdLevel level = simd_level();
};

/// Writes all finds into `matches`, in text order, without overlaps. Time is linear in the text.
void find_pii(std::string_view text, const Wanted& wanted, std::vector<Match>& matches);

}  // namespace gristmill::kernels::pii
