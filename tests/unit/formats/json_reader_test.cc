// SPDX-License-Identifier: Apache-2.0
#include "reading.h"

using namespace gristmill;
using namespace gristmill::formats;
using namespace gristmill::formats::reading;

namespace {
using Texts = std::vector<std::string>;
}  // namespace

TEST_CASE("json: an array of records, pretty or not") {
  const auto outcome = read_bytes(
      "\xEF\xBB\xBF [ {\"text\": \"a\", \"m\": [1, 2]},\n {\n  \"text\": \"b\" } , \"c\" ]\n", "a.json");
  CHECK(outcome.casualties.empty());
  REQUIRE(outcome.texts() == Texts{"a", "b", "c"});
  CHECK(outcome.documents[0].metadata == "{\"m\":[1,2]}");
  CHECK(outcome.documents[0].offset == 6);
}

TEST_CASE("json: one record, an object around an array, lines, records in a row") {
  CHECK(read_bytes("{\"text\":\"one\",\"list\":[{\"x\":1}]}", "a.json").texts() == Texts{"one"});
  const auto around = read_bytes("{\"version\":\"1\",\"data\":[{\"text\":\"a\"},{\"text\":\"b\"}]}", "a.json");
  CHECK(around.texts() == Texts{"a", "b"});
  CHECK(around.skipped.at("json.container_field") == 1);
  const auto lines = read_bytes("{\"text\":\"a\"}\n{\"text\":bad}\n{\"text\":\"b\"}\n", "a.json");
  CHECK(lines.texts() == Texts{"a", "b"});
  CHECK(lines.reasons() == Texts{"reader.jsonl.bad_json"});
  CHECK(read_bytes("{\n\"text\":\"a\"}\n{\n\"text\":\"b\"}\n", "a.json").texts() == Texts{"a", "b"});
}

TEST_CASE("json: an object larger than the limit is read as a stream") {
  Limits limits;
  limits.document_bytes_max = 100'000;
  std::string bytes = "{\"about\": {\"x\": [1, \"]}\"]}, \"rows\": [";
  for (int i = 0; i < 5000; ++i) bytes += (i > 0 ? ", {\"text\": \"" : "{\"text\": \"") + std::string(100, 'x') + "\"}";
  bytes += "], \"more\": \"" + std::string(300'000, 'y') + "\"}";
  const auto outcome = read_bytes(bytes, "a.json", limits);
  CHECK(outcome.documents.size() == 5000);
  CHECK(outcome.casualties.empty());
  CHECK(outcome.skipped.at("json.container_field") == 2);
}

TEST_CASE("json: bad records cost themselves, a broken end one casualty") {
  const auto outcome = read_bytes(
      "[{\"text\":\"a\"},{\"text\":tru},{\"text\":\"\xff\"},{\"title\":\"t\"},5,{\"text\":\"b\"},{\"text\":\"c",
      "a.json");
  CHECK(outcome.texts() == Texts{"a", "b"});
  CHECK(outcome.reasons() == Texts{"reader.json.bad_json", "reader.json.invalid_utf8", "reader.json.no_text",
                                   "reader.json.bad_json", "reader.json.bad_json"});
  CHECK(outcome.casualties[0].message.find("byte 22") != std::string::npos);
  CHECK(read_bytes("plain words", "a.json").reasons() == Texts{"reader.json.bad_json"});
  CHECK(read_bytes("[{\"text\":\"a\"}] tail", "a.json").reasons() == Texts{"reader.json.bad_json"});
  CHECK(read_bytes("[", "a.json").reasons() == Texts{"reader.json.bad_json"});
  CHECK(read_bytes("[]", "a.json").casualties.empty());
  const auto deep = read_bytes(std::string(2'000'000, '['), "a.json");
  CHECK(deep.documents.empty());
  CHECK(deep.casualties.size() == 1);
}

TEST_CASE("json: a record over the limit is passed over") {
  Limits limits;
  limits.document_bytes_max = 100'000;
  const auto outcome = read_bytes(
      "[{\"text\":\"a\"},{\"text\":\"" + std::string(900'000, 'x') + "\"},{\"text\":\"b\"}]", "a.json", limits);
  CHECK(outcome.texts() == Texts{"a", "b"});
  CHECK(outcome.reasons() == Texts{"reader.json.too_large"});
}
