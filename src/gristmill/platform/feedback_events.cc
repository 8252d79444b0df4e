// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/feedback_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "gristmill/base/clock.h"

namespace gristmill::platform {
namespace {

/// What a member may hold.
enum class Shape { name, words, time, flag, version, rating, messages, prompt };

/// A member of an event: validation and JSON Schema are made from it.
struct Member {
  std::string_view name;
  Shape shape;
  bool is_required = false;
  std::string_view help = {};
};

struct EventType {
  std::string_view name;
  std::int64_t newest_version;
  std::string_view help;
  std::span<const Member> members;
};

constexpr std::int64_t name_length_max = 512;  // Code points, as JSON Schema counts.
constexpr std::size_t messages_max = 10'000;

/// Members of every event; they hold no words of people, apart from `user`.
constexpr std::array common{
    Member{"schema_version", Shape::version, false, "Version of the schema that the event follows; 1 when absent"},
    Member{"idempotency_key", Shape::name, false, "The same key again is answered, but not stored again"},
    Member{"consent", Shape::flag, false, "Whether the user agrees to the use of what was said; no when absent"},
    Member{"occurred_at", Shape::time, false, "When it happened, ISO 8601"},
    Member{"subject", Shape::name, false, "What it is about: id of a response, document or session"},
    Member{"session", Shape::name, false, "Groups events that belong together"},
    Member{"model", Shape::name, false, "Model that answered"},
    Member{"user", Shape::name, false, "Pseudonym of the user"},
};
constexpr std::array conversation_members{
    Member{"messages", Shape::messages, true, "What was said, in order"},
};
constexpr std::array rating_members{
    Member{"rating", Shape::rating, true, "A number, or \"up\" (1) or \"down\" (-1)"},
    Member{"comment", Shape::words, false, "In the user's words"},
    Member{"messages", Shape::messages, false, "The conversation that is rated"},
};
constexpr std::array correction_members{
    Member{"original", Shape::words, true, "What the model said"},
    Member{"corrected", Shape::words, true, "What it should have said"},
    Member{"prompt", Shape::prompt, false, "What it was asked: text, or messages"},
    Member{"comment", Shape::words, false, "Why"},
};
constexpr std::array event_types{
    EventType{"conversation", 1, "A conversation as it took place", conversation_members},
    EventType{"rating", 1, "A judgement on a response or document", rating_members},
    EventType{"correction", 1, "A better text in place of one that was given", correction_members},
};

const EventType* find_type(std::string_view name) {
  const auto* found = std::ranges::find(event_types, name, &EventType::name);
  return found == event_types.end() ? nullptr : found;
}

Error wrong(std::string_view member, std::string_view wanted) {
  return invalid_argument(fmt::format("'{}' must be {}", member, wanted));
}

Status check_messages(std::string_view member, const Json& value) {
  if (!value.is_array() || value.items().empty()) return wrong(member, "a list of at least one message");
  if (value.size() > messages_max) return wrong(member, fmt::format("a list of at most {} messages", messages_max));
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    const auto& message = value.items()[i];
    if (!message["role"].is_string() || message["role"].as_string().empty() || !message["content"].is_string())
      return invalid_argument(
          fmt::format("'{}', message {}: a message is an object with the strings 'role' and 'content'", member, i + 1));
  }
  return {};
}

std::int64_t length_of(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

Status check_shape(const Member& member, const Json& value) {
  switch (member.shape) {
    case Shape::name:
      if (value.is_string() && !value.as_string().empty() && length_of(value.as_string()) <= name_length_max) return {};
      return wrong(member.name, fmt::format("a string of 1 to {} characters", name_length_max));
    case Shape::words: return value.is_string() ? Status() : Status(wrong(member.name, "a string"));
    case Shape::time:
      if (value.is_string() && parse_iso8601(value.as_string())) return {};
      return wrong(member.name, "a time such as 2026-11-01T10:00:00Z");
    case Shape::flag: return value.is_bool() ? Status() : Status(wrong(member.name, "true or false"));
    case Shape::version: return {};
    case Shape::rating:
      if (value.is_number() && std::isfinite(value.as_double())) return {};
      if (value == Json("up") || value == Json("down")) return {};
      return wrong(member.name, "a number, \"up\" or \"down\"");
    case Shape::messages: return check_messages(member.name, value);
    case Shape::prompt: return value.is_string() ? Status() : check_messages(member.name, value);
  }
  return {};
}

Status check_members(const Json& event, std::span<const Member> members) {
  for (const auto& member : members) {
    const auto& value = event[member.name];
    if (!value.is_null()) {
      GRISTMILL_RETURN_IF_ERROR(check_shape(member, value));
    } else if (member.is_required) {
      return invalid_argument(fmt::format("'{}' is missing: {}", member.name, member.help));
    }
  }
  return {};
}

Status check_version(const Json& version, const EventType& type) {
  if (version.is_null()) return {};
  // As JSON Schema counts: 1.0 is the whole number 1.
  const auto number = version.as_double();
  if (number < 1 || number != std::trunc(number)) return wrong("schema_version", "a whole number from 1");
  if (number <= static_cast<double>(type.newest_version)) return {};
  return invalid_argument(
      fmt::format("schema_version {} of '{}' is newer than what is understood here, which is {}: send that, or update "
                  "Gristmill",
                  version.dump(), type.name, type.newest_version));
}

Json messages_schema() {
  return Json::object(
      {{"type", "array"},
       {"minItems", 1},
       {"maxItems", messages_max},
       {"items",
        Json::object({{"type", "object"},
                      {"required", Json::array({"role", "content"})},
                      {"properties", Json::object({{"role", Json::object({{"type", "string"}, {"minLength", 1}})},
                                                   {"content", Json::object({{"type", "string"}})}})}})}});
}

Json shape_schema(const Member& member, const EventType& type) {
  switch (member.shape) {
    case Shape::name: return Json::object({{"type", "string"}, {"minLength", 1}, {"maxLength", name_length_max}});
    case Shape::words: return Json::object({{"type", "string"}});
    case Shape::time: return Json::object({{"type", "string"}, {"format", "date-time"}});
    case Shape::flag: return Json::object({{"type", "boolean"}});
    case Shape::version: return Json::object({{"type", "integer"}, {"minimum", 1}, {"maximum", type.newest_version}});
    case Shape::rating:
      return Json::object({{"anyOf", Json::array({Json::object({{"type", "number"}}),
                                                  Json::object({{"enum", Json::array({"up", "down"})}})})}});
    case Shape::messages: return messages_schema();
    case Shape::prompt:
      return Json::object({{"anyOf", Json::array({Json::object({{"type", "string"}}), messages_schema()})}});
  }
  return {};
}

void add_block(std::string& text, std::string_view label, std::string_view role, std::string_view content) {
  if (!text.empty()) text += "\n\n";
  if (!label.empty()) text.append(label).append(" ");
  text.append(role).append(": ").append(content);
}

Json message(std::string_view role, const Json& content) {
  return Json::object({{"role", role}, {"content", content.as_string()}});
}

/// True when role and content are all there is.
bool are_plain(const Json& messages) {
  return std::ranges::all_of(messages.items(), [](const Json& one) { return one.size() == 2; });
}

/// The messages with role and content only, in the order that the conversation format wants.
Json plain_messages(const Json& messages) {
  auto list = Json::array();
  for (const auto& one : messages.items()) list.push(message(one["role"].as_string(), one["content"]));
  return list;
}

}  // namespace

Status check_feedback_event(const Json& event) {
  if (!event.is_object()) return invalid_argument("an event is a JSON object");
  const auto* type = find_type(event["type"].as_string());
  if (type == nullptr) return wrong("type", "conversation, rating or correction");
  GRISTMILL_RETURN_IF_ERROR(check_version(event["schema_version"], *type));
  GRISTMILL_RETURN_IF_ERROR(check_members(event, common));
  return check_members(event, type->members);
}

Json feedback_schemas() {
  auto schemas = Json::object();
  for (const auto& type : event_types) {
    auto properties = Json::object({{"type", Json::object({{"const", type.name}})}});
    auto required = Json::array({"type"});
    const auto add = [&](const Member& member) {
      properties.set(member.name, shape_schema(member, type).set("description", member.help));
      if (member.is_required) required.push(member.name);
    };
    std::ranges::for_each(common, add);
    std::ranges::for_each(type.members, add);
    schemas.set(type.name, Json::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                                         {"title", type.name},
                                         {"description", type.help},
                                         {"type", "object"},
                                         {"required", std::move(required)},
                                         {"properties", std::move(properties)},
                                         {"additionalProperties", true}}));
  }
  return schemas;
}

