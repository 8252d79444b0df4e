// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/html_tokenizer.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstddef>

#include "gristmill/kernels/byte_scan.h"
#include "gristmill/kernels/name_key.h"

namespace gristmill::kernels {
namespace {

constexpr bool is_letter(char c) noexcept { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }
constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }

/// Bytes that end a name in a tag: white space, '/' and '>', and '=' behind an attribute's.
constexpr bool ends_tag_name(char c) noexcept { return is_space(c) || c == '/' || c == '>'; }

/// First byte in [at, end) that ends a name, or end.
template <bool is_attribute>
const char* name_end(const char* at, const char* end) noexcept {
  // Of these bytes no two have the same lower four bits: one look-up compares with all.
  const auto enders = _mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, '\f', '\r', '>', '/');
  for (; end - at >= 16; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    auto hits = _mm_cmpeq_epi8(_mm_shuffle_epi8(enders, bytes), bytes);
    if constexpr (is_attribute) hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('=')));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)); mask != 0) return at + std::countr_zero(mask);
  }
  while (at != end && !ends_tag_name(*at) && !(is_attribute && *at == '=')) ++at;
  return at;
}

bool begins_with(const char* at, std::string_view lower) noexcept { return same_letters({at, lower.size()}, lower); }

struct NamedAttribute {
  std::string_view name;
  HtmlAttribute attribute;
};

constexpr std::array<NamedAttribute, html_attribute_count> named_attributes{{
    {"id", HtmlAttribute::id},
    {"rel", HtmlAttribute::rel},
    {"href", HtmlAttribute::href},
    {"name", HtmlAttribute::name},
    {"role", HtmlAttribute::role},
    {"type", HtmlAttribute::type},
    {"lang", HtmlAttribute::lang},
    {"class", HtmlAttribute::class_},
    {"style", HtmlAttribute::style},
    {"start", HtmlAttribute::start},
    {"hidden", HtmlAttribute::hidden},
    {"content", HtmlAttribute::content},
    {"property", HtmlAttribute::property},
    {"itemprop", HtmlAttribute::itemprop},
    {"datetime", HtmlAttribute::datetime},
    {"encoding", HtmlAttribute::encoding},
    {"aria-hidden", HtmlAttribute::aria_hidden},
}};

constexpr int slot_bits = 6;

struct NamedSlot {
  NameKey key;
  std::uint8_t size = 0;
  HtmlAttribute attribute{};
};

/// Each name at a place of its own.
constexpr auto named_slots = [] {
  std::array<NamedSlot, std::size_t{1} << slot_bits> slots{};
  for (const auto& [name, attribute] : named_attributes) {
    auto& slot = slots[name_slot(name_key(name).bytes, slot_bits)];
    if (slot.size != 0) throw "two names at one place: change the multiplier";
    slot = {name_key(name), static_cast<std::uint8_t>(name.size()), attribute};
  }
  return slots;
}();

void set_named(HtmlAttributes& attributes, std::string_view name, std::string_view value,
               const char* readable_end) noexcept {
  const auto bytes = name_bytes(name, readable_end);
  const auto& slot = named_slots[name_slot(bytes, slot_bits)];
  if (slot.size != name.size() || !matches(slot.key, bytes)) return;
  if (name.size() <= 8 || same_letters(name, "aria-hidden")) attributes.set(slot.attribute, value);
}

const char* skip_space(const char* at, const char* end) noexcept {
  while (at != end && is_space(*at)) ++at;
  return at;
}

/// Reads `name`, `name=value` in its three spellings and hands on both; returns behind it, or end when the input stops
/// inside.
template <typename Take>
const char* read_attribute(const char* at, const char* end, Take take) noexcept {
  const char* name_begin = at;
  at = name_end<true>(at + 1, end);  // The first byte belongs to the name even if it is '='.
  const std::string_view name(name_begin, static_cast<std::size_t>(at - name_begin));
  at = skip_space(at, end);
  if (at == end || *at != '=') {
    take(name, std::string_view());
    return at;
  }
  at = skip_space(at + 1, end);
  if (at == end) return end;
  const char* value_begin = at;
  const char* value_end = at;
  if (*at == '"' || *at == '\'') {
    value_begin = at + 1;
    value_end = find_byte(value_begin, end, *at);
    if (value_end == end) return end;
    at = value_end + 1;
  } else {
    while (at != end && !is_space(*at) && *at != '>') ++at;
    value_end = at;
  }
  take(name, std::string_view(value_begin, static_cast<std::size_t>(value_end - value_begin)));
  return at;
}

