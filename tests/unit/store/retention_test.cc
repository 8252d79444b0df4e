// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/retention.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <set>
#include <string>

using namespace gristmill;
using store::expirable;
using store::TableMetadata;
using Ids = std::set<std::int64_t>;

namespace {

/// Snapshots 1 to 5, made at 1000, 2000, ... with the given parents; `references` as JSON members.
TableMetadata history(const std::array<int, 5>& parents, const std::string& references) {
  std::string snapshots;
  for (int id = 1; id <= 5; ++id) {
    const auto parent = parents.at(static_cast<std::size_t>(id - 1));
    snapshots += fmt::format(R"({}{{"snapshot-id":{},{}"timestamp-ms":{},"sequence-number":{},"manifest-list":"/t/{}",)"
                             R"("summary":{{"operation":"append"}}}})",
                             id == 1 ? "" : ",", id,
                             parent == 0 ? "" : fmt::format(R"("parent-snapshot-id":{},)", parent), id * 1000, id, id);
  }
  auto parsed = TableMetadata::parse(fmt::format(
      R"({{"format-version":2,"table-uuid":"u","location":"file:///t","last-sequence-number":5,"last-updated-ms":5000,)"
      R"("last-column-id":1,"current-schema-id":0,"schemas":[{{"schema-id":0,"type":"struct","fields":[]}}],)"
      R"("partition-specs":[{{"spec-id":0,"fields":[]}}],"default-spec-id":0,"properties":{{}},)"
      R"("current-snapshot-id":5,"snapshots":[{}],"refs":{{{}}},)"
      R"("snapshot-log":[{{"timestamp-ms":1000,"snapshot-id":1}},{{"timestamp-ms":2000,"snapshot-id":2}},)"
      R"({{"timestamp-ms":3000,"snapshot-id":3}},{{"timestamp-ms":5000,"snapshot-id":5}}],)"
      R"("statistics":[{{"snapshot-id":2,"statistics-path":"/t/s2"}},{{"snapshot-id":5,"statistics-path":"/t/s5"}}]}})",
      snapshots, references));
  REQUIRE_MESSAGE(parsed.ok(), parsed.error().message);
  return *std::move(parsed);
}

constexpr std::array line{0, 1, 2, 3, 4};
constexpr const char* main_only = R"("main":{"snapshot-id":5,"type":"branch"})";

}  // namespace

TEST_CASE("retention: the newest and the young of a branch stay") {
  const auto metadata = history(line, main_only);
  CHECK(expirable(metadata, {.older_than_ms = 9000}) == Ids{1, 2, 3, 4});
  CHECK(expirable(metadata, {.older_than_ms = 9000, .keep_last = 3}) == Ids{1, 2});
  CHECK(expirable(metadata, {.older_than_ms = 3000}) == Ids{1, 2});
  CHECK(expirable(metadata, {.older_than_ms = 1000}).empty());
  CHECK(expirable(metadata, {.older_than_ms = 9000, .keep_last = 1, .in_use = {2}}) == Ids{1, 3, 4});
  CHECK(expirable(metadata, {.older_than_ms = 9000, .keep_last = -7}) == Ids{1, 2, 3, 4});
}

TEST_CASE("retention: tags stay, and branches keep their own histories by their own rules") {
  const auto tagged = history(line, std::string(main_only) + R"(,"r":{"snapshot-id":2,"type":"tag"})");
  CHECK(expirable(tagged, {.older_than_ms = 9000}) == Ids{1, 3, 4});
  // 3 and 4 fork off 2; the branch asks for two snapshots of its own.
  const auto forked = history({0, 1, 2, 3, 2}, std::string(main_only) + R"(,"b":{"snapshot-id":4,"type":"branch",)"
                                                                        R"("min-snapshots-to-keep":2})");
  CHECK(expirable(forked, {.older_than_ms = 9000}) == Ids{1, 2});
  const auto aged = history(line, R"("main":{"snapshot-id":5,"type":"branch","max-snapshot-age-ms":9000000000000})");
  CHECK(expirable(aged, {.older_than_ms = 9000}).empty());
}

TEST_CASE("retention: what no reference leads to goes by its age") {
  const auto metadata = history({0, 1, 2, 3, 1}, main_only);
  CHECK(expirable(metadata, {.older_than_ms = 3500}) == Ids{1, 2, 3});
  CHECK(expirable(metadata, {.older_than_ms = 9000}) == Ids{1, 2, 3, 4});
}

TEST_CASE("retention: a ring of parents, as damaged metadata may hold, ends") {
  CHECK(expirable(history({5, 1, 2, 3, 4}, main_only), {.older_than_ms = 0, .keep_last = 100}).empty());
}

TEST_CASE("retention: with snapshots go their statistics, and the log up to the last gap") {
  auto metadata = history(line, main_only);
  metadata.remove_snapshots({2});
  const auto json = *Json::parse(metadata.dump());
  CHECK(json["snapshots"].size() == 4);
  CHECK(json["statistics"].size() == 1);
  CHECK(json["statistics"].items().at(0)["snapshot-id"].as_int() == 5);
  REQUIRE(json["snapshot-log"].size() == 2);
  CHECK(json["snapshot-log"].items().at(0)["snapshot-id"].as_int() == 3);
  CHECK(metadata.find_snapshot(2) == nullptr);
  CHECK(metadata.snapshot_at(2500) == nullptr);
  CHECK(metadata.snapshot_at(3500)->id == 3);
}
