// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/code_language.h"

#include <algorithm>
#include <array>

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlNode;
using kernels::HtmlTag;

constexpr std::size_t name_bytes_max = 24;

bool is_name_byte(char c) noexcept {
  return (c >= '0' && c <= '9') || static_cast<unsigned char>((c | 0x20) - 'a') < 26 || c == '+' || c == '#' ||
         c == '-' || c == '.' || c == '_';
}

/// The name that starts here, or empty when it is none or the highlighter's word for "no language".
std::string_view name_at(std::string_view text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && is_name_byte(text[size])) ++size;
  const auto name = text.substr(0, size);
  if (size == 0 || size > name_bytes_max || name == "none" || name == "text" || name == "plaintext" || name == "plain")
    return {};
  return name;
}

std::string_view language_of_classes(std::string_view classes) noexcept {
  constexpr std::array<std::string_view, 7> openings{
      "language-", "lang-", "highlight-source-", "brush: ", "brush:", "sourceCode ", "highlight-text-"};
  for (const auto opening : openings) {
    const auto at = classes.find(opening);
    if (at == std::string_view::npos || (at > 0 && is_name_byte(classes[at - 1]))) continue;
    if (const auto name = name_at(classes.substr(at + opening.size())); !name.empty()) return name;
  }
  return {};
}

std::string_view language_of(const kernels::HtmlTree& tree, std::uint32_t node) {
  const auto& element = tree.nodes()[node];
  if (element.class_value != 0) {
    if (const auto name = language_of_classes(tree.value_source(element.class_value)); !name.empty()) return name;
  }
  const auto source = tree.start_tag(node).substr(0, 1024);
  for (const std::string_view attribute : {"data-lang", "data-language", "data-code-language"}) {
    if (source.find(attribute) == std::string_view::npos) continue;
    if (const auto name = name_at(kernels::find_html_attribute(source, attribute)); !name.empty()) return name;
  }
  return {};
}

}  // namespace

std::string_view code_language(const kernels::HtmlTree& tree, std::uint32_t node) {
  const auto nodes = tree.nodes();
  if (const auto name = language_of(tree, node); !name.empty()) return name;
  if (node + 1 < nodes[node].end && nodes[node + 1].tag == HtmlTag::code) {
    if (const auto name = language_of(tree, node + 1); !name.empty()) return name;
  }
  auto around = nodes[node].parent;
  for (int up = 0; up < 2 && around != 0; ++up, around = nodes[around].parent) {
    if (nodes[around].tag != HtmlTag::div && nodes[around].tag != HtmlTag::figure) break;
    if (const auto name = language_of(tree, around); !name.empty()) return name;
  }
  return {};
}

}  // namespace gristmill::ops::extract
