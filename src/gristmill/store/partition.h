// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/formats/partition_values.h"
#include "gristmill/store/manifest.h"

namespace gristmill::store {

/// Reads `day(COLUMN),bucket(16,COLUMN),truncate(8,COLUMN),identity COLUMN`; `none` gives no field. Columns must be
/// among `columns`, and of a type that goes with the transform.
Result<std::vector<formats::PartitionField>> parse_partition(std::string_view text,
                                                             const std::vector<formats::TableColumn>& columns);

/// The fields as JSON, as table metadata and manifest headers have them.
Json partition_json(std::span<const formats::PartitionField> fields);

/// The name of a field in manifests: Avro allows letters, digits and _ only.
std::string avro_name(std::string_view name);
/// Values by field name under the names that manifests use.
Json partition_record(std::span<const formats::PartitionField> fields, const Json& partition);

/// What a partition (values under the names that manifests use) says of the columns of its rows: the values of those
/// that it is made from as they are, by field id. Files that were moved into a table may not hold them.
std::map<int, Json> partition_constants(std::span<const formats::PartitionField> fields, const Json& partition);

/// Iceberg's single-value bytes of a partition value of a type.
std::string single_value(const Json& value, const std::string& type);

/// What a manifest list says of the partitions of a manifest's entries: null or not, and bounds. Null when a field is
/// of a kind that we cannot judge.
Json partition_summaries(std::span<const formats::PartitionField> fields, std::span<const ManifestEntry> entries);

}  // namespace gristmill::store
