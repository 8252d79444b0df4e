// SPDX-License-Identifier: Apache-2.0
// What the tagger of names sees, for its training (tools/training/names): texts come in, separated by NUL bytes; a line
// of output is one candidate: text number, first byte, end, run, whether Chinese, then the numbers of its features.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "gristmill/kernels/pii/name_features.h"

int main() {
  std::string input;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const auto count = std::fread(buffer.data(), 1, buffer.size(), stdin)) input.append(buffer.data(), count);
  std::vector<gristmill::kernels::pii::NameCandidate> candidates;
  std::string out;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < input.size(); ++number) {
    const auto end = std::min(input.find('\0', begin), input.size());
    gristmill::kernels::pii::collect_name_candidates(std::string_view(input).substr(begin, end - begin), candidates);
    for (const auto& candidate : candidates) {
      out += fmt::format("{} {} {} {} {}", number, candidate.span.begin, candidate.span.end, candidate.run,
                         candidate.is_chinese ? 1 : 0);
      for (std::size_t i = 0; i < candidate.feature_count; ++i) out += fmt::format(" {}", candidate.features[i]);
      out += '\n';
    }
    begin = end + 1;
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}
