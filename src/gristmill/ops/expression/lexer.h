// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/data/document.h"

namespace gristmill::ops::expression {

/// Kind of a token.
enum class TokenKind : std::uint8_t { end, name, quoted_name, string, number, sign };

/// A piece of the source.
struct Token {
  TokenKind kind = TokenKind::end;
  std::uint32_t offset = 0;
  std::string text;    ///< Name, string without its quotes, or sign.
  data::Value number;  ///< int64 where it fits, else double.
};

/// Cuts the source into tokens; the last is `end`. Names may hold dots (`metadata.license`).
Result<std::vector<Token>> tokenize(std::string_view source);

}  // namespace gristmill::ops::expression
