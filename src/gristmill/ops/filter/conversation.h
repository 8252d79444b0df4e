// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/ops/chat/conversation.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Checks the form of chats: roles and their order, empty turns, lengths. A preference pair is checked as two chats,
/// the prompt with either answer.
class FilterConversation final : public Operator {
 public:
  /// What the pipeline sets. Limits of 0 are no limits.
  struct Settings {
    std::vector<std::string> roles;
    std::string first_role;
    std::string last_role;
    bool alternates = true;
    bool drops_others = true;
    std::size_t min_turns = 2;
    std::size_t max_turns = 0;
    std::size_t max_turn_characters = 0;
    std::size_t max_characters = 0;
    std::size_t min_answer_characters = 0;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  explicit FilterConversation(Settings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  /// The first rule that a chat breaks, or an empty view.
  [[nodiscard]] std::string_view judge(const std::vector<Turn>& turns) const;
  [[nodiscard]] std::string_view judge_roles(const std::vector<Turn>& turns) const;
  [[nodiscard]] std::string_view judge_lengths(const std::vector<Turn>& turns) const;

  Settings settings_;
};

}  // namespace gristmill::ops
