// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/cost_parts.h"

namespace gristmill::platform {
namespace {

constexpr std::string_view commit_part = "commit";

}  // namespace

Json cost_part(std::string_view name, double cpu_seconds, std::int64_t bytes) {
  return Json::object({{"name", name}, {"cpu_seconds", cpu_seconds}, {"bytes", bytes}});
}

void append_plan_parts(Json& parts, const engine::PlanResult& result) {
  parts.push(cost_part("read", result.account.read_cpu_seconds, result.account.text_bytes_in));
  parts.push(cost_part("write", result.account.write_cpu_seconds, result.account.file_bytes_out));
  if (!result.shards.empty()) {
    std::int64_t bytes = 0;
    for (const auto& shard : result.shards) bytes += static_cast<std::int64_t>(shard.bytes);
    parts.push(cost_part("token shards", result.shard_cpu_seconds, bytes));
  }
  parts.push(cost_part("journal", result.journal_cpu_seconds));
  parts.push(cost_part("engine", result.engine_cpu_seconds));
}

void note_commit_cost(Json& document, double cpu_seconds) {
  auto parts = Json::array();
  double total = cpu_seconds;
  for (const auto& part : document["parts"].items()) {
    if (part["name"].as_string() == commit_part) continue;
    total += part["cpu_seconds"].as_double();
    parts.push(part);
  }
  for (const auto& item : document["operators"].items()) total += item["cpu_seconds"].as_double();
  parts.push(cost_part(commit_part, cpu_seconds));
  document.set("parts", std::move(parts)).set("cpu_seconds", total);
}

}  // namespace gristmill::platform
