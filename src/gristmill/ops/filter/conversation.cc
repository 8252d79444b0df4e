// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/conversation.h"

#include <algorithm>
#include <array>

#include "gristmill/kernels/utf8.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view missing = "conversation.missing";
constexpr std::string_view malformed = "conversation.malformed";
constexpr std::string_view unknown_role = "conversation.unknown_role";
constexpr std::string_view empty_turn = "conversation.empty_turn";
constexpr std::string_view late_system = "conversation.late_system";
constexpr std::string_view first_role = "conversation.first_role";
constexpr std::string_view alternation = "conversation.alternation";
constexpr std::string_view last_role = "conversation.last_role";
constexpr std::string_view few_turns = "conversation.few_turns";
constexpr std::string_view many_turns = "conversation.many_turns";
constexpr std::string_view long_turn = "conversation.long_turn";
constexpr std::string_view too_long = "conversation.too_long";
constexpr std::string_view short_answer = "conversation.short_answer";
constexpr std::array reasons{missing,   malformed, unknown_role, empty_turn, late_system, first_role,  alternation,
                             last_role, few_turns, many_turns,   long_turn,  too_long,    short_answer};
constexpr std::array options{
    OptionSpec{.name = "roles",
               .type = OptionType::string_list,
               .fallback = R"(["system","user","assistant","tool"])",
               .help = "Roles that may speak; leave out tool to keep no conversation with tool calls. Roles other than "
                       "system, user and assistant answer calls of the assistant, as tool does"},
    OptionSpec{.name = "first",
               .type = OptionType::string,
               .fallback = "\"user\"",
               .help = "Role that must speak first, after system messages; empty for any"},
    OptionSpec{.name = "last",
               .type = OptionType::string,
               .fallback = "\"assistant\"",
               .help = "Role that must speak last; empty for any"},
    OptionSpec{.name = "alternate",
               .type = OptionType::boolean,
               .fallback = "true",
               .help = "The user speaks after the assistant only, the assistant after the user or a tool, a tool after "
                       "the assistant or another tool; system messages stand before all others"},
    OptionSpec{.name = "min_turns",
               .type = OptionType::integer,
               .fallback = "2",
               .minimum = 0,
               .unit = "turns",
               .help = "Fewest turns of user and assistant together"},
    OptionSpec{.name = "max_turns",
               .type = OptionType::integer,
               .fallback = "0",
               .minimum = 0,
               .unit = "turns",
               .help = "Most turns of user and assistant together; 0 = any number"},
    OptionSpec{.name = "max_turn_chars",
               .type = OptionType::integer,
               .fallback = "0",
               .minimum = 0,
               .unit = "code points",
               .help = "Longest turn of any role; 0 = any length"},
    OptionSpec{.name = "max_chars",
               .type = OptionType::integer,
               .fallback = "0",
               .minimum = 0,
               .unit = "code points",
               .help = "Greatest length of all turns together; 0 = any length"},
    OptionSpec{.name = "min_answer_chars",
               .type = OptionType::integer,
               .fallback = "1",
               .minimum = 0,
               .unit = "code points",
               .help = "Shortest last turn"},
    OptionSpec{.name = "others",
               .type = OptionType::string,
               .fallback = "\"drop\"",
               .choices = "drop,keep",
               .help = "What becomes of documents that are no conversations"},
};

struct ChatScratch final : Scratch {
  ConversationReader reader;
  std::vector<Turn> turns;
};

bool is_tool(std::string_view role) { return role != "system" && role != "user" && role != "assistant"; }

/// The assistant says nothing when it calls a tool: what it called stands in the metadata.
bool may_be_empty(const std::vector<Turn>& turns, std::size_t at) {
  if (is_tool(turns[at].role)) return true;
  return turns[at].role == "assistant" && at + 1 < turns.size() && is_tool(turns[at + 1].role);
}

/// Whether `role` may speak after `before`; both are no system messages.
bool may_follow(std::string_view before, std::string_view role) {
  if (role == "user") return before == "assistant";
  if (role == "assistant") return before == "user" || is_tool(before);
  return before != "user";
}

