// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/table_updates.h"

#include <doctest/doctest.h>

#include "gristmill/store/schema_json.h"

namespace gristmill::store {
namespace {

constexpr std::int64_t now = 1'780'000'000'000;

Json parsed(std::string_view text) {
  auto json = Json::parse(text);
  REQUIRE(json.ok());
  return *std::move(json);
}

TableMetadata new_table() {
  NewTable table{.location = "file:///warehouse/raw/web",
                 .schema = parsed(R"({"type": "struct", "fields": [
                   {"id": 0, "name": "n", "required": true, "type": "long"},
                   {"id": 1, "name": "day", "required": false, "type": "date"},
                   {"id": 2, "name": "text", "required": false, "type": "string", "doc": "what it says"}]})"),
                 .spec = parsed(R"({"fields": [{"source-id": 1, "name": "day_month", "transform": "month"}]})"),
                 .sort_order = parsed(R"({"fields": [{"source-id": 0, "transform": "identity", "direction": "asc",
                   "null-order": "nulls-first"}]})"),
                 .properties = parsed(R"({"color": "red"})")};
  auto metadata = create_metadata(table, now);
  REQUIRE(metadata.ok());
  return *std::move(metadata);
}

Json snapshot(std::int64_t id, std::int64_t sequence_number, std::int64_t timestamp_ms = now) {
  return Json::object({{"snapshot-id", id},
                       {"sequence-number", sequence_number},
                       {"timestamp-ms", timestamp_ms},
                       {"manifest-list", "file:///warehouse/raw/web/metadata/list.avro"},
                       {"summary", Json::object({{"operation", "append"}})},
                       {"schema-id", 0}});
}

Json add(std::int64_t id, std::int64_t sequence_number, std::int64_t timestamp_ms = now) {
  return Json::object({{"action", "add-snapshot"}, {"snapshot", snapshot(id, sequence_number, timestamp_ms)}});
}

Json set_ref(std::string_view name, std::int64_t id, std::string_view type = "branch") {
  return Json::object({{"action", "set-snapshot-ref"}, {"ref-name", name}, {"type", type}, {"snapshot-id", id}});
}

TableMetadata changed(const TableMetadata& base, const Json& updates, std::int64_t at = now + 1000) {
  auto after = apply_updates(&base, updates, at);
  INFO((after.ok() ? std::string() : after.error().message));
  REQUIRE(after.ok());
  // What we make, we can read.
  REQUIRE(TableMetadata::parse(after->dump()).ok());
  return *std::move(after);
}

ErrorCode refused(const TableMetadata& base, const Json& updates) {
  const auto before = base.dump();
  const auto after = apply_updates(&base, updates, now + 1000);
  CHECK(base.dump() == before);
  return after.ok() ? ErrorCode::internal : after.error().code;
}

}  // namespace

TEST_CASE("a new table gets field ids from 1 on, and its spec and order follow") {
  const auto table = new_table();
  const auto& document = table.document();
  CHECK(document["format-version"].as_int() == 2);
  CHECK(document["last-column-id"].as_int() == 3);
  CHECK(document["current-schema-id"].as_int() == 0);
  CHECK(document["schemas"].items()[0]["fields"].items()[2].dump() ==
        R"({"id":3,"name":"text","required":false,"type":"string","doc":"what it says"})");
  CHECK(document["partition-specs"].dump() ==
        R"([{"spec-id":0,"fields":[{"source-id":2,"field-id":1000,"name":"day_month","transform":"month"}]}])");
  CHECK(document["last-partition-id"].as_int() == 1000);
  CHECK(document["default-sort-order-id"].as_int() == 1);
  CHECK(document["sort-orders"].items()[0]["fields"].items()[0]["source-id"].as_int() == 1);
  CHECK(document["properties"].dump() == R"({"color":"red"})");
  CHECK(table.current_snapshot() == nullptr);
}

