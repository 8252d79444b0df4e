// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gristmill/data/document.h"

namespace gristmill::ops {

/// One message of a conversation. Both views live as long as the reader is not used again and the JSON text lives.
struct Turn {
  std::string_view role;
  std::string_view content;

  bool operator==(const Turn&) const = default;
};

/// Reads a document's `conversation` column (docs/formats/conversation.md) without copying strings that hold no
/// escapes. One reader a thread; reuse keeps the buffers. Linear time, no recursion.
class ConversationReader {
 public:
  /// False when the JSON is not in the schema: `fault` says why. Members that the schema does not name are passed over.
  bool read(std::string_view json);

  [[nodiscard]] bool is_preference() const { return is_preference_; }
  /// Messages of a chat; empty for a preference pair.
  [[nodiscard]] const std::vector<Turn>& messages() const { return messages_; }
  /// Parts of a preference pair; empty for a chat.
  [[nodiscard]] const std::vector<Turn>& prompt() const { return prompt_; }
  [[nodiscard]] const std::vector<Turn>& chosen() const { return chosen_; }
  [[nodiscard]] const std::vector<Turn>& rejected() const { return rejected_; }
  /// What was wrong and at which byte, after `read` failed.
  [[nodiscard]] std::string fault() const;

 private:
  bool fail(const char* what);
  void skip_blanks();
  bool take(char c);
  bool take_string(std::string_view& out);
  bool take_escape();
  bool take_code_unit(unsigned& unit);
  bool skip_value();
  bool take_content(std::string_view& out);
  bool take_turn(Turn& turn);
  bool take_turns(std::vector<Turn>& turns);
  bool take_member(std::string_view name);
  bool finish();

  std::string_view json_;
  std::size_t at_ = 0;
  const char* fault_ = "";
  std::string decoded_;  ///< As large as the JSON from the start, so that views into it stay.
  std::size_t decoded_size_ = 0;
  std::string_view kind_;
  bool is_preference_ = false;
  std::vector<Turn> messages_;
  std::vector<Turn> prompt_;
  std::vector<Turn> chosen_;
  std::vector<Turn> rejected_;
};

/// True when the text holds nothing but white space (Unicode White_Space).
bool is_blank(std::string_view text);

/// Appends the user's turns of a chat, or of the prompt of a preference pair, with a blank line between them. System
/// prompts are left out: one that many conversations share would make all of them alike. Nothing is appended for a
/// document that is no conversation, or has no turn of the user.
void append_prompt(const data::Document& document, ConversationReader& reader, std::string& out);

}  // namespace gristmill::ops
