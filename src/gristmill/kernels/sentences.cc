// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/sentences.h"

#include <algorithm>
#include <array>
#include <span>

#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

constexpr CodeRange sentence_ends[] = {
    {0x21, 0x21},       {0x2E, 0x2E},       {0x3F, 0x3F},       {0x589, 0x589},     {0x61F, 0x61F},
    {0x6D4, 0x6D4},     {0x700, 0x702},     {0x7F9, 0x7F9},     {0x964, 0x965},     {0x104A, 0x104B},
    {0x1362, 0x1362},   {0x1367, 0x1368},   {0x166E, 0x166E},   {0x1735, 0x1736},   {0x1803, 0x1803},
    {0x1809, 0x1809},   {0x1944, 0x1945},   {0x1AA8, 0x1AAB},   {0x1B5A, 0x1B5B},   {0x1B5E, 0x1B5F},
    {0x1C3B, 0x1C3C},   {0x1C7E, 0x1C7F},   {0x203C, 0x203D},   {0x2047, 0x2049},   {0x2E2E, 0x2E2E},
    {0x2E3C, 0x2E3C},   {0x3002, 0x3002},   {0xA4FF, 0xA4FF},   {0xA60E, 0xA60F},   {0xA6F3, 0xA6F3},
    {0xA6F7, 0xA6F7},   {0xA876, 0xA877},   {0xA8CE, 0xA8CF},   {0xA92F, 0xA92F},   {0xA9C8, 0xA9C9},
    {0xAA5D, 0xAA5F},   {0xAAF0, 0xAAF1},   {0xABEB, 0xABEB},   {0xFE52, 0xFE52},   {0xFE56, 0xFE57},
    {0xFF01, 0xFF01},   {0xFF0E, 0xFF0E},   {0xFF1F, 0xFF1F},   {0xFF61, 0xFF61},   {0x10A56, 0x10A57},
    {0x11047, 0x11048}, {0x110BE, 0x110C1}, {0x11141, 0x11143}, {0x111C5, 0x111C6}, {0x111CD, 0x111CD},
    {0x111DE, 0x111DF}, {0x11238, 0x11239}, {0x1123B, 0x1123C}, {0x112A9, 0x112A9}, {0x1144B, 0x1144C},
    {0x115C2, 0x115C3}, {0x115C9, 0x115D7}, {0x11641, 0x11642}, {0x1173C, 0x1173E}, {0x11A42, 0x11A43},
    {0x11A9B, 0x11A9C}, {0x11C41, 0x11C42}, {0x16A6E, 0x16A6F}, {0x16AF5, 0x16AF5}, {0x16B37, 0x16B38},
    {0x16B44, 0x16B44}, {0x1BC9F, 0x1BC9F}, {0x1DA88, 0x1DA88},
};
/// What datatrove's list of terminal punctuation has beside them.
constexpr CodeRange more_line_ends[] = {
    {0x61D, 0x61E},     {0x837, 0x837},     {0x839, 0x839},     {0x83D, 0x83E},     {0x17D4, 0x17D6},
    {0x17D9, 0x17DA},   {0x1B7D, 0x1B7E},   {0x2E53, 0x2E54},   {0x10F55, 0x10F59}, {0x10F86, 0x10F89},
    {0x11944, 0x11944}, {0x11946, 0x11946}, {0x11EF7, 0x11EF8}, {0x11F43, 0x11F44}, {0x16E98, 0x16E98},
};

bool contains(std::span<const CodeRange> ranges, char32_t c) {
  const auto after = std::ranges::upper_bound(ranges, c, {}, &CodeRange::first);
  return after != ranges.begin() && c <= std::prev(after)->last;
}

bool is_ascii_letter(char c) {
  const auto folded = static_cast<unsigned char>(c | 0x20);
  return folded >= 'a' && folded <= 'z';
}

bool is_sentence_end(std::string_view token) {
  // Most words begin with a letter and have more than four bytes or no lead byte: one test settles them.
  if (is_ascii_letter(token.front()) || token.size() > 4) return false;
  std::size_t at = 0;
  const auto c = next_code_point(token, at);
  return at == token.size() && ends_sentence(c);
}

bool is_all_punctuation(std::string_view token) {
  for (std::size_t at = 0; at < token.size();)
    if (!is_punctuation(next_code_point(token, at))) return false;
  return true;
}

/// Calls `start(index)` for each token but the first that starts a sentence, until it answers false.
template <typename Start>
void for_each_start(std::string_view text, std::span<const TextRange> tokens, Start&& start) {
  bool has_ended = false;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto token = tokens[i].of(text);
    if (is_sentence_end(token)) {
      has_ended = true;
    } else if (has_ended && !is_all_punctuation(token)) {
      has_ended = false;
      if (!start(i)) return;
    }
  }
}

}  // namespace

bool ends_sentence(char32_t code_point) noexcept {
  if (code_point < 0x80) return code_point == U'.' || code_point == U'!' || code_point == U'?';
  return contains(sentence_ends, code_point);
}

bool is_terminal_mark(char32_t code_point) noexcept {
  return ends_sentence(code_point) || (code_point >= 0x80 && contains(more_line_ends, code_point));
}

std::size_t SentenceSplitter::count(std::string_view text, WordSplitter& words, std::size_t enough) {
  if (enough <= 1) return 1;
  tokens_.clear();
  words.split_tokens(text, tokens_);
  std::size_t count = 1;
  for_each_start(text, tokens_, [&](std::size_t) { return ++count < enough; });
  return count;
}

void SentenceSplitter::split(std::string_view text, WordSplitter& words, std::vector<std::string_view>& sentences) {
  tokens_.clear();
  words.split_tokens(text, tokens_);
  std::size_t begin = 0;
  for_each_start(text, tokens_, [&](std::size_t i) {
    const auto end = tokens_[i - 1].end;
    sentences.push_back(text.substr(begin, end - begin));
    begin = end;
    return true;
  });
  sentences.push_back(text.substr(begin));
}

}  // namespace gristmill::kernels