TEST_CASE("nested types are numbered level by level") {
  NewTable table{.location = "file:///w/x",
                 .schema = parsed(R"({"type": "struct", "identifier-field-ids": [41], "fields": [
    {"id": 10, "name": "places", "required": false, "type": {"type": "list", "element-id": 11, "element-required": true,
      "element": {"type": "struct", "fields": [{"id": 12, "name": "city", "required": false, "type": "string"}]}}},
    {"id": 20, "name": "counts", "required": false, "type": {"type": "map", "key-id": 21, "key": "string",
      "value-id": 22, "value-required": false, "value": "long"}},
    {"id": 40, "name": "who", "required": true, "type": {"type": "struct", "fields": [
      {"id": 41, "name": "id", "required": true, "type": "uuid"}]}}]})"),
                 .spec = {},
                 .sort_order = {},
                 .properties = {}};
  const auto metadata = create_metadata(table, now);
  REQUIRE(metadata.ok());
  const auto fields = fields_of(metadata->schema(0));
  REQUIRE(fields.size() == 8);
  CHECK(fields.at(1).path == "places");
  CHECK(fields.at(3).path == "who");
  CHECK(fields.at(4).path == "places.element");
  CHECK(fields.at(5).path == "places.element.city");
  CHECK(fields.at(6).path == "counts.key");
  CHECK(fields.at(7).path == "counts.value");
  CHECK(fields.at(8).path == "who.id");
  CHECK(metadata->schema(0)["identifier-field-ids"].dump() == "[8]");
}

TEST_CASE("schemas that are equal share an id, and the highest column id never sinks") {
  const auto table = new_table();
  auto wider = table.schema(0);
  auto fields = wider["fields"].items();
  fields.push_back(parsed(R"({"type": "int", "required": false, "name": "score", "id": 9})"));
  wider.set("fields", Json(fields));
  const auto add_wider = Json::object({{"action", "add-schema"}, {"schema", wider}, {"last-column-id", 9}});
  const auto use_it = parsed(R"({"action": "set-current-schema", "schema-id": -1})");
  const auto second = changed(table, Json::array({add_wider, use_it}));
  CHECK(second.current_schema_id() == 1);
  CHECK(second.document()["last-column-id"].as_int() == 9);
  auto first_again = table.schema(0);
  first_again.set("schema-id", 5);
  const auto add_first = Json::object({{"action", "add-schema"}, {"schema", first_again}, {"last-column-id", 3}});
  const auto third = changed(second, Json::array({add_first, use_it}));
  CHECK(third.current_schema_id() == 0);
  CHECK(third.document()["schemas"].size() == 2);
  CHECK(third.document()["last-column-id"].as_int() == 9);
  const auto fourth = changed(third, parsed(R"([{"action": "remove-schemas", "schema-ids": [1]}])"));
  CHECK(fourth.document()["schemas"].size() == 1);
  CHECK(refused(third, parsed(R"([{"action": "remove-schemas", "schema-ids": [0]}])")) == ErrorCode::invalid_argument);
}

