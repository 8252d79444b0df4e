// SPDX-License-Identifier: Apache-2.0
// Prints the MinHash signatures that datatrove would compute: for the parity script.
//
//   datatrove_signatures [NGRAM FUNCTIONS SEED HASH] < documents.jsonl
//
// A document is {"text": ...}; its line of output is the list of its minima. HASH counts as in the kernel: 0 xxhash64,
// 1 xxhash32, 2 sha1_64, 3 sha1_32.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/kernels/datatrove_minhash.h"

int main(int argc, char** argv) {
  using namespace gristmill;
  kernels::DatatroveMinhash::Settings settings;
  if (argc > 4) {
    settings = {.ngram = std::strtoul(argv[1], nullptr, 10),
                .functions = std::strtoul(argv[2], nullptr, 10),
                .seed = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)),
                .hash = static_cast<kernels::DatatroveMinhash::Hash>(std::atoi(argv[4]))};
  }
  const kernels::DatatroveMinhash minhash(settings);
  kernels::DatatroveMinhash::Scratch scratch;
  std::string input;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const auto count = std::fread(buffer.data(), 1, buffer.size(), stdin)) input.append(buffer.data(), count);
  for (std::string_view rest = input; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto document = Json::parse(line);
    if (!document) {
      fmt::print(stderr, "datatrove_signatures: {}\n", document.error().message);
      return 1;
    }
    std::string out;
    for (const auto minimum : minhash.signature((*document)["text"].as_string(), scratch)) {
      out.append(out.empty() ? "[" : ",").append(std::to_string(minimum));
    }
    fmt::print("{}]\n", out.empty() ? "[" : out);
  }
  return 0;
}
