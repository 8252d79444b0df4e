// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/metadata.h"

#include <doctest/doctest.h>

using namespace gristmill;
using store::Snapshot;
using store::TableMetadata;

namespace {

std::vector<formats::TableColumn> two_columns() {
  return {{.field_id = 1, .name = "id", .type = "string", .required = true, .doc = "who"},
          {.field_id = 7, .name = "text", .type = "string", .required = false, .doc = ""}};
}

Snapshot snapshot(std::int64_t id, std::int64_t sequence_number, std::int64_t timestamp_ms) {
  return {.id = id,
          .parent_id = id > 1 ? id - 1 : 0,
          .sequence_number = sequence_number,
          .timestamp_ms = timestamp_ms,
          .schema_id = 0,
          .manifest_list = "file:///t/metadata/snap-" + std::to_string(id) + ".avro",
          .summary = {{"operation", "append"}, {"total-records", "12"}, {"odd", "12x"}}};
}

// After the example in appendix C of the Iceberg specification, with members that we do not know.
constexpr const char* foreign = R"({
  "format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": "s3://bucket/test/location",
  "last-sequence-number": 34, "last-updated-ms": 1602638573590, "last-column-id": 3, "current-schema-id": 1,
  "schemas": [
    {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "x", "required": true, "type": "long"}]},
    {"type": "struct", "schema-id": 1, "identifier-field-ids": [1], "fields": [
      {"id": 1, "name": "x", "required": true, "type": "long"},
      {"id": 2, "name": "y", "required": true, "type": "long", "doc": "comment"},
      {"id": 3, "name": "z", "required": false, "type":
        {"type": "list", "element-id": 4, "element": "string", "element-required": true}}]}],
  "default-spec-id": 0,
  "partition-specs": [{"spec-id": 0, "fields":
    [{"name": "x", "transform": "identity", "source-id": 1, "field-id": 1000}]}],
  "last-partition-id": 1000, "default-sort-order-id": 3,
  "sort-orders": [{"order-id": 3, "fields": []}], "properties": {"read.split.target.size": "134217728"},
  "current-snapshot-id": 3055729675574597004,
  "snapshots": [
    {"snapshot-id": 3051729675574597004, "timestamp-ms": 1515100955770, "sequence-number": 0,
     "summary": {"operation": "append"}, "manifest-list": "s3://a/b/1.avro"},
    {"snapshot-id": 3055729675574597004, "parent-snapshot-id": 3051729675574597004, "timestamp-ms": 1555100955770,
     "sequence-number": 1, "summary": {"operation": "append"}, "manifest-list": "s3://a/b/2.avro", "schema-id": 1}],
  "snapshot-log": [
    {"snapshot-id": 3051729675574597004, "timestamp-ms": 1515100955770},
    {"snapshot-id": 3055729675574597004, "timestamp-ms": 1555100955770}],
  "metadata-log": [], "statistics": [{"snapshot-id": 3055729675574597004, "x": [1]}],
  "refs": {"test": {"snapshot-id": 3051729675574597004, "type": "tag", "max-ref-age-ms": 10000000}}})";

}  // namespace

TEST_CASE("metadata of other writers is read, and what we do not know survives our change") {
  auto metadata = *TableMetadata::parse(foreign);
  CHECK(metadata.uuid() == "9c12d441-03fe-4693-9a96-a0705ddf69c1");
  CHECK(metadata.is_partitioned());
  CHECK(metadata.current_snapshot_id() == 3055729675574597004);
  CHECK(metadata.snapshots().size() == 2);
  CHECK(metadata.references().at(0).is_tag);
  const auto columns = *metadata.columns(1);
  CHECK(columns.at(1).doc == "comment");
  CHECK(columns.at(2).type == "list");
  CHECK(metadata.snapshot_at(1515100955769) == nullptr);
  CHECK(metadata.snapshot_at(1555100955769)->id == 3051729675574597004);
  CHECK(metadata.snapshot_at(INT64_MAX)->id == 3055729675574597004);

  auto more = columns;
  more.push_back({.field_id = metadata.next_field_id(), .name = "new", .type = "double", .required = true, .doc = ""});
  metadata.set_schema(more);
  auto added = snapshot(9, 35, metadata.next_timestamp_ms(0));
  added.schema_id = metadata.current_schema_id();
  metadata.add_snapshot(added);
  const auto json = *Json::parse(metadata.dump());
  CHECK(json["statistics"].items().at(0)["x"].items().at(0).as_int() == 1);
  CHECK(json["refs"]["test"]["max-ref-age-ms"].as_int() == 10'000'000);
  CHECK(json["refs"]["main"]["snapshot-id"].as_int() == 9);
  // 4 is that of the elements of z, though the example's counter says 3.
  CHECK(more.back().field_id == 5);
  CHECK(json["last-column-id"].as_int() == 5);
  const auto& fields = json["schemas"].items().at(2)["fields"].items();
  CHECK(fields.at(2)["type"]["element"].as_string() == "string");
  CHECK(fields.at(3)["required"].as_bool() == false);
  CHECK(json["last-sequence-number"].as_int() == 35);
  CHECK(json["last-updated-ms"].as_int() == 1602638573591);
}

