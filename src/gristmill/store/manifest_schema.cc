// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/manifest_schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/base/json.h"
#include "gristmill/store/partition.h"

namespace gristmill::store {
namespace {

/// Avro's rendering of the types that partition values have.
std::string_view avro_type(const std::string& type) {
  if (type == "date") return R"({"type":"int","logicalType":"date"})";
  if (type == "time") return R"({"type":"long","logicalType":"time-micros"})";
  if (type == "timestamp") return R"({"type":"long","logicalType":"timestamp-micros","adjust-to-utc":false})";
  if (type == "timestamptz") return R"({"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true})";
  if (type == "boolean") return R"("boolean")";
  if (type == "string") return R"("string")";
  return type == "long" ? R"("long")" : R"("int")";
}

bool has_field(const Json& record, std::int64_t id) {
  return std::ranges::any_of(record["fields"].items(),
                             [&](const Json& field) { return field["field-id"].as_int(-1) == id; });
}

/// A record with a further field, unless it has it.
void add_field(Json& record, std::string_view name, std::int64_t id, Json type) {
  if (!record.is_object() || has_field(record, id)) return;
  auto field = Json::object({{"name", name}, {"type", type}});
  if (type.is_array()) field.set("default", Json());
  record.at("fields").push(std::move(field.set("field-id", id)));
}

}  // namespace

// Avro renderings of the manifest and manifest list of the Iceberg table specification, format version 2. Readers match
// fields by field-id; maps with integer keys are lists of records with logicalType "map".
std::string manifest_avro_schema(std::span<const formats::PartitionField> partition) {
  constexpr std::string_view whole = R"({"type":"record","name":"manifest_entry","fields":[
{"name":"status","type":"int","field-id":0},
{"name":"snapshot_id","type":["null","long"],"default":null,"field-id":1},
{"name":"sequence_number","type":["null","long"],"default":null,"field-id":3},
{"name":"file_sequence_number","type":["null","long"],"default":null,"field-id":4},
{"name":"data_file","field-id":2,"type":{"type":"record","name":"r2","fields":[
{"name":"content","type":"int","field-id":134},
{"name":"file_path","type":"string","field-id":100},
{"name":"file_format","type":"string","field-id":101},
{"name":"partition","field-id":102,"type":{"type":"record","name":"r102","fields":[@]}},
{"name":"record_count","type":"long","field-id":103},
{"name":"file_size_in_bytes","type":"long","field-id":104},
{"name":"column_sizes","default":null,"field-id":108,"type":["null",{"type":"array","logicalType":"map","items":
{"type":"record","name":"k117_v118","fields":[
{"name":"key","type":"int","field-id":117},{"name":"value","type":"long","field-id":118}]}}]},
{"name":"value_counts","default":null,"field-id":109,"type":["null",{"type":"array","logicalType":"map","items":
{"type":"record","name":"k119_v120","fields":[
{"name":"key","type":"int","field-id":119},{"name":"value","type":"long","field-id":120}]}}]},
{"name":"null_value_counts","default":null,"field-id":110,"type":["null",{"type":"array","logicalType":"map","items":
{"type":"record","name":"k121_v122","fields":[
{"name":"key","type":"int","field-id":121},{"name":"value","type":"long","field-id":122}]}}]},
{"name":"nan_value_counts","default":null,"field-id":137,"type":["null",{"type":"array","logicalType":"map","items":
{"type":"record","name":"k138_v139","fields":[
{"name":"key","type":"int","field-id":138},{"name":"value","type":"long","field-id":139}]}}]},
{"name":"lower_bounds","default":null,"field-id":125,"type":["null",{"type":"array","logicalType":"map","items":
{"type":"record","name":"k126_v127","fields":[
{"name":"key","type":"int","field-id":126},{"name":"value","type":"bytes","field-id":127}]}}]},
{"name":"upper_bounds","default":null,"field-id":128,"type":["null",{"type":"array","logicalType":"map","items":
{"type":"record","name":"k129_v130","fields":[
{"name":"key","type":"int","field-id":129},{"name":"value","type":"bytes","field-id":130}]}}]},
{"name":"key_metadata","type":["null","bytes"],"default":null,"field-id":131},
{"name":"split_offsets","default":null,"field-id":132,"type":["null",{"type":"array","items":"long","element-id":133}]},
{"name":"equality_ids","default":null,"field-id":135,"type":["null",{"type":"array","items":"int","element-id":136}]},
{"name":"sort_order_id","type":["null","int"],"default":null,"field-id":140}
]}}]})";
  std::string fields;
  for (const auto& field : partition) {
    const auto type = avro_type(formats::partition_type(field));
    const auto name = avro_name(field.name);
    fields += fmt::format(R"({}{{"name":"{}","type":["null",{}],"default":null,"field-id":{}{}}})",
                          fields.empty() ? "" : ",", name, type, field.field_id,
                          name == field.name ? std::string() : R"(,"iceberg-field-name":)" + Json(field.name).dump());
  }
  std::string schema(whole);
  return schema.replace(schema.find('@'), 1, fields);
}

