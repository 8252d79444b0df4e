// SPDX-License-Identifier: Apache-2.0
// Finds lie inside the text, in order, without overlaps, and are the same at every instruction set.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "gristmill/kernels/pii/scan.h"

using namespace gristmill::kernels;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  pii::Wanted wanted;
  for (std::size_t kind = 0; kind < pii::kind_count; ++kind) wanted.kinds.add(static_cast<pii::Kind>(kind));
  wanted.public_ips_only = size % 2 == 0;
  std::vector<pii::Match> matches;
  pii::find_pii(text, wanted, matches);
  std::size_t position = 0;
  for (const auto& [span, kind] : matches) {
    if (span.begin < position || span.end <= span.begin || span.end > size) std::abort();
    position = span.end;
  }
  std::vector<pii::Match> reference;
  wanted.level = SimdLevel::scalar;
  pii::find_pii(text, wanted, reference);
  if (reference.size() != matches.size()) std::abort();
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (reference[i].span.begin != matches[i].span.begin || reference[i].span.end != matches[i].span.end) std::abort();
  }
  return 0;
}
