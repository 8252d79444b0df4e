// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::kernels {

/// Where a match stands in a text, in bytes.
struct TextMatch {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// A regular expression in RE2's syntax: no back references and no look-around, so that matching takes time linear in
/// the text whatever the pattern. Thread-safe once made.
class TextPattern {
 public:
  /// Reads an expression; the error quotes it and says what is wrong with it.
  static Result<TextPattern> compile(std::string_view expression, bool ignores_case = false);
  /// The pattern that SQL's LIKE means: `%` stands for any text, `_` for one character, all else for itself.
  static Result<TextPattern> like(std::string_view wanted);

  TextPattern(TextPattern&&) noexcept;
  TextPattern& operator=(TextPattern&&) noexcept;
  ~TextPattern();

  /// What every text begins with that a pattern of LIKE matches; empty when that may be anything.
  [[nodiscard]] std::string_view prefix() const;
  /// True when the pattern matches somewhere in the text.
  [[nodiscard]] bool is_in(std::string_view text) const;
  /// The first match (leftmost, then as Perl would prefer) at or after `from`; false when there is none.
  bool find(std::string_view text, std::size_t from, TextMatch& match) const;

 private:
  struct State;
  explicit TextPattern(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Many patterns looked for in one pass over a text. Thread-safe once made.
class TextPatternSet {
 public:
  /// Reads the expressions; the error gives the number (from 1) of the bad one.
  static Result<TextPatternSet> compile(std::span<const std::string> expressions, bool ignores_case = false);

  TextPatternSet(TextPatternSet&&) noexcept;
  TextPatternSet& operator=(TextPatternSet&&) noexcept;
  ~TextPatternSet();

  /// True when any of the patterns matches somewhere in the text.
  [[nodiscard]] bool any_in(std::string_view text) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  explicit TextPatternSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gristmill::kernels
