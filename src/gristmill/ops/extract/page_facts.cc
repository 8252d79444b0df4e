// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/page_facts.h"

#include <algorithm>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/kernels/html_entities.h"
#include "gristmill/ops/extract/linked_data.h"
#include "gristmill/ops/extract/page_date.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlAttribute;
using kernels::HtmlNode;
using kernels::HtmlTag;

constexpr std::size_t fact_bytes_max = 2048;
constexpr std::size_t values_max = 16;          // Authors or licences of one page.
constexpr std::size_t meta_tags_max = 64;
constexpr std::size_t linked_bytes_max = 1u << 20;  // JSON-LD that is read or handed on, of one page.
constexpr std::uint32_t text_nodes_max = 64;    // Looked at for the name of an author.

constexpr std::array<std::string_view, fact_count> names{
    "title",         "author",    "date",        "canonical_url", "license_url", "date_modified",
    "page_language", "site_name", "description", "licenses",      "meta_tags",   "json_ld"};

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

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
    if (is_space(c)) {
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

bool is_address(std::string_view text) noexcept {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("//");
}

/// What a meta element with this name tells, and how much it is to be trusted (lower is better).
struct MetaMeaning {
  std::string_view name;
  Fact fact;
  int rank;
};

constexpr std::array meta_meanings{
    MetaMeaning{"og:title", Fact::title, 1},
    MetaMeaning{"twitter:title", Fact::title, 4},
    MetaMeaning{"dc.title", Fact::title, 5},
    MetaMeaning{"citation_title", Fact::title, 5},
    MetaMeaning{"author", Fact::author, 2},
    MetaMeaning{"article:author", Fact::author, 3},
    MetaMeaning{"citation_author", Fact::author, 3},
    MetaMeaning{"dc.creator", Fact::author, 4},
    MetaMeaning{"dcterms.creator", Fact::author, 4},
    MetaMeaning{"parsely-author", Fact::author, 4},
    MetaMeaning{"sailthru.author", Fact::author, 4},
    MetaMeaning{"byl", Fact::author, 5},
    MetaMeaning{"article:published_time", Fact::date, 2},
    MetaMeaning{"og:article:published_time", Fact::date, 2},
    MetaMeaning{"og:published_time", Fact::date, 2},
    MetaMeaning{"datepublished", Fact::date, 3},
    MetaMeaning{"article.published", Fact::date, 3},
    MetaMeaning{"parsely-pub-date", Fact::date, 3},
    MetaMeaning{"sailthru.date", Fact::date, 3},
    MetaMeaning{"citation_publication_date", Fact::date, 3},
    MetaMeaning{"citation_date", Fact::date, 3},
    MetaMeaning{"citation_online_date", Fact::date, 3},
    MetaMeaning{"dc.date.issued", Fact::date, 3},
    MetaMeaning{"dcterms.issued", Fact::date, 3},
    MetaMeaning{"dcterms.created", Fact::date, 3},
    MetaMeaning{"dc.date", Fact::date, 4},
    MetaMeaning{"dcterms.date", Fact::date, 4},
    MetaMeaning{"date", Fact::date, 4},
    MetaMeaning{"pubdate", Fact::date, 4},
    MetaMeaning{"publishdate", Fact::date, 4},
    MetaMeaning{"publish-date", Fact::date, 4},
    MetaMeaning{"publish_date", Fact::date, 4},
    MetaMeaning{"publication_date", Fact::date, 4},
    MetaMeaning{"article:modified_time", Fact::date_modified, 2},
    MetaMeaning{"og:updated_time", Fact::date_modified, 3},
    MetaMeaning{"datemodified", Fact::date_modified, 3},
    MetaMeaning{"dcterms.modified", Fact::date_modified, 4},
    MetaMeaning{"last-modified", Fact::date_modified, 5},
    MetaMeaning{"og:site_name", Fact::site_name, 1},
    MetaMeaning{"application-name", Fact::site_name, 3},
    MetaMeaning{"description", Fact::description, 1},
    MetaMeaning{"og:description", Fact::description, 2},
    MetaMeaning{"twitter:description", Fact::description, 3},
    MetaMeaning{"dc.description", Fact::description, 3},
    MetaMeaning{"og:url", Fact::canonical_url, 2},
    MetaMeaning{"content-language", Fact::page_language, 2},
    MetaMeaning{"dc.language", Fact::page_language, 3},
    MetaMeaning{"dcterms.language", Fact::page_language, 3},
    MetaMeaning{"og:locale", Fact::page_language, 4},
    MetaMeaning{"dcterms.license", Fact::licenses, 2},
    MetaMeaning{"dc.rights", Fact::licenses, 3},
    MetaMeaning{"dcterms.rights", Fact::licenses, 3},
    MetaMeaning{"citation_license", Fact::licenses, 3},
};

bool is_kept_meta(std::string_view name) noexcept {
  for (const std::string_view prefix :
       {"og:", "article:", "twitter:", "dc.", "dcterms.", "citation_", "book:", "video:"}) {
    if (name.starts_with(prefix)) return true;
  }
  return name == "author" || name == "description" || name == "keywords" || name == "generator" || name == "robots" ||
         name == "date";
}

/// Collects what the nodes say; the best source of each fact wins, the first among equals.
class FactReader {
 public:
  FactReader(const kernels::HtmlTree& tree, FactSet wanted) : tree_(tree), nodes_(tree.nodes()), wanted_(wanted) {
    ranks_.fill(100);
    // The one address is taken from the list.
    if (wants(Fact::license_url)) wanted_ |= fact_bit(Fact::licenses);
  }

  PageFacts run() {
    for (std::uint32_t i = 1; i < nodes_.size(); ++i) visit(i);
    take_linked_data();
    finish_lists();
    return std::move(facts_);
  }

 private:
  [[nodiscard]] bool wants(Fact fact) const { return (wanted_ & fact_bit(fact)) != 0; }

  void visit(std::uint32_t i) {
    const auto& node = nodes_[i];
    switch (node.tag) {
      case HtmlTag::text: return;
      case HtmlTag::title:
        // Titles for sharing come first: the element's often ends with the name of the site.
        if ((node.flags & HtmlNode::has_raw) != 0) offer(Fact::title, 3, tree_.source(node));
        return;
      case HtmlTag::html: return read_language(i);
      case HtmlTag::meta: return read_meta(kernels::parse_html_attributes(tree_.source(node)), i);
      case HtmlTag::script: return read_script(i);
      case HtmlTag::time: read_time(i); break;
      case HtmlTag::link:
      case HtmlTag::a:
        if ((node.flags & (HtmlNode::has_rel | HtmlNode::licenses)) != 0) read_link(i);
        break;
      default: break;
    }
    if (node.itemprop_value != 0) read_microdata(i);
  }

  /// Takes a value when no better one is known; authors and licences are lists.
  void offer(Fact fact, int rank, std::string_view raw) {
    if (raw.empty() || !wants(fact)) return;
    auto& known = ranks_[static_cast<std::size_t>(fact)];
    if (fact == Fact::author || fact == Fact::licenses) return offer_to_list(fact, rank, raw, known);
    if (rank >= known) return;
    const bool is_date = fact == Fact::date || fact == Fact::date_modified;
    auto value = is_date ? read_page_date(clean(raw)) : clean(raw);
    if (value.empty()) return;
    known = rank;
    facts_[fact] = std::move(value);
  }

  void offer_to_list(Fact fact, int rank, std::string_view raw, int& known) {
    auto& list = fact == Fact::author ? authors_ : licenses_;
    // All licences count; of the authors only those from the best source, as sources name the same persons.
    if (fact == Fact::author && rank > known) return;
    auto value = clean(raw);
    if (value.empty() || is_address(value) != (fact == Fact::licenses)) return;
    if (fact == Fact::author && rank < known) list.clear();
    known = std::min(known, rank);
    if (list.size() < values_max && std::ranges::find(list, value) == list.end()) list.push_back(std::move(value));
  }

  void read_language(std::uint32_t i) {
    const auto source = tree_.source(nodes_[i]);
    offer(Fact::page_language, 0, kernels::find_html_attribute(source, "lang"));
    offer(Fact::page_language, 1, kernels::find_html_attribute(source, "xml:lang"));
  }

  void read_meta(const kernels::HtmlAttributes& attributes, std::uint32_t i) {
    const auto content = attributes[HtmlAttribute::content];
    if (content.empty()) return;
    auto key = attributes.has(HtmlAttribute::property) ? attributes[HtmlAttribute::property]
               : attributes.has(HtmlAttribute::name)   ? attributes[HtmlAttribute::name]
                                                       : attributes[HtmlAttribute::itemprop];
    if (key.empty() && wants(Fact::page_language))
      key = kernels::find_html_attribute(tree_.source(nodes_[i]), "http-equiv");
    auto name = lower(key);
    if (name.starts_with("dc:") || name.starts_with("dcterms:")) name[name.find(':')] = '.';
    for (const auto& meaning : meta_meanings) {
      if (meaning.name != name) continue;
      if (meaning.fact == Fact::canonical_url && !is_address(content)) continue;
      offer(meaning.fact, meaning.rank, content);
    }
    if (wants(Fact::meta_tags) && is_kept_meta(name)) keep_meta(name, content);
  }

  void keep_meta(const std::string& name, std::string_view content) {
    auto value = Json(clean(content));
    if (auto& known = meta_tags_.at(name); known.is_null())
      known = std::move(value);
    else if (!known.is_array())
      known = Json::array({known, std::move(value)});
    else if (known.size() < values_max)
      known.push(std::move(value));
    if (meta_tags_.size() > meta_tags_max) meta_tags_.erase(name);
  }

  void read_link(std::uint32_t i) {
    const auto attributes = kernels::parse_html_attributes(tree_.source(nodes_[i]));
    const auto rel = attributes[HtmlAttribute::rel];
    const auto href = attributes[HtmlAttribute::href];
    if (href.empty()) return;
    if (has_word(rel, "license"))
      offer_license(href, 0);
    else if ((nodes_[i].flags & HtmlNode::licenses) != 0)
      offer_license(href, 4);
    if (nodes_[i].tag == HtmlTag::link && has_word(rel, "canonical")) offer(Fact::canonical_url, 1, href);
    if (nodes_[i].tag == HtmlTag::a && has_word(rel, "author")) offer(Fact::author, 6, text_below(i));
  }

  /// Of Creative Commons only its licences and dedications count, not its front page.
  void offer_license(std::string_view href, int rank) {
    const bool is_named = rank == 0;
    if (!is_named && href.find("/licenses/") == std::string_view::npos &&
        href.find("/publicdomain/") == std::string_view::npos) {
      return;
    }
    if (!wants(Fact::licenses)) return;
    auto value = clean(href);
    if (std::ranges::find(licenses_, value) != licenses_.end() || licenses_.size() >= values_max) return;
    // rel=license says it of this page: it comes before any link that merely points to a licence.
    if (is_named)
      licenses_.insert(licenses_.begin() + static_cast<std::ptrdiff_t>(named_licenses_++), std::move(value));
    else
      licenses_.push_back(std::move(value));
  }

  void read_time(std::uint32_t i) {
    if (ranks_[static_cast<std::size_t>(Fact::date)] <= 7) return;
    offer(Fact::date, 7, kernels::find_html_attribute(tree_.source(nodes_[i]), "datetime"));
  }

  void read_microdata(std::uint32_t i) {
    const auto property = tree_.value_source(nodes_[i].itemprop_value);
    const auto source = tree_.source(nodes_[i]);
    const auto value_of = [&](std::string_view attribute) {
      const auto content = kernels::find_html_attribute(source, "content");
      return content.empty() ? kernels::find_html_attribute(source, attribute) : content;
    };
    if (has_word(property, "datepublished")) offer(Fact::date, 5, value_of("datetime"));
    if (has_word(property, "datemodified")) offer(Fact::date_modified, 5, value_of("datetime"));
    if (has_word(property, "license")) {
      if (const auto href = value_of("href"); !href.empty()) offer_license(href, 0);
    }
    if (has_word(property, "author") && wants(Fact::author)) {
      const auto content = kernels::find_html_attribute(source, "content");
      offer(Fact::author, 5, content.empty() ? std::string_view(author_name(i)) : content);
    }
  }

  /// A person's name is a property inside, or the whole text.
  std::string author_name(std::uint32_t i) {
    const auto end = std::min(nodes_[i].end, i + text_nodes_max);
    for (auto child = i + 1; child < end; ++child) {
      if (nodes_[child].itemprop_value == 0 || tree_.value_source(nodes_[child].itemprop_value) != "name") continue;
      return text_below(child);
    }
    return text_below(i);
  }

  std::string text_below(std::uint32_t i) {
    std::string text;
    const auto end = std::min(nodes_[i].end, i + text_nodes_max);
    for (auto child = i + 1; child < end && text.size() < 200; ++child) {
      if (nodes_[child].tag == HtmlTag::text) text.append(tree_.source(nodes_[child]).substr(0, 200));
    }
    return text.size() < 200 ? text : std::string();
  }

  void read_script(std::uint32_t i) {
    constexpr FactSet needing = fact_bit(Fact::title) | fact_bit(Fact::author) | fact_bit(Fact::date) |
                                fact_bit(Fact::date_modified) | fact_bit(Fact::site_name) |
                                fact_bit(Fact::page_language) | fact_bit(Fact::licenses) | fact_bit(Fact::json_ld);
    if ((wanted_ & needing) == 0 || (nodes_[i].flags & HtmlNode::has_raw) == 0) return;
    const auto json = tree_.source(nodes_[i]);
    if (linked_bytes_ + json.size() > linked_bytes_max) return;
    if (!has_word(kernels::find_html_attribute(tree_.start_tag(i), "type"), "application/ld+json")) return;
    linked_bytes_ += json.size();
    read_linked_data(json, linked_);
    if (!wants(Fact::json_ld)) return;
    if (auto parsed = Json::parse(json)) linked_scripts_.push(*std::move(parsed));
  }

  void take_linked_data() {
    offer(Fact::title, 2, linked_.headline);
    for (const auto& author : linked_.authors) offer(Fact::author, 1, author);
    offer(Fact::date, 1, linked_.date_published);
    offer(Fact::date_modified, 1, linked_.date_modified);
    offer(Fact::page_language, 5, linked_.language);
    offer(Fact::site_name, 2, linked_.publisher);
    for (const auto& license : linked_.licenses) offer(Fact::licenses, 1, license);
  }

  void finish_lists() {
    for (const auto& author : authors_) {
      auto& value = facts_[Fact::author];
      if (!value.empty()) value.append("; ");
      value.append(author);
    }
    if (!licenses_.empty()) {
      facts_[Fact::license_url] = licenses_.front();
      Json::Array list(licenses_.begin(), licenses_.end());
      facts_[Fact::licenses] = Json(std::move(list)).dump();
    }
    if (meta_tags_.size() > 0) facts_[Fact::meta_tags] = meta_tags_.dump();
    if (linked_scripts_.size() > 0) facts_[Fact::json_ld] = linked_scripts_.dump();
  }

  const kernels::HtmlTree& tree_;
  std::span<const HtmlNode> nodes_;
  FactSet wanted_;
  PageFacts facts_;
  std::array<int, fact_count> ranks_{};
  std::vector<std::string> authors_;
  std::vector<std::string> licenses_;
  std::size_t named_licenses_ = 0;
  Json meta_tags_ = Json::object();
  LinkedData linked_;
  Json linked_scripts_ = Json::array();
  std::size_t linked_bytes_ = 0;
};

}  // namespace

std::string_view fact_name(Fact fact) noexcept { return names[static_cast<std::size_t>(fact)]; }

PageFacts read_page_facts(const kernels::HtmlTree& tree, FactSet wanted) { return FactReader(tree, wanted).run(); }

}  // namespace gristmill::ops::extract
