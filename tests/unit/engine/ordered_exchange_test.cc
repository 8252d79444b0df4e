// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/ordered_exchange.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <random>
#include <span>

#include "gristmill/io/file.h"

namespace gristmill::engine {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("gristmill-ordered-{}", ::getpid());
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

constexpr std::size_t values = 3;
constexpr std::size_t files_count = 3;

/// Keys of each document.
using Corpus = std::vector<std::vector<std::vector<Hash128>>>;

Corpus random_corpus(std::mt19937_64& random, std::size_t documents) {
  Corpus corpus(documents);
  for (auto& document : corpus) {
    for (auto keys = random() % 4; keys > 0; --keys) {
      std::vector<Hash128> key(values);
      // Few values, so that keys share their beginnings.
      for (auto& value : key) value = {(random() % 3) << 54, random() % 2};
      if (std::ranges::find(document, key) == document.end()) document.push_back(key);
    }
  }
  return corpus;
}

/// By the definition: neighbours with a key are joined, key by key, and the larger cluster names the joined one.
std::vector<bool> survivors_by_definition(const Corpus& corpus, const std::vector<bool>& gone) {
  std::map<std::vector<Hash128>, std::vector<std::size_t>> owners;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    for (const auto& key : corpus[i]) {
      if (!gone[i]) owners[key].push_back(i);
    }
  }
  std::vector<std::size_t> name(corpus.size());
  std::iota(name.begin(), name.end(), std::size_t{0});
  for (const auto& [key, documents] : owners) {
    for (std::size_t i = 1; i < documents.size(); ++i) {
      auto winner = name[documents[i - 1]];
      auto loser = name[documents[i]];
      if (std::ranges::count(name, winner) < std::ranges::count(name, loser)) std::swap(winner, loser);
      std::ranges::replace(name, loser, winner);
    }
  }
  std::vector<bool> kept(corpus.size());
  for (std::size_t i = 0; i < corpus.size(); ++i) kept[i] = name[i] == i && !gone[i];
  return kept;
}

std::vector<KeyFile> write_keys(const fs::path& folder, const Corpus& corpus) {
  std::vector<KeyFile> files;
  for (std::size_t file = 0; file < files_count; ++file) {
    const auto begin = corpus.size() * file / files_count;
    const auto end = corpus.size() * (file + 1) / files_count;
    files.push_back({(folder / fmt::format("{}.keys", file)).string(), static_cast<std::int64_t>(begin)});
    KeyWriter writer(files.back().path, values);
    for (auto i = begin; i < end; ++i) {
      for (const auto& key : corpus[i]) REQUIRE(writer.add(key, static_cast<std::uint32_t>(i - begin)).ok());
    }
    REQUIRE(writer.close().ok());
  }
  REQUIRE(partition_bytes(files, values).ok());
  return files;
}

std::vector<bool> survivors(const fs::path& folder, const std::vector<KeyFile>& files, std::int64_t documents,
                            const std::string& gone, std::uint64_t memory_bytes) {
  const std::vector<std::uint32_t> starts{0, 1, 2, exchange_partitions};
  std::vector<std::string> edges;
  for (std::size_t task = 0; task + 1 < starts.size(); ++task) {
    edges.push_back((folder / fmt::format("{}.edges", task)).string());
    REQUIRE(
        group_ordered_keys(files, values, starts[task], starts[task + 1], documents, gone, memory_bytes, edges.back())
            .ok());
  }
  const auto decision = (folder / "decision").string();
  const auto marked = cluster_ordered_edges(edges, documents, gone, (folder / "forest").string(), decision);
  REQUIRE(marked.ok());
  const auto bits = Bitmap::load(decision, 0, documents);
  REQUIRE(bits.ok());
  std::vector<bool> kept;
  for (std::int64_t i = 0; i < documents; ++i) kept.push_back(!bits->test(i));
  return kept;
}

}  // namespace

TEST_CASE("joining in the order of the keys keeps the root of the union by size, whatever the memory") {
  const Folder folder;
  std::mt19937_64 random(5);
  for (int round = 0; round < 40; ++round) {
    const auto corpus = random_corpus(random, 1 + random() % 60);
    const auto files = write_keys(folder.path, corpus);
    std::vector<bool> gone(corpus.size());
    std::string bits((corpus.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < corpus.size() && round % 2 == 1; ++i) {
      gone[i] = random() % 4 == 0;
      if (gone[i]) bits[i / 8] = static_cast<char>(bits[i / 8] | (1 << (i % 8)));
    }
    const auto gone_path = (folder.path / "gone").string();
    REQUIRE(io::write_file(gone_path, bits).ok());
    const auto expected = survivors_by_definition(corpus, gone);
    for (const std::uint64_t memory : {std::uint64_t{1}, std::uint64_t{500}, std::uint64_t{1} << 30}) {
      CHECK(survivors(folder.path, files, static_cast<std::int64_t>(corpus.size()), round % 2 == 1 ? gone_path : "",
                      memory) == expected);
    }
  }
}

}  // namespace gristmill::engine
