// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/expression/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "gristmill/ops/expression/lexer.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops::expression {
namespace {

constexpr std::size_t source_bytes_max = 64 << 10;
constexpr std::size_t nodes_max = 4096;
constexpr std::size_t depth_max = 100;

constexpr std::array<std::string_view, 10> keywords{"and", "or",   "not",  "between", "in",
                                                    "is",  "like", "null", "true",    "false"};

std::string lowered(std::string_view word) {
  std::string out(word);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
  return out;
}

bool is_keyword(std::string_view word) { return std::ranges::find(keywords, lowered(word)) != keywords.end(); }

using Index = std::uint32_t;

/// Recursive descent, loosest binding first: or, and, not, is, comparison, between/in/like, sum, product, sign.
class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens) : tokens_(std::move(tokens)) { tree_.source = source; }

  Result<Tree> run() {
    GRISTMILL_TRY([[maybe_unused]] const auto root, parse_or());
    if (peek().kind != TokenKind::end) return unexpected("the end or an operator");
    return std::move(tree_);
  }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  [[nodiscard]] bool is_word(std::string_view word, std::size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::name && lowered(peek(ahead).text) == word;
  }
  bool take_word(std::string_view word) {
    const bool found = is_word(word);
    at_ += found;
    return found;
  }
  bool take_sign(std::string_view sign) {
    const bool found = peek().kind == TokenKind::sign && peek().text == sign;
    at_ += found;
    return found;
  }

  [[nodiscard]] Error error(std::size_t offset, std::string_view message) const {
    return invalid_argument(at_place(tree_.source, offset, message));
  }
  [[nodiscard]] Error unexpected(std::string_view expected) const {
    const auto& token = peek();
    const auto found = token.kind == TokenKind::end
                           ? std::string("the end")
                           : fmt::format("'{}'",
                                         tree_.source.substr(token.offset, tokens_[at_ + 1].offset - token.offset));
    return error(token.offset, fmt::format("expected {}, found {}", expected, found));
  }

  Result<Index> add(Node node) {
    if (tree_.nodes.size() == nodes_max) return error(node.offset, "the expression is too long");
    std::size_t depth = 1;
    for (const auto operand : node.operands) depth = std::max<std::size_t>(depth, depths_[operand] + std::size_t{1});
    if (depth > depth_max) return error(node.offset, "nested too deep");
    depths_.push_back(static_cast<std::uint16_t>(depth));
    tree_.nodes.push_back(std::move(node));
    return static_cast<Index>(tree_.nodes.size() - 1);
  }
  Result<Index> add(Action action, std::size_t offset, std::vector<Index> operands) {
    return add(Node{.action = action, .offset = static_cast<Index>(offset), .operands = std::move(operands)});
  }
  Result<Index> negated(bool is_negated, std::size_t offset, Result<Index> inner) {
    if (!is_negated || !inner) return inner;
    return add(Action::logical_not, offset, {*inner});
  }

  /// One or more operands joined by a word.
  Result<Index> parse_chain(std::string_view word, Action action, Result<Index> (Parser::*operand)()) {
    GRISTMILL_TRY(const auto first, (this->*operand)());
    std::vector<Index> operands{first};
    const auto offset = peek().offset;
    while (take_word(word)) {
      GRISTMILL_TRY(const auto next, (this->*operand)());
      operands.push_back(next);
    }
    if (operands.size() == 1) return first;
    return add(action, offset, std::move(operands));
  }
  Result<Index> parse_or() { return parse_chain("or", Action::logical_or, &Parser::parse_and); }
  Result<Index> parse_and() { return parse_chain("and", Action::logical_and, &Parser::parse_not); }

  Result<Index> parse_not() {
    const auto offset = peek().offset;
    if (!take_word("not")) return parse_is();
    if (++depth_ > depth_max) return error(offset, "nested too deep");
    auto inner = parse_not();
    --depth_;
    return negated(true, offset, std::move(inner));
  }

  Result<Index> parse_is() {
    GRISTMILL_TRY(auto left, parse_comparison());
    while (true) {
      const auto offset = peek().offset;
      if (!take_word("is")) return left;
      const bool is_negated = take_word("not");
      Action action = Action::is_null;
      if (take_word("true")) {
        action = Action::is_true;
      } else if (take_word("false")) {
        action = Action::is_false;
      } else if (!take_word("null")) {
        return unexpected("null, true or false after is");
      }
      GRISTMILL_TRY(left, negated(is_negated, offset, add(action, offset, {left})));
    }
  }

  Result<Index> parse_comparison() {
    constexpr std::array<std::pair<std::string_view, Action>, 6> comparisons{{{"=", Action::equal},
                                                                              {"<>", Action::not_equal},
                                                                              {"<", Action::less},
                                                                              {"<=", Action::less_equal},
                                                                              {">", Action::greater},
                                                                              {">=", Action::greater_equal}}};
    GRISTMILL_TRY(const auto left, parse_range());
    const auto offset = peek().offset;
    for (const auto& [sign, action] : comparisons) {
      if (!take_sign(sign)) continue;
      GRISTMILL_TRY(const auto right, parse_range());
      return add(action, offset, {left, right});
    }
    return left;
  }

  /// between, in and like.
  Result<Index> parse_range() {
    GRISTMILL_TRY(const auto left, parse_sum());
    const auto offset = peek().offset;
    const bool is_negated = is_word("not") && (is_word("between", 1) || is_word("in", 1) || is_word("like", 1));
    at_ += is_negated;
    if (take_word("between")) return negated(is_negated, offset, parse_between(left, offset));
    if (take_word("in")) return negated(is_negated, offset, parse_in(left, offset));
    if (take_word("like")) return negated(is_negated, offset, parse_pattern(left, offset, true));
    return left;
  }
  Result<Index> parse_between(Index left, std::size_t offset) {
    GRISTMILL_TRY(const auto low, parse_sum());
    if (!take_word("and")) return unexpected("and, as in: x between 3 and 10");
    GRISTMILL_TRY(const auto high, parse_sum());
    return add(Action::between, offset, {left, low, high});
  }
  Result<Index> parse_in(Index left, std::size_t offset) {
    if (!take_sign("(")) return unexpected("a list in parentheses after in");
    std::vector<Index> operands{left};
    do {
      GRISTMILL_TRY(const auto item, parse_sum());
      operands.push_back(item);
    } while (take_sign(","));
    if (!take_sign(")")) return unexpected("a comma or ) in the list");
    return add(Action::in_list, offset, std::move(operands));
  }
  Result<Index> parse_pattern(Index left, std::size_t offset, bool is_like) {
    if (peek().kind != TokenKind::string) return unexpected("a pattern in single quotes");
    auto pattern = is_like ? kernels::TextPattern::like(peek().text) : kernels::TextPattern::compile(peek().text);
    if (!pattern) return error(peek().offset, pattern.error().message);
    ++at_;
    tree_.patterns.push_back(*std::move(pattern));
    return add(Node{.action = Action::matches,
                    .offset = static_cast<Index>(offset),
                    .index = static_cast<Index>(tree_.patterns.size() - 1),
                    .operands = {left}});
  }

  Result<Index> parse_sum() {
    GRISTMILL_TRY(auto left, parse_product());
    while (true) {
      const auto offset = peek().offset;
      const bool is_sum = take_sign("+");
      if (!is_sum && !take_sign("-")) return left;
      GRISTMILL_TRY(const auto right, parse_product());
      GRISTMILL_TRY(left, add(is_sum ? Action::add : Action::subtract, offset, {left, right}));
    }
  }
  Result<Index> parse_product() {
    GRISTMILL_TRY(auto left, parse_sign());
    while (true) {
      const auto offset = peek().offset;
      Action action = Action::multiply;
      if (take_sign("/")) {
        action = Action::divide;
      } else if (take_sign("%")) {
        action = Action::modulo;
      } else if (!take_sign("*")) {
        return left;
      }
      GRISTMILL_TRY(const auto right, parse_sign());
      GRISTMILL_TRY(left, add(action, offset, {left, right}));
    }
  }
  Result<Index> parse_sign() {
    const auto offset = peek().offset;
    if (!take_sign("-")) return parse_primary();
    if (++depth_ > depth_max) return error(offset, "nested too deep");
    GRISTMILL_TRY(const auto inner, parse_sign());
    --depth_;
    return add(Action::negate, offset, {inner});
  }

  Result<Index> parse_primary() {
    const auto& token = peek();
    switch (token.kind) {
      case TokenKind::number: ++at_; return add(Node{.offset = token.offset, .value = token.number});
      case TokenKind::string: ++at_; return add_string(token);
      case TokenKind::quoted_name: ++at_; return add_name(token);
      case TokenKind::name: return parse_name();
      case TokenKind::sign:
        if (token.text == "(") return parse_parenthesis();
        break;
      case TokenKind::end: break;
    }
    return unexpected("a column, a number, a string or (");
  }
  Result<Index> parse_parenthesis() {
    if (++depth_ > depth_max) return error(peek().offset, "nested too deep");
    ++at_;
    GRISTMILL_TRY(const auto inner, parse_or());
    if (!take_sign(")")) return unexpected(")");
    --depth_;
    return inner;
  }
  Result<Index> add_string(const Token& token) {
    tree_.strings.push_back(token.text);
    return add(
        Node{.type = Type::string, .offset = token.offset, .index = static_cast<Index>(tree_.strings.size() - 1)});
  }

  Result<Index> parse_name() {
    const auto& token = peek();
    const auto next_is_open = peek(1).kind == TokenKind::sign && peek(1).text == "(";
    for (const auto& [word, value] :
         {std::pair{"null", data::Value()}, {"true", data::Value(true)}, {"false", data::Value(false)}}) {
      if (take_word(word)) return add(Node{.offset = token.offset, .value = value});
    }
    if (is_keyword(token.text)) return unexpected("a column, a number, a string or (");
    ++at_;
    return next_is_open ? parse_call(token) : add_name(token);
  }

  Result<Index> parse_call(const Token& name) {
    const auto word = lowered(name.text);
    ++at_;
    if (++depth_ > depth_max) return error(name.offset, "nested too deep");
    if (word == "matches") return parse_matches(name);
    const auto* function = find_function(word);
    if (function == nullptr) {
      const auto known = function_names();
      const auto near = nearest(word, known);
      return error(name.offset, fmt::format("no function '{}'{}", name.text,
                                            near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    }
    std::vector<Index> operands;
    if (!take_sign(")")) {
      do {
        GRISTMILL_TRY(const auto operand, parse_or());
        operands.push_back(operand);
      } while (take_sign(","));
      if (!take_sign(")")) return unexpected("a comma or ) after the operand");
    }
    --depth_;
    if (operands.size() < function->operands_min || operands.size() > function->operands_max)
      return error(name.offset,
                   fmt::format("{} takes {} operand(s), not {}", word, function->operands_min, operands.size()));
    return add(Node{.action = Action::call,
                    .function = function->function,
                    .offset = name.offset,
                    .operands = std::move(operands)});
  }
  Result<Index> parse_matches(const Token& name) {
    GRISTMILL_TRY(const auto text, parse_or());
    if (!take_sign(",")) return unexpected("a comma, as in: matches(text, 'pattern')");
    auto node = parse_pattern(text, name.offset, false);
    --depth_;
    if (node && !take_sign(")")) return unexpected(") after the pattern");
    return node;
  }

  Result<Index> add_name(const Token& token) {
    if (const auto field = find_field(token.text))
      return add(Node{.action = Action::field, .field = *field, .offset = token.offset});
    if (token.kind == TokenKind::name && token.text.starts_with("metadata.")) return add_path(token);
    const auto found = std::ranges::find(tree_.columns, token.text);
    const auto index = static_cast<Index>(found - tree_.columns.begin());
    if (found == tree_.columns.end()) {
      tree_.columns.push_back(token.text);
      tree_.column_offsets.push_back(token.offset);
    }
    return add(Node{.action = Action::column, .offset = token.offset, .index = index});
  }
  Result<Index> add_path(const Token& token) {
    std::vector<std::string> path;
    for (std::string_view rest = token.text; !rest.empty();) {
      const auto dot = std::min(rest.find('.'), rest.size());
      path.emplace_back(rest.substr(0, dot));
      rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
    path.erase(path.begin());
    tree_.paths.push_back(std::move(path));
    return add(
        Node{.action = Action::metadata, .offset = token.offset, .index = static_cast<Index>(tree_.paths.size() - 1)});
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  Tree tree_;
  std::vector<std::uint16_t> depths_;  ///< Of each node.
};

}  // namespace

Result<Tree> parse(std::string_view source) {
  if (source.size() > source_bytes_max) return invalid_argument("the expression is longer than 64 KiB");
  GRISTMILL_TRY(auto tokens, tokenize(source));
  return Parser(source, std::move(tokens)).run();
}

}  // namespace gristmill::ops::expression
