// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/html_tree.h"

#include <algorithm>

#include "gristmill/base/hash.h"
#include "gristmill/kernels/letter_words.h"

namespace gristmill::kernels {
namespace {

using T = HtmlTagTraits;

constexpr int probes_max = 64;
constexpr std::size_t nowhere = 0;  // Stack position 0 is the root, which is never looked for.

bool is_blank(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; });
}

/// Elements of a table that hold no text themselves.
bool is_between_cells(HtmlTag tag) noexcept {
  return tag == HtmlTag::tr || tag == HtmlTag::table || tag == HtmlTag::tbody || tag == HtmlTag::thead ||
         tag == HtmlTag::tfoot;
}

bool is_any(HtmlTag tag, std::initializer_list<HtmlTag> tags) noexcept {
  return std::ranges::find(tags, tag) != tags.end();
}

/// A declaration such as "display: none" in a style attribute.
bool hides(std::string_view style, std::string_view property, std::string_view value) noexcept {
  const auto at = style.find(property);
  if (at == std::string_view::npos) return false;
  auto rest = style.substr(at + property.size());
  while (!rest.empty() && (rest[0] == ' ' || rest[0] == ':')) rest.remove_prefix(1);
  return rest.starts_with(value);
}

bool is_hidden(const HtmlAttributes& attributes) noexcept {
  if (attributes.has(HtmlAttribute::hidden) && attributes[HtmlAttribute::hidden] != "until-found") return true;
  if (attributes[HtmlAttribute::aria_hidden] == "true") return true;
  const auto style = attributes[HtmlAttribute::style];
  return !style.empty() && (hides(style, "display", "none") || hides(style, "visibility", "hidden"));
}

/// Cheap enough for each link: the host stands within the first bytes.
bool is_license_link(std::string_view href) noexcept {
  const auto host = href.substr(0, 40).find("//");
  if (host == std::string_view::npos) return false;
  auto rest = href.substr(host + 2);
  if (rest.starts_with("www.")) rest.remove_prefix(4);
  return rest.starts_with("creativecommons.org/");
}

/// Flags that the attributes of a tag give.
std::uint8_t flags_of(const HtmlToken& token) noexcept {
  std::uint8_t flags = 0;
  if (is_hidden(token.attributes)) flags |= HtmlNode::hidden;
  if (token.attributes.has(HtmlAttribute::rel)) flags |= HtmlNode::has_rel;
  if (token.tag == HtmlTag::a && is_license_link(token.attributes[HtmlAttribute::href])) flags |= HtmlNode::licenses;
  return flags;
}

/// Start tags that the rules for tables insert where they stand.
bool stays_between_cells(const HtmlToken& token) noexcept {
  using enum HtmlTag;
  if (token.tag == input) return token.attributes[HtmlAttribute::type] == "hidden";
  return is_any(token.tag, {tr, td, th, tbody, thead, tfoot, caption, col, colgroup, form, script, style, template_});
}

std::uint32_t name_hash(const HtmlToken& token) noexcept {
  if (token.tag != HtmlTag::unknown) return 0;
  std::uint32_t hash = 0x811C9DC5u;
  for (const char c : token.name)
    hash = (hash ^ static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c)) * 0x01000193u;
  return hash;
}

/// Foreign elements whose content is HTML again: integration points (13.2.6, 13.2.6.5).
bool is_island(const HtmlToken& token, bool is_math) noexcept {
  if (token.tag == HtmlTag::title) return !is_math;
  if (token.tag != HtmlTag::unknown) return false;
  switch (name_hash(token)) {
    case html_word_hash("foreignobject"):
    case html_word_hash("desc"): return !is_math;
    case html_word_hash("mi"):
    case html_word_hash("mo"):
    case html_word_hash("mn"):
    case html_word_hash("ms"):
    case html_word_hash("mtext"): return is_math;
    case html_word_hash("annotation-xml"): {
      const auto encoding = token.attributes[HtmlAttribute::encoding];
      return is_math && (encoding == "text/html" || encoding == "application/xhtml+xml");
    }
    default: return false;
  }
}

}  // namespace

