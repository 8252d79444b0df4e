// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/json_scanner.h"

#include <array>
#include <cstring>

#include "gristmill/kernels/byte_search.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

constexpr std::array<std::string_view, 3> plain_words{"true", "false", "null"};
constexpr std::array<std::string_view, 3> non_finite_words{"NaN", "Infinity", "-Infinity"};

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Value of the four hex digits at `at`, or -1.
int hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_value(text[at + i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool is_high_surrogate(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

char simple_escape(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;
  }
}

std::size_t put_code_point(char* out, char32_t code_point) {
  const auto byte = [](char32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code_point < 0x80) {
    out[0] = byte(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = byte(0xC0 | (code_point >> 6));
    out[1] = byte(0x80 | (code_point & 0x3F));
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = byte(0xE0 | (code_point >> 12));
    out[1] = byte(0x80 | ((code_point >> 6) & 0x3F));
    out[2] = byte(0x80 | (code_point & 0x3F));
    return 3;
  }
  out[0] = byte(0xF0 | (code_point >> 18));
  out[1] = byte(0x80 | ((code_point >> 12) & 0x3F));
  out[2] = byte(0x80 | ((code_point >> 6) & 0x3F));
  out[3] = byte(0x80 | (code_point & 0x3F));
  return 4;
}

/// Decodes the \u escape whose backslash is at `at`; moves past it and past its partner.
char32_t take_unicode_escape(std::string_view text, std::size_t& at) {
  const int unit = hex4(text, at + 2);
  at += 6;
  if (is_low_surrogate(unit)) return 0xFFFD;
  if (!is_high_surrogate(unit)) return static_cast<char32_t>(unit);
  if (text.substr(at, 2) != "\\u") return 0xFFFD;
  const int partner = hex4(text, at + 2);
  if (!is_low_surrogate(partner)) return 0xFFFD;
  at += 6;
  return static_cast<char32_t>(0x10000 + ((unit - 0xD800) << 10) + (partner - 0xDC00));
}

}  // namespace

bool JsonScanner::fail(std::string_view what) {
  fault_ = {at_, what, false};
  return false;
}

void JsonScanner::skip_blanks() {
  const auto start = at_;
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  if (at_ != start) is_verbatim_ = false;
}

bool JsonScanner::take_escape() {
  const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (c != 'u') {
    if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos || c == '\0')
      return fail("bad escape in a string");
    at_ += 2;
    return true;
  }
  if (hex4(text_, at_ + 2) < 0) return fail("bad \\u escape in a string");
  if (take_unicode_escape(text_, at_) == 0xFFFD) is_verbatim_ = false;
  return true;
}

bool JsonScanner::take_string() {
  ++at_;
  while (true) {
    at_ = kernels::find_json_special(text_, at_);
    if (at_ >= text_.size()) return fail("string without end");
    if (text_[at_] == '"') {
      ++at_;
      return true;
    }
    if (text_[at_] != '\\') return fail("control character in a string");
    if (!take_escape()) return false;
  }
}

bool JsonScanner::take_number() {
  if (peek() == '-') ++at_;
  if (!is_digit(peek())) return fail("a value was expected");
  if (peek() == '0' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) return fail("number with a leading zero");
  while (is_digit(peek())) ++at_;
  if (peek() == '.') {
    ++at_;
    if (!is_digit(peek())) return fail("number without digits after its point");
    while (is_digit(peek())) ++at_;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!is_digit(peek())) return fail("number without digits in its exponent");
    while (is_digit(peek())) ++at_;
  }
  return true;
}

bool JsonScanner::take_word() {
  const auto rest = text_.substr(at_);
  for (const auto word : plain_words) {
    if (rest.starts_with(word)) {
      at_ += word.size();
      return true;
    }
  }
  for (const auto word : non_finite_words) {
    if (rest.starts_with(word)) {
      at_ += word.size();
      is_verbatim_ = false;
      return true;
    }
  }
  return take_number();
}

bool JsonScanner::take_scalar() { return peek() == '"' ? take_string() : take_word(); }

bool JsonScanner::take_key_and_colon(std::string_view& raw) {
  skip_blanks();
  if (peek() != '"') return fail("a key in quotation marks was expected");
  const auto start = at_;
  if (!take_string()) return false;
  raw = text_.substr(start, at_ - start);
  skip_blanks();
  if (peek() != ':') return fail("a colon was expected after the key");
  ++at_;
  skip_blanks();
  return true;
}

/// One array or object, checked with a stack of our own: depth costs heap, never the thread's stack.
bool JsonScanner::take_nested() {
  open_.clear();
  std::string_view key;
  while (true) {
    // At the start of a value.
    const char c = peek();
    if (c == '[' || c == '{') {
      if (open_.size() + 1 >= depth_max_) {
        fault_ = {at_, "nested too deep", true};
        return false;
      }
      open_.push_back(c);
      ++at_;
      skip_blanks();
      const char close = c == '[' ? ']' : '}';
      if (peek() != close) {
        if (c == '{' && !take_key_and_colon(key)) return false;
        continue;
      }
    } else {
      if (!take_scalar()) return false;
      skip_blanks();
    }
    // After a value: close what ends here, then go on after a comma.
    while (!open_.empty() && peek() == (open_.back() == '[' ? ']' : '}')) {
      open_.pop_back();
      ++at_;
      if (open_.empty()) return true;
      skip_blanks();
    }
    if (peek() != ',')
      return fail(at_ >= text_.size() ? "the value has no end" : "a comma or a closing bracket was expected");
    ++at_;
    skip_blanks();
    if (open_.back() == '{' && !take_key_and_colon(key)) return false;
  }
}

