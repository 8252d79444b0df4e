// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "gristmill/ops/extract/decide.h"
#include "gristmill/ops/extract/page_facts.h"
#include "gristmill/ops/extract/render.h"
#include "gristmill/ops/operator.h"

namespace gristmill::ops {

/// Turns HTML pages into the text of their main content; other documents pass unchanged. Work is linear in the page's
/// bytes and bounded by the node budget. The columns are those of the metadata that the options ask for.
class ExtractHtml final : public Operator {
 public:
  static const Spec spec_;
  static Result<std::unique_ptr<Operator>> make(const Options& options);

  /// The static spec with the columns of this instance.
  [[nodiscard]] const Spec& spec() const override { return own_spec_; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  Verdict apply(data::Document& document, Scratch& scratch) const override;

 private:
  void choose_columns(const std::vector<std::string>& metadata, bool with_spans);
  void set_columns(const extract::PageFacts& facts, double share, data::Document& document, Scratch& scratch) const;

  Spec own_spec_;
  std::vector<ColumnSpec> columns_;
  std::vector<extract::Fact> facts_;  ///< Of the first columns, in order.
  extract::FactSet wanted_ = 0;
  bool with_spans_ = false;
  bool is_markdown_ = false;
  extract::Keep keep_;
  extract::Profile profile_ = extract::Profile::balanced;
  std::uint32_t words_min_ = 0;
  std::uint32_t nodes_max_ = 0;
};

}  // namespace gristmill::ops