bool HtmlTree::parse(std::string_view html, const HtmlLimits& limits) {
  reset(html, limits);
  HtmlTokenizer tokenizer(html);
  HtmlToken token;
  while (nodes_.size() + 4 <= limits_.nodes_max && tokenizer.next(token)) {
    switch (token.kind) {
      case HtmlToken::Kind::text: on_text(token.source); break;
      case HtmlToken::Kind::start_tag: on_start(token); break;
      case HtmlToken::Kind::end_tag: on_end(token); break;
    }
    tokenizer.set_foreign(is_foreign_here(), open_.back().is_foreign);
  }
  const bool is_whole = nodes_.size() + 4 <= limits_.nodes_max;
  pop_to(1);
  nodes_[0].end = static_cast<std::uint32_t>(nodes_.size());
  if (!fosters_.empty()) move_fosters();
  return is_whole;
}

void HtmlTree::reset(std::string_view html, const HtmlLimits& limits) {
  html_ = html;
  limits_ = limits;
  nodes_.clear();
  open_.clear();
  values_.assign(1, {});
  head_nodes_.clear();
  raw_tags_.clear();
  fosters_.clear();
  if (slots_.size() > 1024) slots_.resize(1024);
  slots_.assign(std::max<std::size_t>(slots_.size(), 256), {0, 0});
  std::ranges::fill(open_count_, 0u);
  link_at_ = foreign_at_ = nowhere;
  overflow_ = pre_count_ = 0;
  has_body_ = has_frames_ = false;
  may_have_frames_ = true;
  after_block_ = true;
  steps_ = 0;
  nodes_.push_back({.tag = HtmlTag::unknown});
  open_.push_back({});
}

void HtmlTree::shrink(std::size_t nodes_kept_max) {
  if (nodes_.capacity() <= nodes_kept_max) return;
  nodes_ = {};
  values_ = {};
  head_nodes_ = {};
  raw_tags_ = {};
  fosters_ = {};
  slots_ = {};
}

HtmlWords HtmlTree::value_words(std::uint32_t value) const {
  HtmlWords words;
  for_each_word_hash<WordKind::letters_of_one_case>(value_source(value), html_.data() + html_.size(),
                                                    [&](std::uint32_t hash) {
                                                      words.push_back(hash);
                                                      return !words.is_full();
                                                    });
  return words;
}

std::string_view HtmlTree::start_tag(std::uint32_t node) const {
  if ((nodes_[node].flags & HtmlNode::has_raw) == 0) return source(nodes_[node]);
  const auto found = std::ranges::lower_bound(raw_tags_, node, {}, &RawTag::node);
  return html_.substr(found->source_begin, found->source_end - found->source_begin);
}

std::uint32_t HtmlTree::append(HtmlTag tag, std::uint8_t flags, std::string_view source) {
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  const auto begin = source.data() == nullptr ? 0u : static_cast<std::uint32_t>(source.data() - html_.data());
  // Filled in place: a copy in wide pieces would wait for the narrow ones to be written.
  auto& node = nodes_.emplace_back();
  node.tag = tag;
  node.flags = flags;
  node.depth = static_cast<std::uint16_t>(open_.size());
  node.parent = open_.back().node;
  node.end = index + 1;
  node.source_begin = begin;
  node.source_end = begin + static_cast<std::uint32_t>(source.size());
  return index;
}

void HtmlTree::push(const Open& open) {
  if (open_.size() >= limits_.depth_max) {
    ++overflow_;
    return;
  }
  open_.push_back(open);
  ++open_count_[static_cast<std::size_t>(open.tag)];
  if (open.tag == HtmlTag::pre || open.tag == HtmlTag::listing) ++pre_count_;
}

