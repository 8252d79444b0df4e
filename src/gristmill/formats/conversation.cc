// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/conversation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace gristmill::formats {
namespace {

struct Message {
  std::string role;
  std::string content;
  bool operator==(const Message&) const = default;
};

/// A list of messages and whether all of the source is in it.
struct Messages {
  std::vector<Message> items;
  bool is_whole = true;
};

std::string common_role(std::string role) {
  constexpr std::array<std::string_view, 1> user{"human"};
  constexpr std::array<std::string_view, 5> assistant{"gpt", "bot", "chatgpt", "model", "ai"};
  std::ranges::transform(role, role.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (std::ranges::find(user, role) != user.end()) return "user";
  if (std::ranges::find(assistant, role) != assistant.end()) return "assistant";
  return role;
}

RecordField* find_field(std::span<RecordField> fields, std::string_view name) {
  const auto place = std::ranges::find_if(fields, [&](const RecordField& f) { return !f.is_used && f.name == name; });
  return place == fields.end() ? nullptr : &*place;
}

/// The text parts of an OpenAI content list, one a line; parts of other kinds as their type in brackets.
bool read_parts(const JsonSlice& list, JsonScanner& scanner, Message& message, bool& is_whole) {
  std::vector<JsonSlice> parts;
  if (!scanner.array(list.text, parts)) return false;
  std::vector<JsonMember> members;
  for (const auto& part : parts) {
    if (!message.content.empty()) message.content += '\n';
    if (part.kind == JsonKind::string) {
      message.content += json_string(part.text);
      continue;
    }
    if (part.kind != JsonKind::object || !scanner.object(part.text, members)) return false;
    std::optional<std::string> text;
    std::string type = "part";
    for (const auto& member : members) {
      if (member.value.kind != JsonKind::string) continue;
      if (member.key == "text") text = json_string(member.value.text);
      if (member.key == "type") type = json_string(member.value.text);
    }
    const bool is_text = text.has_value();
    message.content += is_text ? *text : "[" + type + "]";
    is_whole = is_whole && is_text;
  }
  return true;
}

bool read_message(const JsonSlice& item, JsonScanner& scanner, Messages& messages) {
  std::vector<JsonMember> members;
  if (item.kind != JsonKind::object || !scanner.object(item.text, members)) return false;
  Message message;
  bool has_role = false;
  bool has_content = false;
  for (const auto& [key, value] : members) {
    if ((key == "role" || key == "from") && value.kind == JsonKind::string) {
      message.role = common_role(json_string(value.text));
      has_role = true;
    } else if (key == "content" || key == "value") {
      has_content = true;
      if (value.kind == JsonKind::string) {
        message.content = json_string(value.text);
      } else if (value.kind == JsonKind::array) {
        if (!read_parts(value, scanner, message, messages.is_whole)) return false;
      } else if (value.kind != JsonKind::null) {
        return false;
      }
    } else if (value.kind != JsonKind::null) {
      messages.is_whole = false;
    }
  }
  if (!has_role || !has_content) return false;
  messages.items.push_back(std::move(message));
  return true;
}

std::optional<Messages> read_messages(const RecordField& field, JsonScanner& scanner) {
  if (!field.is_json || field.json.kind != JsonKind::array) return std::nullopt;
  std::vector<JsonSlice> items;
  if (!scanner.array(field.json.text, items) || items.empty()) return std::nullopt;
  Messages messages;
  for (const auto& item : items) {
    if (!read_message(item, scanner, messages)) return std::nullopt;
  }
  return messages;
}

/// A message list, or a string as one message of `role`.
std::optional<Messages> read_side(const RecordField& field, std::string_view role, JsonScanner& scanner) {
  if (field.is_null()) return Messages{};
  if (!field.is_string()) return read_messages(field, scanner);
  return Messages{{Message{std::string(role), field.string()}}, true};
}

void append_messages(std::string& json, const std::vector<Message>& messages) {
  json += '[';
  for (std::size_t i = 0; i < messages.size(); ++i) {
    json += i == 0 ? "{\"role\":" : ",{\"role\":";
    append_json_string(json, messages[i].role);
    json += ",\"content\":";
    append_json_string(json, messages[i].content);
    json += '}';
  }
  json += ']';
}

void render(std::string& text, const std::vector<Message>& messages, std::string_view prefix = {}) {
  for (const auto& message : messages) {
    if (!text.empty()) text += "\n\n";
    text += prefix;
    text += message.role;
    text += ": ";
    text += message.content;
  }
}

void fill_chat(const std::vector<Message>& messages, Conversation& conversation) {
  conversation.json = "{\"kind\":\"chat\",\"messages\":";
  append_messages(conversation.json, messages);
  conversation.json += '}';
  conversation.text.clear();
  render(conversation.text, messages);
}

bool recognize_message_list(std::span<RecordField> fields, JsonScanner& scanner, Conversation& conversation) {
  for (const std::string_view name : {"messages", "conversations", "conversation"}) {
    auto* field = find_field(fields, name);
    if (field == nullptr) continue;
    auto messages = read_messages(*field, scanner);
    if (!messages) continue;
    // ShareGPT files keep the system prompt beside the list.
    auto* system = find_field(fields, "system");
    if (system != nullptr && system->is_string() && messages->items.front().role != "system" &&
        !system->string().empty()) {
      messages->items.insert(messages->items.begin(), Message{"system", system->string()});
      system->is_used = true;
    }
    field->is_used = messages->is_whole;
    fill_chat(messages->items, conversation);
    return true;
  }
  return false;
}

bool recognize_alpaca(std::span<RecordField> fields, Conversation& conversation) {
  auto* instruction = find_field(fields, "instruction");
  auto* output = find_field(fields, "output");
  if (output == nullptr) output = find_field(fields, "response");
  if (instruction == nullptr || output == nullptr || !instruction->is_string() || !output->is_string()) return false;
  auto* input = find_field(fields, "input");
  if (input != nullptr && !input->is_string() && !input->is_null()) return false;
  auto* system = find_field(fields, "system");
  std::vector<Message> messages;
  if (system != nullptr && system->is_string() && !system->string().empty()) {
    messages.push_back({"system", system->string()});
    system->is_used = true;
  }
  std::string question = instruction->string();
  const auto extra = input == nullptr ? std::string() : input->string();
  if (!extra.empty()) question += (question.empty() ? "" : "\n\n") + extra;
  messages.push_back({"user", std::move(question)});
  messages.push_back({"assistant", output->string()});
  instruction->is_used = output->is_used = true;
  if (input != nullptr) input->is_used = true;
  fill_chat(messages, conversation);
  return true;
}

/// Moves what both lists start with into the prompt, or drops it when the prompt says it already.
void split_prompt(std::vector<Message>& prompt, std::vector<Message>& chosen, std::vector<Message>& rejected) {
  std::size_t common = 0;
  while (common + 1 < chosen.size() && common + 1 < rejected.size() && chosen[common] == rejected[common]) ++common;
  if (common == 0) return;
  const std::vector<Message> shared(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(common));
  const bool says_it = prompt.size() <= shared.size() &&
                       std::equal(prompt.begin(), prompt.end(),
                                  shared.end() - static_cast<std::ptrdiff_t>(prompt.size()));
  if (!says_it) return;
  prompt = shared;
  chosen.erase(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(common));
  rejected.erase(rejected.begin(), rejected.begin() + static_cast<std::ptrdiff_t>(common));
}

bool recognize_preference(std::span<RecordField> fields, JsonScanner& scanner, Conversation& conversation) {
  auto* chosen_field = find_field(fields, "chosen");
  auto* rejected_field = find_field(fields, "rejected");
  if (chosen_field == nullptr || rejected_field == nullptr) return false;
  auto* prompt_field = find_field(fields, "prompt");
  auto chosen = read_side(*chosen_field, "assistant", scanner);
  auto rejected = read_side(*rejected_field, "assistant", scanner);
  auto prompt = prompt_field == nullptr ? Messages{} : read_side(*prompt_field, "user", scanner);
  if (!chosen || !rejected || !prompt || chosen->items.empty() || rejected->items.empty()) return false;
  split_prompt(prompt->items, chosen->items, rejected->items);
  chosen_field->is_used = chosen->is_whole;
  rejected_field->is_used = rejected->is_whole;
  if (prompt_field != nullptr) prompt_field->is_used = prompt->is_whole;
  conversation.json = "{\"kind\":\"preference\",\"prompt\":";
  append_messages(conversation.json, prompt->items);
  conversation.json += ",\"chosen\":";
  append_messages(conversation.json, chosen->items);
  conversation.json += ",\"rejected\":";
  append_messages(conversation.json, rejected->items);
  conversation.json += '}';
  conversation.text.clear();
  render(conversation.text, prompt->items);
  render(conversation.text, chosen->items, "chosen ");
  render(conversation.text, rejected->items, "rejected ");
  return true;
}

}  // namespace

bool recognize_conversation(std::span<RecordField> fields, JsonScanner& scanner, Conversation& conversation) {
  return recognize_message_list(fields, scanner, conversation) || recognize_preference(fields, scanner, conversation) ||
         recognize_alpaca(fields, conversation);
}

}  // namespace gristmill::formats
