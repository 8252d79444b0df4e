// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::kernels {

/// A supervised fastText model (.bin) or its quantized form (.ftz), version 11 or 12 of the format. Immutable and
/// thread-safe once loaded.
class FasttextModel {
 public:
  /// A word met before, and what the model makes of it.
  struct alignas(64) KnownWord {
    static constexpr std::size_t bytes_max = 31;
    static constexpr std::size_t rows_max = 22;
    std::array<char, bytes_max + 1> word{};  ///< Zeros behind it; all zeros when the entry is free.
    std::int32_t hash = 0;
    std::uint32_t row_count = 0;
    std::array<std::int32_t, rows_max> rows{};
  };

  /// Working memory of one thread, for one model only.
  struct Scratch {
    std::vector<std::int32_t> features;  ///< Rows of the input matrix; those behind `feature_count` mean nothing.
    std::size_t feature_count = 0;
    std::vector<std::int32_t> word_hashes;
    std::vector<float> hidden;
    std::vector<float> output;
    std::string marked;  ///< A word between its boundary marks.
    std::vector<KnownWord> known_words;
    std::vector<std::pair<std::int32_t, float>> visits;  ///< Nodes of the tree of labels, with their scores.
  };

  /// The most probable label, without the `__label__` in front. The view lives as long as the model.
  struct Prediction {
    std::string_view label;
    float score = 0;  ///< Probability, 0..1.
  };

  /// Reads a model from the bytes of its file; every size in it is checked against the bytes before it is used.
  static Result<std::unique_ptr<const FasttextModel>> load(std::string_view bytes);
  ~FasttextModel();
  FasttextModel(const FasttextModel&) = delete;
  FasttextModel& operator=(const FasttextModel&) = delete;

  /// Predicts for a text read as one line (line breaks count as blanks). The label is empty when nothing of the text
  /// is known to the model.
  [[nodiscard]] Prediction predict(std::string_view text, Scratch& scratch) const;
  /// Number of labels.
  [[nodiscard]] std::size_t label_count() const;

 private:
  struct Parts;
  explicit FasttextModel(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace gristmill::kernels