void HtmlTree::pop() {
  const auto tag = open_.back().tag;
  nodes_[open_.back().node].end = static_cast<std::uint32_t>(nodes_.size());
  open_.pop_back();
  --open_count_[static_cast<std::size_t>(tag)];
  if (tag == HtmlTag::pre || tag == HtmlTag::listing) --pre_count_;
  if (html_has(tag, T::block)) after_block_ = true;
  if (link_at_ >= open_.size()) link_at_ = nowhere;
  if (foreign_at_ >= open_.size()) foreign_at_ = nowhere;
}

void HtmlTree::pop_to(std::size_t size) {
  while (open_.size() > size) pop();
}

void HtmlTree::append_implied(HtmlTag tag) {
  push({.node = append(tag, HtmlNode::implied, {}), .tag = tag});
  after_block_ = true;
}

/// Looks from the innermost open element outwards; `nowhere` when `stop` or the root comes first. A page that makes
/// us look more than eight elements for each of its bytes gets short looks from there on: work stays linear.
template <typename Found, typename Stop>
std::size_t HtmlTree::find_open(Found found, Stop stop) {
  const std::size_t looks_max = steps_ > 4096 + 8 * std::uint64_t{html_.size()} ? 16 : open_.size();
  std::size_t looks = 0;
  for (std::size_t at = open_.size(); at-- > 1 && looks < looks_max;) {
    ++looks;
    if (found(open_[at])) {
      steps_ += looks;
      return at;
    }
    if (stop(open_[at])) break;
  }
  steps_ += looks;
  return nowhere;
}

std::size_t HtmlTree::find_in_scope(HtmlTag tag, std::uint32_t hash, bool in_table, bool button_stops) {
  if (open_count_[static_cast<std::size_t>(tag)] == 0) return nowhere;
  return find_open([&](const Open& open) { return open.is_html(tag) && open.name_hash == hash; },
                   [&](const Open& open) {
                     if (in_table) return open.is_html(HtmlTag::table) || open.is_html(HtmlTag::template_);
                     return open.is_scope() || (button_stops && open.is_html(HtmlTag::button));
                   });
}

void HtmlTree::on_text(std::string_view text) {
  if (has_frames_) return;
  if (after_block_ && pre_count_ == 0 && is_blank(text)) return;
  if (open_.back().tag == HtmlTag::head || open_.back().tag == HtmlTag::html) {
    if (is_blank(text)) return;
    if (open_.back().tag == HtmlTag::head) pop();
  }
  std::uint8_t flags = 0;
  if (link_at_ != nowhere) flags |= HtmlNode::in_link;
  if (foreign_at_ != nowhere) flags |= HtmlNode::foreign;
  const auto index = append(HtmlTag::text, flags, text);
  after_block_ = false;
  if (is_between_cells(open_.back().tag) && !is_blank(text)) foster(index);
}

/// A row stands in a section and that in a table; whatever else was nested there is no table.
void HtmlTree::foster(std::uint32_t node) {
  for (std::size_t up = 1; up <= 3 && up < open_.size(); ++up) {
    const auto& open = open_[open_.size() - up];
    if (open.tag == HtmlTag::table) return fosters_.push_back({node, open.node});
    if (!is_between_cells(open.tag)) return;
  }
}

bool HtmlTree::prepare_head_and_body(const HtmlToken& token) {
  using enum HtmlTag;
  if (is_any(token.tag, {html, head, body}) && open_count_[static_cast<std::size_t>(template_)] > 0) return false;
  if (token.tag == html) return open_count_[static_cast<std::size_t>(html)] == 0;
  if (token.tag == head) return !has_body_ && open_count_[static_cast<std::size_t>(head)] == 0;
  if (open_.back().tag == head && !html_has(token.tag, T::head_content)) pop();
  if (has_frames_) return is_any(token.tag, {frame, frameset, noframes});
  // A frame set takes the place of the body when nothing of a body was there.
  if (token.tag == frameset && may_have_frames_ && !has_body_ && is_any(open_.back().tag, {html, unknown})) {
    may_have_frames_ = false;  // Looked at once: what stands before the first one stays there.
    has_frames_ = std::ranges::all_of(nodes_.begin() + 1, nodes_.end(), [](const HtmlNode& node) {
      return html_has(node.tag, T::head_content) || node.tag == html;
    });
  }
  if (token.tag == body) {
    if (has_body_) return false;
    has_body_ = true;
    pop_to(1 + (open_.size() > 1 && open_[1].tag == html ? 1u : 0u));
  }
  return true;
}

