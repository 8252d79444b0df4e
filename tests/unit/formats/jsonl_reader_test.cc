// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "gristmill/base/json.h"
#include "reading.h"

using namespace gristmill;
using namespace gristmill::formats;
using namespace gristmill::formats::reading;

namespace {

using Texts = std::vector<std::string>;

std::string utf16(std::string_view text, bool is_big, bool has_mark) {
  std::string out;
  const auto put = [&](unsigned unit) {
    out += static_cast<char>(is_big ? unit >> 8 : unit & 255);
    out += static_cast<char>(is_big ? unit & 255 : unit >> 8);
  };
  if (has_mark) put(0xFEFF);
  for (std::size_t at = 0; at < text.size();) {
    const auto c = kernels::next_code_point(text, at);
    if (c >= 0x10000) {
      put(0xD800 + ((static_cast<unsigned>(c) - 0x10000) >> 10));
      put(0xDC00 + ((static_cast<unsigned>(c) - 0x10000) & 0x3FF));
    } else {
      put(static_cast<unsigned>(c));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("jsonl: any field order, changing types, the last line without newline") {
  const auto outcome = read_bytes(
      "{\"text\":\"one\",\"n\":1}\n"
      "\r\n"
      "{\"n\":[1, {\"a\" : "
      "null}],\"url\":\"http://x\",\"text\":\"t\\u00e4\\ud83d\\ude00\\n\",\"big\":123456789012345678901234567890}\r\n"
      "  {\"content\":\"two\",\"n\":{\"k\":1.50e3}}",
      "a.jsonl");
  CHECK(outcome.casualties.empty());
  REQUIRE(outcome.texts() == Texts{"one", "tä😀\n", "two"});
  CHECK(outcome.documents[0].metadata == R"({"n":1})");
  CHECK(outcome.documents[1].metadata == R"({"n":[1,{"a":null}],"big":123456789012345678901234567890})");
  CHECK(outcome.documents[1].url == "http://x");
  CHECK(outcome.documents[2].metadata == R"({"n":{"k":1.50e3}})");
  CHECK(outcome.documents[0].media_type == "text/plain");
  CHECK(outcome.documents[0].uri == "file:///a.jsonl");
  CHECK(outcome.documents[1].offset == 23);
  // The id is the hash of the parts with NUL between them, in the order that the documentation gives.
  const std::string key = std::string("test") + '\0' + "a.jsonl" + '\0' + std::string(64, 'a') + '\0' + '\0' + "23";
  CHECK(outcome.documents[1].id == xxh3_128(key).hex());
}

TEST_CASE("jsonl: each bad line is one casualty with its line and place, the others are read") {
  const auto outcome = read_bytes(
      "{\"text\":\"a\"}\n"
      "{\"text\":\"b\",}\n"
      "{\"text\":\"\xff\xfe\"}\n"
      "not json\n"
      "[1]\n"
      "{\"text\":\"c\"} x\n"
      "{\"text\":\"d\n"
      "{\"title\":\"no text\",\"text\":5}\n"
      "{\"text\":\"e\"}\n",
      "b.jsonl");
  CHECK(outcome.texts() == Texts{"a", "e"});
  CHECK(outcome.reasons() == Texts{"reader.jsonl.bad_json", "reader.jsonl.invalid_utf8", "reader.jsonl.bad_json",
                                   "reader.jsonl.bad_json", "reader.jsonl.bad_json", "reader.jsonl.bad_json",
                                   "reader.jsonl.no_text"});
  CHECK(outcome.casualties[0].message.find("line 2, column 13") != std::string::npos);
  CHECK(outcome.casualties[1].message.find("line 3, byte 10") != std::string::npos);
  CHECK(outcome.casualties[1].bytes == "{\"text\":\"\xff\xfe\"}");
  CHECK(outcome.casualties[6].message.find("title, text") != std::string::npos);
}

TEST_CASE("jsonl: duplicate keys, deep nesting, lone surrogates, NaN") {
  const std::string deep = "{\"text\":\"x\",\"d\":" + std::string(511, '[') + std::string(511, ']') + "}\n";
  const std::string deeper = "{\"text\":\"x\",\"d\":" + std::string(600, '[') + std::string(600, ']') + "}\n";
  const std::string hostile = "{\"text\":" + std::string(3'000'000, '[') + "\n";
  const auto outcome = read_bytes(
      "{\"text\":\"first\",\"a\":1,\"a\":2,\"text\":\"last\"}\n" + deep + deeper + hostile +
          "{\"text\":\"x\\ud800y\",\"m\":\"\\udc00\",\"n\":NaN,\"i\":[-Infinity,Infinity]}\n",
      "c.jsonl");
  REQUIRE(outcome.texts() == Texts{"last", "x", "x\xEF\xBF\xBDy"});
  CHECK(outcome.documents[0].metadata == R"({"a":2,"_duplicate_keys":["text","a"]})");
  CHECK(outcome.documents[2].metadata == "{\"m\":\"\xEF\xBF\xBD\",\"n\":null,\"i\":[null,null]}");
  CHECK(outcome.reasons() == Texts{"reader.jsonl.too_deep", "reader.jsonl.too_deep"});
}

TEST_CASE("jsonl: a line over the limit is one casualty with its first bytes, reading goes on") {
  Limits limits;
  limits.document_bytes_max = 1 << 20;
  const auto outcome = read_bytes(
      "{\"text\":\"a\"}\n{\"text\":\"" + std::string(5 << 20, 'x') + "\"}\n{\"text\":\"b\"}\n", "d.jsonl", limits);
  CHECK(outcome.texts() == Texts{"a", "b"});
  REQUIRE(outcome.reasons() == Texts{"reader.jsonl.too_large"});
  CHECK(outcome.casualties[0].bytes.starts_with("{\"text\":\"xxx"));
  CHECK(outcome.casualties[0].bytes.size() < 100'000);
  CHECK(outcome.casualties[0].message.find("line 2") != std::string::npos);
}

TEST_CASE("jsonl: byte order marks and UTF-16") {
  const std::string lines = "{\"text\":\"ä😀\"}\n{\"text\":\"b\"}\n";
  const Texts expected{"ä😀", "b"};
  CHECK(read_bytes("\xEF\xBB\xBF" + lines, "e.jsonl").texts() == expected);
  for (const bool is_big : {false, true}) {
    CHECK(read_bytes(utf16(lines, is_big, true), "e.jsonl").texts() == expected);
    CHECK(read_bytes(utf16(lines, is_big, false), "e.jsonl").texts() == expected);
  }
}

TEST_CASE("jsonl: an empty file is counted, a truncated gzip is one casualty for the rest") {
  const auto empty = read_bytes("", "f.jsonl");
  CHECK(empty.documents.empty());
  CHECK(empty.casualties.empty());
  CHECK(empty.skipped.at("empty_file") == 1);
  const auto garbage = read_bytes("\x01\x02\x03\x04", "f.jsonl.gz");
  CHECK(garbage.reasons() == Texts{"reader.compressed.corrupt"});
}

TEST_CASE("jsonl: metadata and texts equal what a JSON library reads, on random records") {
  std::mt19937 engine(11);
  const auto random = [&engine] { return static_cast<unsigned>(engine()); };
  const auto value = [&](auto& self, int depth) -> Json {
    switch (random() % (depth > 3 ? 5 : 7)) {
      case 0: return Json();
      case 1: return Json(random() % 2 == 0);
      case 2: return Json(static_cast<std::int64_t>(random()) - (1 << 30));
      case 3: return Json(static_cast<double>(random() % 1000) / 7);
      case 4: {
        std::string text;
        for (unsigned i = random() % 40; i > 0; --i) {
          kernels::append_code_point(text, random() % 3 == 0 ? random() % 0x300 : 'a' + random() % 26);
        }
        return Json(text);
      }
      case 5: {
        Json list = Json::array();
        for (unsigned i = random() % 4; i > 0; --i) list.push(self(self, depth + 1));
        return list;
      }
      default: {
        Json object = Json::object();
        for (unsigned i = random() % 4; i > 0; --i)
          object.set("k" + std::to_string(random() % 9), self(self, depth + 1));
        return object;
      }
    }
  };
  std::string lines;
  std::vector<Json> records;
  for (int i = 0; i < 500; ++i) {
    Json record = Json::object();
    for (unsigned k = random() % 6; k > 0; --k) record.set("f" + std::to_string(random() % 20), value(value, 0));
    record.set("text", Json("text " + std::to_string(i)));
    records.push_back(record);
    lines += record.dump() + "\n";
  }
  const auto outcome = read_bytes(lines, "g.jsonl");
  REQUIRE(outcome.documents.size() == records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto expected = records[i];
    CHECK(outcome.documents[i].text == expected["text"].as_string());
    expected.erase("text");
    const auto& metadata = outcome.documents[i].metadata;
    if (expected.size() == 0) {
      CHECK(metadata.empty());
      continue;
    }
    const auto parsed = Json::parse(metadata);
    REQUIRE(parsed);
    CHECK(*parsed == expected);
  }
}

TEST_CASE("jsonl: pieces together give what the whole file gives, whatever their size") {
  std::mt19937 random(12);
  std::string lines;
  for (int i = 0; i < 300; ++i) {
    lines += random() % 10 == 0 ? "broken\n"
                                : "{\"text\":\"" + std::string(random() % 300, 'x') + std::to_string(i) + "\"}\n";
  }
  const auto whole = read_bytes(lines, "h.jsonl");
  for (const std::uint64_t piece : {1, 7, 100, 1000, 5000, 20'000, 1'000'000}) {
    CAPTURE(piece);
    const auto parts = read_in_pieces(lines, "h.jsonl", piece);
    CHECK(parts.documents == whole.documents);
    REQUIRE(parts.casualties.size() == whole.casualties.size());
    for (std::size_t i = 0; i < parts.casualties.size(); ++i)
      CHECK(parts.casualties[i].message == whole.casualties[i].message);
  }
}
