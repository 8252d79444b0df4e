// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/short_tokens.h"

#include <algorithm>
#include <bit>

namespace gristmill::kernels {

ShortTokens::ShortTokens(std::span<const Token> tokens) {
  // A third to two thirds of the places are taken; one token in ten at most finds its line full.
  const auto lines = std::bit_ceil(std::max<std::size_t>(tokens.size() / 2, 2));
  shift_ = 64 - static_cast<unsigned>(std::bit_width(lines - 1));
  lines_.resize(lines);
  for (const auto& token : tokens) {
    if (token.bytes.empty() || token.bytes.size() > PieceKey::exact_bytes_max) continue;
    const auto key = PieceKey::of(token.bytes, 0, token.bytes.size());
    auto& line = lines_[place(key)];
    const auto free = std::ranges::find(line.high, std::uint64_t{0});
    if (free == line.high.end()) continue;
    const auto entry = static_cast<std::size_t>(free - line.high.begin());
    line.low[entry] = key.low;
    line.high[entry] = key.high;
    line.ids[entry] = token.id;
  }
}

}  // namespace gristmill::kernels
