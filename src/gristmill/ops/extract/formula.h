// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/kernels/html_tree.h"

namespace gristmill::ops::extract {

/// TeX of a formula, as the page carries it beside what a browser shows.
struct Formula {
  std::string tex;                 ///< Decoded, white space folded; never empty.
  bool is_display = false;         ///< Stands on a line of its own.
  std::uint32_t source_begin = 0;  ///< Where the TeX stands in the page.
  std::uint32_t source_end = 0;
};

/// Finds the TeX of formulas: MathML annotations (`application/x-tex`) and `alttext`, MathJax's scripts (`math/tex`)
/// and the alternative texts of formula images (class `latex` or `tex`).
class FormulaFinder {
 public:
  explicit FormulaFinder(const kernels::HtmlTree& tree);

  /// TeX of a `math`, `script` or `img` element, when it has any. Looks at each of its nodes once.
  [[nodiscard]] std::optional<Formula> find(std::uint32_t node) const;
  /// True for an element that shows a formula whose TeX is found elsewhere: KaTeX's boxes, and MathJax's output and
  /// preview in front of its script.
  [[nodiscard]] bool is_rendering(std::uint32_t node) const {
    return has_renderings_ && kinds_[tree_.nodes()[node].class_value] != Kind::other && is_duplicate(node);
  }

 private:
  enum class Kind : std::uint8_t { other, katex_boxes, mathjax_output };

  [[nodiscard]] bool is_duplicate(std::uint32_t node) const;
  [[nodiscard]] bool is_tex_script(std::uint32_t node) const;

  const kernels::HtmlTree& tree_;
  bool has_renderings_ = false;
  std::vector<Kind> kinds_;  ///< By index of a class value.
};

}  // namespace gristmill::ops::extract
