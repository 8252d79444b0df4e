// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gristmill/kernels/datatrove_minhash.h"
#include "gristmill/kernels/minhash.h"
#include "gristmill/kernels/shingle.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Keeps one of each cluster of documents that are nearly the same: equal in all minima of at least one band of their
/// MinHash signatures, directly or through others.
class DedupMinhash final : public GlobalOperator {
 public:
  /// What the pipeline sets.
  struct Settings {
    std::size_t ngram = 5;
    std::size_t bands = 14;
    std::size_t rows = 8;
    kernels::ShingleUnit unit = kernels::ShingleUnit::word;
    std::uint64_t seed = 1;
    bool keeps_oldest = true;
    /// Keeps the root of datatrove's union by size (scheme datatrove only).
    bool keeps_root = false;
    bool is_of_prompt = false;
    /// Signatures as datatrove computes them instead of our own.
    std::optional<kernels::DatatroveMinhash::Hash> datatrove_hash;
  };

  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  explicit DedupMinhash(const Settings& settings);

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  void keys(const data::Document& document, Scratch& scratch, std::vector<Hash128>& out) const override;
  [[nodiscard]] std::string_view duplicate_reason() const override;
  [[nodiscard]] bool keeps_first() const override { return settings_.keeps_oldest; }
  [[nodiscard]] std::size_t key_values() const override;

 private:
  void own_keys(std::string_view text, Scratch& scratch, std::vector<Hash128>& out) const;
  void datatrove_keys(std::string_view text, Scratch& scratch, std::vector<Hash128>& out) const;

  /// A key that sorts as datatrove's records do: by band, then by the minima one after the other.
  void append_ordered_key(std::uint64_t band, std::span<const std::uint64_t> minima, std::vector<Hash128>& out) const;
  /// Where among its band's places in the exchange a key with this first minimum belongs; grows with the minimum.
  [[nodiscard]] std::uint64_t place_of(std::uint64_t minimum) const;
  /// Largest minimum that there can be.
  [[nodiscard]] std::uint64_t hash_limit() const;

  Settings settings_;
  kernels::MinHash hash_;
  std::optional<kernels::DatatroveMinhash> datatrove_;
};

}  // namespace gristmill::ops