Json without_words(const Json& event) {
  constexpr std::array kept{"type",        "schema_version", "idempotency_key", "consent",
                            "occurred_at", "subject",        "model",           "rating"};
  auto rest = Json::object();
  for (const auto& name : kept) {
    if (event.contains(name)) rest.set(name, event[name]);
  }
  // Only a rating's own schema says what it holds.
  if (!rest["rating"].is_null() && !check_shape(rating_members.front(), rest["rating"])) rest.erase("rating");
  return rest;
}

Status check_feedback_key(const Json& key) {
  const auto* member = std::ranges::find(common, std::string_view("idempotency_key"), &Member::name);
  return check_shape(*member, key);
}

bool is_structural(std::string_view member) {
  constexpr std::array<std::string_view, 5> names{"type", "schema_version", "idempotency_key", "occurred_at",
                                                  "consent"};
  return std::ranges::find(names, member) != names.end();
}

FeedbackText feedback_text(const Json& event) {
  FeedbackText result;
  const auto& type = event["type"].as_string();
  if (type == "correction" && event.contains("original")) {
    const auto& prompt = event["prompt"];
    auto asked = Json::array();
    if (prompt.is_string()) asked.push(message("user", prompt));
    if (prompt.is_array()) asked = plain_messages(prompt);
    for (const auto& one : asked.items())
      add_block(result.text, {}, one["role"].as_string(), one["content"].as_string());
    add_block(result.text, "chosen", "assistant", event["corrected"].as_string());
    add_block(result.text, "rejected", "assistant", event["original"].as_string());
    result.conversation = Json::object({{"kind", "preference"},
                                        {"prompt", std::move(asked)},
                                        {"chosen", Json::array({message("assistant", event["corrected"])})},
                                        {"rejected", Json::array({message("assistant", event["original"])})}})
                              .dump();
  } else if (event["messages"].is_array()) {
    auto messages = plain_messages(event["messages"]);
    for (const auto& one : messages.items())
      add_block(result.text, {}, one["role"].as_string(), one["content"].as_string());
    result.conversation = Json::object({{"kind", "chat"}, {"messages", std::move(messages)}}).dump();
  } else {
    result.text = event["comment"].as_string();
  }
  return result;
}

Json without_text(const Json& event) {
  auto rest = event;
  const bool is_correction = event["type"].as_string() == "correction";
  if (is_correction) {
    rest.erase("original");
    rest.erase("corrected");
    if (event["prompt"].is_string() || are_plain(event["prompt"])) rest.erase("prompt");
  } else if (!event["messages"].is_array()) {
    rest.erase("comment");
  } else if (are_plain(event["messages"])) {
    rest.erase("messages");
  }
  return rest;
}

Json feedback_rating(const Json& event) {
  const auto& rating = event["rating"];
  if (rating.is_number()) return rating.as_double();
  if (rating == Json("up")) return 1.0;
  if (rating == Json("down")) return -1.0;
  return {};
}

}  // namespace gristmill::platform
