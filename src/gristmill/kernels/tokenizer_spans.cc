// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "gristmill/kernels/added_tokens.h"
#include "gristmill/kernels/compose.h"
#include "gristmill/kernels/tokenizer.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

/// Where the bytes of a normalized text come from.
class Origins {
 public:
  /// For a text that begins at `begin` and stays as it is.
  explicit Origins(std::size_t begin) : begin_(begin) {}

  /// For its normal form, which is written to `normal`.
  Status normalize(std::string_view text, std::string& normal) {
    normal.clear();
    while (!text.empty()) {
      const auto part = text.substr(0, first_part_length(text));
      const auto normal_begin = normal.size();
      GRISTMILL_RETURN_IF_ERROR(append_composed(part, normal));
      const bool is_same = std::string_view(normal).substr(normal_begin) == part;
      const bool goes_on = is_same && !parts_.empty() && parts_.back().is_same;
      if (!goes_on) parts_.push_back({normal_begin, begin_, is_same});
      begin_ += part.size();
      text.remove_prefix(part.size());
    }
    parts_.push_back({normal.size(), begin_, true});
    return {};
  }

  /// Bytes of the source for bytes [begin, end) of the normal text.
  [[nodiscard]] TokenSpan span(std::size_t begin, std::size_t end) const {
    if (parts_.empty()) return {narrow(begin_ + begin), narrow(begin_ + end)};
    const auto& first = part_of(begin);
    const auto source_begin = first.source_begin + (first.is_same ? begin - first.normal_begin : 0);
    if (begin >= end) return {narrow(source_begin), narrow(source_begin)};
    const auto& last = part_of(end - 1);
    // Behind the last part stands one more: there is always a next one.
    const auto source_end = last.is_same ? last.source_begin + (end - last.normal_begin) : (&last + 1)->source_begin;
    return {narrow(source_begin), narrow(source_end)};
  }

 private:
  struct Part {
    std::size_t normal_begin;
    std::size_t source_begin;
    bool is_same;  ///< Byte for byte.
  };
  static std::uint32_t narrow(std::size_t position) { return static_cast<std::uint32_t>(position); }
  [[nodiscard]] const Part& part_of(std::size_t position) const {
    return *std::prev(std::ranges::upper_bound(parts_, position, {}, &Part::normal_begin));
  }

  std::size_t begin_;
  std::vector<Part> parts_;
};

}  // namespace

void to_characters(std::string_view text, std::span<TokenSpan> spans) {
  // Both ends only ever move a little back, to the begin of a text that changed as a whole.
  std::size_t position = 0;
  std::uint32_t characters = 0;  // That begin before `position`.
  const auto begins_at = [&](std::size_t at) { return at < text.size() && (text[at] & 0xC0) != 0x80; };
  const auto count_before = [&](std::size_t wanted) {
    while (position < wanted) characters += begins_at(position++) ? 1 : 0;
    while (position > wanted) characters -= begins_at(--position) ? 1 : 0;
    return characters;
  };
  for (auto& span : spans) {
    const auto begin = count_before(span.begin);
    const bool is_inside = span.begin < text.size() && !begins_at(span.begin);
    const auto end = span.end > span.begin ? count_before(span.end) : begin;
    span = {begin - (is_inside ? 1 : 0), std::max(end, begin - (is_inside ? 1 : 0))};
  }
}

Status Tokenizer::encode_spans(std::string_view text, SpecialText special, TokenizerScratch& scratch,
                               std::vector<std::uint32_t>& ids, std::vector<TokenSpan>& spans) const {
  if (text.size() > text_bytes_max)
    return limit_exceeded(fmt::format("text of {} bytes, a tokenizer takes at most {}", text.size(), text_bytes_max));
  const bool with_special = special == SpecialText::control;
  std::string normal;
  const auto gap_of_raw = [&](std::string_view raw) -> Status {
    Origins origins(static_cast<std::size_t>(raw.data() - text.data()));
    auto shown = raw;
    if (parts_.normalizes_nfc && !is_surely_composed(raw)) {
      GRISTMILL_RETURN_IF_ERROR(origins.normalize(raw, normal));
      shown = normal;
    }
    const auto token = [&](const AddedTokenFinder::Match& match) {
      ids.push_back(match.id);
      spans.push_back(origins.span(match.begin, match.end));
    };
    return between_added(normalized_finder_, shown, with_special, token, [&](std::string_view gap) -> Status {
      const auto first = ids.size();
      GRISTMILL_RETURN_IF_ERROR(encode_gap(gap, scratch, ids));
      const auto begin = static_cast<std::size_t>(gap.data() - shown.data());
      // Bytes of the tokens so far, of which the blank in front is none of the text's.
      const std::size_t blank = parts_.adds_prefix_space && !gap.starts_with(' ') ? 1 : 0;
      std::size_t first_character_end = 0;
      next_code_point(gap, first_character_end);
      std::size_t bytes = 0;
      for (auto i = first; i < ids.size(); ++i) {
        const auto before = std::max(bytes, blank) - blank;
        bytes += parts_.model.token_bytes(ids[i]).size();
        // The blank alone goes with the first character, as in the library.
        const auto after = bytes == blank ? first_character_end : std::max(bytes, blank) - blank;
        spans.push_back(origins.span(begin + before, begin + after));
      }
      if (bytes != gap.size() + blank)
        return invalid_argument(fmt::format("the tokenizer has no token for some bytes: offsets are not known"));
      return {};
    });
  };
  const auto token = [&](const AddedTokenFinder::Match& match) {
    ids.push_back(match.id);
    spans.push_back({static_cast<std::uint32_t>(match.begin), static_cast<std::uint32_t>(match.end)});
  };
  return between_added(raw_finder_, text, with_special, token, gap_of_raw);
}

}  // namespace gristmill::kernels
