// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"

namespace gristmill::platform {

/// Most events of one request.
inline constexpr std::size_t feedback_events_max = 10'000;

/// Checks one event of online feedback (docs/formats/feedback-events.md): its type, the version of its schema, the
/// types and sizes of the members that the schema names. Members it does not name are welcome. The error names the
/// member.
Status check_feedback_event(const Json& event);

/// JSON Schema (2020-12) of each type of event, by name: {"conversation": {...}, "rating": {...}, ...}.
Json feedback_schemas();

/// What is left of an event whose sender did not consent to its use: members that hold no words of people.
Json without_words(const Json& event);

/// Checks the idempotency key of a request with many events.
Status check_feedback_key(const Json& key);

/// True for a member of an event whose schema leaves no room for words; personal data is not looked for in it.
bool is_structural(std::string_view member);

/// An event for reading, and as a conversation (docs/formats/conversation.md; empty when it is none).
struct FeedbackText {
  std::string text;
  std::string conversation;
};
FeedbackText feedback_text(const Json& event);

/// The event without what feedback_text holds of it in full.
Json without_text(const Json& event);

/// -1 for "down", 1 for "up", else the number; null when the event has no rating.
Json feedback_rating(const Json& event);

}  // namespace gristmill::platform
