// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/avro.h"

#include <doctest/doctest.h>

#include "gristmill/store/avro_codec.h"
#include "gristmill/store/deflate.h"

using namespace gristmill;
using store::AvroReader;
using store::AvroSchema;
using store::AvroWriter;

namespace {

std::string encoded(const char* schema_text, const Json& value) {
  const auto schema = AvroSchema::parse(schema_text);
  REQUIRE(schema.ok());
  std::string bytes;
  const auto status = store::append_avro_value(bytes, *schema, schema->root(), value);
  REQUIRE_MESSAGE(status.ok(), (status.ok() ? "" : status.error().message));
  store::AvroDecoder decoder(bytes, 0);
  Json back;
  CHECK(decoder.read_value(*schema, schema->root(), back));
  CHECK(decoder.position() == bytes.size());
  CHECK(back == value);
  return bytes;
}

constexpr const char* row_schema =
    R"({"type":"record","name":"row","fields":[{"name":"n","type":"long"},{"name":"t","type":["null","string"]},)"
    R"({"name":"m","type":{"type":"array","logicalType":"map","items":{"type":"record","name":"kv","fields":[)"
    R"({"name":"key","type":"int"},{"name":"value","type":"bytes"}]}}}]})";

Json row(std::int64_t number) {
  auto pair = Json::object({{"key", number}, {"value", std::string("\0\xFF", 2)}});
  return Json::object({{"n", number}, {"t", number % 2 == 0 ? Json() : Json("text")}, {"m", Json::array({pair})}});
}

std::string file_of(std::int64_t rows, AvroWriter::Codec codec) {
  auto writer = AvroWriter::create(row_schema, {{"note", "word for word"}}, codec);
  REQUIRE(writer.ok());
  for (std::int64_t i = 0; i < rows; ++i) REQUIRE(writer->append(row(i)).ok());
  return *writer->finish();
}

/// Reads to the end; the number of rows, or -1 at an error.
std::int64_t count_rows(std::string bytes) {
  auto reader = AvroReader::open(std::move(bytes), "test.avro");
  if (!reader) return -1;
  Json value;
  for (std::int64_t count = 0;; ++count) {
    const auto has_row = reader->next(value);
    if (!has_row) return -1;
    if (!*has_row) return count;
  }
}

/// An uncompressed container with one block of `rows` rows in `bytes`.
std::string container(const std::string& schema, std::int64_t rows, const std::string& bytes) {
  std::string file("Obj\1", 4);
  store::append_avro_long(file, 1);
  store::append_avro_bytes(file, "avro.schema");
  store::append_avro_bytes(file, schema);
  store::append_avro_long(file, 0);
  file += std::string(16, 's');
  store::append_avro_long(file, rows);
  store::append_avro_bytes(file, bytes);
  return file + std::string(16, 's');
}

}  // namespace

TEST_CASE("values are encoded as in the examples of the Avro specification") {
  CHECK(encoded(R"("long")", 0) == std::string(1, '\0'));
  CHECK(encoded(R"("long")", -1) == "\x01");
  CHECK(encoded(R"("int")", 1) == "\x02");
  CHECK(encoded(R"("long")", -64) == "\x7F");
  CHECK(encoded(R"("long")", 64) == "\x80\x01");
  CHECK(encoded(R"("string")", "foo") ==
        "\x06"
        "foo");
  CHECK(encoded(R"({"type":"array","items":"long"})", Json::array({3, 27})) == std::string("\x04\x06\x36\x00", 4));
  CHECK(encoded(R"(["string","null"])", Json()) == "\x02");
  CHECK(encoded(R"(["string","null"])", "a") == std::string("\x00\x02\x61", 3));
  CHECK(encoded(R"({"type":"record","name":"test","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]})",
                Json::object({{"a", 27}, {"b", "foo"}})) ==
        "\x36\x06"
        "foo");
}

TEST_CASE("every other type survives, extremes too") {
  encoded(R"("long")", INT64_MIN);
  encoded(R"("long")", INT64_MAX);
  encoded(R"("boolean")", true);
  CHECK(encoded(R"("double")", 1.5) == std::string("\0\0\0\0\0\0\xF8\x3F", 8));
  encoded(R"("float")", 0.25);
  encoded(R"({"type":"fixed","name":"f","size":3})", "abc");
  encoded(R"({"type":"enum","name":"e","symbols":["a","b"]})", "b");
  encoded(R"({"type":"map","values":"int"})", Json::array({Json::object({{"key", "k"}, {"value", 7}})}));
  encoded(R"({"type":"array","items":"null"})", Json::array({Json(), Json()}));
}