TEST_CASE("equal specs share an id, and a cut of the same column its field id") {
  const auto table = new_table();
  const auto updates = parsed(R"([
    {"action": "add-spec", "spec": {"fields": [{"source-id": 2, "name": "day_month", "transform": "month"},
      {"source-id": 1, "name": "n_bucket", "transform": "bucket[16]"}]}},
    {"action": "set-default-spec", "spec-id": -1}])");
  const auto second = changed(table, updates);
  CHECK(second.default_spec_id() == 1);
  CHECK(second.document()["partition-specs"].items()[1]["fields"].items()[0]["field-id"].as_int() == 1000);
  CHECK(second.document()["last-partition-id"].as_int() == 1001);
  CHECK(changed(second, updates).document()["partition-specs"].size() == 2);
  CHECK(refused(second, parsed(R"([{"action": "remove-partition-specs", "spec-ids": [1]}])")) ==
        ErrorCode::invalid_argument);
  const auto third = changed(second, parsed(R"([{"action": "remove-partition-specs", "spec-ids": [0]}])"));
  CHECK(third.document()["partition-specs"].size() == 1);
  const auto bad = {R"({"source-id": 3, "name": "x", "transform": "hour"})",
                    R"({"source-id": 7, "name": "x", "transform": "identity"})",
                    R"({"source-id": 1, "name": "text", "transform": "bucket[2]"})",
                    R"({"source-id": 1, "name": "x", "transform": "bucket[0]"})"};
  for (const auto* field : bad) {
    auto spec = Json::object({{"fields", Json::array({parsed(field)})}});
    const auto add_spec = Json::object({{"action", "add-spec"}, {"spec", std::move(spec)}});
    const auto use_it = parsed(R"({"action": "set-default-spec", "spec-id": -1})");
    CHECK(refused(table, Json::array({add_spec, use_it})) == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a column that the table is partitioned by cannot go") {
  const auto table = new_table();
  auto without = table.schema(0);
  auto fields = without["fields"].items();
  fields.erase(fields.begin() + 1);
  without.set("fields", Json(fields));
  const auto updates = Json::array({Json::object({{"action", "add-schema"}, {"schema", without}}),
                                    parsed(R"({"action": "set-current-schema", "schema-id": -1})")});
  CHECK(refused(table, updates) == ErrorCode::invalid_argument);
}

TEST_CASE("snapshots, branches and tags") {
  const auto table = new_table();
  const auto first = changed(table, Json::array({add(11, 1), set_ref("main", 11), set_ref("v1", 11, "tag")}));
  CHECK(first.current_snapshot_id() == 11);
  CHECK(first.last_sequence_number() == 1);
  CHECK(first.references().size() == 2);
  CHECK(first.document()["snapshot-log"].size() == 1);
  CHECK(refused(first, Json::array({add(12, 1)})) == ErrorCode::conflict);
  CHECK(refused(first, Json::array({add(11, 2)})) == ErrorCode::conflict);
  CHECK(refused(first, Json::array({set_ref("x", 99)})) == ErrorCode::invalid_argument);
  const auto second = changed(first, Json::array({add(12, 2), set_ref("main", 12)}));
  CHECK(second.document()["snapshot-log"].size() == 2);
  const auto remove = parsed(R"([{"action": "remove-snapshots", "snapshot-ids": [11]}])");
  CHECK(refused(second, remove) == ErrorCode::invalid_argument);
  const auto untagged = changed(second, parsed(R"([{"action": "remove-snapshot-ref", "ref-name": "v1"}])"));
  const auto expired = changed(untagged, remove);
  CHECK(expired.snapshots().size() == 1);
  CHECK(expired.document()["snapshot-log"].size() == 1);
  const auto empty = changed(second, parsed(R"([{"action": "remove-snapshot-ref", "ref-name": "main"}])"));
  CHECK(empty.current_snapshot() == nullptr);
  CHECK(is_applied_already(second, Json(), Json::array({add(12, 2)})));
  CHECK_FALSE(is_applied_already(second, Json(), Json::array({add(13, 3)})));
  CHECK_FALSE(is_applied_already(second, Json(), Json::array({set_ref("main", 12)})));
}

TEST_CASE("retention of branches is kept, that of tags is limited") {
  const auto table = changed(new_table(), Json::array({add(11, 1), set_ref("main", 11)}));
  auto branch = set_ref("audit", 11);
  branch.set("min-snapshots-to-keep", 3).set("max-snapshot-age-ms", 1000).set("max-ref-age-ms", 2000);
  const auto kept = changed(table, Json::array({branch}));
  CHECK(kept.document()["refs"]["audit"]["min-snapshots-to-keep"].as_int() == 3);
  CHECK(refused(table, Json::array({branch.set("type", "tag")})) == ErrorCode::invalid_argument);
  auto zero = set_ref("x", 11);
  CHECK(refused(table, Json::array({zero.set("max-ref-age-ms", 0)})) == ErrorCode::invalid_argument);
}

TEST_CASE("clocks that run backwards leave the history in order") {
  auto table = changed(new_table(), Json::array({add(11, 1, now), set_ref("main", 11)}));
  table = changed(table, Json::array({add(12, 2, now - 86'400'000), set_ref("main", 12)}), now - 86'400'000);
  std::int64_t before = 0;
  for (const auto& entry : table.document()["snapshot-log"].items()) {
    CHECK(entry["timestamp-ms"].as_int() >= before);
    before = entry["timestamp-ms"].as_int();
  }
  CHECK(table.last_updated_ms() >= before);
  CHECK(refused(table, Json::array({add(13, 3, now * 2)})) == ErrorCode::invalid_argument);
}

TEST_CASE("statistics come and go with their snapshot") {
  auto table = changed(new_table(), Json::array({add(11, 1), add(12, 2), set_ref("main", 12)}));
  const auto statistics = parsed(R"([{"action": "set-statistics", "snapshot-id": 11, "statistics": {"snapshot-id": 11,
    "statistics-path": "file:///warehouse/raw/web/metadata/a.puffin", "file-size-in-bytes": 4,
    "file-footer-size-in-bytes": 2, "blob-metadata": []}},
    {"action": "set-partition-statistics", "partition-statistics": {"snapshot-id": 12,
      "statistics-path": "file:///warehouse/raw/web/metadata/b.parquet", "file-size-in-bytes": 4}}])");
  table = changed(changed(table, statistics), statistics);
  CHECK(table.statistics_files().size() == 2);
  const auto removed = changed(table, parsed(R"([{"action": "remove-partition-statistics", "snapshot-id": 12}])"));
  CHECK(removed.statistics_files().size() == 1);
  CHECK(
      changed(removed, parsed(R"([{"action": "remove-snapshots", "snapshot-ids": [11]}])")).statistics_files().empty());
}

