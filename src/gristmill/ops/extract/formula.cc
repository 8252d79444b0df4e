// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/formula.h"

#include <algorithm>

#include "gristmill/kernels/byte_scan.h"
#include "gristmill/kernels/html_entities.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlAttribute;
using kernels::HtmlNode;
using kernels::HtmlTag;

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string folded(std::string_view text) {
  std::string out;
  for (const char c : trimmed(text)) {
    if (!is_space(c))
      out.push_back(c);
    else if (out.back() != ' ')
      out.push_back(' ');
  }
  return out;
}

/// MediaWiki wraps each formula in `{\displaystyle ...}`, which says nothing of the formula.
std::string_view unwrapped(std::string_view tex) noexcept {
  for (const std::string_view opening : {"{\\displaystyle ", "{\\textstyle "}) {
    if (tex.starts_with(opening) && tex.ends_with('}'))
      return trimmed(tex.substr(opening.size(), tex.size() - opening.size() - 1));
  }
  return tex;
}

bool is_tex_encoding(std::string_view encoding) noexcept {
  return encoding == "application/x-tex" || encoding == "application/x-latex" || encoding == "TeX" ||
         encoding == "LaTeX" || encoding == "latex";
}

/// True when a class attribute has the word.
bool has_class(std::string_view classes, std::string_view word) noexcept {
  for (auto at = classes.find(word); at != std::string_view::npos; at = classes.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || is_space(classes[at - 1])) && (end == classes.size() || is_space(classes[end]))) return true;
  }
  return false;
}

bool is_mathjax_output(std::string_view classes) noexcept {
  for (const std::string_view word : {"MathJax", "MathJax_Preview", "MathJax_Display", "MathJax_SVG",
                                      "MathJax_SVG_Display", "MathJax_CHTML", "MathJax_CHTML_Display"}) {
    if (has_class(classes, word)) return true;
  }
  return false;
}

/// A first look that nearly no other class passes.
bool may_be_rendering(std::string_view classes, const char* readable_end) noexcept {
  const auto* end = classes.data() + classes.size();
  const auto* at = kernels::find_byte(classes.data(), end, readable_end, 'x');
  for (; at != end; at = kernels::find_byte(at + 1, end, readable_end, 'x')) {
    const std::string_view before(classes.data(), static_cast<std::size_t>(at - classes.data()));
    if (before.ends_with("kate") || before.ends_with("MathJa")) return true;
  }
  return false;
}

std::optional<Formula> make_formula(std::string_view tex, bool is_display, std::uint32_t source_begin,
                                    std::size_t source_bytes) {
  auto text = folded(tex);
  if (const auto inner = unwrapped(text); inner.size() < text.size()) text = std::string(inner);
  if (text.empty()) return std::nullopt;
  return Formula{std::move(text), is_display, source_begin, source_begin + static_cast<std::uint32_t>(source_bytes)};
}

std::uint32_t place_of(const kernels::HtmlTree& tree, const HtmlNode& node, std::string_view part) {
  return node.source_begin + static_cast<std::uint32_t>(part.data() - tree.source(node).data());
}

}  // namespace

FormulaFinder::FormulaFinder(const kernels::HtmlTree& tree) : tree_(tree) {
  const auto values = tree.values();
  for (std::uint32_t i = 1; i < values.size(); ++i) {
    const auto classes = tree.value_source(i);
    if (!may_be_rendering(classes, tree.html().data() + tree.html_bytes())) continue;
    const auto kind = has_class(classes, "katex-html") ? Kind::katex_boxes
                      : is_mathjax_output(classes)     ? Kind::mathjax_output
                                                       : Kind::other;
    if (kind == Kind::other) continue;
    if (!has_renderings_) kinds_.assign(values.size(), Kind::other);
    has_renderings_ = true;
    kinds_[i] = kind;
  }
}

bool FormulaFinder::is_tex_script(std::uint32_t node) const {
  if (tree_.nodes()[node].tag != HtmlTag::script) return false;
  return kernels::find_html_attribute(tree_.start_tag(node), "type").starts_with("math/tex");
}

bool FormulaFinder::is_duplicate(std::uint32_t node) const {
  const auto nodes = tree_.nodes();
  if (kinds_[nodes[node].class_value] == Kind::katex_boxes) return true;
  auto next = nodes[node].end;
  for (int siblings = 0; siblings < 4 && next < nodes.size() && nodes[next].parent == nodes[node].parent; ++siblings) {
    if (is_tex_script(next)) return true;
    next = nodes[next].end;
  }
  return false;
}

std::optional<Formula> FormulaFinder::find(std::uint32_t index) const {
  const auto nodes = tree_.nodes();
  const auto& node = nodes[index];
  if (node.tag == HtmlTag::script) {
    if (!is_tex_script(index)) return std::nullopt;
    const auto type = kernels::find_html_attribute(tree_.start_tag(index), "type");
    return make_formula(tree_.source(node), type.find("mode=display") != std::string_view::npos, node.source_begin,
                        node.source_end - node.source_begin);
  }
  if (node.tag == HtmlTag::img) {
    const auto classes = tree_.value_source(node.class_value);
    if (!has_class(classes, "latex") && !has_class(classes, "tex")) return std::nullopt;
    const auto alt = kernels::find_html_attribute(tree_.source(node), "alt");
    if (alt.empty()) return std::nullopt;
    auto tex = kernels::decode_html_attribute(alt);
    // Some renderers keep the delimiters.
    while (tex.size() > 2 && tex.front() == '$' && tex.back() == '$') tex = tex.substr(1, tex.size() - 2);
    return make_formula(tex, false, place_of(tree_, node, alt), alt.size());
  }
  const auto display = kernels::find_html_attribute(tree_.source(node), "display");
  const bool is_display = display == "block";
  for (auto child = index + 1; child < node.end; ++child) {
    if (nodes[child].tag != HtmlTag::annotation || nodes[child].end != child + 2) continue;
    if (!is_tex_encoding(kernels::find_html_attribute(tree_.source(nodes[child]), "encoding"))) continue;
    const auto tex = tree_.source(nodes[child + 1]);
    return make_formula(kernels::decode_html_attribute(tex), is_display, nodes[child + 1].source_begin, tex.size());
  }
  const auto alternative = kernels::find_html_attribute(tree_.source(node), "alttext");
  if (alternative.empty()) return std::nullopt;
  return make_formula(kernels::decode_html_attribute(alternative), is_display, place_of(tree_, node, alternative),
                      alternative.size());
}

}  // namespace gristmill::ops::extract
