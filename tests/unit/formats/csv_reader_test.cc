// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "reading.h"

using namespace gristmill;
using namespace gristmill::formats;
using namespace gristmill::formats::reading;

namespace {
using Texts = std::vector<std::string>;
}  // namespace

TEST_CASE("csv: RFC 4180 quoting, line ends, metadata in the order of the header") {
  const auto outcome = read_bytes(
      "id,text,url,note\r\n"
      "1,\"a, \"\"quoted\"\"\r\nsecond line\",http://x,\r\n"
      "2,plain,,\"n\"\r\n"
      "\r\n"
      "3,5\" disk,u,n",
      "a.csv");
  CHECK(outcome.casualties.empty());
  REQUIRE(outcome.texts() == Texts{"a, \"quoted\"\r\nsecond line", "plain", "5\" disk"});
  CHECK(outcome.documents[0].metadata == R"({"id":"1","note":""})");
  CHECK(outcome.documents[0].url == "http://x");
  CHECK(outcome.documents[0].offset == 18);
}

TEST_CASE("csv: the delimiter is found, and the header or its absence") {
  CHECK(read_bytes("id;text\n1;a,b\n2;c,d\n", "a.csv").texts() == Texts{"a,b", "c,d"});
  CHECK(read_bytes("id\ttext\n1\ta b\n", "a.tsv").texts() == Texts{"a b"});
  CHECK(read_bytes("id|text\n1|a\n", "a.csv").texts() == Texts{"a"});
  CHECK(read_bytes("text\nhello\nworld\n", "a.csv").texts() == Texts{"hello", "world"});
  CHECK(read_bytes("1,This is a long sentence. And another!\n2,Here is one more sentence, surely.\n", "a.csv")
            .texts()
            .size() == 1);
  CHECK(read_bytes("1,This is a long sentence. And another!\n2,Here is one more sentence.\n", "a.csv").texts() ==
        Texts{"This is a long sentence. And another!", "Here is one more sentence."});
}

TEST_CASE("csv: ragged rows and stray quotation marks cost one row each") {
  const auto outcome = read_bytes(
      "id,text\n"
      "1,a\n"
      "2\n"
      "3,b,c\n"
      "4,\"stray\n"
      "5,\"d\"\n"
      "6,\"e\" f\n"
      "7,\"never closed\n"
      "8,g\n",
      "b.csv");
  CHECK(outcome.texts() == Texts{"a", "d", "e f", "g"});
  CHECK(outcome.reasons() ==
        Texts{"reader.csv.ragged_row", "reader.csv.ragged_row", "reader.csv.bad_quotes", "reader.csv.bad_quotes"});
  CHECK(outcome.casualties[0].message.find("row 2, line 3: 1 cells where the header has 2") != std::string::npos);
  CHECK(outcome.casualties[2].bytes == "4,\"stray\n");
}

TEST_CASE("csv: other encodings and byte order marks") {
  const auto latin = read_bytes(
      "id,text\n1,caf\xe9 cr\xe8me br\xfbl\xe9"
      "e et na\xefvet\xe9\n2,plain\n",
      "c.csv");
  REQUIRE(latin.texts() == Texts{"café crème brûlée et naïveté", "plain"});
  CHECK(latin.documents[0].metadata == R"({"id":"1","_charset":"windows-1252"})");
  CHECK(latin.documents[1].metadata == R"({"id":"2"})");
  CHECK(read_bytes("\xEF\xBB\xBFtext,id\nä,1\n", "c.csv").texts() == Texts{"ä"});
  const std::string_view wide("t\0e\0x\0t\0\n\0\xe4\0b\0\n\0", 16);
  CHECK(read_bytes(wide, "c.csv").texts() == Texts{"äb"});
}

TEST_CASE("csv: a cell without end does not eat the file nor the memory") {
  Limits limits;
  limits.document_bytes_max = 100'000;
  std::string bytes = "id,text\n1,\"open\n";
  for (int i = 2; i < 20'000; ++i) bytes += std::to_string(i) + ",row without marks\n";
  const auto outcome = read_bytes(bytes, "d.csv", limits);
  CHECK(outcome.documents.size() == 19'998);
  CHECK(outcome.reasons() == Texts{"reader.csv.bad_quotes"});
  const auto long_line = read_bytes("id,text\n1," + std::string(1'000'000, 'x') + "\n2,b\n", "d.csv", limits);
  CHECK(long_line.texts() == Texts{"b"});
  CHECK(long_line.reasons() == Texts{"reader.csv.too_large"});
}

TEST_CASE("csv: pieces together give what the whole file gives, under quoted newlines and stray marks") {
  std::mt19937 random(13);
  for (const bool is_messy : {false, true}) {
    std::string bytes = "id,text\n";
    for (int i = 0; i < 400; ++i) {
      bytes += std::to_string(i) + ",";
      switch (random() % (is_messy ? 6 : 4)) {
        case 0: bytes += "\"line\nline\n\"\"x\"\",\n\"\n"; break;
        case 1: bytes += "plain " + std::string(random() % 90, 'p') + "\n"; break;
        case 2: bytes += "in\"side\r\n"; break;
        case 3: bytes += "\"\"\n"; break;
        case 4: bytes += "\"open\n"; break;
        default: bytes += "a,b,c\n"; break;
      }
    }
    const auto whole = read_bytes(bytes, "e.csv");
    CHECK(whole.documents.size() > 100);
    for (const std::uint64_t piece : {1, 13, 100, 777, 4096, 100'000}) {
      CAPTURE(piece);
      const auto parts = read_in_pieces(bytes, "e.csv", piece);
      CHECK(parts.documents == whole.documents);
      REQUIRE(parts.casualties.size() == whole.casualties.size());
      for (std::size_t i = 0; i < parts.casualties.size(); ++i)
        CHECK(parts.casualties[i].message == whole.casualties[i].message);
    }
  }
}
