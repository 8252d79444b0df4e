// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/page_facts.h"

#include <algorithm>
#include <array>

#include "gristmill/kernels/html_entities.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlAttribute;
using kernels::HtmlNode;
using kernels::HtmlTag;

constexpr std::size_t fact_bytes_max = 2048;

std::string lower(std::string_view text) {
  std::string out(text.substr(0, 64));
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return out;
}

/// Decodes and folds white space. A fact longer than any real one is cut, at a character's start.
std::string clean(std::string_view raw) {
  const auto decoded = kernels::decode_html_attribute(raw.substr(0, 4 * fact_bytes_max));
  std::string out;
  bool wants_space = false;
  for (const char c : decoded) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
    if (is_space) {
      wants_space = !out.empty();
      continue;
    }
    const bool starts_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (out.size() >= fact_bytes_max && starts_character) break;
    if (wants_space) out.push_back(' ');
    wants_space = false;
    if (c != '\0') out.push_back(c);
  }
  return out;
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = lower(list);
  for (std::size_t at = words.find(word); at != std::string::npos; at = words.find(word, at + 1)) {
    const bool starts = at == 0 || words[at - 1] == ' ';
    const auto end = at + word.size();
    if (starts && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

void take(std::string& fact, std::string_view raw) {
  if (fact.empty() && !raw.empty()) fact = clean(raw);
}

struct MetaNames {
  std::string og_title;
};

void read_meta(const kernels::HtmlAttributes& attributes, PageFacts& facts, MetaNames& names) {
  const auto content = attributes[HtmlAttribute::content];
  if (content.empty()) return;
  const auto key = attributes.has(HtmlAttribute::property) ? attributes[HtmlAttribute::property]
                   : attributes.has(HtmlAttribute::name)   ? attributes[HtmlAttribute::name]
                                                           : attributes[HtmlAttribute::itemprop];
  const auto name = lower(key);
  if (name == "og:title") take(names.og_title, content);
  if (name == "author" || name == "article:author" || name == "dc.creator") {
    // article:author often holds a profile address instead of a name.
    if (!content.starts_with("http")) take(facts.author, content);
  }
  if (name == "article:published_time" || name == "date" || name == "dc.date" || name == "datepublished" ||
      name == "pubdate" || name == "dcterms.date") {
    take(facts.date, content);
  }
  if (name == "og:url" && facts.canonical_url.empty() && content.starts_with("http"))
    take(facts.canonical_url, content);
}

void read_link(const kernels::HtmlAttributes& attributes, PageFacts& facts, bool& has_canonical) {
  const auto rel = attributes[HtmlAttribute::rel];
  const auto href = attributes[HtmlAttribute::href];
  if (href.empty()) return;
  if (has_word(rel, "license")) take(facts.license_url, href);
  if (!has_canonical && has_word(rel, "canonical")) {
    has_canonical = true;
    facts.canonical_url = clean(href);
  }
}

}  // namespace

PageFacts read_page_facts(const kernels::HtmlTree& tree) {
  PageFacts facts;
  MetaNames names;
  bool has_canonical = false;
  for (const auto& node : tree.nodes()) {
    if (node.tag == HtmlTag::title && facts.title.empty() && (node.flags & HtmlNode::has_raw) != 0) {
      facts.title = clean(tree.source(node));
    } else if (node.tag == HtmlTag::meta) {
      read_meta(kernels::parse_html_attributes(tree.source(node)), facts, names);
    } else if ((node.flags & HtmlNode::has_rel) != 0 && (node.tag == HtmlTag::link || node.tag == HtmlTag::a)) {
      read_link(kernels::parse_html_attributes(tree.source(node)), facts, has_canonical);
    } else if (node.tag == HtmlTag::time && facts.date.empty()) {
      take(facts.date, kernels::parse_html_attributes(tree.source(node))[HtmlAttribute::datetime]);
    }
  }
  if (facts.title.empty()) facts.title = names.og_title;
  return facts;
}

}  // namespace gristmill::ops::extract