TEST_CASE("version 1 with one schema under the old name is read") {
  const auto metadata = TableMetadata::parse(
      R"({"format-version":1,"table-uuid":"u","location":"file:/t","last-updated-ms":5,"last-column-id":1,
          "schema":{"type":"struct","fields":[{"id":1,"name":"x","required":true,"type":"long"}]},
          "partition-spec":[{"name":"x","transform":"identity","source-id":1,"field-id":1000}],"properties":{},
          "current-snapshot-id":-1,"snapshots":[]})");
  REQUIRE(metadata.ok());
  CHECK(metadata->columns(0)->at(0).name == "x");
  CHECK(metadata->is_partitioned());
  CHECK(metadata->current_snapshot() == nullptr);
}

TEST_CASE("a new table holds every member that readers insist on") {
  const auto metadata = TableMetadata::create("file:///t", two_columns(), 1000);
  const auto json = *Json::parse(metadata.dump());
  for (const auto* member : {"format-version", "table-uuid", "location", "last-sequence-number", "last-updated-ms",
                             "last-column-id", "schemas", "current-schema-id", "partition-specs", "default-spec-id",
                             "last-partition-id", "sort-orders", "default-sort-order-id", "properties",
                             "current-snapshot-id", "snapshots", "snapshot-log", "metadata-log", "refs"}) {
    CHECK_MESSAGE(json.contains(member), member);
  }
  CHECK(json["table-uuid"].as_string().size() == 36);
  CHECK(json["table-uuid"].as_string()[14] == '4');
  const auto mapping = *Json::parse(json["properties"]["schema.name-mapping.default"].as_string());
  CHECK(mapping.items().at(1)["field-id"].as_int() == 7);
  CHECK(mapping.items().at(1)["names"].items().at(0).as_string() == "text");
  CHECK(metadata.next_field_id() == 100);
}

TEST_CASE("history only ever moves forward, whatever the clock says") {
  auto metadata = TableMetadata::create("file:///t", two_columns(), 1000);
  CHECK(metadata.next_timestamp_ms(500) == 1001);
  metadata.add_snapshot(snapshot(1, 1, 2000));
  CHECK(metadata.next_timestamp_ms(1500) == 2001);
  CHECK(metadata.next_timestamp_ms(9000) == 9000);
  metadata.add_snapshot(snapshot(2, 2, 3000));
  const auto first = metadata.snapshots()[0];
  metadata.set_current_snapshot(first, 4000);
  CHECK(metadata.current_snapshot_id() == 1);
  CHECK(metadata.snapshot_at(3500)->id == 2);
  CHECK(metadata.snapshot_at(4000)->id == 1);
  CHECK(metadata.snapshots().size() == 2);
  CHECK(first.count("total-records") == 12);
  CHECK(!first.count("odd").has_value());
  CHECK(!first.count("absent").has_value());
}

TEST_CASE("equal columns are one schema, and ids of names that are known are used again") {
  auto metadata = TableMetadata::create("file:///t", two_columns(), 1000);
  auto wider = two_columns();
  wider.push_back({.field_id = 100, .name = "score", .type = "double", .required = false, .doc = ""});
  metadata.set_schema(wider);
  CHECK(metadata.current_schema_id() == 1);
  metadata.set_schema(two_columns());
  CHECK(metadata.current_schema_id() == 0);
  const auto planned = metadata.plan_columns(
      {{.field_id = 0, .name = "lang", .type = "string", .required = false, .doc = ""},
       {.field_id = 0, .name = "score", .type = "double", .required = false, .doc = ""},
       {.field_id = 0, .name = "score", .type = "long", .required = false, .doc = ""}});
  CHECK(planned[0].field_id == 101);
  CHECK(planned[1].field_id == 100);
  CHECK(planned[2].field_id == 102);
}

TEST_CASE("the id of a column that was renamed is not given to another one of its old name") {
  auto metadata = TableMetadata::create("file:///t", two_columns(), 1000);
  auto text = Json::parse(metadata.dump());
  // What another writer's rename leaves: schema 1 calls the column of id 7 "body".
  auto renamed = (*text)["schemas"].items().at(0);
  auto fields = renamed["fields"].items();
  fields.at(1).set("name", "body");
  renamed.set("schema-id", 1).set("fields", Json(std::move(fields)));
  text->at("schemas").push(std::move(renamed));
  text->set("current-schema-id", 1);
  metadata = *TableMetadata::parse(text->dump());
  CHECK(metadata.column_by_id(7)->name == "body");
  const formats::TableColumn named{.field_id = 0, .name = "text", .type = "string", .required = false, .doc = ""};
  const auto planned = metadata.plan_columns({named});
  CHECK(planned[0].field_id == 100);
  // Back at the schema before, it is the old name that holds.
  text->set("current-schema-id", 0);
  metadata = *TableMetadata::parse(text->dump());
  CHECK(metadata.column_by_id(7)->name == "text");
  CHECK(metadata.plan_columns({named})[0].field_id == 7);
}