/// Reads attributes up to and over '>'; null when the input ends before it.
template <typename Take>
const char* read_each_attribute(const char* at, const char* end, bool& self_closing, Take take) noexcept {
  while (at != end) {
    if (is_space(*at)) {
      ++at;
    } else if (*at == '>') {
      return at + 1;
    } else if (*at == '/') {
      self_closing = end - at >= 2 && at[1] == '>';
      ++at;
    } else {
      at = read_attribute(at, end, take);
    }
  }
  return nullptr;
}

const char* read_attributes(const char* at, const char* end, HtmlAttributes& attributes, bool& self_closing) noexcept {
  return read_each_attribute(at, end, self_closing, [&](std::string_view name, std::string_view value) {
    set_named(attributes, name, value, end);
  });
}

bool closes(const char* at, const char* end, std::string_view lower_name) noexcept {
  const auto size = static_cast<std::ptrdiff_t>(lower_name.size());
  if (end - at < size + 3 || !begins_with(at + 2, lower_name)) return false;
  const char after = at[2 + size];
  return ends_tag_name(after);
}

/// End of script text: "<!--" with a nested "<script" hides the next "</script" (states 13.2.5.15 to 29).
const char* script_end(const char* at, const char* end) noexcept {
  bool is_escaped = false;
  bool is_double_escaped = false;
  while (at != end) {
    if (!is_escaped) {
      at = find_pair(at, end, '<', '/', '!');
      if (at == end) return end;
      if (at[1] == '/' && closes(at, end, "script")) return at;
      is_escaped = at[1] == '!' && end - at >= 4 && at[2] == '-' && at[3] == '-';
      at += 2;  // "<!-->" is closed at once: its dashes count for both ends.
      continue;
    }
    while (at != end && *at != '<' && *at != '-') ++at;
    if (at == end) return end;
    if (*at == '-') {
      if (end - at >= 3 && at[1] == '-' && at[2] == '>') is_escaped = is_double_escaped = false;
    } else if (end - at >= 2 && at[1] == '/' && closes(at, end, "script")) {
      if (!is_double_escaped) return at;
      is_double_escaped = false;
    } else if (!is_double_escaped && end - at >= 8 && begins_with(at + 1, "script")) {
      is_double_escaped = ends_tag_name(at[7]);
    }
    ++at;
  }
  return end;
}

}  // namespace

void HtmlAttributes::set(HtmlAttribute attribute, std::string_view value) noexcept {
  if (has(attribute)) return;
  present_ |= 1u << index(attribute);
  values_[index(attribute)] = value;
}

HtmlTokenizer::HtmlTokenizer(std::string_view html) noexcept : at_(html.data()), end_(html.data() + html.size()) {}

bool HtmlTokenizer::next(HtmlToken& token) noexcept {
  while (at_ != end_) {
    if (*at_ != '<' || end_ - at_ < 2) return read_text(token);
    const char after = at_[1];
    if (is_letter(after)) return read_start_tag(token);
    if (after == '/') {
      if (end_ - at_ < 3) return read_text(token);
      if (is_letter(at_[2])) return read_end_tag(token);
      const char* close = find_byte(at_ + 2, end_, '>');
      at_ = close == end_ ? end_ : close + 1;
    } else if (after == '!') {
      if (skip_declaration(token)) return true;
    } else if (after == '?') {
      const char* close = find_byte(at_, end_, '>');
      at_ = close == end_ ? end_ : close + 1;
    } else {
      return read_text(token);
    }
  }
  return false;
}

bool HtmlTokenizer::read_text(HtmlToken& token) noexcept {
  const char* from = at_;
  const char* at = at_;
  // A '<' that starts no markup is text: "a < b".
  do {
    at = find_byte(at + 1, end_, '<');
  } while (end_ - at >= 2 && !is_letter(at[1]) && at[1] != '/' && at[1] != '!' && at[1] != '?');
  if (end_ - at < 2) at = end_;
  at_ = at;
  token.kind = HtmlToken::Kind::text;
  token.tag = HtmlTag::text;
  token.source = {from, static_cast<std::size_t>(at - from)};
  return true;
}

