// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/page_hints.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "gristmill/kernels/byte_scan.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlAttribute;
using kernels::HtmlNode;
using kernels::HtmlTag;

constexpr std::size_t linked_bytes_max = 1u << 20;
constexpr std::int16_t types_max = 8;
constexpr std::size_t type_bytes_max = 64;
constexpr int types_listed_max = 8;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool is_same(std::string_view text, std::string_view lower_word) noexcept {
  return text.size() == lower_word.size() &&
         std::equal(text.begin(), text.end(), lower_word.begin(), [](char a, char b) { return lower(a) == b; });
}

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// Part of the name of a schema.org type, and what it is counted as. The first that fits counts.
struct TypeMeaning {
  std::string_view part;
  std::int16_t PageHints::* count;
};

constexpr std::array type_meanings{
    TypeMeaning{"discussion", &PageHints::linked_discussions},
    TypeMeaning{"qapage", &PageHints::linked_discussions},
    TypeMeaning{"comment", &PageHints::linked_discussions},
    TypeMeaning{"article", &PageHints::linked_articles},
    TypeMeaning{"blogposting", &PageHints::linked_articles},
    TypeMeaning{"itemlist", &PageHints::linked_lists},
    TypeMeaning{"collection", &PageHints::linked_lists},
    TypeMeaning{"searchresults", &PageHints::linked_lists},
    TypeMeaning{"catalog", &PageHints::linked_lists},
    TypeMeaning{"product", &PageHints::linked_products},
    TypeMeaning{"offer", &PageHints::linked_products},
    TypeMeaning{"organization", &PageHints::linked_businesses},
    TypeMeaning{"business", &PageHints::linked_businesses},
    TypeMeaning{"website", &PageHints::linked_businesses},
    TypeMeaning{"service", &PageHints::linked_businesses},
    TypeMeaning{"application", &PageHints::linked_businesses},
    TypeMeaning{"breadcrumb", &PageHints::linked_trails},
    TypeMeaning{"page", &PageHints::linked_pages},
};

constexpr std::string_view canonical = "canonical";

/// Names of meta elements that date a page.
constexpr std::array<std::string_view, 6> dated_names{
    "article:published_time", "og:article:published_time", "datepublished", "date", "pubdate", "parsely-pub-date"};

/// One of these stands in every meta element that says something.
constexpr std::array<std::string_view, 2> meta_words{":published_time", "date"};
constexpr std::array<std::string_view, 2> shared_words{"og:type", "og:url"};

bool is_of_use(std::string_view name) noexcept {
  return is_same(name, "og:type") || is_same(name, "og:url") ||
         std::ranges::any_of(dated_names, [&](auto dated) { return is_same(name, dated); });
}

/// True when a meta element, written as most are, has a name first and that says nothing.
bool is_of_no_use(std::string_view source) noexcept {
  constexpr std::string_view property = "<meta property=\"";
  constexpr std::string_view name = "<meta name=\"";
  const bool has_property = source.starts_with(property);
  if (!has_property && !source.starts_with(name)) return false;
  const auto rest = source.substr(has_property ? property.size() : name.size());
  const auto end = rest.find('"');
  if (end == std::string_view::npos || is_of_use(rest.substr(0, end))) return false;
  // A property, wherever it stands, goes before a name.
  return has_property || !kernels::contains_ascii_folded(rest.substr(end), "property");
}

class HintReader {
 public:
  explicit HintReader(const kernels::HtmlTree& tree) : tree_(tree), nodes_(tree.nodes()) {}

  PageHints run() {
    for (const auto node : tree_.head_nodes()) read(node);
    measure_address(canonical_.empty() ? shared_address_ : canonical_);
    return hints_;
  }

 private:
  /// Most elements are told by a look at their bytes, which is cheaper than to take their attributes apart.
  void read(std::uint32_t i) {
    const auto& node = nodes_[i];
    const auto source = tree_.source(node);
    const auto has_one = [&](const auto& words) {
      return std::ranges::any_of(words, [&](auto word) { return kernels::contains_ascii_folded(source, word); });
    };
    if (node.tag == HtmlTag::meta) {
      if (is_of_no_use(source)) return;
      if (has_one(meta_words) || (kernels::contains_ascii_folded(source, "og:") && has_one(shared_words)))
        read_meta(kernels::parse_html_attributes(source));
    } else if (node.tag == HtmlTag::link) {
      const bool has_rel = (node.flags & HtmlNode::has_rel) != 0;
      if (has_rel && kernels::contains_ascii_folded(source, canonical))
        read_link(kernels::parse_html_attributes(source));
    } else if (node.tag == HtmlTag::script && (node.flags & HtmlNode::has_raw) != 0) {
      read_script(i);
    }
  }

