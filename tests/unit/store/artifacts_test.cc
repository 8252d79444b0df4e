// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifacts.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/store/artifact_changes.h"
#include "gristmill/store/artifact_chunks.h"
#include "gristmill/store/artifact_tree.h"

using namespace gristmill;
using namespace gristmill::store;

namespace {

namespace fs = std::filesystem;

struct Folder {
  std::string path;
  Folder() {
    static int serial = 0;
    path = (fs::temp_directory_path() / ("artifacts-" + std::to_string(::getpid()) + "-" + std::to_string(serial++)))
               .string();
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  [[nodiscard]] std::string at(const std::string& name) const { return path + "/" + name; }
};

std::string noise(std::size_t bytes, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string text(bytes, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

void write(const std::string& path, const std::string& content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string read(const std::string& path) { return *io::read_file(path); }

const ArtifactWork work{.threads = 2};

/// Stores a tree and gives it back; every file must be as it was.
StoredTree stored(const std::string& tree, const ArtifactManifest* earlier, PackStore& packs) {
  auto result = store_tree(tree, earlier, packs, work);
  REQUIRE(result);
  // What was written down reads back equal.
  const auto again = ArtifactManifest::decode(result->manifest.encode());
  REQUIRE(again);
  CHECK(again->encode() == result->manifest.encode());
  return *std::move(result);
}

}  // namespace

TEST_CASE("chunks end where the content says, within their bounds") {
  const auto text = noise(20'000'000, 1);
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = chunk_length(std::string_view(text).substr(at, chunk_bytes_max));
    CHECK(length <= chunk_bytes_max);
    if (at + length < text.size()) CHECK(length >= chunk_bytes_min);
    at += length;
    ends.push_back(at);
  }
  const auto mean = text.size() / ends.size();
  CHECK(mean > chunk_bytes_mean / 2);
  CHECK(mean < chunk_bytes_mean * 2);
  // Bytes put in front move all boundaries along, after the first few.
  const auto shifted = "some bytes" + text;
  std::size_t found = 0;
  for (std::size_t at = 0; at < shifted.size();) {
    at += chunk_length(std::string_view(shifted).substr(at, chunk_bytes_max));
    found += static_cast<std::size_t>(std::ranges::binary_search(ends, at - 10));
  }
  CHECK(found + 3 >= ends.size());
  CHECK(chunk_length("") == 0);
  CHECK(chunk_length("abc") == 3);
  CHECK(chunk_length(std::string(chunk_bytes_max, 'a')) <= chunk_bytes_max);
}

TEST_CASE("chunks end where one byte after the other says") {
  // The rule in its plainest words, beside the code that walks down several strips at once.
  const auto plain = [](std::string_view bytes) {
    std::uint64_t state = 1;
    std::uint64_t numbers[256];
    for (auto& number : numbers) {
      state += 0x9E3779B97F4A7C15U;
      auto value = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9U;
      value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
      number = value ^ (value >> 31);
    }
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i == chunk_bytes_max) return i;
      hash = 2 * hash + numbers[static_cast<unsigned char>(bytes[i])];
      if (i >= chunk_bytes_min && hash >> (i < chunk_bytes_mean ? 43 : 47) == 0) return i + 1;
    }
    return bytes.size();
  };
  auto text = noise(12'000'000, 12);
  // Long runs and short periods too.
  text += std::string(3'000'000, 'a');
  for (int i = 0; i < 700'000; ++i) text += "abc\n";
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = std::string_view(text).substr(at);
    const auto length = plain(rest);
    CHECK(chunk_length(rest) == length);
    // What is cut off behind the end changes nothing.
    CHECK(chunk_length(rest.substr(0, length)) == length);
    at += length;
  }
}

TEST_CASE("chunks that were named by SHA-256 keep their names and are not stored again") {
  const Folder folder;
  const auto tree = folder.at("tree");
  const auto large = noise(3'000'000, 13);
  write(tree + "/f", large);
  write(tree + "/g", noise(50'000, 14));
  // A place as it was written before: chunks cut by the same rule, named by SHA-256, and a manifest of them.
  PackWriter writer(folder.at("packs"));
  ArtifactManifest former{.is_tree = true, .files = {}, .links = {}, .folders = {}};
  for (const std::string name : {"f", "g"}) {
    const auto content = read(tree + "/" + name);
    ArtifactFile file{.path = name, .mode = 0644, .bytes = content.size(), .pieces = {}};
    for (std::string_view rest(content); !rest.empty(); rest.remove_prefix(file.pieces.back().bytes)) {
      const auto chunk = rest.substr(0, chunk_length(rest));
      file.pieces.push_back({ChunkDigest::of(chunk, ChunkDigest::Kind::sha256), chunk.size(), {}});
      REQUIRE(writer.add(file.pieces.back().digest, chunk));
    }
    former.files.push_back(std::move(file));
  }
  REQUIRE(writer.publish());
  const auto index_path = (*PackStore::open(folder.at("packs")))->packs()[0]->name + ".index";
  CHECK(read(folder.at("packs/" + index_path)).starts_with("GMPACKI1"));
  const auto text = former.encode();
  CHECK(text.find("\"format_version\":1,") != std::string::npos);
  CHECK(text.find("[\"" + sha256_hex(read(tree + "/g")) + "\",50000]") != std::string::npos);

  const auto packs = *PackStore::open(folder.at("packs"));
  CHECK(packs->has_sha256());
  REQUIRE(restore_tree(*ArtifactManifest::decode(text), *packs, folder.at("out"), work));
  CHECK(read(folder.at("out/f")) == large);
  // The same tree is the same version, with and without the earlier one at hand.
  const auto again = stored(tree, nullptr, *packs);
  CHECK(again.bytes_new == 0);
  CHECK(again.manifest.encode() == text);
  CHECK(stored(tree, &former, *packs).manifest.encode() == text);
  // What is new stands beside it under its new name.
  write(tree + "/f", large + noise(100'000, 15));
  const auto more = stored(tree, &former, *packs);
  CHECK(more.bytes_new >= 100'000);
  CHECK(more.bytes_new < 105'000);
  CHECK(more.manifest.encode().find("\"format_version\":2,") != std::string::npos);
  CHECK(more.manifest.encode().find("blake3:") != std::string::npos);
  const auto remote = *PackStore::open(folder.at("remote"));
  REQUIRE(copy_chunks(chunks_of(more.manifest), *packs, *remote, work));
  REQUIRE(restore_tree(more.manifest, **PackStore::open(folder.at("remote")), folder.at("far"), work));
  CHECK(read(folder.at("far/f")) == read(tree + "/f"));
}

TEST_CASE("names of chunks and the versions of the format that know them") {
  const auto sha256 = ChunkDigest::of("abc", ChunkDigest::Kind::sha256);
  CHECK(sha256.text() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  const auto blake3 = ChunkDigest::of("abc");
  CHECK(blake3.text() == "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");  // b3sum
  for (const auto& digest : {sha256, blake3}) {
    ChunkDigest again;
    CHECK(ChunkDigest::parse(digest.text(), again));
    CHECK(again == digest);
    CHECK(again.matches("abc"));
    CHECK_FALSE(again.matches("abd"));
  }
  ChunkDigest none;
  for (const std::string& text : std::vector<std::string>{"", "blake3:", "blake2:" + sha256.text(),
                                                          "blake3:" + blake3.text(), "0" + sha256.text()})
    CHECK_FALSE(ChunkDigest::parse(text, none));
  const auto manifest = [](int version, const std::string& digest) {
    return R"({"format":"gristmill-artifact","format_version":)" + std::to_string(version) +
           R"(,"kind":"file","files":[{"path":"","mode":420,"bytes":3,"pieces":[[")" + digest +
           R"(",3]]}],"links":[],"folders":[]})";
  };
  for (const auto version : {1, 2, 3}) {
    CHECK(ArtifactManifest::decode(manifest(version, sha256.text())).ok() == (version == 1));
    CHECK(ArtifactManifest::decode(manifest(version, blake3.text())).ok() == (version == 2));
  }
}

TEST_CASE("indexes of packs say what kind their digests are") {
  Pack pack{.name = "p", .bytes = 7, .entries = {}};
  pack.entries.push_back({ChunkDigest::of("abc"), 0, 3, xxh3_64("abc")});
  pack.entries.push_back({ChunkDigest::of("defg", ChunkDigest::Kind::sha256), 3, 4, xxh3_64("defg")});
  const auto bytes = encode_pack_index(pack);
  CHECK(bytes.starts_with("GMPACKI2"));
  const auto again = decode_pack_index(bytes, "p");
  REQUIRE(again);
  CHECK(again->entries[0].digest == pack.entries[0].digest);
  CHECK(again->entries[1].digest == pack.entries[1].digest);
  CHECK(again->entries[1].offset == 3);
  // Of SHA-256 alone, the index is what it always was; and no kind is made up.
  auto wrong = bytes;
  wrong[7] = '1';
  auto unknown = bytes;
  unknown[24 + 32] = 2;
  for (auto* damaged : {&wrong, &unknown}) {
    const auto checksum = xxh3_64(std::string_view(*damaged).substr(0, damaged->size() - 8));
    std::memcpy(damaged->data() + damaged->size() - 8, &checksum, sizeof checksum);
    CHECK_FALSE(decode_pack_index(*damaged, "p"));
  }
}

TEST_CASE("parts of large files are read wherever they are") {
  const Folder folder;
  const auto content = noise(3'000'001, 16);
  write(folder.at("f"), content);
  for (const auto& [offset, size] : std::vector<std::pair<std::size_t, std::size_t>>{{0, 10},
                                                                                     {0, 4096},
                                                                                     {4095, 2},
                                                                                     {4096, 4096},
                                                                                     {1, 2'999'999},
                                                                                     {2'999'000, 1001},
                                                                                     {2'999'000, 5000},
                                                                                     {0, 4'000'000}})
    CHECK(*read_large_file(folder.at("f"), offset, size) == content.substr(offset, size));
  CHECK(read_large_file(folder.at("f"), 3'000'001, 5)->empty());
  CHECK(read_large_file(folder.at("f"), 5'000'000, 5)->empty());
  CHECK(read_large_file(folder.at("absent"), 0, 5).error().code == ErrorCode::not_found);
  // An index that tells of more than there can be.
  Pack pack{.name = std::string(32, 'a'), .bytes = std::uint64_t{1} << 40, .entries = {}};
  pack.entries.push_back({ChunkDigest::of("abc"), 0, pack.bytes, 0});
  write(folder.at("packs/" + pack.name + ".index"), encode_pack_index(pack));
  const auto store = PackStore::open(folder.at("packs"));
  REQUIRE(store);
  CHECK((*store)->damaged_indexes().size() == 1);
  CHECK_FALSE((*store)->has(ChunkDigest::of("abc")));
}

TEST_CASE("packs are written in place and from elsewhere, and their copies are checked across pieces") {
  const Folder folder;
  PackWriter writer(folder.at("packs"));
  std::vector<std::pair<ChunkDigest, std::string>> chunks;
  const auto add = [&](std::string_view content) {
    chunks.emplace_back(ChunkDigest::of(content), content);
    REQUIRE(writer.add(chunks.back().first, content));
  };
  for (unsigned i = 0; i < 24; ++i) {
    const auto content = noise(700'001, 100 + i);
    if (i % 3 == 0) {
      add(content);
      continue;
    }
    auto room = writer.room(content.size());
    REQUIRE(room);
    std::ranges::copy(content, room->begin());
    const std::string_view whole(room->data(), content.size());
    // Something in the middle is left out.
    add(whole.substr(0, 200'000));
    add(whole.substr(300'000));
  }
  REQUIRE(writer.publish());
  const auto packs = *PackStore::open(folder.at("packs"));
  const auto far = *PackStore::open(folder.at("far"));
  BlockBuffer buffer;
  REQUIRE(copy_pack(*packs, *packs->packs()[0], *far, buffer));
  for (const auto& [digest, content] : chunks) {
    const auto found = far->read(digest);
    REQUIRE(found);
    CHECK(*found == content);
  }
  CHECK(read(far->path_of(*packs->packs()[0])) == read(packs->path_of(*packs->packs()[0])));
  // A pack that is too short, and one that is damaged where two pieces meet.
  const auto path = packs->path_of(*packs->packs()[0]);
  const auto bytes = read(path);
  const auto third = *PackStore::open(folder.at("third"));
  write(path, bytes.substr(0, bytes.size() - 1));
  CHECK(copy_pack(*packs, *packs->packs()[0], *third, buffer).error().message.find("shorter") != std::string::npos);
  for (const auto at : {std::size_t{0}, (std::size_t{8} << 20) - 1, std::size_t{8} << 20, bytes.size() - 1}) {
    auto bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write(path, bad);
    CHECK(copy_pack(*packs, *packs->packs()[0], *third, buffer).error().code == ErrorCode::corrupt_data);
  }
  CHECK((*PackStore::open(folder.at("third")))->packs().empty());
}

TEST_CASE("a tree comes back as it was: bytes, modes, links, empty folders and files") {
  const Folder folder;
  const auto tree = folder.at("tree");
  write(tree + "/a/large.bin", noise(5'000'000, 2));
  write(tree + "/a/.hidden", "hidden");
  write(tree + "/empty", "");
  write(tree + "/run.sh", "#!/bin/sh\n");
  ::chmod((tree + "/run.sh").c_str(), 0750);
  fs::create_directories(tree + "/nothing/here");
  fs::create_symlink("large.bin", tree + "/a/link");
  fs::create_symlink("../run.sh", tree + "/a/up");
  const auto packs = *PackStore::open(folder.at("packs"));
  const auto result = stored(tree, nullptr, *packs);
  CHECK(result.bytes_new == 5'000'000 + 6 + 10);
  REQUIRE(restore_tree(result.manifest, *packs, folder.at("out"), work));
  CHECK(read(folder.at("out/a/large.bin")) == read(tree + "/a/large.bin"));
  CHECK(read(folder.at("out/a/.hidden")) == "hidden");
  CHECK(read(folder.at("out/empty")).empty());
  CHECK(fs::is_directory(folder.at("out/nothing/here")));
  CHECK(fs::read_symlink(folder.at("out/a/up")) == "../run.sh");
  CHECK((fs::status(folder.at("out/run.sh")).permissions() & fs::perms::mask) == static_cast<fs::perms>(0750));
  CHECK(restore_tree(result.manifest, *packs, folder.at("out"), work).error().code == ErrorCode::already_exists);
  // The same tree again is the same version and stores nothing.
  const auto again = stored(tree, nullptr, *packs);
  CHECK(again.bytes_new == 0);
  CHECK(again.manifest.encode() == result.manifest.encode());
}

TEST_CASE("changes cost about what changed, wherever they are") {
  const Folder folder;
  const auto before = noise(6'000'000, 3);
  write(folder.at("tree/f"), before);
  write(folder.at("tree/g"), "x");
  const auto packs = *PackStore::open(folder.at("packs"));
  const auto first = stored(folder.at("tree"), nullptr, *packs);
  auto after = before;
  std::uint64_t allowed = 0;
  SUBCASE("in place") {
    for (const std::size_t at : {100U, 500'000U, 510'000U, 1'700'123U, 5'999'000U})
      after.replace(at, 1000, noise(1000, static_cast<unsigned>(at)));
    allowed = 15'000;
  }
  SUBCASE("put in") {
    after.insert(3'000'000, "a few bytes more");
    allowed = 15'000;
  }
  SUBCASE("taken out") {
    after.erase(10, 777);
    allowed = 15'000;
  }
  SUBCASE("behind the end") {
    after += "one line more\n";
    allowed = 5'000;
  }
  SUBCASE("before the start") {
    after = "one line more\n" + after;
    allowed = 15'000;
  }
  SUBCASE("cut short") {
    after.resize(2'345'678);
    allowed = 5'000;
  }
  SUBCASE("put behind itself") {
    after += before;
    allowed = 2 * chunk_bytes_max;
  }
  SUBCASE("emptied") { after.clear(); }
  write(folder.at("tree/f"), after);
  const auto second = stored(folder.at("tree"), &first.manifest, *packs);
  CHECK(second.bytes_new <= allowed);
  REQUIRE(restore_tree(second.manifest, *packs, folder.at("out"), work));
  CHECK(read(folder.at("out/f")) == after);
  // A third version stands on the second as the second on the first.
  if (after.size() > 2000) after.replace(after.size() / 2, 1000, noise(1000, 99));
  write(folder.at("tree/f"), after);
  const auto third = stored(folder.at("tree"), &second.manifest, *packs);
  CHECK(third.bytes_new <= 15'000);
  REQUIRE(restore_tree(third.manifest, *packs, folder.at("out3"), work));
  CHECK(read(folder.at("out3/f")) == after);
  // Elsewhere it needs all that its parts need.
  const auto remote = *PackStore::open(folder.at("remote"));
  REQUIRE(copy_chunks(chunks_of(third.manifest), *packs, *remote, work));
  REQUIRE(restore_tree(third.manifest, *remote, folder.at("far"), work));
  CHECK(read(folder.at("far/f")) == after);
  CHECK(copy_chunks(chunks_of(third.manifest), *packs, *remote, work)->bytes == 0);
}

TEST_CASE("damage is found on every read, and copies do not spread it") {
  const Folder folder;
  write(folder.at("f"), noise(300'000, 4));
  const auto packs = *PackStore::open(folder.at("packs"));
  const auto result = stored(folder.at("f"), nullptr, *packs);
  const auto pack = packs->path_of(*packs->packs()[0]);
  auto bytes = read(pack);
  bytes[1234] = static_cast<char>(bytes[1234] ^ 1);
  write(pack, bytes);
  CHECK(restore_tree(result.manifest, *packs, folder.at("out"), work).error().code == ErrorCode::corrupt_data);
  CHECK_FALSE(io::exists(folder.at("out")));
  const auto remote = *PackStore::open(folder.at("remote"));
  CHECK(copy_chunks(chunks_of(result.manifest), *packs, *remote, work).error().code == ErrorCode::corrupt_data);
  CHECK(PackStore::open(folder.at("remote")).ok());
  CHECK((*PackStore::open(folder.at("remote")))->packs().empty());
}

TEST_CASE("an interrupted restoration is taken up") {
  const Folder folder;
  write(folder.at("tree/f"), noise(3'000'000, 5));
  write(folder.at("tree/g"), noise(3'000'000, 6));
  const auto packs = *PackStore::open(folder.at("packs"));
  const auto result = stored(folder.at("tree"), nullptr, *packs);
  const auto partial = folder.at("out.partial-") + sha256_hex(result.manifest.encode()).substr(0, 16);
  write(partial + "/tree/f", read(folder.at("tree/f")));
  auto wrong = read(folder.at("tree/g")).substr(0, 1'000'000);
  wrong[5] = static_cast<char>(wrong[5] ^ 1);
  write(partial + "/unfinished/1", wrong);
  REQUIRE(restore_tree(result.manifest, *packs, folder.at("out"), work));
  CHECK(read(folder.at("out/f")) == read(folder.at("tree/f")));
  CHECK(read(folder.at("out/g")) == read(folder.at("tree/g")));
  CHECK_FALSE(io::exists(partial));
}

TEST_CASE("links and odd files") {
  const Folder folder;
  write(folder.at("outside"), "outside");
  fs::create_directories(folder.at("tree"));
  fs::create_symlink("../outside", folder.at("tree/link"));
  CHECK(list_tree(folder.at("tree"), false).error().message.find("--follow-links") != std::string::npos);
  CHECK(list_tree(folder.at("tree"), true)->at(0).bytes == 7);
  fs::remove(folder.at("tree/link"));
  ::mkfifo(folder.at("tree/pipe").c_str(), 0600);
  CHECK_FALSE(list_tree(folder.at("tree"), false));
  fs::remove(folder.at("tree/pipe"));
  write(folder.at("tree/\xff\xfe"), "x");
  CHECK(list_tree(folder.at("tree"), false).error().message.find("UTF-8") != std::string::npos);
  CHECK(list_tree(folder.at("absent"), false).error().code == ErrorCode::not_found);
  CHECK(stays_inside("a/b", "c"));
  CHECK(stays_inside("a/b", "../c/d"));
  CHECK_FALSE(stays_inside("a/b", "../../c"));
  CHECK_FALSE(stays_inside("b", ".."));
  CHECK_FALSE(stays_inside("b", "/etc/passwd"));
  CHECK_FALSE(stays_inside("b", "a/../../x"));
  CHECK_FALSE(stays_inside("b", "a/.."));
  CHECK_FALSE(stays_inside("b", ""));
}

TEST_CASE("a manifest that leads out of the tree, or does not add up, is refused") {
  const auto manifest = [](const std::string& files, const std::string& links) {
    return R"({"format":"gristmill-artifact","format_version":1,"kind":"tree","files":[)" + files + R"(],"links":[)" +
           links + R"(],"folders":[]})";
  };
  const auto file = [](const std::string& path) {
    return R"({"path":")" + path + R"(","mode":420,"bytes":0,"pieces":[]})";
  };
  CHECK(ArtifactManifest::decode(manifest(file("a/b"), "")));
  for (const std::string path : {"", "/a", "../a", "a/../b", "a//b", "a/", "./a", "a/.", "a\\u0000b"})
    CHECK_FALSE(ArtifactManifest::decode(manifest(file(path), "")));
  CHECK_FALSE(ArtifactManifest::decode(manifest(file("a") + "," + file("a"), "")));
  CHECK_FALSE(ArtifactManifest::decode(manifest(file("a") + "," + file("a/b"), "")));
  CHECK_FALSE(ArtifactManifest::decode(manifest(file("l/b"), R"({"path":"l","target":"x"})")));
  CHECK_FALSE(ArtifactManifest::decode(manifest("", R"({"path":"l","target":"../x"})")));
  CHECK_FALSE(ArtifactManifest::decode(manifest("", R"({"path":"l","target":"/x"})")));
  CHECK_FALSE(ArtifactManifest::decode(manifest(R"({"path":"a","mode":2541,"bytes":0,"pieces":[]})", "")));
  CHECK_FALSE(ArtifactManifest::decode(manifest(R"({"path":"a","mode":420,"bytes":5,"pieces":[]})", "")));
  CHECK_FALSE(ArtifactManifest::decode(manifest(R"({"path":"a","mode":420,"bytes":-1,"pieces":[]})", "")));
  CHECK_FALSE(ArtifactManifest::decode("{}"));
  CHECK_FALSE(ArtifactManifest::decode(""));
}

TEST_CASE("collection frees what no version needs, and only that") {
  const Folder folder;
  const auto packs = *PackStore::open(folder.at("packs"));
  write(folder.at("one/f"), noise(1'000'000, 7));
  const auto one = stored(folder.at("one"), nullptr, *packs);
  write(folder.at("two/f"), noise(1'000'000, 8));
  write(folder.at("two/g"), noise(200'000, 9));
  const auto two = stored(folder.at("two"), nullptr, *packs);
  fs::remove(folder.at("two/f"));
  const auto three = stored(folder.at("two"), nullptr, *packs);
  const auto wanted = [&] { return Result<std::set<ChunkDigest>>(chunks_of(three.manifest)); };
  const std::int64_t now = INT64_MAX;
  CHECK(collect_chunks(wanted, *packs, 0, false)->bytes_freed == 0);
  CHECK(collect_chunks(wanted, *packs, now, true)->bytes_freed > 1'000'000);
  const auto collected = collect_chunks(wanted, *packs, now, false);
  REQUIRE(collected);
  CHECK(collected->packs_removed + collected->packs_rewritten >= 2);
  const auto again = *PackStore::open(folder.at("packs"));
  REQUIRE(restore_tree(three.manifest, *again, folder.at("out"), work));
  CHECK(read(folder.at("out/g")) == read(folder.at("two/g")));
  CHECK_FALSE(restore_tree(one.manifest, *again, folder.at("gone"), work));
}

TEST_CASE("a version that comes while its chunks are collected keeps them, a collection cut off is made up for") {
  const Folder folder;
  const auto packs = *PackStore::open(folder.at("packs"));
  write(folder.at("one/f"), noise(1'000'000, 7));
  const auto one = stored(folder.at("one"), nullptr, *packs);
  const auto nothing = [] { return Result<std::set<ChunkDigest>>(std::set<ChunkDigest>()); };
  // Nobody wants the chunks at first; when they are condemned, somebody does.
  int asked = 0;
  const auto late = [&] {
    if (++asked == 1) return nothing();
    // Who puts a version together now does not find them any more.
    CHECK_FALSE((*PackStore::open(folder.at("packs")))->has(*chunks_of(one.manifest).begin()));
    return Result<std::set<ChunkDigest>>(chunks_of(one.manifest));
  };
  REQUIRE(collect_chunks(late, *packs, INT64_MAX, false));
  CHECK(asked == 2);
  CHECK(restore_tree(one.manifest, **PackStore::open(folder.at("packs")), folder.at("out"), work));
  // Cut off between its halves, a collection leaves packs that the next one spares or removes.
  asked = 0;
  const auto broken = [&] { return ++asked == 1 ? nothing() : Result<std::set<ChunkDigest>>(unavailable("cut off")); };
  CHECK_FALSE(collect_chunks(broken, *packs, INT64_MAX, false));
  const auto wanted = [&] { return Result<std::set<ChunkDigest>>(chunks_of(one.manifest)); };
  REQUIRE(collect_chunks(wanted, **PackStore::open(folder.at("packs")), 0, false));
  CHECK(restore_tree(one.manifest, **PackStore::open(folder.at("packs")), folder.at("again"), work));
  const auto reopened = *PackStore::open(folder.at("packs"));
  REQUIRE(collect_chunks(nothing, *reopened, INT64_MAX, false));
  CHECK(fs::is_empty(folder.at("packs")));
}
