// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// The text without white space (as Python's str.isspace has it) at both ends.
std::string_view strip_space(std::string_view text) noexcept;

/// Walks over lines as Python's str.splitlines does: LF, CR, CR LF, VT, FF, FS, GS, RS, NEL and the Unicode line and
/// paragraph separators end one, and nothing follows the last of them. Vectorised.
class LineReader {
 public:
  explicit LineReader(std::string_view text) noexcept : text_(text) {}
  /// Gives the next line without its end; false behind the last.
  bool next(std::string_view& line) noexcept;

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

/// Appends the parts between runs of at least `run` newlines: what Python's re.split("\n{run,}", text) gives.
void split_newlines(std::string_view text, std::size_t run, std::vector<std::string_view>& parts);

}  // namespace gristmill::kernels
