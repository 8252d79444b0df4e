// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "gristmill/formats/json_scanner.h"
#include "gristmill/formats/record_field.h"

namespace gristmill::formats {

/// A chat or preference pair in the one schema of docs/formats/conversation.md.
struct Conversation {
  std::string json;  ///< {"kind":"chat",...} or {"kind":"preference",...}
  std::string text;  ///< The same for reading: "role: content" blocks with a blank line between them.
};

/// Recognizes ShareGPT (`conversations` of from/value), OpenAI (`messages` of role/content), Alpaca (instruction,
/// input, output) and preference pairs (prompt, chosen, rejected) among the fields of a record. Marks the fields that
/// went in whole as used; one of which something was left out stays for the metadata too.
bool recognize_conversation(std::span<RecordField> fields, JsonScanner& scanner, Conversation& conversation);

}  // namespace gristmill::formats
