// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/html_tags.h"

#include <array>
#include <initializer_list>

#include "gristmill/kernels/name_key.h"

namespace gristmill::kernels {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, html_tag_count> names{
    "#text",     "#unknown", "a",        "abbr",     "acronym",    "address", "annotation", "applet",   "area",
    "article",   "aside",    "audio",    "b",        "base",       "big",     "blockquote", "body",     "br",
    "button",    "canvas",   "caption",  "center",   "cite",       "code",    "col",        "colgroup", "data",
    "datalist",  "dd",       "del",      "details",  "dfn",        "dialog",  "dir",        "div",      "dl",
    "dt",        "em",       "embed",    "fieldset", "figcaption", "figure",  "font",       "footer",   "form",
    "frame",     "frameset", "h1",       "h2",       "h3",         "h4",      "h5",         "h6",       "head",
    "header",    "hgroup",   "hr",       "html",     "i",          "iframe",  "img",        "input",    "ins",
    "kbd",       "label",    "legend",   "li",       "link",       "listing", "main",       "map",      "mark",
    "marquee",   "math",     "menu",     "meta",     "meter",      "nav",     "nobr",       "noembed",  "noframes",
    "noscript",  "object",   "ol",       "optgroup", "option",     "output",  "p",          "param",    "picture",
    "plaintext", "pre",      "progress", "q",        "rp",         "rt",      "ruby",       "s",        "samp",
    "script",    "search",   "section",  "select",   "slot",       "small",   "source",     "span",     "strike",
    "strong",    "style",    "sub",      "summary",  "sup",        "svg",     "table",      "tbody",    "td",
    "template",  "textarea", "tfoot",    "th",       "thead",      "time",    "title",      "tr",       "track",
    "tt",        "u",        "ul",       "var",      "video",      "wbr",     "xmp",
};

using Traits = std::array<std::uint16_t, html_tag_count>;
using Tags = std::initializer_list<HtmlTag>;

constexpr void add(Traits& traits, std::uint16_t bit, Tags tags) {
  for (const auto tag : tags) traits[static_cast<std::size_t>(tag)] |= bit;
}

// Sections 13.1.2, 13.2.4.2-3 and 13.2.6 of the HTML standard.
constexpr Traits make_traits() {
  using enum HtmlTag;
  using T = HtmlTagTraits;
  Traits traits{};
  add(traits, T::void_element,
      {area, base, br, col, embed, frame, hr, img, input, link, meta, param, source, track, wbr});
  add(traits, T::raw_text, {script, style, textarea, title, iframe, noembed, noframes, xmp, plaintext});
  add(traits, T::head_content, {base, link, meta, noscript, script, style, template_, title, head, noframes});
  add(traits, T::heading, {h1, h2, h3, h4, h5, h6});
  add(traits, T::formatting, {a, b, big, code, em, font, i, nobr, s, small, strike, strong, tt, u});
  add(traits, T::scope, {applet, caption, html, table, td, th, marquee, object, template_});
  const Tags closing{address,    article, aside,  blockquote, center, details, dialog,    dir, div, dl,  fieldset,
                     figcaption, figure,  footer, header,     hgroup, main,    menu,      nav, ol,  p,   search,
                     section,    summary, ul,     h1,         h2,     h3,      h4,        h5,  h6,  pre, listing,
                     form,       table,   hr,     li,         dd,     dt,      plaintext, xmp};
  add(traits, T::closes_p | T::block, closing);
  add(traits, T::special, closing);
  add(traits, T::special, {applet,  area,      base,     body,   br,     button, caption, col,    colgroup, embed,
                           frame,   frameset,  head,     html,   iframe, img,    input,   link,   marquee,  meta,
                           noembed, noframes,  noscript, object, param,  script, select,  source, style,    tbody,
                           td,      template_, textarea, tfoot,  th,     thead,  title,   tr,     track,    wbr});
  add(traits, T::block,
      {body,  caption, colgroup, frameset, html,  head,    legend,   noscript, option, optgroup, tbody,  td,
       tfoot, th,      thead,    tr,       title, marquee, textarea, select,   video,  audio,    canvas, iframe});
  add(traits, T::breakout,
      {b,   big,  blockquote, body,  br,   center, code,   dd,  div, dl,      dt,   em,   embed, h1, h2,
       h3,  h4,   h5,         h6,    head, hr,     i,      img, li,  listing, menu, meta, nobr,  ol, p,
       pre, ruby, s,          small, span, strong, strike, sub, sup, table,   tt,   u,    ul,    var});
  return traits;
}

constexpr int slot_bits = 9;
constexpr std::size_t slot_count = std::size_t{1} << slot_bits;

/// Open addressing with linear probing: a slot holds the tag number, 0 is free.
constexpr std::array<std::uint8_t, slot_count> make_lookup() {
  std::array<std::uint8_t, slot_count> lookup{};
  for (std::size_t i = 2; i < names.size(); ++i) {
    auto slot = name_slot(name_key(names[i]).bytes, slot_bits);
    while (lookup[slot] != 0) slot = (slot + 1) % slot_count;
    lookup[slot] = static_cast<std::uint8_t>(i);
  }
  return lookup;
}

constexpr auto lookup = make_lookup();

constexpr auto keys = [] {
  std::array<NameKey, html_tag_count> made{};
  for (std::size_t i = 2; i < names.size(); ++i) made[i] = name_key(names[i]);
  return made;
}();

}  // namespace

constexpr std::array<std::uint16_t, html_tag_count> html_traits_table = make_traits();

HtmlTag html_tag(std::string_view name, const char* readable_end) noexcept {
  if (name.empty()) return HtmlTag::unknown;
  const auto bytes = name_bytes(name, readable_end);
  for (auto slot = name_slot(bytes, slot_bits); lookup[slot] != 0; slot = (slot + 1) % slot_count) {
    const auto tag = lookup[slot];
    if (!matches(keys[tag], bytes) || names[tag].size() != name.size()) continue;
    if (name.size() <= 8 || same_letters(name, names[tag])) return static_cast<HtmlTag>(tag);
  }
  return HtmlTag::unknown;
}

std::string_view html_tag_name(HtmlTag tag) noexcept { return names[static_cast<std::size_t>(tag)]; }

}  // namespace gristmill::kernels
