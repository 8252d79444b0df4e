// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/token_shard.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

namespace gristmill::formats {
namespace {

namespace fs = std::filesystem;

const std::string digest(64, 'a');

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("token_shard_test." + std::to_string(::getpid()))) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path / name).string(); }
  fs::path path;
};

struct Sample {
  Hash128 id;
  std::vector<std::uint32_t> tokens;
};

const std::vector<Sample> samples{
    {{0, 1}, {5, 6, 7}}, {{0, 2}, {}}, {{9, 3}, {8}}, {{9, 4}, {1, 2, 3, 4, 65'535}}, {{9, 5}, {}}};

WrittenShard write(const std::string& path, std::uint64_t vocabulary_size, const std::vector<Sample>& documents) {
  auto writer = ShardWriter::create(path, {digest, vocabulary_size});
  REQUIRE(writer.ok());
  for (const auto& sample : documents) REQUIRE((*writer)->add(sample.id, sample.tokens).ok());
  auto written = (*writer)->close();
  REQUIRE(written.ok());
  return *written;
}

std::string bytes_of(const std::string& path) {
  auto bytes = io::read_file(path);
  REQUIRE(bytes.ok());
  return *bytes;
}

std::uint64_t little_endian(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

TEST_CASE("a shard gives back its documents and finds them by position") {
  const Folder folder;
  for (const std::uint64_t vocabulary_size : {65'536u, 65'537u}) {
    const auto written = write(folder.file("a.tokens"), vocabulary_size, samples);
    CHECK(written.tokens == 9);
    CHECK(written.documents == 5);
    CHECK(written.sha256 == sha256_hex(bytes_of(written.path)));
    CHECK(written.bytes == fs::file_size(written.path));
    const auto reader = ShardReader::open(written.path);
    REQUIRE(reader.ok());
    CHECK(reader->verify_body().ok());
    CHECK(reader->header() == ShardHeader{digest, vocabulary_size});
    std::vector<std::uint64_t> holders;
    for (std::uint64_t position = 0; position < 9; ++position) holders.push_back(reader->locate(position)->ordinal);
    CHECK(holders == std::vector<std::uint64_t>{0, 0, 0, 2, 3, 3, 3, 3, 3});
    CHECK(reader->locate(9).error().code == ErrorCode::not_found);
    for (std::uint64_t i = 0; i < samples.size(); ++i) {
      const auto document = reader->document(i);
      CHECK(document.id == samples[i].id);
      CHECK(*reader->read(document.start, document.length) == samples[i].tokens);
    }
    CHECK(*reader->read(7, 100) == std::vector<std::uint32_t>{4, 65'535});
    CHECK(reader->read(9, 1)->empty());
  }
}

TEST_CASE("the bytes are those that docs/formats/token-shard.md describes") {
  const Folder folder;
  const auto written = write(folder.file("a.tokens"), 300, {{{0x0102030405060708, 0x090A0B0C0D0E0F10}, {5, 256, 7}}});
  const auto bytes = bytes_of(written.path);
  REQUIRE(bytes.size() == 64 + 8 + 24 + 80);
  CHECK(bytes.substr(0, 8) == "GMTOKENS");
  CHECK(little_endian(bytes, 8, 4) == 1);
  CHECK(little_endian(bytes, 12, 4) == 2);
  CHECK(little_endian(bytes, 16, 8) == 300);
  CHECK(bytes.substr(24, 32) == std::string(32, '\xAA'));
  CHECK(bytes.substr(56, 8) == std::string(8, '\0'));
  CHECK(bytes.substr(64, 8) == std::string("\x05\x00\x00\x01\x07\x00\x00\x00", 8));
  CHECK(bytes.substr(72, 16) == "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F\x10");
  CHECK(little_endian(bytes, 88, 8) == 0);
  CHECK(little_endian(bytes, 96, 8) == 3);
  CHECK(little_endian(bytes, 104, 8) == 1);
  CHECK(little_endian(bytes, 112, 8) == 72);
  CHECK(Hash128{__builtin_bswap64(little_endian(bytes, 120, 8)), __builtin_bswap64(little_endian(bytes, 128, 8))} ==
        xxh3_128(std::string_view(bytes).substr(64, 6)));
  CHECK(bytes.substr(168) == "GMTOKEND");
}

TEST_CASE("shards that another program made from the description are read, and written to the same bytes") {
  const Folder folder;
  std::string tokenizer;
  for (const int high : {0, 1}) {
    for (const char low : std::string("0123456789abcdef")) tokenizer += {static_cast<char>('0' + high), low};
  }
  for (const auto& [name, vocabulary_size] : {std::pair("two", 300u), std::pair("four", 100'000u)}) {
    const auto path = std::string(GRISTMILL_SOURCE_DIR) + "/tests/fuzz/corpus/token_shard/" + name + ".tokens";
    const auto reader = ShardReader::open(path);
    REQUIRE(reader.ok());
    CHECK(reader->verify_body().ok());
    CHECK(reader->header() == ShardHeader{tokenizer, vocabulary_size});
    auto writer = ShardWriter::create(folder.file(name), reader->header());
    REQUIRE(writer.ok());
    for (const std::uint64_t number :
         {1u, 0u, 5u, 2u}) {  // Document n has the id n n n ... and the tokens n, ..., 3n - 1.
      std::vector<std::uint32_t> tokens;
      for (auto token = number; token < 3 * number; ++token) tokens.push_back(static_cast<std::uint32_t>(token));
      const auto half = number * 0x0101010101010101U;
      REQUIRE((*writer)->add({half, half}, tokens).ok());
    }
    const auto written = (*writer)->close();
    REQUIRE(written.ok());
    CHECK(bytes_of(written->path) == bytes_of(path));
  }
}

TEST_CASE("ranges of other shards are copied to the same bytes as if added one by one") {
  const Folder folder;
  for (const std::uint64_t vocabulary_size : {65'536u, 100'000u}) {
    const auto whole = write(folder.file("whole"), vocabulary_size, samples);
    const auto first = write(folder.file("first"), vocabulary_size, {samples[4], samples[0], samples[1]});
    const auto second = write(folder.file("second"), vocabulary_size, {samples[2], samples[3], samples[4]});
    auto writer = ShardWriter::create(folder.file("joined"), {digest, vocabulary_size});
    REQUIRE(writer.ok());
    const auto first_reader = ShardReader::open(first.path);
    const auto second_reader = ShardReader::open(second.path);
    REQUIRE((*writer)->append_range(*first_reader, 1, 2).ok());
    REQUIRE((*writer)->append_range(*second_reader, 0, 0).ok());
    REQUIRE((*writer)->append_range(*second_reader, 0, 3).ok());
    CHECK_FALSE((*writer)->append_range(*second_reader, 2, 2).ok());
    CHECK_FALSE((*writer)->append_range(*second_reader, UINT64_MAX, 2).ok());
    const auto joined = (*writer)->close();
    REQUIRE(joined.ok());
    CHECK(joined->sha256 == whole.sha256);
  }
  const auto other = write(folder.file("other"), 100, {});
  const auto reader = ShardReader::open(other.path);
  REQUIRE(reader.ok());
  CHECK(reader->documents() == 0);
  auto writer = ShardWriter::create(folder.file("mixed"), {digest, 200});
  CHECK_FALSE((*writer)->append_range(*reader, 0, 0).ok());
}

TEST_CASE("an id outside the vocabulary is refused") {
  const Folder folder;
  auto writer = ShardWriter::create(folder.file("a"), {digest, 100});
  REQUIRE(writer.ok());
  const std::vector<std::uint32_t> tokens{1, 100};
  CHECK((*writer)->add({0, 1}, tokens).error().message.find("token id 100") != std::string::npos);
  CHECK((*writer)->tokens() == 0);
  CHECK_FALSE(ShardWriter::create(folder.file("b"), {"abc", 100}).ok());
  CHECK_FALSE(ShardWriter::create(folder.file("b"), {digest, 0}).ok());
  CHECK_FALSE(io::exists(folder.file("b")));
}

TEST_CASE("any flipped byte is noticed, at open or when the body is checked") {
  const Folder folder;
  const auto written = write(folder.file("a"), 65'536, samples);
  const auto bytes = bytes_of(written.path);
  const std::size_t padding_begin = 64 + 9 * 2;
  const std::size_t padding_end = (padding_begin + 7) / 8 * 8;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at >= padding_begin && at < padding_end) continue;  // Carries nothing.
    auto changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    REQUIRE(io::write_file(folder.file("changed"), changed).ok());
    const auto reader = ShardReader::open(folder.file("changed"));
    CHECK_MESSAGE(!(reader.ok() && reader->verify_body().ok()), "byte ", at);
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{63}, std::size_t{100}, bytes.size() - 1}) {
    REQUIRE(io::write_file(folder.file("changed"), bytes.substr(0, size)).ok());
    CHECK_FALSE(ShardReader::open(folder.file("changed")).ok());
  }
  CHECK(ShardReader::open(folder.file("absent")).error().code == ErrorCode::not_found);
}

}  // namespace gristmill::formats
