// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Collects what the rules of a filter find in one document. The first rule that fails is the reason; a filter that
/// annotates goes on and writes every measure into its column.
class Judgement {
 public:
  Judgement(data::Document& document, const Scratch& scratch) noexcept : document_(document), scratch_(scratch) {}

  /// Writes a measure into its column (by number in Spec::annotation_columns) when the filter annotates.
  void measure(std::size_t column, data::Value value) {
    if (scratch_.annotates()) document_.columns[scratch_.annotation_columns[column]] = value;
  }
  /// Notes whether a rule fails. True when the filter is done: what comes later cannot matter.
  bool settle(bool fails, std::string_view reason) {
    if (fails && reason_.empty()) reason_ = reason;
    return fails && !scratch_.annotates();
  }
  [[nodiscard]] Verdict verdict() const { return reason_.empty() ? Verdict::kept() : Verdict::dropped(reason_); }

 private:
  data::Document& document_;
  const Scratch& scratch_;
  std::string_view reason_;
};

}  // namespace gristmill::ops
