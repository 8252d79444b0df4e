// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gristmill/kernels/charset.h"
#include "gristmill/kernels/charset_labels.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t prescan_bytes_max = 1024;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, {}, lower);
}

bool starts_ignoring_case(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() && equals_ignoring_case(text.substr(0, lower_case.size()), lower_case);
}

std::size_t find_ignoring_case(std::string_view text, std::string_view lower_case, std::size_t from) {
  for (; from + lower_case.size() <= text.size(); ++from)
    if (starts_ignoring_case(text.substr(from), lower_case)) return from;
  return std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

struct Attribute {
  std::string_view name;
  std::string_view value;
};

/// Reads attributes of a tag one after another ("get an attribute" of the HTML standard).
class AttributeReader {
 public:
  explicit AttributeReader(std::string_view text) : text_(text) {}

  bool next(Attribute& out) {
    while (position_ < text_.size() && (is_space(text_[position_]) || text_[position_] == '/')) ++position_;
    if (position_ >= text_.size() || text_[position_] == '>') return false;
    const auto name_at = position_;
    while (position_ < text_.size() && !ends_name(text_[position_], position_ == name_at)) ++position_;
    out = {text_.substr(name_at, position_ - name_at), {}};
    skip_space();
    if (position_ >= text_.size() || text_[position_] != '=') return true;
    ++position_;
    skip_space();
    out.value = read_value();
    return true;
  }

  /// Offset just after what was read.
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  static bool ends_name(char c, bool is_first) {
    return is_space(c) || c == '/' || c == '>' || (c == '=' && !is_first);
  }
  void skip_space() {
    while (position_ < text_.size() && is_space(text_[position_])) ++position_;
  }
  std::string_view read_value() {
    if (position_ >= text_.size()) return {};
    const char quote = text_[position_];
    if (quote == '"' || quote == '\'') {
      const auto at = position_ + 1;
      const auto end = std::min(text_.find(quote, at), text_.size());
      position_ = std::min(end + 1, text_.size());
      return text_.substr(at, end - at);
    }
    const auto at = position_;
    while (position_ < text_.size() && !is_space(text_[position_]) && text_[position_] != '>') ++position_;
    return text_.substr(at, position_ - at);
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

/// Label in a `content` attribute: "text/html; charset=utf-8".
std::string_view charset_of_content(std::string_view content) {
  std::size_t at = 0;
  while ((at = find_ignoring_case(content, "charset", at)) != std::string_view::npos) {
    at += 7;
    while (at < content.size() && is_space(content[at])) ++at;
    if (at >= content.size() || content[at] != '=') continue;
    ++at;
    while (at < content.size() && is_space(content[at])) ++at;
    const auto rest = content.substr(at);
    if (rest.empty()) return {};
    if (rest[0] == '"' || rest[0] == '\'') {
      const auto end = rest.find(rest[0], 1);
      return end == std::string_view::npos ? std::string_view{} : rest.substr(1, end - 1);
    }
    return rest.substr(0, std::min(rest.find_first_of(" \t\n\f\r;"), rest.size()));
  }
  return {};
}

/// An ASCII-compatible document cannot be UTF-16 when its label could be read (HTML standard, prescan).
std::string_view ascii_compatible(std::string_view charset) {
  return charset.starts_with("utf-16") || charset.starts_with("utf-32") ? std::string_view("utf-8") : charset;
}

/// Handles the attributes of one meta element; empty when it declares no known label.
std::string_view charset_of_meta(AttributeReader& reader) {
  bool has_pragma = false;
  bool needs_pragma = false;
  std::string_view label;
  Attribute attribute;
  while (reader.next(attribute)) {
    if (equals_ignoring_case(attribute.name, "http-equiv")) {
      has_pragma = has_pragma || equals_ignoring_case(trimmed(attribute.value), "content-type");
    } else if (equals_ignoring_case(attribute.name, "charset")) {
      label = attribute.value;
      needs_pragma = false;
    } else if (equals_ignoring_case(attribute.name, "content") && label.empty()) {
      label = charset_of_content(attribute.value);
      needs_pragma = !label.empty();
    }
  }
  if (label.empty() || (needs_pragma && !has_pragma)) return {};
  return ascii_compatible(charset_of_label(label));
}

std::string_view charset_of_xml_declaration(std::string_view head) {
  if (!starts_ignoring_case(head, "<?xml")) return {};
  const auto declaration = head.substr(5, std::min(head.find('>'), head.size()) - 5);
  AttributeReader reader(declaration);
  Attribute attribute;
  while (reader.next(attribute))
    if (equals_ignoring_case(attribute.name, "encoding")) return ascii_compatible(charset_of_label(attribute.value));
  return {};
}

}  // namespace

std::string_view charset_of_label(std::string_view label) noexcept {
  label = trimmed(label);
  if (label.empty() || label.size() > 24 || label.find(' ') != std::string_view::npos) return {};
  for (const auto& row : charset_table()) {
    std::string_view rest = row.labels;
    while (!rest.empty()) {
      const auto known = rest.substr(0, rest.find(' '));
      if (equals_ignoring_case(label, known)) return row.name;
      rest.remove_prefix(std::min(known.size() + 1, rest.size()));
    }
  }
  return {};
}

std::string_view prescan_html_charset(std::string_view bytes) noexcept {
  const auto head = bytes.substr(0, prescan_bytes_max);
  if (const auto declared = charset_of_xml_declaration(head); !declared.empty()) return declared;
  std::size_t at = 0;
  while ((at = head.find('<', at)) != std::string_view::npos) {
    const auto rest = head.substr(at);
    if (rest.starts_with("<!--")) {
      // The two dashes that open the comment may also close it.
      const auto end = head.find("-->", at + 2);
      if (end == std::string_view::npos) return {};
      at = end + 3;
    } else if (rest.size() > 5 && starts_ignoring_case(rest, "<meta") && (is_space(rest[5]) || rest[5] == '/')) {
      AttributeReader reader(rest.substr(5));
      if (const auto declared = charset_of_meta(reader); !declared.empty()) return declared;
      at += 5 + reader.position();
    } else if (rest.size() > 1 && (is_letter(rest[1]) || (rest[1] == '/' && rest.size() > 2 && is_letter(rest[2])))) {
      // Attributes may hold '<' in quotes, so they are read, not searched.
      const auto name_end = std::min(rest.find_first_of(" \t\n\f\r>"), rest.size());
      AttributeReader reader(rest.substr(name_end));
      Attribute attribute;
      while (reader.next(attribute)) continue;
      at += name_end + reader.position();
    } else if (rest.size() > 1 && (rest[1] == '!' || rest[1] == '/' || rest[1] == '?')) {
      at = std::min(head.find('>', at), head.size());
    } else {
      ++at;
    }
  }
  return {};
}

}  // namespace gristmill::kernels
