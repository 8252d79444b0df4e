// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/manifest.h"

#include <doctest/doctest.h>

#include <array>

#include "gristmill/store/manifest_schema.h"

namespace gristmill::store {

TEST_CASE("a manifest of as many bytes that another snapshot added is refused") {
  const DataFile data{.path = "a.parquet", .records = 3, .bytes = 100};
  auto entry = added_entry(data, "file:///t/data/a.parquet", 7, Json::object({}));
  const auto bytes = *encode_manifest({.table_schema = "{}"}, manifest_avro_schema({}), std::array{entry});
  ManifestFile file{.location = "file:///t/metadata/m.avro", .added_snapshot_id = 7};
  const auto read = decode_manifest(bytes, file);
  REQUIRE(read);
  REQUIRE(read->entries.size() == 1);
  CHECK(read->entries[0].snapshot_id == 7);
  file.added_snapshot_id = 8;
  const auto refused = decode_manifest(bytes, file);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("file:///t/metadata/m.avro") != std::string::npos);
  CHECK(refused.error().message.find("snapshot 7") != std::string::npos);
  // What an earlier snapshot added may stand in the manifest of a later one.
  entry.status = EntryStatus::existing;
  CHECK(decode_manifest(*encode_manifest({.table_schema = "{}"}, manifest_avro_schema({}), std::array{entry}), file));
}

}  // namespace gristmill::store