/// Goes back to HTML, for a start tag that SVG and MathML do not have.
void HtmlTree::leave_foreign() {
  while (is_foreign_here()) pop();
}

void HtmlTree::on_start(const HtmlToken& token) {
  if (foreign_at_ != nowhere && is_foreign_here()) {
    if (!html_has(token.tag, T::breakout)) return open_node(token);
    leave_foreign();
  }
  if (!prepare_head_and_body(token)) return;
  close_implied(token.tag);
  open_node(token);
}

/// An end tag in SVG or MathML closes the nearest foreign element of its name; false when there is none, so that the
/// rules of HTML decide.
bool HtmlTree::end_foreign(const HtmlToken& token) {
  if (token.tag == HtmlTag::p) {
    leave_foreign();
    return false;
  }
  const auto hash = name_hash(token);
  const auto at = find_open(
      [&](const Open& open) { return open.is_foreign && open.tag == token.tag && open.name_hash == hash; },
      [](const Open& open) { return !open.is_foreign; });
  if (at == nowhere) return false;
  pop_to(at);
  return true;
}

void HtmlTree::close_list_item(HtmlTag tag) {
  const bool is_li = tag == HtmlTag::li;
  if (open_count_[static_cast<std::size_t>(tag)] == 0 &&
      (is_li || (open_count_[static_cast<std::size_t>(HtmlTag::dd)] == 0 &&
                 open_count_[static_cast<std::size_t>(HtmlTag::dt)] == 0))) {
    return;
  }
  const auto at = find_open(
      [is_li](const Open& open) {
        return is_li ? open.is_html(HtmlTag::li) : open.is_html(HtmlTag::dd) || open.is_html(HtmlTag::dt);
      },
      [](const Open& open) {
        return open.is_island || (!open.is_foreign && html_has(open.tag, T::special) &&
                                  !is_any(open.tag, {HtmlTag::address, HtmlTag::div, HtmlTag::p}));
      });
  if (at != nowhere) pop_to(at);
}

void HtmlTree::close_table_parts(HtmlTag tag) {
  using enum HtmlTag;
  if (open_count_[static_cast<std::size_t>(table)] == 0) return;
  if (tag == table) {
    const auto at = find_open([](const Open& open) { return is_any(open.tag, {table, td, th, caption, template_}); },
                              [](const Open& open) { return open.is_island; });
    if (at != nowhere && open_[at].tag == table) pop_to(at);
    return;
  }
  const bool is_cell = tag == td || tag == th;
  const bool is_row = tag == tr;
  const auto context = find_open(
      [&](const Open& open) {
        return open.tag == table || ((is_row || is_cell) && is_any(open.tag, {tbody, thead, tfoot})) ||
               (is_cell && open.tag == tr);
      },
      [](const Open& open) { return open.is_island || open.tag == template_; });
  if (context == nowhere) return;
  pop_to(context + 1);
  if (is_cell && open_.back().tag != tr) append_implied(tr);
}

