// SPDX-License-Identifier: Apache-2.0
// Splits texts into words, for the comparison with spaCy: split_words < documents.jsonl > words.jsonl
// A line of input is a JSON string, a line of output the JSON array of its words.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/kernels/words.h"

int main() {
  using namespace gristmill;
  std::string input;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const auto count = std::fread(buffer.data(), 1, buffer.size(), stdin)) input.append(buffer.data(), count);
  kernels::WordSplitter splitter;
  std::vector<std::string_view> words;
  for (std::string_view rest = input; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto text = Json::parse(line);
    if (!text) {
      fmt::print(stderr, "{}\n", text.error().message);
      return 1;
    }
    words.clear();
    splitter.split(text->as_string(), words);
    auto array = Json::array();
    for (const auto word : words) array.push(word);
    fmt::print("{}\n", array.dump());
  }
  return 0;
}