TEST_CASE("numbers in use are not given out again where another writer's counters are behind") {
  auto json = *Json::parse(foreign);
  for (const auto* counter : {"last-column-id", "last-partition-id", "last-sequence-number"}) json.erase(counter);
  auto metadata = *TableMetadata::parse(json.dump());
  CHECK(metadata.next_field_id() == 5);
  CHECK(metadata.last_sequence_number() == 1);
  CHECK(metadata.set_partition({{.source_id = 2, .field_id = 0, .name = "y", .transform = "identity"}}));
  CHECK(metadata.partition_fields().at(0).field_id == 1001);
}

TEST_CASE("columns of another schema take along what new files are split by, as far as they have it") {
  auto metadata = *TableMetadata::parse(foreign);
  CHECK(metadata.set_partition({{.source_id = 1, .field_id = 0, .name = "x", .transform = "identity"},
                                {.source_id = 2, .field_id = 0, .name = "y_bucket_4", .transform = "bucket[4]"}}));
  const auto before = metadata.shape();
  metadata.use_schema(0);
  REQUIRE(metadata.partition_fields().size() == 1);
  CHECK(metadata.partition_fields().at(0).field_id == 1000);
  CHECK(metadata.default_spec_id() == 0);
  metadata.restore(before);
  CHECK(metadata.partition_fields().size() == 2);
  CHECK(metadata.current_schema_id() == 1);
  CHECK(metadata.property("schema.name-mapping.default").empty());
}

TEST_CASE("a name mapping keeps what it says of the inside of columns and of earlier names") {
  auto json = *Json::parse(foreign);
  constexpr const char* mapping = R"([{"field-id":1,"names":["x"]},{"field-id":2,"names":["why","y"]},)"
                                  R"({"field-id":3,"names":["z"],"fields":[{"field-id":4,"names":["element"]}]}])";
  json.at("properties").set("schema.name-mapping.default", mapping);
  auto metadata = *TableMetadata::parse(json.dump());
  CHECK(metadata.columns(1)->at(1).file_names == std::vector<std::string>{"why", "y"});
  auto columns = *metadata.columns(1);
  columns.push_back({.field_id = 5, .name = "new", .type = "double", .required = false, .doc = ""});
  metadata.set_schema(columns);
  const auto after = *Json::parse(metadata.property("schema.name-mapping.default"));
  CHECK(after.items().at(1)["names"].size() == 2);
  CHECK(after.items().at(2)["fields"].items().at(0)["field-id"].as_int() == 4);
  CHECK(after.items().at(3)["names"].items().at(0).as_string() == "new");
}

TEST_CASE("the log of metadata files is cut and tells which may go") {
  auto metadata = TableMetadata::create("file:///t", two_columns(), 1000);
  for (int i = 0; i < 100; ++i) CHECK(metadata.log_previous("file:///t/" + std::to_string(i), i).empty());
  CHECK(metadata.log_previous("file:///t/100", 100) == std::vector<std::string>{"file:///t/0"});
  CHECK(metadata.has_logged("file:///t/100"));
  CHECK(!metadata.has_logged("file:///t/0"));
}

TEST_CASE("damaged metadata is refused by the member that is wrong") {
  const auto error = [](std::string_view text) {
    const auto parsed = TableMetadata::parse(text);
    return parsed ? std::string("accepted") : parsed.error().message;
  };
  const auto without = [](std::string_view member, Json value) {
    auto json = *Json::parse(foreign);
    value.is_null() ? json.erase(member) : static_cast<void>(json.set(member, std::move(value)));
    return json.dump();
  };
  CHECK(error("") != "accepted");
  CHECK(error("[]") == "not a JSON object");
  CHECK(error(without("format-version", Json())) == "no format-version");
  CHECK(error(without("format-version", 9)).find("format-version 9") != std::string::npos);
  CHECK(error(without("location", Json())) == "no location");
  CHECK(error(without("schemas", Json())) == "no schemas");
  CHECK(error(without("current-schema-id", 5)).find("5") != std::string::npos);
  CHECK(error(without("partition-specs", Json())) == "no partition-specs");
  CHECK(error(without("default-spec-id", 3)) == "default-spec-id 3 is not among the partition specs");
  CHECK(error(without("current-snapshot-id", 77)).find("77") != std::string::npos);
  CHECK(error(without("snapshots", Json::array({1}))) == "a snapshot without snapshot-id");
  CHECK(error(without("current-snapshot-id", Json())) == "accepted");
}