void HtmlTree::close_implied(HtmlTag tag) {
  using enum HtmlTag;
  if (tag == text || tag == unknown) return;
  if (is_any(tag, {li, dd, dt})) close_list_item(tag);
  if (html_has(tag, T::closes_p)) {
    if (const auto at = find_in_scope(p, 0, false, true); at != nowhere) pop_to(at);
    if (html_has(tag, T::heading) && html_has(open_.back().tag, T::heading)) pop();
  }
  switch (tag) {
    case option:
    case optgroup:
      if (open_.back().tag == option) pop();
      if (tag == optgroup && open_.back().tag == optgroup) pop();
      break;
    case table:
    case tr:
    case td:
    case th:
    case tbody:
    case thead:
    case tfoot:
    case caption:
    case colgroup: close_table_parts(tag); break;
    case a:
      if (link_at_ != nowhere) close_formatting(a, 0);
      break;
    case button:
      if (const auto at = find_in_scope(button, 0, false, false); at != nowhere) pop_to(at);
      break;
    default: break;
  }
}

void HtmlTree::open_node(const HtmlToken& token) {
  const bool is_foreign = is_foreign_here() || is_any(token.tag, {HtmlTag::svg, HtmlTag::math});
  const bool is_math = token.tag == HtmlTag::math || (token.tag != HtmlTag::svg && open_.back().is_math);
  // In a table a form has no content: its fields belong to it all the same.
  const bool is_table_form = token.tag == HtmlTag::form && is_between_cells(open_.back().tag);
  auto flags = token.attributes.empty() ? std::uint8_t{0} : flags_of(token);
  if (foreign_at_ != nowhere) flags |= HtmlNode::foreign;
  if (token.raw_content) flags |= HtmlNode::has_raw;
  const auto index = append(token.tag, flags, token.raw_content ? token.content : token.source);
  if (token.raw_content) {
    const auto begin = static_cast<std::uint32_t>(token.source.data() - html_.data());
    raw_tags_.push_back({index, begin, begin + static_cast<std::uint32_t>(token.source.size())});
  }
  if (is_between_cells(open_.back().tag) && !stays_between_cells(token)) foster(index);
  if (html_has(token.tag, T::head_content)) {
    head_nodes_.push_back(index);
  } else if (!token.attributes.empty() && !token.raw_content && foreign_at_ == nowhere) {
    // Values of elements that hold no text of the page are not worth a look-up.
    intern_values(token.attributes, nodes_[index]);
  }
  if (html_has(token.tag, T::block)) after_block_ = true;
  const bool is_closed = token.raw_content || (!is_foreign && html_has(token.tag, T::void_element)) || is_table_form ||
                         (token.self_closing && is_foreign);
  if (is_closed) return;
  const auto size_before = open_.size();
  push({.node = index,
        .name_hash = name_hash(token),
        .tag = token.tag,
        .is_foreign = is_foreign,
        .is_math = is_math,
        .is_island = is_foreign && is_island(token, is_math)});
  if (open_.size() == size_before) return;
  if (token.tag == HtmlTag::a && token.attributes.has(HtmlAttribute::href)) link_at_ = size_before;
  if (foreign_at_ == nowhere && is_foreign) foreign_at_ = size_before;
}

void HtmlTree::close_formatting(HtmlTag tag, std::uint32_t hash) {
  // `<a><div></a>`: the link ends here although its element stays open around the div.
  if (tag == HtmlTag::a) link_at_ = nowhere;
  if (open_count_[static_cast<std::size_t>(tag)] == 0) return;
  const auto at = find_open(
      [&](const Open& open) { return open.is_html(tag) && open.name_hash == hash; },
      [](const Open& open) { return open.is_scope() || (!open.is_foreign && html_has(open.tag, T::special)); });
  if (at != nowhere) pop_to(at);
}

/// Rows that stand in no section have an implied one: `</tbody>` ends its last row.
void HtmlTree::end_implied_body() {
  const auto at = find_in_scope(HtmlTag::table, 0, true, false);
  if (at != nowhere && at + 1 < open_.size() && open_[at + 1].is_html(HtmlTag::tr)) pop_to(at + 1);
}

