// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/line_count.h"

#include <algorithm>
#include <vector>

#include "gristmill/io/file.h"

namespace gristmill::formats {

std::uint64_t count_lines_before(const std::string& path, std::uint64_t end) {
  if (end == 0 || path.empty()) return 0;
  auto source = io::open_file(path);
  if (!source) return 0;
  std::vector<char> buffer(std::size_t{1} << 18);
  std::uint64_t lines = 0;
  while (end > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(end, buffer.size()));
    const auto count = (*source)->read(std::span(buffer).first(wanted));
    if (!count || *count == 0) break;
    lines += static_cast<std::uint64_t>(
        std::count(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*count), '\n'));
    end -= *count;
  }
  return lines;
}

}  // namespace gristmill::formats
