// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/exchange.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <numeric>
#include <random>

#include "gristmill/io/file.h"

namespace gristmill::engine {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("gristmill-exchange-{}", ::getpid());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

/// Documents by file, each with its keys.
using Corpus = std::vector<std::vector<std::vector<Hash128>>>;

Corpus random_corpus(std::mt19937_64& random, std::size_t files, std::size_t distinct_keys) {
  Corpus corpus(files);
  for (auto& file : corpus) {
    file.resize(random() % 40);
    for (auto& document : file) {
      for (auto keys = random() % 4; keys > 0; --keys)
        document.push_back(xxh3_128(fmt::format("{}", random() % distinct_keys)));
    }
  }
  return corpus;
}

/// Which documents survive, by the definition: connected by shared keys, transitively; the first (or last) stays.
std::vector<bool> survivors_by_definition(const Corpus& corpus, bool keeps_first, const std::vector<bool>& gone) {
  std::vector<std::size_t> group;
  std::map<Hash128, std::size_t> first_with;
  std::size_t ordinal = 0;
  for (const auto& file : corpus) group.resize(group.size() + file.size());
  std::iota(group.begin(), group.end(), std::size_t{0});
  const auto merge = [&](std::size_t a, std::size_t b) {
    const auto from = group[a];
    const auto to = group[b];
    for (auto& label : group) {
      if (label == from) label = to;
    }
  };
  for (const auto& file : corpus) {
    for (const auto& document : file) {
      for (const auto& key : document) {
        if (gone[ordinal]) continue;
        const auto [entry, is_new] = first_with.emplace(key, ordinal);
        if (!is_new) merge(ordinal, entry->second);
      }
      ++ordinal;
    }
  }
  std::map<std::size_t, std::size_t> survivor;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (keeps_first) {
      survivor.emplace(group[i], i);
    } else {
      survivor[group[i]] = i;
    }
  }
  std::vector<bool> kept(group.size());
  for (std::size_t i = 0; i < group.size(); ++i) kept[i] = survivor[group[i]] == i && !gone[i];
  return kept;
}

std::vector<KeyFile> write_keys(const fs::path& folder, const Corpus& corpus) {
  std::vector<KeyFile> files;
  std::int64_t ordinal = 0;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    KeyWriter writer((folder / fmt::format("{}.keys", i)).string());
    for (std::uint32_t row = 0; row < corpus[i].size(); ++row) {
      for (const auto& key : corpus[i][row]) REQUIRE(writer.add({&key, 1}, row).ok());
    }
    REQUIRE(writer.close().ok());
    files.push_back({(folder / fmt::format("{}.keys", i)).string(), ordinal});
    ordinal += static_cast<std::int64_t>(corpus[i].size());
  }
  return files;
}

std::vector<bool> survivors(const fs::path& folder, const std::vector<KeyFile>& files, std::int64_t documents,
                            bool keeps_first, const std::string& gone, std::uint64_t memory_bytes, int threads) {
  std::vector<std::string> edges;
  for (std::uint32_t part = 0; part < 4; ++part) {
    edges.push_back((folder / fmt::format("{}.edges", part)).string());
    const auto width = exchange_partitions / 4;
    REQUIRE(group_keys(files, part * width, (part + 1) * width, documents, gone, memory_bytes, edges.back()).ok());
  }
  const auto decision = (folder / "decision").string();
  const auto marked = cluster_edges(edges, documents, keeps_first, gone, threads, (folder / "forest").string(),
                                    decision);
  REQUIRE(marked.ok());
  const auto bits = Bitmap::load(decision, 0, documents);
  REQUIRE(bits.ok());
  std::vector<bool> kept;
  for (std::int64_t i = 0; i < documents; ++i) kept.push_back(!bits->test(i));
  return kept;
}

}  // namespace

TEST_CASE("exchange and clustering keep exactly one document of each cluster, whatever memory and threads") {
  const Folder folder;
  std::mt19937_64 random(7);
  for (int round = 0; round < 30; ++round) {
    const auto corpus = random_corpus(random, 1 + random() % 5, 1 + random() % 80);
    const auto files = write_keys(folder.path, corpus);
    std::int64_t documents = 0;
    for (const auto& file : corpus) documents += static_cast<std::int64_t>(file.size());
    const std::vector<bool> none(static_cast<std::size_t>(documents), false);
    for (const bool keeps_first : {true, false}) {
      const auto expected = survivors_by_definition(corpus, keeps_first, none);
      for (const std::uint64_t memory : {std::uint64_t{1}, std::uint64_t{100}, std::uint64_t{1} << 30}) {
        for (const int threads : {1, 3}) {
          CHECK(survivors(folder.path, files, documents, keeps_first, {}, memory, threads) == expected);
        }
      }
    }
  }
}

TEST_CASE("documents that an earlier step dropped neither cluster nor survive") {
  const Folder folder;
  std::mt19937_64 random(11);
  const auto corpus = random_corpus(random, 4, 30);
  const auto files = write_keys(folder.path, corpus);
  std::size_t documents = 0;
  for (const auto& file : corpus) documents += file.size();
  std::vector<bool> gone(documents);
  std::string bits((documents + 7) / 8, '\0');
  for (std::size_t i = 0; i < documents; ++i) {
    gone[i] = random() % 3 == 0;
    if (gone[i]) bits[i / 8] = static_cast<char>(bits[i / 8] | (1 << (i % 8)));
  }
  const auto path = (folder.path / "gone").string();
  REQUIRE(io::write_file(path, bits).ok());
  CHECK(survivors(folder.path, files, static_cast<std::int64_t>(documents), true, path, 1 << 20, 2) ==
        survivors_by_definition(corpus, true, gone));
}

TEST_CASE("a damaged key file is found before it is used") {
  const Folder folder;
  const Corpus corpus{{{xxh3_128("a")}, {xxh3_128("b")}, {xxh3_128("a")}}};
  const auto files = write_keys(folder.path, corpus);
  REQUIRE(partition_bytes(files).ok());
  auto bytes = *io::read_file(files[0].path);
  for (const std::size_t at : {bytes.size() - 1, bytes.size() - 21, std::size_t{5}}) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    REQUIRE(io::write_file(files[0].path, damaged).ok());
    CHECK(!partition_bytes(files).ok());
  }
  REQUIRE(io::write_file(files[0].path, std::string_view(bytes).substr(0, bytes.size() - 3)).ok());
  CHECK(!partition_bytes(files).ok());
}

}  // namespace gristmill::engine