std::string as_version_2(const std::string& avro_schema) {
  constexpr int sequence_number_id = 3, file_sequence_number_id = 4, data_file_id = 2, content_id = 134;
  auto schema = Json::parse(avro_schema);
  if (!schema || has_field(*schema, sequence_number_id)) return avro_schema;
  const auto optional_long = Json::array({"null", "long"});
  auto fields = Json::array();
  for (auto field : (*schema)["fields"].items()) {
    if (field["field-id"].as_int(-1) == data_file_id) add_field(field.at("type"), "content", content_id, "int");
    fields.push(std::move(field));
  }
  schema->set("fields", std::move(fields));
  add_field(*schema, "sequence_number", sequence_number_id, optional_long);
  add_field(*schema, "file_sequence_number", file_sequence_number_id, optional_long);
  return schema->dump();
}

std::string_view manifest_list_avro_schema() {
  return R"({"type":"record","name":"manifest_file","fields":[
{"name":"manifest_path","type":"string","field-id":500},
{"name":"manifest_length","type":"long","field-id":501},
{"name":"partition_spec_id","type":"int","field-id":502},
{"name":"content","type":"int","field-id":517},
{"name":"sequence_number","type":"long","field-id":515},
{"name":"min_sequence_number","type":"long","field-id":516},
{"name":"added_snapshot_id","type":"long","field-id":503},
{"name":"added_files_count","type":"int","field-id":504},
{"name":"existing_files_count","type":"int","field-id":505},
{"name":"deleted_files_count","type":"int","field-id":506},
{"name":"added_rows_count","type":"long","field-id":512},
{"name":"existing_rows_count","type":"long","field-id":513},
{"name":"deleted_rows_count","type":"long","field-id":514},
{"name":"partitions","default":null,"field-id":507,"type":["null",{"type":"array","element-id":508,"items":
{"type":"record","name":"r508","fields":[
{"name":"contains_null","type":"boolean","field-id":509},
{"name":"contains_nan","type":["null","boolean"],"default":null,"field-id":518},
{"name":"lower_bound","type":["null","bytes"],"default":null,"field-id":510},
{"name":"upper_bound","type":["null","bytes"],"default":null,"field-id":511}]}}]},
{"name":"key_metadata","type":["null","bytes"],"default":null,"field-id":519}
]})";
}

const AvroSchema::FieldNames& manifest_field_names() {
  static const AvroSchema::FieldNames names{{0, "status"},
                                            {1, "snapshot_id"},
                                            {3, "sequence_number"},
                                            {4, "file_sequence_number"},
                                            {2, "data_file"},
                                            {134, "content"},
                                            {100, "file_path"},
                                            {101, "file_format"},
                                            {102, "partition"},
                                            {103, "record_count"},
                                            {104, "file_size_in_bytes"},
                                            {108, "column_sizes"},
                                            {109, "value_counts"},
                                            {110, "null_value_counts"},
                                            {137, "nan_value_counts"},
                                            {125, "lower_bounds"},
                                            {128, "upper_bounds"},
                                            {131, "key_metadata"},
                                            {132, "split_offsets"},
                                            {135, "equality_ids"},
                                            {140, "sort_order_id"},
                                            {143, "referenced_data_file"}};
  return names;
}

const AvroSchema::FieldNames& manifest_list_field_names() {
  static const AvroSchema::FieldNames names{{500, "manifest_path"},        {501, "manifest_length"},
                                            {502, "partition_spec_id"},    {517, "content"},
                                            {515, "sequence_number"},      {516, "min_sequence_number"},
                                            {503, "added_snapshot_id"},    {504, "added_files_count"},
                                            {505, "existing_files_count"}, {506, "deleted_files_count"},
                                            {512, "added_rows_count"},     {513, "existing_rows_count"},
                                            {514, "deleted_rows_count"},   {507, "partitions"},
                                            {519, "key_metadata"},         {509, "contains_null"},
                                            {518, "contains_nan"},         {510, "lower_bound"},
                                            {511, "upper_bound"}};
  return names;
}

}  // namespace gristmill::store
