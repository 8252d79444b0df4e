// SPDX-License-Identifier: Apache-2.0
// Golden signatures were computed with datatrove 0.10.1 by tests/peers/write_minhash_golden.py.
#include "gristmill/kernels/datatrove_minhash.h"

#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "gristmill/base/json.h"
#include "gristmill/kernels/simplify.h"

namespace gristmill::kernels {

TEST_CASE("signatures are those of datatrove, at every level of instructions") {
  using Hash = DatatroveMinhash::Hash;
  const std::map<std::string, Hash> hashes{{"xxhash64", Hash::xxhash64},
                                           {"xxhash32", Hash::xxhash32},
                                           {"sha1_64", Hash::sha1_64},
                                           {"sha1_32", Hash::sha1_32}};
  std::ifstream file(std::string(GRISTMILL_SOURCE_DIR) + "/tests/golden/datatrove_signatures.jsonl");
  REQUIRE(file.good());
  DatatroveMinhash::Scratch scratch;
  std::size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    const auto row = *Json::parse(line);
    const DatatroveMinhash::Settings settings{
        .ngram = static_cast<std::size_t>(row["ngram"].as_int()),
        .functions = static_cast<std::size_t>(row["bands"].as_int() * row["rows"].as_int()),
        .seed = static_cast<std::uint32_t>(row["seed"].as_int()),
        .hash = hashes.at(row["hash"].as_string())};
    std::vector<std::string> expected;
    for (const auto& minimum : row["minima"].items()) expected.push_back(minimum.as_string());
    for (const auto level : {SimdLevel::scalar, simd_level()}) {
      std::vector<std::string> minima;
      for (const auto minimum : DatatroveMinhash(settings, level).signature(row["text"].as_string(), scratch)) {
        minima.push_back(std::to_string(minimum));
      }
      CHECK_MESSAGE(minima == expected, line.substr(0, 200));
    }
  }
  CHECK(count > 50);
}

// Expected texts are those of datatrove 0.10.1's simplify_text.
TEST_CASE("texts are simplified step by step in datatrove's order") {
  const auto simple = [](std::string_view text) {
    std::string out;
    simplify_text(text, out);
    return out;
  };
  CHECK(simple("").empty());
  CHECK(simple(" \t!?\n").empty());
  CHECK(simple("It's  3.14, 1,2,3 & x86!") == "it s 0 0 0 x0");
  CHECK(simple("Caf\u00e9 \u00c5NGSTR\u00d6M") == "cafe angstrom");
  CHECK(simple("\u039f\u0394\u039f\u03a3") == "\u03bf\u03b4\u03bf\u03c2");
  CHECK(simple("a \u0301 b") == "a  b");
}

TEST_CASE("long runs of marks and digits take linear time") {
  std::string marks = "x";
  for (int i = 0; i < 300'000; ++i) marks += "\u0301";
  std::string out;
  simplify_text(marks, out);
  CHECK(out == "x");
  simplify_text(std::string(1'000'000, '7'), out);
  CHECK(out == "0");
  std::string sigmas;
  for (int i = 0; i < 100'000; ++i) sigmas += "\u03a3\u02b0";
  simplify_text(sigmas, out);
  CHECK(out.size() == sigmas.size());
}

}  // namespace gristmill::kernels
