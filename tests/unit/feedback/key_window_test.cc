// SPDX-License-Identifier: Apache-2.0
#include "gristmill/feedback/key_window.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace gristmill;
using namespace gristmill::feedback;

TEST_CASE("at least the newest keys are known, and memory is bounded") {
  KeyWindow window(1000);
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    window.add({{i, i * 3}, i, i});
    CHECK(window.size() <= 2000);
  }
  for (std::uint64_t i = 9001; i <= 10'000; ++i) {
    const auto* entry = window.find({i, i * 3});
    REQUIRE(entry != nullptr);
    CHECK(entry->sequence == i);
  }
  CHECK(window.find({1, 3}) == nullptr);
  window.forget_from(9990);
  CHECK(window.find({9990, 9990 * 3}) == nullptr);
  CHECK(window.find({9989, 9989 * 3}) != nullptr);
}

TEST_CASE("files of keys read back, and damage is found") {
  const auto path = (std::filesystem::temp_directory_path() / ("feedback-keys-" + std::to_string(::getpid()))).string();
  REQUIRE(write_keys(path, {{{1, 2}, 3, 4}, {{5, 6}, 7, 8}}));
  const auto entries = read_keys(path);
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[1].key == Hash128{5, 6});
  CHECK((*entries)[1].sequence == 8);
  for (const std::size_t at : {0U, 20U, 75U}) {
    REQUIRE(write_keys(path, {{{1, 2}, 3, 4}, {{5, 6}, 7, 8}}));
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << "\xff";
    file.close();
    CHECK_FALSE(read_keys(path));
  }
  std::filesystem::remove(path);
}
