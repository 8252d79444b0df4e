// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/expression/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "gristmill/ops/expression/tree.h"

namespace gristmill::ops::expression {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return starts_name(c) || is_digit(c); }

/// Signs, longer ones before their beginnings.
constexpr std::array<std::string_view, 16> signs{"<=", ">=", "<>", "!=", "==", "<", ">", "=",
                                                 "+",  "-",  "*",  "/",  "%",  "(", ")", ","};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (true) {
      while (at_ < source_.size() && std::string_view(" \t\r\n").find(source_[at_]) != std::string_view::npos) ++at_;
      Token token{.offset = static_cast<std::uint32_t>(at_)};
      if (at_ == source_.size()) {
        tokens.push_back(std::move(token));
        return tokens;
      }
      GRISTMILL_RETURN_IF_ERROR(read(token));
      tokens.push_back(std::move(token));
    }
  }

 private:
  [[nodiscard]] Error error(std::size_t offset, std::string_view message) const {
    return invalid_argument(at_place(source_, offset, message));
  }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  Status read(Token& token) {
    const char c = peek();
    if (starts_name(c)) return read_name(token);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number(token);
    if (c == '\'' || c == '"') return read_quoted(token, c);
    for (const auto sign : signs) {
      if (!source_.substr(at_).starts_with(sign)) continue;
      token.kind = TokenKind::sign;
      token.text = sign == "==" ? "=" : sign == "!=" ? "<>" : sign;
      at_ += sign.size();
      return {};
    }
    if (c == '&' || c == '|' || c == '!') return error(at_, "use the words and, or, not");
    return error(at_, "a character that has no meaning here");
  }

  Status read_name(Token& token) {
    const auto begin = at_;
    while (continues_name(peek()) || (peek() == '.' && continues_name(peek(1)))) ++at_;
    token.kind = TokenKind::name;
    token.text = source_.substr(begin, at_ - begin);
    return {};
  }

  Status read_number(Token& token) {
    const auto* begin = source_.data() + at_;
    const auto* end = source_.data() + source_.size();
    token.kind = TokenKind::number;
    std::int64_t whole = 0;
    double number = 0;
    const auto as_whole = std::from_chars(begin, end, whole);
    const auto as_number = std::from_chars(begin, end, number);
    if (as_number.ec != std::errc()) return error(at_, "a number beyond all bounds");
    if (as_whole.ec == std::errc() && as_whole.ptr == as_number.ptr) {
      token.number = whole;
    } else {
      token.number = number;
    }
    at_ += static_cast<std::size_t>(as_number.ptr - begin);
    if (continues_name(peek()) || peek() == '.') return error(at_, "a number must end before this");
    return {};
  }

  Status read_quoted(Token& token, char quote) {
    const auto begin = at_++;
    while (true) {
      const auto end = source_.find(quote, at_);
      if (end == std::string_view::npos)
        return error(begin, fmt::format("a {} without its end", quote == '"' ? "name in quotes" : "string"));
      token.text.append(source_.substr(at_, end - at_));
      at_ = end + 1;
      if (peek() != quote) break;
      // A doubled quote stands for itself.
      token.text += quote;
      ++at_;
    }
    token.kind = quote == '"' ? TokenKind::quoted_name : TokenKind::string;
    return {};
  }

  std::string_view source_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace gristmill::ops::expression