bool HtmlTokenizer::read_tag_rest(HtmlToken& token) noexcept {
  const char* close = name_end<false>(at_, end_);
  token.name = {at_, static_cast<std::size_t>(close - at_)};
  token.tag = html_tag(token.name, end_);
  token.self_closing = false;
  token.raw_content = false;
  token.attributes.clear();
  at_ = read_attributes(close, end_, token.attributes, token.self_closing);
  if (at_ == nullptr) {
    at_ = end_;
    return false;
  }
  return true;
}

bool HtmlTokenizer::read_start_tag(HtmlToken& token) noexcept {
  const char* from = at_;
  ++at_;
  if (!read_tag_rest(token)) return false;
  token.kind = HtmlToken::Kind::start_tag;
  token.source = {from, static_cast<std::size_t>(at_ - from)};
  if (html_has(token.tag, HtmlTagTraits::raw_text) && !is_foreign_) read_raw_content(token);
  return true;
}

bool HtmlTokenizer::read_end_tag(HtmlToken& token) noexcept {
  const char* from = at_;
  at_ += 2;
  if (!read_tag_rest(token)) return false;
  token.kind = HtmlToken::Kind::end_tag;
  token.source = {from, static_cast<std::size_t>(at_ - from)};
  return true;
}

const char* HtmlTokenizer::raw_end(HtmlTag tag) const noexcept {
  if (tag == HtmlTag::plaintext) return end_;
  if (tag == HtmlTag::script) return script_end(at_, end_);
  const auto lower_name = html_tag_name(tag);
  for (const char* at = at_;; at += 2) {
    at = find_pair(at, end_, '<', '/', '/');
    if (at == end_ || closes(at, end_, lower_name)) return at;
  }
}

void HtmlTokenizer::read_raw_content(HtmlToken& token) noexcept {
  const char* stop = raw_end(token.tag);
  token.raw_content = true;
  token.content = {at_, static_cast<std::size_t>(stop - at_)};
  if (stop == end_) {
    at_ = end_;
    return;
  }
  HtmlAttributes ignored;
  bool self_closing = false;
  const char* behind = read_attributes(name_end<false>(stop + 2, end_), end_, ignored, self_closing);
  at_ = behind == nullptr ? end_ : behind;
}

bool HtmlTokenizer::skip_declaration(HtmlToken& token) noexcept {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  if (rest.starts_with("<!--")) {
    skip_comment();
    return false;
  }
  if (has_cdata_ && rest.starts_with("<![CDATA[")) {
    const auto close = std::min(rest.find("]]>", 9), rest.size());
    token.kind = HtmlToken::Kind::text;
    token.tag = HtmlTag::text;
    token.source = rest.substr(9, close - 9);
    at_ += std::min(close + 3, rest.size());
    return true;
  }
  const char* close = find_byte(at_, end_, '>');
  at_ = close == end_ ? end_ : close + 1;
  return false;
}

void HtmlTokenizer::skip_comment() noexcept {
  const char* at = at_ + 4;
  // "<!-->" and "<!--->" are empty comments.
  if (at != end_ && *at == '>') return void(at_ = at + 1);
  if (end_ - at >= 2 && at[0] == '-' && at[1] == '>') return void(at_ = at + 2);
  while (true) {
    at = find_pair(at, end_, '-', '-', '-');
    if (at == end_) return void(at_ = end_);
    if (end_ - at >= 3 && at[2] == '>') return void(at_ = at + 3);
    if (end_ - at >= 4 && at[2] == '!' && at[3] == '>') return void(at_ = at + 4);
    ++at;
  }
}

HtmlAttributes parse_html_attributes(std::string_view tag_source) noexcept {
  HtmlAttributes attributes;
  if (tag_source.size() < 2) return attributes;
  bool self_closing = false;
  const char* end = tag_source.data() + tag_source.size();
  read_attributes(name_end<false>(tag_source.data() + 1, end), end, attributes, self_closing);
  return attributes;
}

std::string_view find_html_attribute(std::string_view tag_source, std::string_view lower_name) noexcept {
  if (tag_source.size() < 2) return {};
  std::string_view found;
  bool is_found = false;
  bool self_closing = false;
  const char* end = tag_source.data() + tag_source.size();
  read_each_attribute(name_end<false>(tag_source.data() + 1, end), end, self_closing,
                      [&](std::string_view name, std::string_view value) {
                        if (is_found || !same_letters(name, lower_name)) return;
                        is_found = true;
                        found = value;
                      });
  return found;
}

}  // namespace gristmill::kernels
