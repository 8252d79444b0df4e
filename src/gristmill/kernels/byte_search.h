// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace gristmill::kernels {

/// Position, from `from` on, of the first byte that ends a plain run of a JSON string: a quotation mark, a backslash or
/// a control character. The size of `text` when there is none.
std::size_t find_json_special(std::string_view text, std::size_t from) noexcept;

/// Position, from `from` on, of the first of four bytes; the size of `text` when there is none.
std::size_t find_any(std::string_view text, std::size_t from, std::array<char, 4> bytes) noexcept;

}  // namespace gristmill::kernels