TEST_CASE("what does not fit the schema is refused by field name") {
  const auto schema = AvroSchema::parse(row_schema);
  std::string bytes;
  auto bad = row(1);
  bad.set("n", "one");
  const auto status = store::append_avro_value(bytes, *schema, schema->root(), bad);
  REQUIRE(!status.ok());
  CHECK(status.error().message.find("n: an integer expected") != std::string::npos);
}

TEST_CASE("container files come back row by row under both codecs") {
  for (const auto codec : {AvroWriter::Codec::null, AvroWriter::Codec::deflate}) {
    const auto bytes = file_of(50'000, codec);
    auto reader = AvroReader::open(bytes, "test.avro");
    REQUIRE(reader.ok());
    CHECK(reader->metadata("note") == "word for word");
    CHECK(reader->metadata("avro.schema") == row_schema);
    Json value;
    for (std::int64_t i = 0; i < 50'000; ++i) {
      const auto has_row = reader->next(value);
      REQUIRE((has_row.ok() && *has_row));
      if (value != row(i)) FAIL("row " << i);
    }
    CHECK(!*reader->next(value));
  }
  CHECK(count_rows(file_of(0, AvroWriter::Codec::deflate)) == 0);
}

TEST_CASE("fields are known by id, whatever another writer called them") {
  const std::string schema =
      R"({"type":"record","name":"r","fields":[{"name":"old_name","type":"int","field-id":504}]})";
  auto reader = AvroReader::open(container(schema, 1, "\x0E"), "test.avro", {{504, "new_name"}});
  REQUIRE(reader.ok());
  Json value;
  REQUIRE(*reader->next(value));
  CHECK(value["new_name"].as_int() == 7);
}

TEST_CASE("a file cut anywhere, or with any byte changed, never crashes") {
  for (const auto codec : {AvroWriter::Codec::null, AvroWriter::Codec::deflate}) {
    const auto whole = file_of(20, codec);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // Cut right behind the header it is a whole file of no rows.
      const auto rows = count_rows(whole.substr(0, size));
      CHECK((rows == -1 || rows == 0));
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const int change : {0x01, 0x80, 0xFF}) {
        auto damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ change);
        CHECK(count_rows(damaged) <= 20);
      }
    }
  }
}

TEST_CASE("hostile files cost neither memory nor time") {
  const std::string nulls = R"({"type":"array","items":"null"})";
  std::string endless;
  store::append_avro_long(endless, INT64_MAX);
  CHECK(count_rows(container(nulls, 1, endless)) == -1);
  // A type that holds itself, nested by the data.
  const std::string chain = R"({"type":"record","name":"c","fields":[{"name":"next","type":["null","c"]}]})";
  CHECK(count_rows(container(chain, 1, std::string(100'000, '\2') + std::string(1, '\0'))) == -1);
  CHECK(count_rows(container(R"("null")", INT64_MAX, "")) == -1);
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += R"({"type":"array","items":)";
  CHECK(!AvroSchema::parse(deep + R"("int")" + std::string(200, '}')).ok());
  std::string huge;
  store::append_avro_long(huge, INT64_MAX);
  CHECK(count_rows(container(R"("bytes")", 1, huge)) == -1);
  CHECK(!AvroSchema::parse(R"({"type":"fixed","name":"f","size":9999999999})").ok());
  CHECK(!AvroSchema::parse(R"(["null",["null","int"]])").ok());
  CHECK(!AvroSchema::parse(R"("nonsense")").ok());
}

TEST_CASE("inflating stops at its limit") {
  const std::string zeros(10'000'000, '\0');
  const auto packed = store::deflate(zeros);
  CHECK(*store::inflate(packed, store::Compression::deflate, zeros.size() + 1) == zeros);
  CHECK(store::inflate(packed, store::Compression::deflate, 1'000'000).error().code == ErrorCode::limit_exceeded);
  CHECK(
      store::inflate(packed.substr(0, packed.size() / 2), store::Compression::deflate, zeros.size() + 1).error().code ==
      ErrorCode::corrupt_data);
  CHECK(store::inflate("", store::Compression::gzip, 10).error().code == ErrorCode::corrupt_data);
}
