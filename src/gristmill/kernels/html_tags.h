// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gristmill::kernels {

/// Names of HTML elements that the tree or the extractor tells apart; `text` is a text node, `unknown` any other name.
// clang-format off
enum class HtmlTag : std::uint8_t {
  text, unknown,
  a, abbr, acronym, address, annotation, applet, area, article, aside, audio, b, base, big, blockquote, body, br,
  button, canvas, caption, center, cite, code, col, colgroup, data, datalist, dd, del, details, dfn, dialog, dir, div,
  dl, dt, em, embed, fieldset, figcaption, figure, font, footer, form, frame, frameset, h1, h2, h3, h4, h5, h6, head,
  header, hgroup, hr, html, i, iframe, img, input, ins, kbd, label, legend, li, link, listing, main, map, mark,
  marquee, math, menu, meta, meter, nav, nobr, noembed, noframes, noscript, object, ol, optgroup, option, output, p,
  param, picture, plaintext, pre, progress, q, rp, rt, ruby, s, samp, script, search, section, select, slot, small,
  source, span, strike, strong, style, sub, summary, sup, svg, table, tbody, td, template_, textarea, tfoot, th,
  thead, time, title, tr, track, tt, u, ul, var, video, wbr, xmp,
};
// clang-format on

constexpr std::size_t html_tag_count = static_cast<std::size_t>(HtmlTag::xmp) + 1;

/// Properties of an element name, as bits.
struct HtmlTagTraits {
  static constexpr std::uint16_t void_element = 1;   ///< Has no content and no end tag.
  static constexpr std::uint16_t block = 2;          ///< Interrupts a line of text.
  static constexpr std::uint16_t special = 4;        ///< Category "special" of the HTML standard.
  static constexpr std::uint16_t closes_p = 8;       ///< Its start tag ends an open paragraph.
  static constexpr std::uint16_t raw_text = 16;      ///< Content is text up to its own end tag.
  static constexpr std::uint16_t head_content = 32;  ///< May stand in the head without ending it.
  static constexpr std::uint16_t formatting = 64;    ///< Category "formatting" of the standard, and `a`.
  static constexpr std::uint16_t heading = 128;
  static constexpr std::uint16_t scope = 256;  ///< Ends the search for an open element ("has an element in scope").
  static constexpr std::uint16_t breakout = 512;  ///< Its start tag leaves SVG and MathML.
};

/// Bits of HtmlTagTraits of each element.
extern const std::array<std::uint16_t, html_tag_count> html_traits_table;
inline std::uint16_t html_traits(HtmlTag tag) noexcept { return html_traits_table[static_cast<std::size_t>(tag)]; }
/// True when the element has the trait.
inline bool html_has(HtmlTag tag, std::uint16_t trait) noexcept { return (html_traits(tag) & trait) != 0; }
/// Element of a name in any letter case. What stands up to `readable_end` may be looked at.
HtmlTag html_tag(std::string_view name, const char* readable_end) noexcept;
inline HtmlTag html_tag(std::string_view name) noexcept { return html_tag(name, name.data() + name.size()); }
/// Name of an element ("#text" and "#unknown" for the two that have none).
std::string_view html_tag_name(HtmlTag tag) noexcept;

}  // namespace gristmill::kernels
