// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/line_list.h"

#include <algorithm>

#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {

std::vector<std::string> list_entries(std::string_view bytes) {
  constexpr std::string_view blanks = " \t\r";
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  std::vector<std::string> entries;
  while (!bytes.empty()) {
    auto line = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    line = line.substr(0, line.find_last_not_of(blanks) + 1);
    if (!line.empty() && line.front() != '#') entries.push_back(replace_invalid_utf8(line));
  }
  return entries;
}

}  // namespace gristmill::kernels
