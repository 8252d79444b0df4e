// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "gristmill/ops/chat/conversation.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Checks that a preference pair prefers something: one prompt, two answers that are there and differ.
class FilterPreferencePair final : public Operator {
 public:
  /// What the pipeline sets.
  struct Settings {
    bool needs_prompt = true;
    std::size_t min_characters = 1;
    double max_length_ratio = 0;  ///< 0 = any.
    double max_similarity = 1;
    std::size_t ngram = 3;
    bool drops_others = true;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  explicit FilterPreferencePair(const Settings& settings) : settings_(settings) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  Settings settings_;
};

}  // namespace gristmill::ops
