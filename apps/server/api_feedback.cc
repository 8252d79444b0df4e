// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "access.h"
#include "api.h"
#include "gristmill/platform/feedback_events.h"
#include "schema.h"

namespace gristmill::server {
namespace {

/// The schema of one kind of event with what the intake takes besides: null for a member that may be absent.
Json with_nulls(Json schema) {
  const auto required = schema["required"].items();
  auto properties = Json::object();
  for (const auto& [name, member] : schema["properties"].members()) {
    const bool may_be_absent = std::ranges::find(required, Json(name)) == required.end();
    properties.set(name, may_be_absent ? Json::object({{"anyOf", Json::array({member, schema_of("null")})}}) : member);
  }
  schema.set("properties", std::move(properties));
  return schema;
}

/// One event, a list of them, or {"events": [...]}: what exactly, the intake checks and says.
Json body_schema() {
  const auto described = platform::feedback_schemas();
  auto kinds = Json::array();
  for (const auto& [name, schema] : described.members()) kinds.push(with_nulls(schema));
  const auto event = Json::object({{"anyOf", std::move(kinds)}});
  const auto events = array_schema(event).set("minItems", 1).set("maxItems", platform::feedback_events_max);
  auto batch = Json::object(
      {{"type", "object"},
       {"properties", Json::object({{"events", events}, {"idempotency_key", nullable(text_schema(512))}})},
       {"required", Json::array({"events"})}});
  return Json::object({{"anyOf", Json::array({event, events, std::move(batch)})}});
}

HttpResponse refusal_of(const Error& error) {
  // More than can be written is waiting: nothing was taken, and soon there is room again.
  if (error.code == ErrorCode::limit_exceeded) return too_many(1, error.message);
  return problem_of(error);
}

void take(const Backend& backend, const Call& call, const Reply& reply) {
  if (backend.feedback == nullptr)
    return reply(problem_of(unavailable("another process of this workspace takes the feedback")));
  const platform::FeedbackSender sender{.scope = call.principal.token_id,
                                        .idempotency_key = std::string(call.text("Idempotency-Key"))};
  const auto status = backend.feedback->submit(call.request->body, sender, [reply](Result<std::string> stored) {
    if (!stored) return reply(refusal_of(stored.error()));
    reply({.status = 201, .headers = {{"Content-Type", "application/json"}}, .body = *std::move(stored)});
  });
  if (!status) reply(refusal_of(status.error()));
}

}  // namespace

Route feedback_route(Backend& backend) {
  Route route{
      .method = "POST",
      .path = "/api/v1/feedback",
      .id = "send_feedback",
      .tag = "feedback",
      .summary = "Takes conversations, ratings and corrections, one or many, and answers once they are durable.",
      .needs = Needs::write,
      .parameters = {{.name = "Idempotency-Key",
                      .place = Place::header,
                      .schema = text_schema(200),
                      .help = "The same key again stores nothing anew and gets the first receipt"}},
      .body = body_schema(),
      .answers = {{201, "All of it is durable.",
                   open_object({{"events", array_schema(open_object({{"sequence", schema_of("integer")},
                                                                     {"repeated", schema_of("boolean")}}))}})}},
      .body_bytes_max = std::size_t{16} << 20,
      .errors = {409},
      .is_immediate = true,
      .is_urgent = true,
      .is_unlimited = true,
      .parses_body = true};
  route.handle_later = [&backend](const std::shared_ptr<const Call>& call, const Reply& reply) {
    take(backend, *call, reply);
  };
  return route;
}

}  // namespace gristmill::server
