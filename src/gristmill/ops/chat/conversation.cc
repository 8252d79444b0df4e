// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/chat/conversation.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/kernels/byte_search.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::ops {
namespace {

bool is_json_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

bool is_json_mark(char c) { return std::string_view(",:]}[{\"").find(c) != std::string_view::npos; }

/// A code point with the property White_Space.
bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

bool is_blank(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_white_space(kernels::next_code_point(text, at))) return false;
  }
  return true;
}

bool ConversationReader::read(std::string_view json) {
  json_ = json;
  at_ = 0;
  fault_ = "";
  if (decoded_.size() < json.size()) decoded_.resize(json.size());
  decoded_size_ = 0;
  kind_ = {};
  for (auto* turns : {&messages_, &prompt_, &chosen_, &rejected_}) turns->clear();
  if (!take('{')) return fail("is no JSON object");
  if (!take('}')) {
    do {
      std::string_view name;
      if (!take_string(name) || !take(':')) return fail("has a broken member name");
      if (!take_member(name)) return false;
    } while (take(','));
    if (!take('}')) return fail("has no end");
  }
  return finish();
}

bool ConversationReader::finish() {
  skip_blanks();
  if (at_ != json_.size()) return fail("goes on after its end");
  is_preference_ = kind_ == "preference";
  if (!is_preference_ && kind_ != "chat") return fail("has a kind that is neither chat nor preference");
  if (is_preference_) {
    messages_.clear();
  } else {
    for (auto* turns : {&prompt_, &chosen_, &rejected_}) turns->clear();
  }
  return true;
}

bool ConversationReader::take_member(std::string_view name) {
  if (name == "kind") {
    skip_blanks();
    return take_string(kind_) || fail("has a kind that is no string");
  }
  if (name == "messages") return take_turns(messages_);
  if (name == "prompt") return take_turns(prompt_);
  if (name == "chosen") return take_turns(chosen_);
  if (name == "rejected") return take_turns(rejected_);
  return skip_value();
}

bool ConversationReader::take_turns(std::vector<Turn>& turns) {
  turns.clear();
  if (!take('[')) return fail("has messages that are no list");
  if (take(']')) return true;
  do {
    if (!take_turn(turns.emplace_back())) return false;
  } while (take(','));
  return take(']') || fail("has a list of messages without end");
}

bool ConversationReader::take_turn(Turn& turn) {
  if (!take('{')) return fail("has a message that is no object");
  bool has_role = false;
  bool has_content = false;
  if (!take('}')) {
    do {
      std::string_view name;
      if (!take_string(name) || !take(':')) return fail("has a broken member name");
      if (name == "role") {
        if (!take_string(turn.role)) return fail("has a role that is no string");
        has_role = true;
      } else if (name == "content") {
        if (!take_content(turn.content)) return false;
        has_content = true;
      } else if (!skip_value()) {
        return false;
      }
    } while (take(','));
    if (!take('}')) return fail("has a message without end");
  }
  return (has_role && has_content) || fail("has a message without role or content");
}

bool ConversationReader::take_content(std::string_view& out) {
  skip_blanks();
  if (json_.substr(at_).starts_with("null")) {
    at_ += 4;
    out = {};
    return true;
  }
  return take_string(out) || fail("has a content that is no string");
}

std::string ConversationReader::fault() const { return fmt::format("the conversation {} (byte {})", fault_, at_); }

bool ConversationReader::fail(const char* what) {
  // The innermost fault is the one to tell.
  if (*fault_ == '\0') fault_ = what;
  return false;
}

void ConversationReader::skip_blanks() {
  while (at_ < json_.size() && is_json_blank(json_[at_])) ++at_;
}

bool ConversationReader::take(char c) {
  skip_blanks();
  if (at_ >= json_.size() || json_[at_] != c) return false;
  ++at_;
  return true;
}

bool ConversationReader::take_string(std::string_view& out) {
  if (!take('"')) return false;
  const auto begin = at_;
  at_ = kernels::find_json_special(json_, at_);
  const auto stop = at_;
  if (stop < json_.size() && json_[stop] == '"') {
    out = json_.substr(begin, stop - begin);
    ++at_;
    return true;
  }
  const auto first = decoded_size_;
  const auto copy = [this](std::size_t from, std::size_t to) {
    std::copy_n(json_.data() + from, to - from, decoded_.data() + decoded_size_);
    decoded_size_ += to - from;
  };
  copy(begin, stop);
  while (at_ < json_.size() && json_[at_] == '\\') {
    ++at_;
    if (!take_escape()) return fail("has a broken escape");
    const auto from = at_;
    at_ = kernels::find_json_special(json_, at_);
    copy(from, at_);
  }
  if (!take('"')) return fail("has a string without end or with a control character in it");
  out = std::string_view(decoded_).substr(first, decoded_size_ - first);
  return true;
}

bool ConversationReader::take_code_unit(unsigned& unit) {
  if (json_.size() - at_ < 4) return false;
  unit = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = json_[at_++];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    unit = unit * 16 + static_cast<unsigned>(digit);
  }
  return true;
}

bool ConversationReader::take_escape() {
  constexpr std::string_view names = "\"\\/bfnrt";
  constexpr std::string_view values = "\"\\/\b\f\n\r\t";
  if (at_ >= json_.size()) return false;
  const char c = json_[at_++];
  if (const auto place = names.find(c); place != std::string_view::npos) {
    decoded_[decoded_size_++] = values[place];
    return true;
  }
  unsigned unit = 0;
  if (c != 'u' || !take_code_unit(unit)) return false;
  char32_t code_point = unit;
  if (unit >= 0xD800 && unit < 0xDC00 && json_.substr(at_).starts_with("\\u")) {
    const auto back = at_;
    unsigned low = 0;
    at_ += 2;
    if (!take_code_unit(low)) return false;
    if (low >= 0xDC00 && low < 0xE000) {
      code_point = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else {
      at_ = back;
    }
  }
  // At most four bytes for six of the source, a lone surrogate included: `decoded_` cannot grow too small.
  std::string bytes;
  kernels::append_code_point(bytes, code_point);
  std::ranges::copy(bytes, decoded_.data() + decoded_size_);
  decoded_size_ += bytes.size();
  return true;
}

bool ConversationReader::skip_value() {
  std::size_t depth = 0;
  do {
    skip_blanks();
    if (at_ >= json_.size()) return fail("has a value without end");
    const char c = json_[at_];
    if (c == '"') {
      // Only its end is looked for: what it says is not needed.
      for (++at_; at_ < json_.size() && json_[at_] != '"'; ++at_) at_ += json_[at_] == '\\' ? 1 : 0;
      if (at_ >= json_.size()) return fail("has a string without end");
      ++at_;
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at_;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return fail("has a member without value");
      --depth;
      ++at_;
    } else if (c == ',' || c == ':') {
      if (depth == 0) return fail("has a member without value");
      ++at_;
    } else {
      while (at_ < json_.size() && !is_json_blank(json_[at_]) && !is_json_mark(json_[at_])) ++at_;
    }
  } while (depth > 0);
  return true;
}

void append_prompt(const data::Document& document, ConversationReader& reader, std::string& out) {
  if (document.conversation.empty() || !reader.read(document.conversation)) return;
  bool is_first = true;
  for (const auto& turn : reader.is_preference() ? reader.prompt() : reader.messages()) {
    if (turn.role != "user") continue;
    if (!is_first) out += "\n\n";
    is_first = false;
    out += turn.content;
  }
}

}  // namespace gristmill::ops
