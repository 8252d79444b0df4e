// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/kernels/pii/kinds.h"
#include "gristmill/kernels/pii/scan.h"

namespace gristmill::ops {

/// What is done with a find.
enum class PiiAction : std::uint8_t { placeholder, remove, pseudonym, hash, drop, annotate };
constexpr std::array<std::string_view, 6> pii_action_names{"placeholder", "remove", "pseudonym",
                                                           "hash",        "drop",   "annotate"};

/// What is done with finds of each kind, and the text that takes their place.
class PiiPolicy {
 public:
  /// FineWeb's pipeline puts invented addresses in place of e-mail and IP addresses.
  enum class Style { placeholder, fineweb };

  PiiPolicy() { actions_.fill(PiiAction::placeholder); }

  void set_all(PiiAction action) { actions_.fill(action); }
  /// Takes "name=action", where the name is a kind or a group of kinds.
  Status set(std::string_view assignment);
  void set_style(Style style) { style_ = style; }
  /// The key of pseudonyms, and how many hexadecimal digits of the digest are shown.
  void set_key(std::string key, std::size_t digits);

  [[nodiscard]] PiiAction action(kernels::pii::Kind kind) const { return actions_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] bool uses(PiiAction action) const;

  /// Writes the text with all finds replaced into `out`. `value` is working memory.
  void rewrite(std::string_view text, const std::vector<kernels::pii::Match>& matches, std::string& out,
               std::string& value) const;

 private:
  void append_replacement(std::string_view find, kernels::pii::Kind kind, std::size_t index, std::string& out,
                          std::string& value) const;

  std::array<PiiAction, kernels::pii::kind_count> actions_{};
  Style style_ = Style::placeholder;
  std::string key_;
  std::size_t digits_ = 12;
};

}  // namespace gristmill::ops
