// SPDX-License-Identifier: Apache-2.0
// Writes what extract.html measures of pages, for tools/fit_content_rules.py.
//   extract_features < list > features
// Each input line is the path of an HTML file (UTF-8). Output, little-endian, for each page: block count (u32); for
// each block the words (u32), the features (f32 each), the block ranges of its containers at levels 1, 2, 3 and 5
// (first and end, u32, counted within the page), the count of band words (u32), the band words (band u32, hash u32),
// the text (u32 length, bytes). Before the pages: feature count (u32) and the names, each ended by a line feed.
// Standard error receives each distinct attribute value, a line each, so that hashes can be given their words again.
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/extract/features.h"
#include "gristmill/ops/extract/word_rules.h"

namespace {

using namespace gristmill;
using namespace gristmill::ops::extract;

void put(const void* bytes, std::size_t size) { std::fwrite(bytes, 1, size, stdout); }
void put(std::uint32_t number) { put(&number, sizeof number); }

void put_ranges(const Page& page, const Block& block) {
  auto at = block.container;
  if (page.containers[at].end_block - page.containers[at].first_block == 1) at = page.containers[at].outer;
  for (int level = 1; level <= 5; ++level, at = page.containers[at].outer) {
    if (level == 4) continue;
    put(page.containers[at].first_block);
    put(page.containers[at].end_block);
  }
}

void put_page(const kernels::HtmlTree& tree, const Page& page) {
  std::vector<BandWord> words;
  put(static_cast<std::uint32_t>(page.blocks.size()));
  measure_blocks(tree, page, score_words(tree, page), [&](std::uint32_t i, const FeatureRow& row) {
    const auto& block = page.blocks[i];
    put(block.words);
    put(row.data(), sizeof row);
    put_ranges(page, block);
    list_words(tree, page, block, words);
    put(static_cast<std::uint32_t>(words.size()));
    for (const auto [band, hash] : words) {
      put(static_cast<std::uint32_t>(band));
      put(hash);
    }
    const auto text = page.text_of(block);
    put(static_cast<std::uint32_t>(text.size()));
    put(text.data(), text.size());
  });
}

}  // namespace

int main() {
  put(static_cast<std::uint32_t>(feature_count));
  for (std::size_t i = 0; i < feature_count; ++i) {
    const auto name = std::string(feature_name(static_cast<Feature>(i))) + "\n";
    put(name.data(), name.size());
  }
  kernels::HtmlTree tree;
  Page page;
  std::set<std::string, std::less<>> values;
  std::ifstream list("/dev/stdin");
  std::string path;
  while (std::getline(list, path)) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    const auto html = kernels::replace_invalid_utf8(bytes.str());
    tree.parse(html);
    cut_into_blocks(tree, false, page);
    put_page(tree, page);
    for (const auto& value : tree.values()) {
      values.emplace(html.substr(value.source_begin, value.source_end - value.source_begin));
    }
  }
  for (auto value : values) {
    for (auto& c : value) c = c == '\n' || c == '\r' ? ' ' : c;
    std::fputs((value + "\n").c_str(), stderr);
  }
  return 0;
}
