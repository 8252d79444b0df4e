// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/text_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <utility>

namespace gristmill::kernels {
namespace {

constexpr std::int64_t program_bytes_max = 8 << 20;
constexpr std::int64_t set_program_bytes_max = 64 << 20;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

RE2::Options options_of(bool ignores_case, std::int64_t bytes_max) {
  RE2::Options options;
  options.set_case_sensitive(!ignores_case);
  options.set_log_errors(false);
  options.set_max_mem(bytes_max);
  return options;
}

}  // namespace

struct TextPattern::State {
  State(std::string_view expression, const RE2::Options& options) : pattern(piece(expression), options) {}
  RE2 pattern;
  std::string prefix;
};

TextPattern::TextPattern(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextPattern::TextPattern(TextPattern&&) noexcept = default;
TextPattern& TextPattern::operator=(TextPattern&&) noexcept = default;
TextPattern::~TextPattern() = default;

Result<TextPattern> TextPattern::compile(std::string_view expression, bool ignores_case) {
  auto state = std::make_unique<State>(expression, options_of(ignores_case, program_bytes_max));
  if (!state->pattern.ok())
    return invalid_argument(fmt::format("bad pattern '{}': {}", expression, state->pattern.error()));
  return TextPattern(std::move(state));
}

Result<TextPattern> TextPattern::like(std::string_view wanted) {
  std::string expression = "(?s)^";
  for (const char c : wanted) {
    if (c == '%') {
      expression += ".*";
    } else if (c == '_') {
      expression += '.';
    } else {
      expression += RE2::QuoteMeta(re2::StringPiece(&c, 1));
    }
  }
  auto made = compile(expression + "$");
  if (made) made->state_->prefix = wanted.substr(0, wanted.find_first_of("%_"));
  return made;
}

std::string_view TextPattern::prefix() const { return state_->prefix; }

bool TextPattern::is_in(std::string_view text) const { return RE2::PartialMatch(piece(text), state_->pattern); }

bool TextPattern::find(std::string_view text, std::size_t from, TextMatch& match) const {
  re2::StringPiece found;
  if (!state_->pattern.Match(piece(text), from, text.size(), RE2::UNANCHORED, &found, 1)) return false;
  match.begin = static_cast<std::size_t>(found.data() - text.data());
  match.end = match.begin + found.size();
  return true;
}

struct TextPatternSet::State {
  explicit State(const RE2::Options& options) : set(options, RE2::UNANCHORED) {}
  RE2::Set set;
  std::vector<std::unique_ptr<RE2>> apart;  ///< For texts on which the set's automaton runs out of memory.
};

TextPatternSet::TextPatternSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextPatternSet::TextPatternSet(TextPatternSet&&) noexcept = default;
TextPatternSet& TextPatternSet::operator=(TextPatternSet&&) noexcept = default;
TextPatternSet::~TextPatternSet() = default;

Result<TextPatternSet> TextPatternSet::compile(std::span<const std::string> expressions, bool ignores_case) {
  auto state = std::make_unique<State>(options_of(ignores_case, set_program_bytes_max));
  const auto single = options_of(ignores_case, program_bytes_max);
  for (const auto& expression : expressions) {
    std::string error;
    if (state->set.Add(piece(expression), &error) < 0)
      return invalid_argument(fmt::format("bad pattern {}, '{}': {}", state->apart.size() + 1, expression, error));
    state->apart.push_back(std::make_unique<RE2>(piece(expression), single));
  }
  if (!state->apart.empty() && !state->set.Compile())
    return limit_exceeded("the patterns together need too much memory: use fewer or simpler ones");
  return TextPatternSet(std::move(state));
}

bool TextPatternSet::any_in(std::string_view text) const {
  if (state_->apart.empty()) return false;
  RE2::Set::ErrorInfo failure{RE2::Set::kNoError};
  if (state_->set.Match(piece(text), nullptr, &failure)) return true;
  if (failure.kind == RE2::Set::kNoError) return false;
  return std::ranges::any_of(state_->apart, [&](const auto& one) { return RE2::PartialMatch(piece(text), *one); });
}

std::size_t TextPatternSet::size() const { return state_->apart.size(); }

}  // namespace gristmill::kernels