TEST_CASE("a table comes from nothing with the updates of a staged creation") {
  const auto updates = parsed(R"json([{"action": "assign-uuid", "uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1"},
    {"action": "upgrade-format-version", "format-version": 2},
    {"action": "add-schema", "schema": {"type": "struct", "schema-id": 0, "fields":
      [{"id": 1, "name": "n", "required": false, "type": "decimal(9,2)"}]
}
, "last-column-id" : 1
},
    {"action": "add-spec", "spec": {"spec-id": 0, "fields": []}}, {"action": "set-default-spec", "spec-id": -1},
    {"action": "add-sort-order", "sort-order": {"order-id": 0, "fields": []}},
    {"action": "set-default-sort-order", "sort-order-id": -1},
    {"action": "set-location", "location": "file:///warehouse/raw/new/"},
    {"action": "set-properties", "updates": {"format-version": "2", "a": "b"}},
    {"action": "set-current-schema", "schema-id": 0}])json");
  const auto table = apply_updates(nullptr, updates, now);
  REQUIRE(table.ok());
  CHECK(table->location() == "file:///warehouse/raw/new");
  CHECK(table->document()["properties"].dump() == R"({"a":"b"})");
  CHECK(table->schema(0)["fields"].items()[0]["type"].as_string() == "decimal(9, 2)");
  CHECK(is_applied_already(*table, parsed(R"([{"type": "assert-create"}])"), updates));
  CHECK_FALSE(is_applied_already(*table, Json(), updates));
  for (std::size_t missing : {0U, 2U, 7U}) {
    auto fewer = updates.items();
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(missing));
    CHECK_FALSE(apply_updates(nullptr, Json(fewer), now).ok());
  }
  CHECK_FALSE(apply_updates(nullptr, Json(), now).ok());
}

TEST_CASE("types of format version 3 and nonsense are refused") {
  for (const auto* type : {R"("timestamp_ns")", R"("variant")", R"json("geometry(OGC:CRS84)")json",
                           R"json("decimal(39, 2)")json", R"json("decimal(3, 4)")json", R"("fixed[0]")", R"("strings")",
                           "7", "null", R"({"type": "set"})", R"({"type": "list", "element": "int"})"}) {
    const auto schema = Json::object(
        {{"type", "struct"},
         {"fields", Json::array({Json::object({{"id", 1}, {"name", "x"}, {"type", parsed(type)}})})}});
    CHECK_MESSAGE(!normal_schema(schema).ok(), type);
  }
}

}  // namespace gristmill::store
