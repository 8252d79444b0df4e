// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/archive.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "../packing.h"

using namespace gristmill;
using namespace gristmill::io;

namespace {

struct TemporaryFile {
  explicit TemporaryFile(std::string_view bytes)
      : path((std::filesystem::temp_directory_path() / ("gristmill-archive-test-" + std::to_string(::getpid())))
                 .string()) {
    REQUIRE(write_file(path, bytes));
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};

struct Unpacked {
  std::map<std::string, std::string> files;
  std::optional<Error> error;
};

Unpacked unpack(Result<std::unique_ptr<Archive>> archive) {
  Unpacked result;
  if (!archive) {
    result.error = archive.error();
    return result;
  }
  std::vector<char> buffer(100'000);
  while (true) {
    auto member = (*archive)->next();
    if (!member) result.error = member.error();
    if (!member || !member->has_value()) return result;
    auto source = (*archive)->content();
    auto& content = result.files[(**member).path];
    while (true) {
      const auto count = source->read(buffer);
      if (!count) result.error = count.error();
      if (!count || *count == 0) break;
      content.append(buffer.data(), *count);
    }
    if (result.error.has_value()) return result;
  }
}

const std::map<std::string, std::string> sample{{"a.txt", "alpha"},
                                                {"folder/b.txt", std::string(300'000, 'b')},
                                                {"\xE6\x96\x87\xE4\xBB\xB6.txt", "cjk name"},
                                                {"z", ""}};

}  // namespace

TEST_CASE("zip and tar, from disk and as streams, give their members with UTF-8 names") {
  for (const bool is_zip : {true, false}) {
    CAPTURE(is_zip);
    const packing::Files files(sample.begin(), sample.end());
    const auto bytes = is_zip ? packing::zip(files) : packing::tar(files);
    CHECK(is_archive(bytes));
    const TemporaryFile file(bytes);
    const auto on_disk = unpack(open_archive_file(file.path, {}, "test"));
    CHECK(!on_disk.error.has_value());
    CHECK(on_disk.files == sample);
    const auto streamed = unpack(open_archive_stream(*open_file(file.path), {}, "test"));
    CHECK(!streamed.error.has_value());
    CHECK(streamed.files == sample);
  }
}

TEST_CASE("bombs, too many members and damage are errors that say so") {
  const auto bomb = packing::zip({{"zeros", std::string(std::size_t{70} << 20, '\0')}});
  const TemporaryFile bomb_file(bomb);
  const auto stopped = unpack(open_archive_file(bomb_file.path, {}, "test"));
  REQUIRE(stopped.error.has_value());
  CHECK(stopped.error->code == ErrorCode::limit_exceeded);
  CHECK(stopped.error->message.find("[limits] expansion_ratio") != std::string::npos);

  const auto bytes = packing::tar({sample.begin(), sample.end()});
  const TemporaryFile file(bytes);
  const auto many = unpack(open_archive_file(file.path, {.members_max = 2}, "test"));
  REQUIRE(many.error.has_value());
  CHECK(many.error->message.find("members") != std::string::npos);

  const TemporaryFile cut(std::string_view(bytes).substr(0, bytes.size() / 2));
  const auto damaged = unpack(open_archive_file(cut.path, {}, "test"));
  REQUIRE(damaged.error.has_value());
  CHECK(damaged.error->code == ErrorCode::corrupt_data);
}
