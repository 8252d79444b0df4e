// SPDX-License-Identifier: Apache-2.0
// Layouts are those of the Arrow columnar format 1.5 and its C data interface.
#include "gristmill/data/arrow_c.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace gristmill::data {
namespace {

ArrowPair batch_of(ArrowColumnBuilder builder) {
  const auto rows = builder.rows();
  auto column = std::move(builder).finish();
  REQUIRE(column.ok());
  std::vector<ArrowPair> columns;
  columns.push_back(*std::move(column));
  return make_arrow_batch(std::move(columns), rows);
}

}  // namespace

TEST_CASE("strings come back from each layout, with nulls") {
  const std::string long_text(300, 'x');
  for (const auto layout : {StringLayout::offsets32, StringLayout::offsets64, StringLayout::views}) {
    ArrowColumnBuilder builder("text", ColumnType::string, layout);
    builder.append(std::string_view("twelve bytes"));
    builder.append(Value());
    builder.append(std::string_view(long_text));
    builder.append(std::string_view(""));
    auto pair = batch_of(std::move(builder));
    const auto batch = ArrowBatch::open(pair.schema, pair.array);
    REQUIRE(batch.ok());
    CHECK(batch->find("other") == -1);
    const auto column = batch->column(batch->find("text"));
    REQUIRE(column.ok());
    CHECK(column->layout() == layout);
    CHECK(column->string(0) == "twelve bytes");
    CHECK(column->is_null(1));
    CHECK(std::holds_alternative<std::monostate>(column->value(1)));
    CHECK(column->string(2) == long_text);
    CHECK(column->value(3) == Value(std::string_view()));
  }
}

TEST_CASE("a view holds up to twelve bytes itself") {
  ArrowColumnBuilder builder("text", ColumnType::string, StringLayout::views);
  builder.append(std::string_view("twelve bytes"));
  auto pair = batch_of(std::move(builder));
  const auto& array = *pair.array.children[0];
  // Validity, views and the sizes of no data buffers.
  CHECK(array.n_buffers == 3);
  CHECK(std::string_view(static_cast<const char*>(array.buffers[1]), 16) ==
        std::string_view("\x0c\0\0\0twelve bytes", 16));
}

TEST_CASE("numbers, booleans and lists of ids") {
  ArrowColumnBuilder whole("n", ColumnType::int64);
  whole.append(std::int64_t{-7});
  whole.append(std::string_view("no number"));
  auto pair = batch_of(std::move(whole));
  const auto column = ArrowBatch::open(pair.schema, pair.array)->column(0);
  CHECK(column->value(0) == Value(std::int64_t{-7}));
  CHECK(column->is_null(1));

  auto ids = ArrowColumnBuilder::of_ids("tokens");
  ids.append_ids(std::array<std::uint32_t, 3>{1, 2, 3});
  ids.append_ids({});
  auto lists = batch_of(std::move(ids));
  CHECK(std::string_view(lists.schema.children[0]->format) == "+l");
  CHECK(lists.array.children[0]->children[0]->length == 3);
}

TEST_CASE("narrow numbers are widened") {
  const std::array<std::int16_t, 2> numbers{-1, 300};
  std::array<const void*, 2> buffers{nullptr, numbers.data()};
  ArrowSchema schema{.format = "s", .name = "n", .release = nullptr};
  ArrowArray array{.length = 2, .n_buffers = 2, .buffers = buffers.data()};
  const auto column = ArrowColumn::open(schema, array, 0, 2);
  REQUIRE(column.ok());
  CHECK(column->value(1) == Value(std::int64_t{300}));
}

TEST_CASE("broken columns are refused or read as empty") {
  const std::array<std::int32_t, 3> backwards{9, 4, 2};
  std::array<const void*, 3> buffers{nullptr, backwards.data(), "abcdefghi"};
  ArrowSchema schema{.format = "u", .name = "text", .release = nullptr};
  ArrowArray array{.length = 2, .n_buffers = 3, .buffers = buffers.data()};
  CHECK(ArrowColumn::open(schema, array, 0, 2)->string(0).empty());
  CHECK_FALSE(ArrowColumn::open(schema, array, 1, 2).ok());
  array.n_buffers = 2;
  CHECK_FALSE(ArrowColumn::open(schema, array, 0, 2).ok());
  array.n_buffers = 3;
  buffers[1] = nullptr;
  CHECK_FALSE(ArrowColumn::open(schema, array, 0, 2).ok());
  schema.format = "tdD";
  CHECK_FALSE(ArrowColumn::open(schema, array, 0, 2).ok());
  CHECK_FALSE(ArrowBatch::open(schema, array).ok());
}

}  // namespace gristmill::data
