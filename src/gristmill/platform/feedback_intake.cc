// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/feedback_intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "gristmill/ops/redact/pii.h"
#include "gristmill/platform/feedback_events.h"

namespace gristmill::platform {
namespace {

constexpr std::size_t payload_bytes_usual = 512;
constexpr std::size_t nesting_max = 200;  // Far below what readers of JSON take: what is stored nests a little deeper.

/// Whether a value nests deeper than so many levels.
bool is_deeper(const Json& value, std::size_t levels) {
  if (!value.is_array() && !value.is_object()) return false;
  if (levels == 0) return true;
  const auto is_item_deeper = [levels](const Json& item) { return is_deeper(item, levels - 1); };
  return std::ranges::any_of(value.items(), is_item_deeper) ||
         std::ranges::any_of(value.members(), is_item_deeper, &Json::Member::second);
}

/// Letters and underscores only, such as people give to members and roles.
bool is_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; });
}

/// Looks for personal data in all texts of an event, names of members included, and rewrites them.
class Redaction {
 public:
  explicit Redaction(const ops::Operator& redact) : redact_(redact), scratch_(redact.make_scratch()) {
    scratch_->arena = &arena_;
    const auto count = redact.spec().columns_out.size();
    scratch_->columns_out.resize(count);
    std::iota(scratch_->columns_out.begin(), scratch_->columns_out.end(), std::uint16_t{0});
    cells_.resize(count);
  }

  /// Begins with the next event.
  void restart() { finds_ = 0; }

  /// The event with its texts rewritten, nothing when they stay as they are; `denied` when the policy rejects what is
  /// in it.
  Result<std::optional<Json>> apply(const Json& event) { return apply_members(event.members(), true); }

  [[nodiscard]] std::int64_t finds() const { return finds_; }

 private:
  Result<std::optional<Json>> apply_value(const Json& value) {
    if (value.is_string()) return apply_text(value.as_string());
    if (value.is_int()) return apply_number(value.as_int());
    std::optional<Json> changed;
    if (value.is_array()) {
      std::size_t place = 0;
      std::optional<Json::Array> items;
      for (const auto& item : value.items()) {
        GRISTMILL_TRY(auto rewritten, apply_value(item));
        if (rewritten && !items) items = value.items();
        if (rewritten) (*items)[place] = *std::move(rewritten);
        ++place;
      }
      if (items) changed = Json(*std::move(items));
    } else if (value.is_object()) {
      GRISTMILL_TRY(changed, apply_members(value.members(), false));
    }
    return changed;
  }

  Result<std::optional<Json>> apply_members(const Json::Object& given, bool is_event) {
    std::optional<Json::Object> members;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const auto& [name, item] = given[i];
      GRISTMILL_TRY(auto new_name, apply_name(name, i));
      if (new_name && !members) members = given;
      if (new_name) (*members)[i].first = *std::move(new_name);
      if (is_event ? is_structural(name) : is_usual_role(name, item)) continue;
      auto rewritten = apply_value(item);
      if (!rewritten) return std::move(rewritten).error().within(fmt::format("'{}'", new_name ? "..." : name));
      if (!*rewritten) continue;
      if (!members) members = given;
      (*members)[i].second = **std::move(rewritten);
    }
    if (!members) return std::optional<Json>();
    return std::optional(Json::from_members(*std::move(members)));
  }

  /// A word such as `assistant`: nearly every message has one, and it names nobody.
  static bool is_usual_role(std::string_view name, const Json& value) {
    constexpr std::size_t word_bytes_max = 32;
    const auto& word = value.as_string();
    return name == "role" && value.is_string() && word.size() <= word_bytes_max && is_word(word);
  }

  /// The name of a member that people may be the keys of. Rewritten, it gets its place as a number, so that it differs
  /// from the others.
  Result<std::optional<std::string>> apply_name(const std::string& name, std::size_t place) {
    if (is_word(name)) return std::optional<std::string>();
    auto rewritten = apply_text(name);
    if (!rewritten) return std::move(rewritten).error().within("the name of a member");
    if (!*rewritten) return std::optional<std::string>();
    return std::optional(fmt::format("{} {}", (*rewritten)->as_string(), place + 1));
  }

  /// Numbers of cards and persons may come as numbers; what is found in one leaves a text in its place.
  Result<std::optional<Json>> apply_number(std::int64_t number) {
    constexpr std::int64_t smallest = 10'000'000;
    return number < smallest ? std::optional<Json>() : apply_text(std::to_string(number));
  }

  Result<std::optional<Json>> apply_text(const std::string& text) {
    arena_.clear();
    data::Document document;
    document.text = text;
    document.columns = cells_;
    const auto verdict = redact_.apply(document, *scratch_);
    if (const auto* count = std::get_if<std::int64_t>(&cells_[0])) finds_ += *count;
    if (verdict.outcome != ops::Outcome::kept)
      return Error{ErrorCode::denied,
                   fmt::format("holds personal data ({}), which this workspace does not take", verdict.reason)};
    if (document.text.data() == text.data() && document.text.size() == text.size()) return std::optional<Json>();
    return std::optional(Json(document.text));
  }

  const ops::Operator& redact_;
  std::unique_ptr<ops::Scratch> scratch_;
  data::Arena arena_;
  std::vector<data::Value> cells_;
  std::int64_t finds_ = 0;
};

}  // namespace

