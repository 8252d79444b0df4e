// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/document_index.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <vector>

#include "gristmill/io/file.h"

namespace gristmill::formats {
namespace {

std::string index_path() {
  return (std::filesystem::temp_directory_path() / fmt::format("index-{}.ids", ::getpid())).string();
}

}  // namespace

TEST_CASE("every id of an index is found and no other, for uniform and clustered ids and all sizes") {
  std::mt19937_64 random(5);
  for (const std::size_t count : {1UL, 2UL, 127UL, 128UL, 129UL, 5000UL}) {
    for (const bool is_clustered : {false, true}) {
      DocumentIndexWriter writer;
      std::vector<Hash128> ids;
      for (std::uint32_t row = 0; row < count; ++row) {
        ids.push_back({is_clustered ? ~std::uint64_t{0} - random() % 7 : random(), random()});
        if (row % 5 == 4) {
          writer.add_outcome(ids.back(), "filter.x", row % 2 == 0 ? "x.short" : "x.long");
        } else {
          writer.add_written(ids.back(), row);
        }
      }
      REQUIRE(writer.write(index_path()).ok());
      for (std::uint32_t row = 0; row < count; ++row) {
        const auto hit = find_in_index(index_path(), ids[row]);
        REQUIRE(hit.ok());
        REQUIRE(hit->has_value());
        if (row % 5 == 4) {
          CHECK((*hit)->outcome == fmt::format("filter.x\t{}", row % 2 == 0 ? "x.short" : "x.long"));
        } else {
          CHECK((*hit)->row == row);
        }
      }
      // All at once, among ids that are not there, the same is found.
      std::map<Hash128, std::uint32_t> rows;
      for (std::uint32_t row = 0; row < count; ++row) rows[ids[row]] = row;
      auto wanted = ids;
      for (int i = 0; i < 50; ++i) wanted.push_back({random(), random()});
      std::ranges::sort(wanted);
      std::size_t found = 0;
      REQUIRE(find_all_in_index(index_path(), wanted, [&](std::size_t position, std::string_view outcome) {
                const auto row = rows.at(wanted[position]);
                CHECK(outcome == (row % 5 != 4 ? "" : row % 2 == 0 ? "filter.x\tx.short" : "filter.x\tx.long"));
                ++found;
              }).ok());
      CHECK(found == count);
      for (int i = 0; i < 50; ++i) {
        const auto hit = find_in_index(index_path(), {random(), random()});
        REQUIRE(hit.ok());
        CHECK(!hit->has_value());
      }
      CHECK(!find_in_index(index_path(), {0, 0})->has_value());
      CHECK(!find_in_index(index_path(), {~std::uint64_t{0}, ~std::uint64_t{0}})->has_value());
    }
  }
  std::filesystem::remove(index_path());
}

TEST_CASE("a file that is no index, or is cut short, is an error") {
  REQUIRE(io::write_file(index_path(), "not an index, though long enough for a head").ok());
  CHECK(!find_in_index(index_path(), {1, 2}).ok());
  DocumentIndexWriter writer;
  for (std::uint32_t row = 0; row < 10; ++row) writer.add_written({row, row}, row);
  REQUIRE(writer.write(index_path()).ok());
  const auto bytes = *io::read_file(index_path());
  REQUIRE(io::write_file(index_path(), std::string_view(bytes).substr(0, bytes.size() - 30)).ok());
  CHECK(!find_in_index(index_path(), {9, 9}).ok());
  const auto never = [](std::size_t, std::string_view) { FAIL("nothing of a damaged index is used"); };
  const std::vector<Hash128> wanted{{1, 1}};
  CHECK(!find_all_in_index(index_path(), wanted, never).ok());
  auto damaged = bytes;
  damaged[damaged.size() / 2] ^= 1;
  REQUIRE(io::write_file(index_path(), damaged).ok());
  CHECK(!find_all_in_index(index_path(), wanted, never).ok());
  std::filesystem::remove(index_path());
}

TEST_CASE("an index under another's name is refused, wherever its table lies; files of before have no owner") {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("indexes-{}", ::getpid());
  const auto own = (folder / "a" / "_index" / "run-1" / "map-0-000000.ids").string();
  DocumentIndexWriter writer;
  writer.add_written({7, 7}, 3);
  writer.add_outcome({9, 9}, "filter.x", "x.short");
  REQUIRE(writer.write(own).ok());
  const std::vector<Hash128> wanted{{7, 7}};
  const auto use = [](std::size_t, std::string_view) {};
  for (const auto* other : {"a/_index/run-1/map-0-000001.ids", "a/_index/run-2/map-0-000000.ids"}) {
    const auto path = (folder / other).string();
    REQUIRE(io::write_file(path, *io::read_file(own)).ok());
    const auto told = find_in_index(path, {7, 7});
    REQUIRE(!told.ok());
    CHECK(told.error().code == ErrorCode::corrupt_data);
    CHECK(told.error().message.find(path + " is the index of another data file") == 0);
    CHECK(!find_all_in_index(path, wanted, use).ok());
  }
  const auto moved = (folder / "b" / "index" / "run-1" / "map-0-000000.ids").string();
  REQUIRE(io::write_file(moved, *io::read_file(own)).ok());
  CHECK((*find_in_index(moved, {7, 7}))->row == 3);
  // As it was written before there were owners: the head was 16 bytes shorter.
  auto bytes = *io::read_file(own);
  bytes[7] = '1';
  bytes.erase(32, 16);
  REQUIRE(io::write_file(own, bytes).ok());
  CHECK((*find_in_index(own, {7, 7}))->row == 3);
  CHECK((*find_in_index(own, {9, 9}))->outcome == "filter.x\tx.short");
  CHECK(find_all_in_index(own, wanted, use).ok());
  REQUIRE(io::write_file(own, std::string_view(bytes).substr(0, 31)).ok());
  CHECK(!find_in_index(own, {7, 7}).ok());
  std::filesystem::remove_all(folder);
}

}  // namespace gristmill::formats