void HtmlTree::on_end(const HtmlToken& token) {
  using enum HtmlTag;
  const auto tag = token.tag;
  if (tag == html || tag == body) return;
  if (tag == br) {
    leave_foreign();
    return static_cast<void>(append(br, 0, {}));
  }
  if (overflow_ > 0) {
    --overflow_;
    after_block_ = after_block_ || html_has(tag, T::block);
    if (tag == a) link_at_ = nowhere;
    return;
  }
  if (open_.back().is_foreign && end_foreign(token)) return;
  const auto hash = name_hash(token);
  if (tag == p && find_in_scope(p, 0, false, true) == nowhere) {
    append(p, HtmlNode::implied, {});
    after_block_ = true;
    return;
  }
  if (open_count_[static_cast<std::size_t>(tag)] == 0 && !html_has(tag, T::heading) && tag != tbody) return;
  if (html_has(tag, T::heading)) {
    const auto at = find_open([](const Open& open) { return !open.is_foreign && html_has(open.tag, T::heading); },
                              [](const Open& open) { return open.is_scope(); });
    if (at != nowhere) pop_to(at);
  } else if (tag == template_) {
    const auto at = find_open([](const Open& open) { return open.is_html(template_); },
                              [](const Open&) { return false; });
    if (at != nowhere) pop_to(at);
  } else if (is_any(tag, {table, tr, td, th, tbody, thead, tfoot, caption})) {
    // A table's own end tag must not be stopped by that table, hence the look before the stop.
    if (const auto at = find_in_scope(tag, 0, true, false); at != nowhere) return pop_to(at);
    if (tag == tbody) end_implied_body();
  } else if (html_has(tag, T::special)) {
    const bool is_listed = tag == li;
    const auto at = is_listed ? find_open([](const Open& open) { return open.is_html(li); },
                                          [](const Open& open) {
                                            return open.is_scope() || open.is_html(ul) || open.is_html(ol);
                                          })
                              : find_in_scope(tag, 0, false, tag == p);
    if (at != nowhere) pop_to(at);
  } else {
    close_formatting(tag, hash);
  }
}

void HtmlTree::intern_values(const HtmlAttributes& attributes, HtmlNode& node) {
  node.class_value = intern(attributes[HtmlAttribute::class_]);
  node.id_value = intern(attributes[HtmlAttribute::id]);
  const auto role = intern(attributes[HtmlAttribute::role]);
  const auto itemprop = intern(attributes[HtmlAttribute::itemprop]);
  node.role_value = static_cast<std::uint16_t>(role <= 0xFFFF ? role : 0);
  node.itemprop_value = static_cast<std::uint16_t>(itemprop <= 0xFFFF ? itemprop : 0);
}

std::uint32_t HtmlTree::intern(std::string_view value) {
  if (value.empty()) return 0;
  const auto hash = xxh3_64(value) | 1;
  auto slot = hash & (slots_.size() - 1);
  for (int probes = 0; slots_[slot].hash != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    // A page whose values were made to collide loses them instead of our time.
    if (++probes > probes_max) return 0;
    if (slots_[slot].hash != hash) continue;
    const auto& known = values_[slots_[slot].value];
    if (html_.substr(known.source_begin, known.source_end - known.source_begin) == value) return slots_[slot].value;
  }
  const auto index = static_cast<std::uint32_t>(values_.size());
  slots_[slot] = {hash, index};
  const auto begin = static_cast<std::uint32_t>(value.data() - html_.data());
  values_.push_back({begin, begin + static_cast<std::uint32_t>(value.size())});
  if (values_.size() * 2 > slots_.size()) grow_slots();
  return index;
}

void HtmlTree::grow_slots() {
  std::vector<ValueSlot> larger(slots_.size() * 2, {0, 0});
  for (const auto& entry : slots_) {
    if (entry.hash == 0) continue;
    auto slot = entry.hash & (larger.size() - 1);
    while (larger[slot].hash != 0) slot = (slot + 1) & (larger.size() - 1);
    larger[slot] = entry;
  }
  slots_ = std::move(larger);
}

}  // namespace gristmill::kernels
