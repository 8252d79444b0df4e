// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Questions and answers of evaluations, as hashed word n-grams. Immutable once made.
class EvaluationList {
 public:
  /// JSON lines with objects (`fields` of them count) or strings, or plain text, one item a line. The error names the
  /// line.
  static Result<EvaluationList> parse(std::string_view bytes, const std::vector<std::string>& fields,
                                      std::size_t ngram);

  [[nodiscard]] bool is_empty() const { return sizes_.empty() && shorts_.empty(); }

  /// What one thread notes while it looks through a text.
  struct Tally {
    std::vector<std::uint32_t> hits;     ///< By item.
    std::vector<std::uint32_t> touched;  ///< Items with hits.
    std::vector<std::uint64_t> seen;     ///< N-grams of the text that were found already, sorted on use.
  };

  /// Counts the n-grams of a text that items have; true when at least `share` of some item's are in it.
  bool meets(const std::vector<std::uint32_t>& words, double share, Tally& tally) const;
  /// True when these words, and no others, are an item that is too short for n-grams.
  [[nodiscard]] bool is_short_item(const std::vector<std::uint32_t>& words) const;

 private:
  struct Entry {
    std::uint64_t gram = 0;
    std::uint32_t item = 0;
    auto operator<=>(const Entry&) const = default;
  };

  void add(const std::vector<std::uint32_t>& words);
  void finish();

  std::size_t ngram_ = 0;
  std::vector<Entry> entries_;         ///< Sorted by n-gram, each pair once.
  std::vector<std::uint32_t> sizes_;   ///< Different n-grams of each item.
  std::vector<std::uint64_t> shorts_;  ///< Hashes of whole short items, sorted.
  std::vector<std::uint64_t>
      filter_;  ///< One bit for each possible 24-bit prefix: most n-grams of a text are in no item.
};

/// Drops conversations that give an answer away: one that stands in its own prompt, or one that repeats an evaluation.
class FilterAnswerLeak final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  FilterAnswerLeak(EvaluationList evaluation, double overlap, std::size_t min_words)
      : evaluation_(std::move(evaluation)), overlap_(overlap), min_words_(min_words) {}

  [[nodiscard]] const Spec& spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  EvaluationList evaluation_;
  double overlap_;
  std::size_t min_words_;
};

}  // namespace gristmill::ops
