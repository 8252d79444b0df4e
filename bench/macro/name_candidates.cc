// SPDX-License-Identifier: Apache-2.0
// What the tagger of names sees, for its training (tools/training/names): texts come in, separated by NUL bytes. For
// each candidate a row of 32-bit numbers comes out: text, group, first byte, end, words (0: Chinese), whether behind a
// form of address, how many features, and the features with zeros up to the most there can be.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "gristmill/kernels/pii/name_features.h"

int main() {
  std::string input;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const auto count = std::fread(buffer.data(), 1, buffer.size(), stdin)) input.append(buffer.data(), count);
  gristmill::kernels::pii::NameGroup group;
  std::vector<std::uint32_t> out;
  std::size_t number = 0;
  std::size_t group_number = 0;
  for (std::size_t begin = 0; begin < input.size(); ++number) {
    const auto end = std::min(input.find('\0', begin), input.size());
    gristmill::kernels::pii::NameScanner scanner(std::string_view(input).substr(begin, end - begin));
    for (; scanner.next(group); ++group_number) {
      for (const auto& candidate : group.candidates) {
        for (const auto value :
             {number, group_number, candidate.span.begin, candidate.span.end, std::size_t{candidate.word_count},
              std::size_t{group.is_titled(candidate)}, std::size_t{candidate.feature_count}})
          out.push_back(static_cast<std::uint32_t>(value));
        out.insert(out.end(), candidate.features.begin(), candidate.features.end());
      }
    }
    std::fwrite(out.data(), sizeof(std::uint32_t), out.size(), stdout);
    out.clear();
    begin = end + 1;
  }
  return 0;
}
