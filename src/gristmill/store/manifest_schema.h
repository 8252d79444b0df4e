// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gristmill/formats/partition_values.h"
#include "gristmill/store/avro_schema.h"

namespace gristmill::store {

/// Avro schema of our own manifests, format version 2, for files split by these fields.
std::string manifest_avro_schema(std::span<const formats::PartitionField> partition);
/// The Avro schema of another writer's manifest as one of format version 2: word for word when it is one, else with
/// what version 1 does not have. Without it, entries that are written anew would lose their place in the order of
/// changes.
std::string as_version_2(const std::string& avro_schema);
/// Avro schema of our manifest lists, format version 2.
std::string_view manifest_list_avro_schema();
/// The specification's names by field id: writers differ in names, never in ids.
const AvroSchema::FieldNames& manifest_field_names();
const AvroSchema::FieldNames& manifest_list_field_names();

}  // namespace gristmill::store
