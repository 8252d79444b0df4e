// SPDX-License-Identifier: Apache-2.0
#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/writer.h>

#include <cmath>
#include <optional>

#include "reading.h"

using namespace gristmill;
using namespace gristmill::formats;
using namespace gristmill::formats::reading;

namespace {

using Texts = std::vector<std::string>;

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> column(const std::vector<std::optional<Value>>& values) {
  Builder builder;
  for (const auto& value : values) (void)(value.has_value() ? builder.Append(*value) : builder.AppendNull());
  return *builder.Finish();
}

/// A list of structs {role, content} with one message a row, two in the last.
std::shared_ptr<arrow::Array> messages(const std::vector<std::vector<std::pair<std::string, std::string>>>& rows) {
  const auto role = std::make_shared<arrow::StringBuilder>();
  const auto content = std::make_shared<arrow::StringBuilder>();
  const auto type = arrow::struct_({arrow::field("role", arrow::utf8()), arrow::field("content", arrow::utf8())});
  const auto item = std::make_shared<arrow::StructBuilder>(
      type, arrow::default_memory_pool(), std::vector<std::shared_ptr<arrow::ArrayBuilder>>{role, content});
  arrow::ListBuilder list(arrow::default_memory_pool(), item);
  for (const auto& row : rows) {
    (void)list.Append();
    for (const auto& [who, what] : row) {
      (void)item->Append();
      (void)role->Append(who);
      (void)content->Append(what);
    }
  }
  return *list.Finish();
}

std::string parquet_bytes(const std::shared_ptr<arrow::Table>& table, std::int64_t rows_per_group) {
  const auto sink = *arrow::io::BufferOutputStream::Create();
  const auto properties = parquet::WriterProperties::Builder().compression(arrow::Compression::ZSTD)->build();
  REQUIRE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, rows_per_group, properties).ok());
  return (*sink->Finish())->ToString();
}

std::shared_ptr<arrow::Table> table_of(std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

std::string numbered_file(int rows, std::int64_t rows_per_group) {
  arrow::StringBuilder text;
  for (int i = 0; i < rows; ++i)
    (void)text.Append("row " + std::to_string(i) + std::string(200, static_cast<char>('a' + i % 26)));
  return parquet_bytes(table_of({{"text", *text.Finish()}}), rows_per_group);
}

}  // namespace

TEST_CASE("parquet: any schema; text and address by name, the rest as JSON in column order") {
  const auto table = table_of({
      {"n", column<arrow::Int64Builder, std::int64_t>({1, std::nullopt, -3})},
      {"content", column<arrow::StringBuilder, std::string>({"a", "ä", ""})},
      {"score", column<arrow::DoubleBuilder, double>({0.5, 1e300, std::nan("")})},
      {"ok", column<arrow::BooleanBuilder, bool>({true, std::nullopt, false})},
      {"url", column<arrow::LargeStringBuilder, std::string>({"http://a", std::nullopt, "http://c"})},
      {"tags", messages({{{"r", "c"}}, {}, {{"x", "y\n"}, {"z", "\"q\""}}})},
  });
  const auto bytes = parquet_bytes(table, 2);
  for (const std::string name : {"a.parquet", "folder/b.PARQUET"}) {
    const auto outcome = read_bytes(bytes, name);
    CHECK(outcome.casualties.empty());
    REQUIRE(outcome.texts() == Texts{"a", "ä", ""});
    CHECK(outcome.documents[0].metadata == R"({"n":1,"score":0.5,"ok":true,"tags":[{"role":"r","content":"c"}]})");
    CHECK(outcome.documents[1].metadata == R"({"n":null,"score":1e+300,"ok":null,"url":null,"tags":[]})");
    CHECK(outcome.documents[2].metadata ==
          R"({"n":-3,"score":null,"ok":false,"tags":[{"role":"x","content":"y\n"},{"role":"z","content":"\"q\""}]})");
    CHECK(outcome.documents[2].url == "http://c");
    CHECK(outcome.documents[2].offset == 2);
  }
}

TEST_CASE("parquet: chat columns become conversations; bytes that are no text are left out") {
  const auto table = table_of({{"messages", messages({{{"user", "hi"}, {"assistant", "hello"}}})},
                               {"image", column<arrow::BinaryBuilder, std::string>({std::string("\xff\xd8\xff")})}});
  const auto outcome = read_bytes(parquet_bytes(table, 10), "a.parquet");
  REQUIRE(outcome.documents.size() == 1);
  CHECK(outcome.documents[0].conversation ==
        R"({"kind":"chat","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]})");
  CHECK(outcome.documents[0].metadata == R"({"image":null})");
  CHECK(outcome.skipped.at("parquet.binary_value") == 1);
}

TEST_CASE("parquet: a damaged row group costs itself, a damaged footer the file") {
  const auto bytes = numbered_file(300, 100);
  CHECK(read_bytes(bytes, "a.parquet").documents.size() == 300);
  auto hurt = bytes;
  for (std::size_t i = 20; i < 60; ++i) hurt[i] = static_cast<char>(~hurt[i]);
  const auto outcome = read_bytes(hurt, "a.parquet");
  CHECK(outcome.documents.size() == 200);
  CHECK(outcome.reasons() == Texts{"reader.parquet.row_group"});
  CHECK(outcome.casualties[0].message.find("rows 0 to 99") != std::string::npos);
  CHECK(read_bytes(bytes.substr(0, bytes.size() / 2), "a.parquet").reasons() == Texts{"reader.parquet.corrupt"});
  CHECK(read_bytes("", "a.parquet").reasons() == Texts{"reader.parquet.corrupt"});
  CHECK(read_bytes("PAR1", "a.parquet").reasons() == Texts{"reader.parquet.corrupt"});
}

TEST_CASE("parquet: flipped bytes never crash") {
  const auto bytes = numbered_file(50, 25);
  for (std::size_t at = 0; at < bytes.size(); at += 1 + bytes.size() / 300) {
    auto hurt = bytes;
    hurt[at] = static_cast<char>(hurt[at] ^ 0x55);
    const auto outcome = read_bytes(hurt, "a.parquet");
    CHECK(outcome.documents.size() + outcome.casualties.size() <= 52);
  }
}
