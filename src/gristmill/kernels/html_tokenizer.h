// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gristmill/kernels/html_tags.h"

namespace gristmill::kernels {

/// Attributes whose values the tokenizer hands on; all others are only skipped.
enum class HtmlAttribute : std::uint8_t {
  class_,
  id,
  role,
  itemprop,
  href,
  rel,
  name,
  property,
  content,
  hidden,
  style,
  aria_hidden,
  datetime,
  start,
  type,
  encoding,
  lang,
};

constexpr std::size_t html_attribute_count = static_cast<std::size_t>(HtmlAttribute::lang) + 1;

/// Attributes of one tag, as raw spans of the source (character references not decoded).
class HtmlAttributes {
 public:
  void clear() noexcept { present_ = 0; }
  /// True when none of those handed on is there.
  [[nodiscard]] bool empty() const noexcept { return present_ == 0; }
  /// Keeps the first of two attributes with one name, as the standard says.
  void set(HtmlAttribute attribute, std::string_view value) noexcept;
  [[nodiscard]] bool has(HtmlAttribute attribute) const noexcept { return (present_ >> index(attribute) & 1u) != 0; }
  /// Value, or empty when absent.
  [[nodiscard]] std::string_view operator[](HtmlAttribute attribute) const noexcept {
    return has(attribute) ? values_[index(attribute)] : std::string_view();
  }

 private:
  static constexpr std::size_t index(HtmlAttribute attribute) noexcept { return static_cast<std::size_t>(attribute); }
  std::uint32_t present_ = 0;
  std::array<std::string_view, html_attribute_count> values_;
};

/// What `next` found. Comments, doctypes and processing instructions are skipped silently.
struct HtmlToken {
  enum class Kind : std::uint8_t { text, start_tag, end_tag };
  Kind kind = Kind::text;
  HtmlTag tag = HtmlTag::text;
  bool self_closing = false;
  bool raw_content = false;   ///< The element's text follows up to its end tag, both consumed: see `content`.
  std::string_view source;    ///< Text, or the tag from '<' to '>'.
  std::string_view name;      ///< Of a tag, as written.
  std::string_view content;   ///< Content of script, style, title, textarea and the like.
  HtmlAttributes attributes;
};

/// Cuts HTML into tags and text, following the tokenization states of the HTML standard (13.2.5) as far as text
/// depends on them. One pass, no allocation; each byte is looked at a bounded number of times on any input.
class HtmlTokenizer {
 public:
  explicit HtmlTokenizer(std::string_view html) noexcept;

  /// Reads the next token; false at the end. A tag that the input's end cuts off is dropped.
  bool next(HtmlToken& token) noexcept;
  /// Says whether the next token stands in SVG or MathML: there, no element has raw text, and CDATA sections exist. The
  /// latter also where the content follows the rules of HTML again (foreignObject).
  void set_foreign(bool is_foreign, bool has_cdata) noexcept {
    is_foreign_ = is_foreign;
    has_cdata_ = has_cdata;
  }

 private:
  bool read_text(HtmlToken& token) noexcept;
  bool read_start_tag(HtmlToken& token) noexcept;
  bool read_end_tag(HtmlToken& token) noexcept;
  bool read_tag_rest(HtmlToken& token) noexcept;
  void read_raw_content(HtmlToken& token) noexcept;
  const char* raw_end(HtmlTag tag) const noexcept;
  bool skip_declaration(HtmlToken& token) noexcept;
  void skip_comment() noexcept;

  const char* at_;
  const char* end_;
  bool is_foreign_ = false;
  bool has_cdata_ = false;
};

/// Attributes of one tag source (`<a href=x>`), for the few tags whose attributes are wanted later.
HtmlAttributes parse_html_attributes(std::string_view tag_source) noexcept;
/// Value of any attribute of one tag source, by its name in lower case: a span of the source (character references not
/// decoded), empty when it is absent or empty.
std::string_view find_html_attribute(std::string_view tag_source, std::string_view lower_name) noexcept;

}  // namespace gristmill::kernels
