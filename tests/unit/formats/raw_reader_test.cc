// SPDX-License-Identifier: Apache-2.0
#include "../packing.h"
#include "gristmill/formats/document_id.h"
#include "reading.h"

using namespace gristmill;
using namespace gristmill::formats;
using namespace gristmill::formats::reading;

namespace {

using Texts = std::vector<std::string>;

std::string html_of(std::size_t size) { return "<!doctype html><p>" + std::string(size, 'x'); }

}  // namespace

TEST_CASE("text: one document, any encoding, with its encoding in the metadata") {
  CHECK(read_bytes("hello\n", "a.txt").texts() == Texts{"hello\n"});
  CHECK(read_bytes("\xEF\xBB\xBFhello", "a.txt").texts() == Texts{"hello"});
  CHECK(read_bytes("# Title", "a.md").documents[0].media_type == "text/markdown");
  const auto latin = read_bytes(
      "Fa\xe7"
      "ade caf\xe9 na\xefve, d\xe9j\xe0 vu \xe0 la carte et tr\xe8s bient\xf4t.",
      "a.txt");
  CHECK(latin.texts() == Texts{"Façade café naïve, déjà vu à la carte et très bientôt."});
  CHECK(latin.documents[0].metadata == R"({"charset":"windows-1252","charset_lossy":false})");
  // GB18030 text with a four-byte character; expected by Python's codec.
  const auto chinese = read_bytes(
      "\xd6\xd0\xb9\xfa\xd2\xbb\xb8\xf6\xd6\xd8\xd2\xaa\xb5\xc4\xb9\xfa\xbc\xd2\xa1\xa3\xce\xd2\xc3\xc7\xca\xc7\xd6\xd0"
      "\xb9\xfa\xc8\xcb\xa1\xa3",
      "a.txt");
  CHECK(chinese.texts() == Texts{"中国一个重要的国家。我们是中国人。"});
  CHECK(read_bytes(std::string_view("\xff\xfeh\0i\0", 6), "a.txt").texts() == Texts{"hi"});
}

TEST_CASE("html: the charset that the page declares, and pages of 50 MB") {
  const auto page = read_bytes("<html><head><meta charset=\"windows-1251\"></head><p>\xcf\xf0\xe8\xe2\xe5\xf2</p>",
                               "a.html");
  REQUIRE(page.texts() == Texts{"<html><head><meta charset=\"windows-1251\"></head><p>Привет</p>"});
  CHECK(page.documents[0].media_type == "text/html");
  const auto large = read_bytes(html_of(std::size_t{50} << 20), "a.htm");
  CHECK(large.documents.size() == 1);
  const auto too_large = read_bytes(html_of(std::size_t{65} << 20), "a.htm");
  CHECK(too_large.reasons() == Texts{"reader.html.too_large"});
  CHECK(too_large.casualties[0].bytes.size() < 100'000);
}

TEST_CASE("formats are found by extension, then by content; unknown ones are refused with a list") {
  CHECK(is_known_format("a/b.JSONL.gz"));
  CHECK(is_known_format("x.warc.wet.gz"));
  CHECK(is_known_format("x.tgz"));
  CHECK(!is_known_format("x.png"));
  CHECK(!is_known_format("jsonl"));
  CHECK(read_bytes("{\"text\":\"a\"}\n{\"text\":\"b\"}\n", "noname").texts() == Texts{"a", "b"});
  CHECK(read_bytes("<!DOCTYPE html><p>x", "noname").documents[0].media_type == "text/html");
  CHECK(read_bytes("just words", "README").texts() == Texts{"just words"});
  CHECK(read_bytes(packing::gzip("{\"text\":\"a\"}"), "misnamed.jsonl").texts() == Texts{"a"});
  CHECK(read_bytes("{\"text\":\"a\"}", "not-packed.jsonl.gz").texts() == Texts{"a"});
  const RawFile file(std::string_view("\x89PNG\r\n\x1a\n\0\0\0", 11), "a.png");
  const auto refused = open_raw(input_of(file.path, "a.png"));
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::invalid_argument);
  CHECK(refused.error().message.find(".jsonl") != std::string::npos);
  CHECK(!open_raw(input_of("/no/such/file.txt", "file.txt")));
}

