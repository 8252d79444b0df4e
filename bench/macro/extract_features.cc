// SPDX-License-Identifier: Apache-2.0
// Writes what extract.html measures of pages, for tools/training/extraction/train.py.
//   extract_features FOLDER [SCORES] < list
// Each input line is the path of an HTML file (UTF-8). SCORES holds a word score (i16) for each block of all pages, in
// 1/64; without it all are 0. Files of FOLDER, little-endian, blocks of all pages one after the other:
//   names          names of the features, a line each        starts    u32 a page: first block; at last their count
//   features       i16 of each block and feature             words     u32 a block
//   token_starts   u64 a block: first token; at last their count       tokens    u16 a token: its slot
//   texts          bytes                                     text_ends u64 a block
//   copies         u32 a block: first block of the page with the same text, counted within the page
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/extract/decide.h"
#include "gristmill/ops/extract/features.h"
#include "gristmill/ops/extract/repeats.h"
#include "gristmill/ops/extract/title.h"
#include "gristmill/ops/extract/tokens.h"

namespace {

using namespace gristmill;
using namespace gristmill::ops::extract;

/// The files of the folder.
class Columns {
 public:
  explicit Columns(const std::string& folder) {
    const auto open = [&](const char* name) { return std::ofstream(folder + "/" + name, std::ios::binary); };
    auto names = open("names");
    for (std::size_t i = 0; i < feature_count; ++i) names << feature_name(static_cast<Feature>(i)) << '\n';
    starts_ = open("starts");
    features_ = open("features");
    words_ = open("words");
    token_starts_ = open("token_starts");
    tokens_ = open("tokens");
    texts_ = open("texts");
    text_ends_ = open("text_ends");
    copies_ = open("copies");
    put(starts_, block_count_);
    put(token_starts_, token_count_);
  }

  void add_page(const kernels::HtmlTree& tree, const Page& page, std::span<const std::int16_t> scores) {
    const auto repeats = find_repeats(page);
    const auto titles = match_title(tree, page, repeats);
    BlockMeasurer measurer(tree, page, scores, repeats, titles);
    for (const auto copy : find_copies(page, repeats)) put(copies_, copy);
    const FeatureColumns* features = nullptr;
    const Block* heading = nullptr;
    for (std::uint32_t i = 0; i < page.blocks.size(); ++i) {
      const auto& block = page.blocks[i];
      const auto lane = i % kernels::tree_lanes;
      if (lane == 0) features = &measurer.measure(i);
      for (const auto& feature : *features) put(features_, feature.values[lane]);
      put(words_, block.words);
      list_tokens(tree, page, i, heading, slots_);
      tokens_.write(reinterpret_cast<const char*>(slots_.data()), static_cast<std::streamsize>(2 * slots_.size()));
      put(token_starts_, token_count_ += slots_.size());
      texts_ << page.text_of(block);
      put(text_ends_, text_bytes_ += block.bytes());
      if (block.heading_level != 0) heading = &block;
    }
    put(starts_, block_count_ += static_cast<std::uint32_t>(page.blocks.size()));
  }

  [[nodiscard]] std::uint32_t block_count() const { return block_count_; }

 private:
  template <typename Value>
  static void put(std::ofstream& file, const Value& value) {
    file.write(reinterpret_cast<const char*>(&value), sizeof value);
  }

  std::ofstream starts_, features_, words_, token_starts_, tokens_, texts_, text_ends_, copies_;
  std::vector<std::uint16_t> slots_;
  std::uint32_t block_count_ = 0;
  std::uint64_t token_count_ = 0;
  std::uint64_t text_bytes_ = 0;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("extract_features: the folder to write to is missing\n", stderr), 1;
  Columns columns(argv[1]);
  const auto given = argc > 2 ? read_file(argv[2]) : std::string();
  kernels::HtmlTree tree;
  Page page;
  std::vector<std::int16_t> scores;
  std::ifstream list("/dev/stdin");
  std::string path;
  while (std::getline(list, path)) {
    const auto html = kernels::replace_invalid_utf8(read_file(path));
    tree.parse(html);
    cut_into_blocks(tree, false, page);
    scores.assign(page.blocks.size(), 0);
    const auto at = 2 * std::size_t{columns.block_count()};
    if (at + 2 * scores.size() <= given.size()) std::memcpy(scores.data(), given.data() + at, 2 * scores.size());
    columns.add_page(tree, page, scores);
  }
  return 0;
}
