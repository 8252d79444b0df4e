// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "gristmill/store/metadata.h"

/// Any bytes as table metadata: what is accepted can be changed, written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill;
  auto metadata = store::TableMetadata::parse(std::string(data, data + size));
  if (!metadata) return 0;
  static_cast<void>(metadata->columns(metadata->current_schema_id()));
  static_cast<void>(metadata->snapshot_at(metadata->last_updated_ms()));
  static_cast<void>(metadata->is_partitioned());
  metadata->set_schema({{.field_id = 100, .name = "a", .type = "long", .required = false, .doc = ""}});
  const auto count = metadata->snapshots().size();
  store::Snapshot snapshot;
  snapshot.id = store::new_snapshot_id();
  snapshot.timestamp_ms = 1;
  snapshot.manifest_list = "file:///list.avro";
  snapshot.summary = {{"operation", "append"}};
  metadata->add_snapshot(snapshot);
  static_cast<void>(metadata->log_previous("file:///old.json", 1));
  const auto again = store::TableMetadata::parse(metadata->dump());
  GRISTMILL_CHECK(again.ok(), again.ok() ? "" : again.error().message);
  GRISTMILL_CHECK(again->snapshots().size() == count + 1, metadata->dump());
  GRISTMILL_CHECK(again->current_snapshot_id() == snapshot.id, metadata->dump());
  return 0;
}
