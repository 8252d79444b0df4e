// SPDX-License-Identifier: Apache-2.0
// Signatures of any text are the same at every instruction set.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "gristmill/kernels/minhash.h"
#include "gristmill/kernels/shingle.h"
#include "gristmill/kernels/utf8.h"

using namespace gristmill::kernels;

namespace {

std::vector<std::uint32_t> signature(std::string_view text, ShingleUnit unit, SimdLevel level) {
  const MinHash hash(112, 1, level);
  Shingler shingler(5, unit, level);
  std::vector<std::uint32_t> minima;
  hash.start(minima);
  shingler.start(text);
  for (auto part = shingler.next(); !part.empty(); part = shingler.next()) hash.update(part, minima);
  return minima;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Documents are valid UTF-8 by contract.
  const auto text = replace_invalid_utf8({reinterpret_cast<const char*>(data), size});
  for (const auto unit : {ShingleUnit::word, ShingleUnit::character}) {
    if (signature(text, unit, SimdLevel::scalar) != signature(text, unit, simd_level())) std::abort();
  }
  return 0;
}
