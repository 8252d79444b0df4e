// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/html_tags.h"

#include <array>
#include <initializer_list>

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

constexpr Traits traits_table = make_traits();

constexpr std::size_t slot_count = 512;

/// Mixes length and the lower-cased first, second, middle and last bytes.
constexpr std::size_t slot_of(std::string_view name) {
  const auto lower = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(name[at]) | 0x20u);
  };
  const auto last = name.size() - 1;
  const std::uint32_t mixed = lower(0) | lower(last) << 8 | lower(name.size() / 2) << 16 |
                              (static_cast<std::uint32_t>(name.size()) * 7 + lower(last > 0 ? 1 : 0)) << 24;
  return (mixed * 0x9E3779B1u) >> 23;
}

/// Open addressing with linear probing: a slot holds the tag number, 0 is free.
constexpr std::array<std::uint8_t, slot_count> make_lookup() {
  std::array<std::uint8_t, slot_count> lookup{};
  for (std::size_t i = 2; i < names.size(); ++i) {
    auto slot = slot_of(names[i]);
    while (lookup[slot] != 0) slot = (slot + 1) % slot_count;
    lookup[slot] = static_cast<std::uint8_t>(i);
  }
  return lookup;
}

constexpr bool same_letters(std::string_view name, std::string_view lower) {
  if (name.size() != lower.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char letter = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] | 0x20) : name[i];
    if (letter != lower[i]) return false;
  }
  return true;
}

constexpr auto lookup = make_lookup();

}  // namespace

std::uint16_t html_traits(HtmlTag tag) noexcept { return traits_table[static_cast<std::size_t>(tag)]; }

HtmlTag html_tag(std::string_view name) noexcept {
  if (name.empty()) return HtmlTag::unknown;
  for (auto slot = slot_of(name); lookup[slot] != 0; slot = (slot + 1) % slot_count) {
    if (same_letters(name, names[lookup[slot]])) return static_cast<HtmlTag>(lookup[slot]);
  }
  return HtmlTag::unknown;
}

std::string_view html_tag_name(HtmlTag tag) noexcept { return names[static_cast<std::size_t>(tag)]; }

}  // namespace gristmill::kernels