std::size_t size_of(const Options& given, std::string_view name) {
  return static_cast<std::size_t>(given.integer(name));
}

}  // namespace

constinit const Spec FilterConversation::spec_{
    .name = "filter.conversation",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Drops conversations that break the form of a chat: roles, their order, empty turns, lengths.",
    .reference =
        "docs/formats/conversation.md; a preference pair is checked as two chats, the prompt with either answer",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterConversation::make(const Options& given) {
  return std::make_unique<FilterConversation>(Settings{
      .roles = given.strings("roles"),
      .first_role = given.string("first"),
      .last_role = given.string("last"),
      .alternates = given.boolean("alternate"),
      .drops_others = given.string("others") == "drop",
      .min_turns = size_of(given, "min_turns"),
      .max_turns = size_of(given, "max_turns"),
      .max_turn_characters = size_of(given, "max_turn_chars"),
      .max_characters = size_of(given, "max_chars"),
      .min_answer_characters = size_of(given, "min_answer_chars"),
  });
}

std::unique_ptr<Scratch> FilterConversation::make_scratch() const { return std::make_unique<ChatScratch>(); }

Verdict FilterConversation::apply(data::Document& document, Scratch& scratch) const {
  auto& reader = static_cast<ChatScratch&>(scratch).reader;
  auto& turns = static_cast<ChatScratch&>(scratch).turns;
  if (document.conversation.empty()) return settings_.drops_others ? Verdict::dropped(missing) : Verdict::kept();
  if (!reader.read(document.conversation)) return Verdict::quarantined(malformed, reader.fault());
  if (!reader.is_preference()) {
    const auto broken = judge(reader.messages());
    return broken.empty() ? Verdict::kept() : Verdict::dropped(broken);
  }
  for (const auto* side : {&reader.chosen(), &reader.rejected()}) {
    turns = reader.prompt();
    turns.insert(turns.end(), side->begin(), side->end());
    if (const auto broken = judge(turns); !broken.empty()) return Verdict::dropped(broken);
  }
  return Verdict::kept();
}

std::string_view FilterConversation::judge(const std::vector<Turn>& turns) const {
  if (const auto broken = judge_roles(turns); !broken.empty()) return broken;
  return judge_lengths(turns);
}

std::string_view FilterConversation::judge_roles(const std::vector<Turn>& turns) const {
  for (const auto& turn : turns) {
    if (std::ranges::find(settings_.roles, turn.role) == settings_.roles.end()) return unknown_role;
  }
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (is_blank(turns[i].content) && !may_be_empty(turns, i)) return empty_turn;
  }
  const auto is_system = [](const Turn& turn) { return turn.role == "system"; };
  const auto first = std::ranges::find_if_not(turns, is_system);
  if (settings_.alternates && std::ranges::any_of(first, turns.end(), is_system)) return late_system;
  if (!settings_.first_role.empty() && first != turns.end() && first->role != settings_.first_role) return first_role;
  if (settings_.alternates && first != turns.end()) {
    for (auto turn = first + 1; turn != turns.end(); ++turn) {
      if (!may_follow((turn - 1)->role, turn->role)) return alternation;
    }
  }
  const bool is_answered = !turns.empty() && turns.back().role == settings_.last_role;
  return settings_.last_role.empty() || is_answered ? std::string_view() : last_role;
}

std::string_view FilterConversation::judge_lengths(const std::vector<Turn>& turns) const {
  std::size_t count = 0;
  std::size_t characters = 0;
  std::size_t longest = 0;
  std::size_t last = 0;
  for (const auto& turn : turns) {
    count += turn.role == "user" || turn.role == "assistant" ? 1U : 0U;
    last = kernels::count_code_points(turn.content);
    characters += last;
    longest = std::max(longest, last);
  }
  if (count < settings_.min_turns) return few_turns;
  if (settings_.max_turns != 0 && count > settings_.max_turns) return many_turns;
  if (settings_.max_turn_characters != 0 && longest > settings_.max_turn_characters) return long_turn;
  if (settings_.max_characters != 0 && characters > settings_.max_characters) return too_long;
  return last < settings_.min_answer_characters ? short_answer : std::string_view();
}

}  // namespace gristmill::ops