  void read_meta(const kernels::HtmlAttributes& attributes) {
    const auto content = attributes[HtmlAttribute::content];
    if (content.empty()) return;
    const auto name = attributes.has(HtmlAttribute::property) ? attributes[HtmlAttribute::property]
                                                              : attributes[HtmlAttribute::name];
    if (is_same(name, "og:type")) read_shared_type(content);
    if (is_same(name, "og:url") && shared_address_.empty()) shared_address_ = content;
    if (std::ranges::any_of(dated_names, [&](auto dated) { return is_same(name, dated); })) hints_.is_dated = 1;
  }

  void read_shared_type(std::string_view type) {
    type = type.substr(0, type_bytes_max);
    hints_.shared_as_article = kernels::contains_ascii_folded(type, "article") ? 1 : 0;
    hints_.shared_as_website = is_same(type, "website") ? 1 : 0;
    hints_.shared_as_product = hints_.shared_as_article == 0 && kernels::contains_ascii_folded(type, "product") ? 1 : 0;
  }

  void read_link(const kernels::HtmlAttributes& attributes) {
    if (canonical_.empty() && is_same(attributes[HtmlAttribute::rel], canonical))
      canonical_ = attributes[HtmlAttribute::href];
  }

  void read_script(std::uint32_t i) {
    constexpr std::string_view key = "@type\"";  // Behind a quote, which is too frequent to look for.
    if (!kernels::contains_ascii_folded(tree_.start_tag(i), "ld+json")) return;
    const auto json = tree_.source(nodes_[i]).substr(0, linked_bytes_max - linked_bytes_);
    linked_bytes_ += json.size();
    std::size_t read = 0;  // Bytes that are done with: a quote that ended a string begins no key.
    for (auto at = json.find(key); at != std::string_view::npos; at = json.find(key, at)) {
      const bool is_key = at > read && json[at - 1] == '"';
      at = is_key ? read = read_types(json, at + key.size()) : at + 1;
    }
  }

  /// Reads the string or list of strings after a colon; returns where to go on.
  std::size_t read_types(std::string_view json, std::size_t at) {
    const auto skip = [&](char also) {
      while (at < json.size() && (is_space(json[at]) || json[at] == also)) ++at;
    };
    skip(':');
    const bool is_list = at < json.size() && json[at] == '[';
    if (is_list) ++at;
    for (int i = 0; i < (is_list ? types_listed_max : 1); ++i) {
      skip(',');
      if (at >= json.size() || json[at] != '"') break;
      const auto name = json.substr(at + 1, type_bytes_max);
      const auto size = name.find('"');
      if (size == std::string_view::npos) break;
      count_type(name.substr(0, size));
      at += size + 2;
    }
    return at;
  }

  void count_type(std::string_view name) {
    std::array<char, type_bytes_max> letters;
    std::ranges::transform(name, letters.begin(), lower);
    const std::string_view type(letters.data(), name.size());
    for (const auto& meaning : type_meanings) {
      if (type.find(meaning.part) == std::string_view::npos) continue;
      auto& count = hints_.*meaning.count;
      count = std::min<std::int16_t>(static_cast<std::int16_t>(count + 1), types_max);
      return;
    }
  }

  void measure_address(std::string_view address) {
    if (address.empty()) return;
    address = address.substr(0, std::min(address.find_first_of("?#"), std::size_t{2048}));
    if (const auto host = address.find("//"); host != std::string_view::npos) {
      const auto path = address.find('/', host + 2);
      address = path == std::string_view::npos ? std::string_view() : address.substr(path);
    }
    int parts = 0;
    int hyphens = 0;
    int digits = 0;
    int run = 0;
    char previous = '/';
    for (const char c : address) {
      if (c != '/' && previous == '/') {
        ++parts;
        hyphens = 0;
      }
      if (c == '-' || c == '_') ++hyphens;
      run = c >= '0' && c <= '9' ? run + 1 : 0;
      digits = std::max(digits, run);
      previous = c;
    }
    hints_.address_parts = static_cast<std::int16_t>(std::min(parts, 16));
    hints_.address_hyphens = static_cast<std::int16_t>(std::min(hyphens, 32));
    hints_.address_digits = static_cast<std::int16_t>(std::min(digits, 16));
  }

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  PageHints hints_;
  std::string_view canonical_;
  std::string_view shared_address_;
  std::size_t linked_bytes_ = 0;
};

}  // namespace

PageHints read_page_hints(const kernels::HtmlTree& tree) { return HintReader(tree).run(); }

}  // namespace gristmill::ops::extract
