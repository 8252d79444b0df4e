// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/store/table_updates.h"

namespace {

using namespace gristmill;

const store::TableMetadata& base_table() {
  static const auto table = [] {
    const auto schema = Json::parse(R"({"fields": [{"id": 1, "name": "n", "required": true, "type": "long"},
      {"id": 2, "name": "day", "required": false, "type": "date"},
      {"id": 3, "name": "tags", "required": false, "type": {"type": "list", "element-id": 4, "element": "string",
        "element-required": true}}]})");
    auto made = store::create_metadata(
        {.location = "file:///w/t", .schema = *schema, .spec = {}, .sort_order = {}, .properties = {}}, 1'000'000);
    GRISTMILL_CHECK(made.ok(), made.ok() ? "" : made.error().message);
    return *std::move(made);
  }();
  return table;
}

void check(const store::TableMetadata* base, const Json& body) {
  static_cast<void>(store::check_requirements(base, body["requirements"]));
  const auto after = store::apply_updates(base, body["updates"], 2'000'000);
  if (!after) return;
  const auto again = store::TableMetadata::parse(after->dump());
  GRISTMILL_CHECK(again.ok(), again.ok() ? "" : again.error().message);
  GRISTMILL_CHECK(again->columns(again->current_schema_id()).ok(), after->dump());
  GRISTMILL_CHECK(again->last_updated_ms() >= 1'000'000, after->dump());
  for (const auto& reference : again->references())
    GRISTMILL_CHECK(again->find_snapshot(reference.snapshot_id) != nullptr, reference.name);
}

}  // namespace

/// Any bytes as the body of a commit: what is accepted can be written, read again, and holds together.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = Json::parse(std::string(data, data + size));
  if (!body) return 0;
  check(&base_table(), *body);
  check(nullptr, *body);
  static_cast<void>(store::create_metadata({.location = "file:///w/t",
                                            .schema = (*body)["schema"],
                                            .spec = (*body)["partition-spec"],
                                            .sort_order = (*body)["write-order"],
                                            .properties = (*body)["properties"]},
                                           2'000'000));
  return 0;
}
