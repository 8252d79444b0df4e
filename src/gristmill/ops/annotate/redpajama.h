// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "gristmill/ops/annotate/redpajama_text.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Computes the quality signals of RedPajama-v2, under their published names, as columns.
class AnnotateRedpajama final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  AnnotateRedpajama(std::optional<TextSet> stop_words, std::optional<TextSet> blocked_words);

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  [[nodiscard]] std::int64_t count_blocked(const NormalText& text) const;

  std::optional<TextSet> stop_words_;
  std::optional<TextSet> blocked_words_;
  std::vector<std::size_t> blocked_sizes_;  ///< How many words the entries have, each number once.
};

}  // namespace gristmill::ops
