// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Keeps one of all documents with the same text, or the same prompt, byte for byte or after a stated normalisation.
class DedupExact final : public GlobalOperator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  enum class Normalize { none, whitespace, lowercase };
  DedupExact(Normalize normalize, bool keeps_oldest, bool is_of_prompt = false) noexcept
      : normalize_(normalize), keeps_oldest_(keeps_oldest), is_of_prompt_(is_of_prompt) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  void keys(const data::Document& document, Scratch& scratch, std::vector<Hash128>& out) const override;
  [[nodiscard]] std::string_view duplicate_reason() const override;
  [[nodiscard]] bool keeps_first() const override { return keeps_oldest_; }

 private:
  Normalize normalize_;
  bool keeps_oldest_;
  bool is_of_prompt_;
};

}  // namespace gristmill::ops
