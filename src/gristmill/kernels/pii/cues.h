// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

/// Words that announce something, found together: each word belongs to an owner, a number below `owners_max`.
class CueTable {
 public:
  static constexpr std::size_t owners_max = 160;
  using Owners = std::bitset<owners_max>;

  /// Adds comma-separated phrases of three bytes or more; letters A-Z are given in lower case and match both cases. The
  /// bytes are not copied.
  void add(std::string_view phrases, std::size_t owner);
  /// To be called once, after the last `add`.
  void build();

  /// Owners of the phrases that stand in the text just before or after a span: in the 48 bytes before it back to the
  /// last digit, and in the 32 bytes after it up to a digit or the end of the clause.
  [[nodiscard]] Owners near(std::string_view text, Span span) const;

 private:
  struct Phrase {
    std::string_view text;
    std::size_t owner = 0;
    std::uint32_t bucket = 0;
  };
  void collect(std::string_view text, Span window, Owners& owners) const;

  std::vector<Phrase> phrases_;
  std::vector<std::uint16_t> first_;  ///< Place of each bucket's first phrase; one more marks the end.
};

}  // namespace gristmill::kernels::pii
