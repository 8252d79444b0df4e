// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace gristmill::kernels {

/// What becomes of the parts of a page beside its text.
struct StripOptions {
  bool keeps_scripts = false;       ///< Script and style elements are tags like others: their content stays.
  bool decodes = true;              ///< Character references become characters.
  bool tags_become_spaces = false;  ///< One space for a tag, where none stands before.
  bool collapses_space = false;     ///< Runs of ASCII white space become one space, none at the ends.
};

/// What `strip_tags` wrote and met.
struct Stripped {
  std::size_t bytes = 0;
  std::size_t tags = 0;
  bool is_changed = false;  ///< False: the output equals the input.
};

/// Bytes that the text of a page of this size can need: references may grow by a fifth.
constexpr std::size_t strip_bound(std::size_t html_bytes) noexcept { return html_bytes + html_bytes / 4 + 64; }

/// Writes a page without its markup: tags as the HTML standard finds them (13.2.5: quoted attribute values may hold
/// '>', a '<' before anything but a letter, '/', '!' or '?' is text), comments and declarations. A tag, comment or
/// script that the input's end cuts off goes to the end. One pass over any input; `out` holds `strip_bound` bytes.
Stripped strip_tags(std::string_view html, const StripOptions& options, std::span<char> out) noexcept;

}  // namespace gristmill::kernels
