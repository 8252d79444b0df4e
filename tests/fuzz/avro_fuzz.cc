// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include "gristmill/store/avro.h"

/// Any bytes as an Avro container: rows or an error, and the schema that was accepted writes what it read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill;
  auto reader = store::AvroReader::open(std::string(data, data + size), "fuzz.avro");
  if (!reader) return 0;
  auto writer = store::AvroWriter::create(std::string(reader->metadata("avro.schema")), {},
                                          store::AvroWriter::Codec::deflate);
  GRISTMILL_CHECK(writer.ok(), "a schema that could be read cannot be written");
  Json row;
  for (int rows = 0; rows < 1000; ++rows) {
    const auto has_row = reader->next(row);
    if (!has_row || !*has_row) break;
    // Rows of a union of several types besides null need not fit its first branch.
    static_cast<void>(writer->append(row));
  }
  GRISTMILL_CHECK(writer->finish().ok(), "finish");
  return 0;
}
