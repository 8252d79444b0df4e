// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/union_find.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

using gristmill::kernels::UnionFind;

namespace {

using Pair = std::pair<std::uint32_t, std::uint32_t>;

std::vector<Pair> random_pairs(std::uint32_t size, std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Pair> pairs(count);
  for (auto& [a, b] : pairs) {
    a = static_cast<std::uint32_t>(random() % size);
    b = static_cast<std::uint32_t>(random() % size);
  }
  return pairs;
}

/// Smallest reachable index of each index, by spreading labels until nothing changes.
std::vector<std::uint32_t> smallest_reachable(std::uint32_t size, const std::vector<Pair>& pairs) {
  std::vector<std::uint32_t> label(size);
  std::iota(label.begin(), label.end(), 0u);
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [a, b] : pairs) {
      const auto low = std::min(label[a], label[b]);
      changed = changed || label[a] != low || label[b] != low;
      label[a] = label[b] = low;
    }
  }
  return label;
}

template <typename Index>
std::vector<std::uint32_t> joined(std::uint32_t size, const std::vector<Pair>& pairs, unsigned thread_count) {
  std::vector<std::atomic<Index>> cells(size);
  UnionFind<Index> forest(cells);
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < thread_count; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < pairs.size(); i += thread_count) forest.join(pairs[i].first, pairs[i].second);
      });
    }
  }
  std::vector<std::uint32_t> roots(size);
  for (std::uint32_t i = 0; i < size; ++i) roots[i] = static_cast<std::uint32_t>(forest.find(i));
  return roots;
}

}  // namespace

TEST_CASE("union-find: the root is the smallest index, whatever the order of pairs") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const std::uint32_t size = 1 + seed * 7;
    auto pairs = random_pairs(size, size / 2 + seed % 5, seed);
    const auto expected = smallest_reachable(size, pairs);
    std::mt19937 random(seed);
    for (int round = 0; round < 3; ++round) {
      std::ranges::shuffle(pairs, random);
      CHECK(joined<std::uint32_t>(size, pairs, 1) == expected);
      CHECK(joined<std::uint64_t>(size, pairs, 1) == expected);
    }
  }
}

TEST_CASE("union-find: threads change nothing") {
  constexpr std::uint32_t size = 20'000;
  for (unsigned seed = 0; seed < 6; ++seed) {
    const auto pairs = random_pairs(size, size, 100 + seed);
    const auto expected = smallest_reachable(size, pairs);
    CHECK(joined<std::uint32_t>(size, pairs, 4) == expected);
    CHECK(joined<std::uint64_t>(size, pairs, 3) == expected);
  }
}

TEST_CASE("union-find: long chains in the worst order") {
  constexpr std::uint32_t size = 200'000;
  std::vector<Pair> chain;
  for (std::uint32_t i = size - 1; i > 0; --i) chain.emplace_back(i, i - 1);
  const auto roots = joined<std::uint32_t>(size, chain, 2);
  CHECK(std::ranges::all_of(roots, [](auto root) { return root == 0; }));
}

TEST_CASE("union-find: join tells whether the sets were apart") {
  std::vector<std::atomic<std::uint32_t>> cells(4);
  UnionFind<std::uint32_t> forest(cells);
  CHECK(forest.join(3, 1));
  CHECK_FALSE(forest.join(1, 3));
  CHECK_FALSE(forest.join(2, 2));
  CHECK(forest.join(0, 3));
  CHECK(forest.find(1) == 0);
  CHECK(forest.find(2) == 2);
}