bool JsonScanner::take_value(JsonSlice& slice) {
  const auto start = at_;
  is_verbatim_ = true;
  const char c = peek();
  if (!(c == '[' || c == '{' ? take_nested() : take_scalar())) return false;
  slice.text = text_.substr(start, at_ - start);
  slice.is_verbatim = is_verbatim_;
  switch (c) {
    case '{': slice.kind = JsonKind::object; break;
    case '[': slice.kind = JsonKind::array; break;
    case '"': slice.kind = JsonKind::string; break;
    case 't':
    case 'f': slice.kind = JsonKind::boolean; break;
    case 'n': slice.kind = JsonKind::null; break;
    default: slice.kind = is_verbatim_ ? JsonKind::number : JsonKind::null;
  }
  return true;
}

bool JsonScanner::finish() {
  skip_blanks();
  return at_ == text_.size() || fail("more bytes after the end of the value");
}

bool JsonScanner::object(std::string_view text, std::vector<JsonMember>& members) {
  text_ = text;
  at_ = 0;
  members.clear();
  skip_blanks();
  if (peek() != '{') return fail("an object was expected");
  ++at_;
  skip_blanks();
  if (peek() == '}') {
    ++at_;
    return finish();
  }
  while (true) {
    std::string_view raw;
    JsonMember member;
    if (!take_key_and_colon(raw) || !take_value(member.value)) return false;
    member.key = raw.substr(1, raw.size() - 2);
    if (member.key.find('\\') != std::string_view::npos) member.key = keys_.emplace_back(json_string(raw));
    members.push_back(member);
    skip_blanks();
    const char c = peek();
    if (c != ',' && c != '}') return fail(at_ >= text_.size() ? "the object has no end" : "a comma or } was expected");
    ++at_;
    if (c == '}') return finish();
  }
}

bool JsonScanner::array(std::string_view text, std::vector<JsonSlice>& items) {
  text_ = text;
  at_ = 0;
  items.clear();
  skip_blanks();
  if (peek() != '[') return fail("an array was expected");
  ++at_;
  skip_blanks();
  if (peek() == ']') {
    ++at_;
    return finish();
  }
  while (true) {
    JsonSlice slice;
    skip_blanks();
    if (!take_value(slice)) return false;
    items.push_back(slice);
    skip_blanks();
    const char c = peek();
    if (c != ',' && c != ']') return fail(at_ >= text_.size() ? "the array has no end" : "a comma or ] was expected");
    ++at_;
    if (c == ']') return finish();
  }
}

bool JsonScanner::value(std::string_view text, JsonSlice& slice) {
  text_ = text;
  at_ = 0;
  skip_blanks();
  return take_value(slice) && finish();
}

std::size_t decode_json_string(std::string_view slice, char* out) {
  const auto text = slice.substr(1, slice.size() - 2);
  const char* const start = out;
  std::size_t at = 0;
  while (true) {
    const auto plain_end = kernels::find_json_special(text, at);
    if (plain_end > at) std::memcpy(out, text.data() + at, plain_end - at);
    out += plain_end - at;
    at = plain_end;
    if (at >= text.size()) return static_cast<std::size_t>(out - start);
    if (text[at + 1] == 'u') {
      out += put_code_point(out, take_unicode_escape(text, at));
    } else {
      *out++ = simple_escape(text[at + 1]);
      at += 2;
    }
  }
}

std::string json_string(std::string_view slice) {
  std::string out(slice.size(), '\0');
  out.resize(decode_json_string(slice, out.data()));
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  std::size_t at = 0;
  while (true) {
    const auto plain_end = kernels::find_json_special(text, at);
    out.append(text, at, plain_end - at);
    if (plain_end >= text.size()) break;
    const char c = text[plain_end];
    at = plain_end + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  out += '"';
}

void append_json(std::string& out, const JsonSlice& slice) {
  if (slice.is_verbatim) {
    out += slice.text;
    return;
  }
  const auto text = slice.text;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      auto end = at + 1;
      while (text[end] != '"') {
        end = kernels::find_json_special(text, end);
        if (text[end] == '\\') end += 2;
      }
      const auto raw = text.substr(at, end + 1 - at);
      // Only surrogate escapes may need a change.
      if (raw.find("\\ud") == std::string_view::npos && raw.find("\\uD") == std::string_view::npos) {
        out += raw;
      } else {
        append_json_string(out, json_string(raw));
      }
      at = end + 1;
    } else if (c == 'N' || c == 'I' || text.substr(at).starts_with("-I")) {
      out += "null";
      while (at < text.size() && std::string_view(",]} \r\n\t").find(text[at]) == std::string_view::npos) ++at;
    } else {
      if (!is_blank(c)) out += c;
      ++at;
    }
  }
}

}  // namespace gristmill::formats
