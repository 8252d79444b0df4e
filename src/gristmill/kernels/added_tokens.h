// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "gristmill/kernels/tokenizer.h"

namespace gristmill::kernels {

/// Goes through a text from front to back: calls `token(match)` for each added token and `gap(text)`, which may fail,
/// for what lies between them.
template <typename Token, typename Gap>
Status between_added(const AddedTokenFinder& finder, std::string_view text, bool with_special, const Token& token,
                     const Gap& gap) {
  std::size_t position = 0;
  if (!finder.is_empty(with_special)) {
    while (const auto match = finder.find(text, position, with_special)) {
      if (match->begin > position) GRISTMILL_RETURN_IF_ERROR(gap(text.substr(position, match->begin - position)));
      token(*match);
      position = match->end;
    }
  }
  return position < text.size() ? gap(text.substr(position)) : Status();
}

}  // namespace gristmill::kernels
