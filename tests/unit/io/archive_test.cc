// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

using namespace gristmill;
using namespace gristmill::io;

namespace {

std::string packed(bool is_zip, const std::map<std::string, std::string>& files) {
  std::string bytes(std::size_t{1} << 20, '\0');
  for (const auto& [name, content] : files) bytes.resize(bytes.size() + content.size() + 4096);
  std::size_t used = 0;
  auto* writer = archive_write_new();
  is_zip ? archive_write_set_format_zip(writer) : archive_write_set_format_pax_restricted(writer);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const auto& [name, content] : files) {
    auto* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

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
    const auto bytes = packed(is_zip, sample);
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
  const auto bomb = packed(true, {{"zeros", std::string(std::size_t{70} << 20, '\0')}});
  const TemporaryFile bomb_file(bomb);
  const auto stopped = unpack(open_archive_file(bomb_file.path, {}, "test"));
  REQUIRE(stopped.error.has_value());
  CHECK(stopped.error->code == ErrorCode::limit_exceeded);
  CHECK(stopped.error->message.find("[limits] expansion_ratio") != std::string::npos);

  const auto bytes = packed(false, sample);
  const TemporaryFile file(bytes);
  const auto many = unpack(open_archive_file(file.path, {.members_max = 2}, "test"));
  REQUIRE(many.error.has_value());
  CHECK(many.error->message.find("members") != std::string::npos);

  const TemporaryFile cut(std::string_view(bytes).substr(0, bytes.size() / 2));
  const auto damaged = unpack(open_archive_file(cut.path, {}, "test"));
  REQUIRE(damaged.error.has_value());
  CHECK(damaged.error->code == ErrorCode::corrupt_data);
}
