// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gristmill/kernels/tokenizer.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// What to do with a document whose text spells a special token.
enum class SpecialPolicy { text, allow, quarantine };

/// Turns the text into token ids, equal to those of the library that the tokenizer comes from.
class TokenizeBpe final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

  /// Highest id + 1: decides how wide the ids of a shard are.
  [[nodiscard]] std::size_t vocabulary_size() const { return tokenizer_->vocabulary_size(); }
  /// SHA-256 of the tokenizer file, 64 hex digits; goes into the header of each shard.
  [[nodiscard]] const std::string& tokenizer_digest() const { return tokenizer_digest_; }
  /// Kind of file, pattern and sizes, for people.
  [[nodiscard]] const std::string& description() const { return tokenizer_->description(); }

 private:
  TokenizeBpe() = default;
  Status read_ends(const Options& options);

  std::unique_ptr<kernels::Tokenizer> tokenizer_;
  std::string tokenizer_digest_;
  SpecialPolicy policy_ = SpecialPolicy::text;
  std::optional<std::uint32_t> begin_id_;
  std::optional<std::uint32_t> end_id_;
};

}  // namespace gristmill::ops