/// Redactions with their buffers, kept from one request to the next.
class RedactionPool {
 public:
  explicit RedactionPool(std::unique_ptr<ops::Operator> redact) : redact_(std::move(redact)) {}

  std::unique_ptr<Redaction> take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        auto redaction = std::move(idle_.back());
        idle_.pop_back();
        redaction->restart();
        return redaction;
      }
    }
    return std::make_unique<Redaction>(*redact_);
  }

  /// As many stay as were in use at once: no more than there are threads.
  void give_back(std::unique_ptr<Redaction> redaction) {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(redaction));
  }

 private:
  std::unique_ptr<ops::Operator> redact_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Redaction>> idle_;
};

namespace {

Hash128 key_digest(const FeedbackSender& sender, std::string_view kind, std::string_view key) {
  return xxh3_128(fmt::format("{}\n{}\n{}\n{}", sender.scope.size(), sender.scope, kind, key));
}

}  // namespace

FeedbackIntake::FeedbackIntake(const FeedbackSettings& settings, std::unique_ptr<RedactionPool> redactions)
    : settings_(settings), redactions_(std::move(redactions)) {}
FeedbackIntake::~FeedbackIntake() = default;
FeedbackIntake::FeedbackIntake(FeedbackIntake&&) noexcept = default;
FeedbackIntake& FeedbackIntake::operator=(FeedbackIntake&&) noexcept = default;

Result<FeedbackIntake> FeedbackIntake::make(const FeedbackSettings& settings) {
  if (settings.pii == "keep") return FeedbackIntake(settings, nullptr);
  auto given = Json::object({{"action", settings.pii == "reject" ? "drop" : "placeholder"}});
  if (!settings.pii_kinds.empty()) {
    auto kinds = Json::array();
    for (const auto& kind : settings.pii_kinds) kinds.push(kind);
    given.set("kinds", std::move(kinds));
  }
  auto options = ops::resolve_options(ops::RedactPii::spec_, given);
  if (!options) return std::move(options).error().within("feedback.pii_kinds");
  GRISTMILL_TRY(auto redact, ops::RedactPii::make(*options));
  return FeedbackIntake(settings, std::make_unique<RedactionPool>(std::move(redact)));
}

Result<feedback::NewEvent> FeedbackIntake::take(const Json& event, const FeedbackSender& sender,
                                                std::string_view request_key, std::size_t index) const {
  GRISTMILL_RETURN_IF_ERROR(check_feedback_event(event));
  if (is_deeper(event, nesting_max)) return invalid_argument(fmt::format("nests deeper than {} levels", nesting_max));
  feedback::NewEvent result;
  if (const auto& key = event["idempotency_key"]; key.is_string()) {
    result.key = key_digest(sender, "event", key.as_string());
  } else if (!request_key.empty()) {
    result.key = key_digest(sender, fmt::format("request {}", index), request_key);
  }
  if (result.key != Hash128{}) result.content = xxh3_64(event.dump());
  std::string notes;
  Json changed;
  const auto* kept = &event;
  if (!event["consent"].as_bool()) {
    if (settings_.without_consent == "refuse")
      return Error{ErrorCode::denied, "'consent' is not true, and this workspace takes nothing without consent"};
    changed = without_words(event);
    kept = &changed;
    notes = R"("stripped":true)";
  }
  if (redactions_) {
    auto redaction = redactions_->take();
    auto rewritten = redaction->apply(*kept);
    const auto finds = redaction->finds();
    redactions_->give_back(std::move(redaction));
    if (!rewritten) return std::move(rewritten).error();
    if (*rewritten) kept = &(changed = **std::move(rewritten));
    notes += fmt::format(R"({}"pii_finds":{})", notes.empty() ? "" : ",", finds);
  }
  if (kept->contains("idempotency_key")) {
    if (kept != &changed) changed = *kept;
    changed.erase("idempotency_key");
    kept = &changed;
  }
  result.payload.reserve(payload_bytes_usual);
  result.payload = R"({"event":)";
  kept->append_to(result.payload);
  result.payload.append(R"(,"notes":{)").append(notes).append("}}");
  return result;
}

Result<std::vector<feedback::NewEvent>> FeedbackIntake::read(std::string_view body,
                                                             const FeedbackSender& sender) const {
  auto parsed = Json::parse(body);
  if (!parsed) return invalid_argument(std::move(parsed).error().message);
  const auto& request = *parsed;
  auto request_key = sender.idempotency_key;
  const bool is_batch = request.is_object() && request.contains("events");
  if (is_batch && !request["idempotency_key"].is_null()) {
    GRISTMILL_RETURN_IF_ERROR(check_feedback_key(request["idempotency_key"]));
    request_key = request["idempotency_key"].as_string();
  }
  const auto listed = is_batch ? std::span(request["events"].items()) : std::span(request.items());
  const auto events = is_batch || request.is_array() ? listed : std::span(&request, 1);
  if (events.empty() || events.size() > feedback_events_max)
    return invalid_argument(fmt::format("'events' must be a list of 1 to {} events", feedback_events_max));
  std::vector<feedback::NewEvent> result;
  result.reserve(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto event = take(events[i], sender, request_key, i);
    if (!event) return std::move(event).error().within(fmt::format("event {}", i + 1));
    result.push_back(*std::move(event));
  }
  return result;
}

}  // namespace gristmill::platform
