// SPDX-License-Identifier: Apache-2.0
// How tables say by what their rows are split into files.
#include <algorithm>

#include "gristmill/store/metadata.h"
#include "gristmill/store/partition.h"

namespace gristmill::store {

bool TableMetadata::is_partitioned() const { return is_partitioned(default_spec_id()); }

bool TableMetadata::is_partitioned(std::int64_t spec_id) const {
  const auto fields = partition_fields(spec_id);
  return std::ranges::any_of(fields, [](const auto& field) { return field.transform != "void"; });
}

std::vector<formats::PartitionField> TableMetadata::partition_fields() const {
  return partition_fields(default_spec_id());
}

std::vector<formats::PartitionField> TableMetadata::partition_fields(std::int64_t spec_id) const {
  std::vector<formats::PartitionField> fields;
  for (const auto& spec : document_["partition-specs"].items()) {
    if (spec["spec-id"].as_int() != spec_id) continue;
    for (const auto& item : spec["fields"].items()) {
      const auto source_id = static_cast<int>(item["source-id"].as_int());
      const auto source = column_by_id(source_id);
      fields.push_back({.source_id = source_id,
                        .field_id = static_cast<int>(item["field-id"].as_int()),
                        .name = item["name"].as_string(),
                        .transform = item["transform"].as_string(),
                        .source_type = source ? source->type : std::string()});
    }
  }
  return fields;
}

std::optional<std::int64_t> TableMetadata::spec_of(const Json& partition) const {
  const auto fits = [&](std::int64_t spec_id) {
    const auto fields = partition_fields(spec_id);
    return fields.size() == partition.members().size() &&
           std::ranges::all_of(fields, [&](const auto& field) { return partition.contains(field.name); });
  };
  if (fits(default_spec_id())) return default_spec_id();
  for (const auto& spec : document_["partition-specs"].items()) {
    if (const auto id = spec["spec-id"].as_int(); fits(id)) return id;
  }
  return std::nullopt;
}

void TableMetadata::use_spec(std::int64_t spec_id) {
  const auto& specs = document_["partition-specs"].items();
  if (std::ranges::none_of(specs, [&](const Json& spec) { return spec["spec-id"].as_int(-1) == spec_id; })) return;
  document_.set("default-spec-id", spec_id);
  fit_partition();
}

bool TableMetadata::set_partition(std::vector<formats::PartitionField> fields) {
  auto last_id = document_["last-partition-id"].as_int();
  auto& specs = document_.at("partition-specs");
  std::int64_t newest = -1;
  // A field that was there before keeps its id, whatever spec it was in.
  for (auto& field : fields) {
    field.field_id = 0;
    for (const auto& spec : specs.items()) {
      for (const auto& known : spec["fields"].items()) {
        const bool is_same = known["source-id"].as_int() == field.source_id &&
                             known["transform"].as_string() == field.transform &&
                             known["name"].as_string() == field.name;
        if (is_same) field.field_id = static_cast<int>(known["field-id"].as_int());
      }
    }
    if (field.field_id == 0) field.field_id = static_cast<int>(++last_id);
  }
  const auto wanted = partition_json(fields);
  for (const auto& spec : specs.items()) {
    const auto id = spec["spec-id"].as_int();
    newest = std::max(newest, id);
    if (partition_json(partition_fields(id)) != wanted) continue;
    const bool is_other = default_spec_id() != id;
    document_.set("default-spec-id", id);
    return is_other;
  }
  specs.push(Json::object({{"spec-id", newest + 1}, {"fields", wanted}}));
  document_.set("default-spec-id", newest + 1);
  document_.set("last-partition-id", last_id);
  return true;
}

}  // namespace gristmill::store
