// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "gristmill/base/json.h"
#include "gristmill/engine/execute.h"

namespace gristmill::platform {

/// What work cost beside its operators, as a member of `parts` in run documents and ingestion records.
Json cost_part(std::string_view name, double cpu_seconds, std::int64_t bytes = 0);

/// Appends the parts of an executed plan: reading, writing, token shards, journal and engine. With the cost of the
/// operators they are all the CPU time since `execute` began.
void append_plan_parts(Json& parts, const engine::PlanResult& result);

/// Notes what the commit has cost so far as a part of the document, and sums up operators and parts as `cpu_seconds`.
/// The transaction that stores the document, and the report made of it, come after and are not in it.
void note_commit_cost(Json& document, double cpu_seconds);

}  // namespace gristmill::platform