TEST_CASE("archives: members by their own names, nested, packed, with what is left out counted") {
  const auto inner = packing::zip({{"deep.txt", "deep"}});
  const auto bytes = packing::zip({{"a.txt", "one"},
                                   {"b/c.jsonl", "{\"text\":\"two\"}\nbad\n"},
                                   {"d.jsonl.gz", packing::gzip("{\"text\":\"three\"}")},
                                   {"e.bin", std::string("\0\1\2", 3)},
                                   {"inner.zip", inner},
                                   {"__MACOSX/._a.txt", "x"}});
  const auto outcome = read_bytes(bytes, "all.zip");
  REQUIRE(outcome.texts() == Texts{"one", "two", "three", "deep"});
  CHECK(outcome.documents[1].uri == "file:///all.zip!b/c.jsonl");
  CHECK(outcome.documents[3].uri == "file:///all.zip!inner.zip!deep.txt");
  CHECK(outcome.documents[0].id == document_id({"test", "all.zip", std::string(64, 'a'), "a.txt"}, 0).hex());
  CHECK(outcome.reasons() == Texts{"reader.jsonl.bad_json"});
  CHECK(outcome.skipped ==
        std::map<std::string, std::int64_t>{{"archive.system_file", 1}, {"archive.unknown_format", 1}});
  const auto tar = packing::tar({{"a.txt", "one"}, {"b.txt", "two"}});
  for (const std::string name : {"x.tar", "x.tar.gz", "x.tgz", "noname"}) {
    CAPTURE(name);
    const bool is_packed = name.ends_with("gz");
    CHECK(read_bytes(is_packed ? packing::gzip(tar) : tar, name).texts() == Texts{"one", "two"});
  }
}

TEST_CASE("archives: bombs, depth and damage are casualties, not crashes") {
  Limits limits;
  limits.document_bytes_max = std::size_t{256} << 20;
  const auto bomb = packing::zip(
      {{"a.txt", "first"}, {"b.txt", std::string(std::size_t{80} << 20, '\0')}, {"c.txt", "last"}});
  const auto stopped = read_bytes(bomb, "bomb.zip", limits);
  CHECK(stopped.texts() == Texts{"first"});
  REQUIRE(stopped.reasons() == Texts{"reader.compressed.limit_exceeded", "reader.archive.limit_exceeded"});
  CHECK(stopped.casualties[0].message.find("expansion_ratio") != std::string::npos);
  auto nested = packing::zip({{"x.txt", "x"}});
  for (int i = 0; i < 5; ++i) nested = packing::zip({{"n.zip", nested}});
  CHECK(read_bytes(nested, "nested.zip").reasons() == Texts{"reader.archive.too_deep"});
  const auto whole = packing::tar({{"a.txt", "one"}, {"b.txt", std::string(5000, 'b')}});
  const auto cut = read_bytes(std::string_view(whole).substr(0, 2500), "cut.tar");
  CHECK(cut.texts() == Texts{"one"});
  CHECK(!cut.casualties.empty());
  CHECK(!read_bytes("PK\x03\x04 nothing more", "a.zip").casualties.empty());
  CHECK(!read_bytes("no archive at all", "a.zip").casualties.empty());
}

TEST_CASE("a bomb in gzip stops at its ratio") {
  const auto packed = packing::gzip(std::string(std::size_t{200} << 20, ' '));
  const auto outcome = read_bytes(packed, "bomb.jsonl.gz");
  CHECK(outcome.documents.empty());
  CHECK(outcome.reasons() == Texts{"reader.compressed.limit_exceeded"});
}

TEST_CASE("a truncated gzip gives its whole records and one casualty for the rest") {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += "{\"text\":\"" + std::to_string(i * 7919) + "\"}\n";
  const auto packed = packing::gzip(lines);
  const auto outcome = read_bytes(std::string_view(packed).substr(0, packed.size() / 2), "a.jsonl.gz");
  CHECK(outcome.documents.size() > 5'000);
  REQUIRE(outcome.reasons() == Texts{"reader.compressed.corrupt"});
  CHECK(outcome.casualties[0].message.find("truncated") != std::string::npos);
}

TEST_CASE("batches keep to their size") {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "{\"text\":\"" + std::string(1000, 'x') + "\"}\nbad\n";
  const RawFile file(lines, "a.jsonl");
  auto input = input_of(file.path, "a.jsonl");
  input.limits.batch_bytes = 10'000;
  auto reader = open_raw(input);
  REQUIRE(reader);
  data::Batch batch;
  std::size_t batches = 0;
  while (*(*reader)->read(batch)) {
    CHECK(batch.documents.size() <= 10);
    CHECK(batch.text_bytes == batch.documents.size() * 1000);
    ++batches;
    batch.clear();
  }
  CHECK(batches >= 100);
}
