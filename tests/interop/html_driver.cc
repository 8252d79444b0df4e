// SPDX-License-Identifier: Apache-2.0
// What the HTML code makes of pages, for comparison with the parsers of others.
//   html_driver tree|text|markdown < pages > results
// Each input line is a page, a JSON string. An output line is for `tree` a list of [text, element around it] in
// document order, raw content included, templates left out; for the others {"text", "spans", "blocks"} with every block
// chosen.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/kernels/html_entities.h"
#include "gristmill/kernels/html_tree.h"
#include "gristmill/ops/extract/render.h"

namespace {

using namespace gristmill;
using kernels::HtmlNode;
using kernels::HtmlTag;

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto reference = text[at] == '&' ? kernels::decode_html_reference(text, at) : kernels::HtmlReference{};
    out.append(reference.source_bytes == 0 ? text.substr(at, 1) : reference.text());
    at += std::max<std::size_t>(reference.source_bytes, 1);
  }
  return out;
}

/// The nearest element around a node that decides whether and where its text shows.
std::string_view mark(const kernels::HtmlTree& tree, std::uint32_t node) {
  using enum HtmlTag;
  for (auto at = tree.nodes()[node].parent; at != 0; at = tree.nodes()[at].parent) {
    const auto tag = tree.nodes()[at].tag;
    for (const auto wanted : {svg, math, select, object, li, td, pre, button}) {
      if (tag == wanted) return kernels::html_tag_name(tag);
    }
  }
  return {};
}

Json show_tree(const kernels::HtmlTree& tree) {
  auto list = Json::array({});
  const auto nodes = tree.nodes();
  for (std::uint32_t i = 0; i < nodes.size();) {
    const auto& node = nodes[i];
    if (node.tag == HtmlTag::template_ && (node.flags & HtmlNode::foreign) == 0) {
      i = node.end;
      continue;
    }
    const bool is_raw = (node.flags & HtmlNode::has_raw) != 0;
    const bool has_references = !is_raw || node.tag == HtmlTag::title || node.tag == HtmlTag::textarea;
    if (node.tag == HtmlTag::text || is_raw) {
      const auto source = tree.source(node);
      list.push(Json::array({has_references ? decode(source) : std::string(source), mark(tree, i)}));
    }
    ++i;
  }
  return list;
}

Json show_rendering(const kernels::HtmlTree& tree, bool is_markdown) {
  ops::extract::Page page;
  ops::extract::Rendering rendering;
  cut_into_blocks(tree, is_markdown, page);
  const std::vector<std::uint8_t> chosen(page.blocks.size(), 1);
  const auto render = is_markdown ? ops::extract::render_markdown : ops::extract::render_text;
  render(tree, page, chosen, {.links = is_markdown}, rendering);
  auto spans = Json::array({});
  for (const auto& span : rendering.spans)
    spans.push(Json::array({span.text_begin, span.text_end, span.source_begin, span.source_end}));
  auto blocks = Json::array({});
  for (const auto& block : page.blocks) blocks.push(page.text_of(block));
  return Json::object({{"text", rendering.text}, {"spans", spans}, {"blocks", blocks}});
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode != "tree" && mode != "text" && mode != "markdown")
    return fmt::print(stderr, "usage: html_driver tree|text|markdown < pages\n"), 2;
  kernels::HtmlTree tree;
  std::string line;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c != '\n') {
      line.push_back(static_cast<char>(c));
      continue;
    }
    const auto page = Json::parse(line);
    line.clear();
    if (!page) return fmt::print(stderr, "{}\n", page.error().message), 1;
    tree.parse(page->as_string());
    fmt::print("{}\n", (mode == "tree" ? show_tree(tree) : show_rendering(tree, mode == "markdown")).dump());
  }
  return 0;
}
