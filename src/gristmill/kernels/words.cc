// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/words.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <unordered_map>

#include "gristmill/kernels/utf8.h"
#include "gristmill/kernels/word_rules.h"

namespace gristmill::kernels {
namespace {

bool is_ascii_letter(char c) {
  const auto folded = static_cast<unsigned char>(c | 0x20);
  return folded >= 'a' && folded <= 'z';
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return (word_class::of(c) & word_class::space) != 0;
}

bool is_ascii_space(unsigned char c) { return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F); }

/// Offset behind the run of characters from `position` on that are (not) white space.
std::size_t end_of_run(std::string_view text, std::size_t position, bool of_space) {
  while (position < text.size()) {
    const auto byte = static_cast<unsigned char>(text[position]);
    if (byte < 0x80) {
      if (is_ascii_space(byte) != of_space) break;
      ++position;
      continue;
    }
    auto after = position;
    if (is_space(next_code_point(text, after)) != of_space) break;
    position = after;
  }
  return position;
}

/// Offset behind the ASCII letters from `position` on.
std::size_t end_of_letters(std::string_view text, std::size_t position) {
  while (position + 32 <= text.size()) {
    const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + position));
    const auto folded = _mm256_sub_epi8(_mm256_or_si256(bytes, _mm256_set1_epi8(0x20)), _mm256_set1_epi8('a'));
    const auto letters = _mm256_cmpeq_epi8(_mm256_min_epu8(folded, _mm256_set1_epi8(25)), folded);
    const auto others = ~static_cast<std::uint32_t>(_mm256_movemask_epi8(letters));
    if (others != 0) return position + static_cast<std::size_t>(std::countr_zero(others));
    position += 32;
  }
  while (position < text.size() && is_ascii_letter(text[position])) ++position;
  return position;
}

bool ends_at_blank(std::string_view text, std::size_t end) {
  return end == text.size() || text[end] == ' ' || text[end] == '\n';
}

/// A word as offsets into the text.
struct Token {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool is_space = false;  ///< White space that counts as a word for the sequences, and is left out at last.
};

/// Where the words of one piece end, relative to its start; remembered for pieces seen again.
struct CachedPiece {
  std::array<char, 24> text{};
  std::array<std::uint8_t, 7> ends{};
  std::uint8_t size = 0;  ///< 0: free.
  std::uint8_t count = 0;
};

constexpr std::size_t cache_size = 4096;

/// Splits one piece without white space by affixes, exceptions and infixes.
class PieceSplitter {
 public:
  /// Appends the ends of the words of the piece, as byte offsets. Without exceptions the bare rules are applied.
  void split(std::string_view bytes, bool with_exceptions, std::vector<std::uint32_t>& ends) {
    piece_.decode(bytes);
    with_exceptions_ = with_exceptions;
    suffixes_.clear();
    const auto rest = strip(ends);
    if (rest.begin < rest.end) add_rest(rest, ends);
    for (auto at = suffixes_.rbegin(); at != suffixes_.rend(); ++at) ends.push_back(piece_.offsets[*at]);
  }

 private:
  [[nodiscard]] const WordException* exception(std::size_t begin, std::size_t end) const {
    const auto& exceptions = WordExceptions::english();
    const bool is_possible = with_exceptions_ &&
                             exceptions.may_hold(piece_.bytes, piece_.offsets[begin], piece_.offsets[end]);
    return is_possible ? exceptions.find(piece_.part(begin, end)) : nullptr;
  }

  /// Takes prefixes and suffixes off by turns until none is left or an exception appears; returns what stays.
  WordSpan strip(std::vector<std::uint32_t>& ends) {
    WordSpan rest{0, piece_.points.size()};
    while (rest.begin < rest.end && exception(rest.begin, rest.end) == nullptr) {
      const auto size = rest.end - rest.begin;
      const auto front = prefix_length(piece_, rest);
      if (front > 0 && front < size && exception(rest.begin + front, rest.end) != nullptr) {
        take_prefix(rest, front, ends);
        break;
      }
      const auto back = suffix_length(piece_, {rest.begin + front, rest.end});
      if (back > 0 && back < size && exception(rest.begin, rest.end - back) != nullptr) {
        take_suffix(rest, back);
        break;
      }
      if (front == 0 && back == 0) break;
      if (back > 0 && front + back <= size) take_suffix(rest, back);
      if (front > 0) take_prefix(rest, front, ends);
    }
    return rest;
  }
  void take_prefix(WordSpan& rest, std::size_t length, std::vector<std::uint32_t>& ends) {
    rest.begin += length;
    ends.push_back(piece_.offsets[rest.begin]);
  }
  void take_suffix(WordSpan& rest, std::size_t length) {
    suffixes_.push_back(rest.end);
    rest.end -= length;
  }

  void add_rest(WordSpan rest, std::vector<std::uint32_t>& ends) {
    if (const auto* found = exception(rest.begin, rest.end)) {
      for (const auto end : found->ends) ends.push_back(piece_.offsets[rest.begin] + end);
      return;
    }
    if (!is_address(piece_, rest)) add_infixes(rest, ends);
    ends.push_back(piece_.offsets[rest.end]);
  }
  /// Adds all ends but the last: infixes and what stands before each. One at the very start stays attached.
  void add_infixes(WordSpan rest, std::vector<std::uint32_t>& ends) {
    std::size_t done = rest.begin;
    for (auto at = rest.begin; at < rest.end;) {
      const auto length = infix_length(piece_, rest, at);
      if (length == 0) {
        ++at;
        continue;
      }
      if (at != rest.begin) {
        if (at != done) ends.push_back(piece_.offsets[at]);
        if (at + length < rest.end) ends.push_back(piece_.offsets[at + length]);
        done = at + length;
      }
      at += length;
    }
  }

  WordPiece piece_;
  std::vector<std::size_t> suffixes_;  ///< Ends of the suffixes, the outermost first.
  bool with_exceptions_ = true;
};

/// Exceptions that the bare rules would cut: found again as runs of words, so that "and/or-else" keeps "and/or".
class Sequences {
 public:
  static const Sequences& english() {
    static const Sequences table;
    return table;
  }

  struct Sequence {
    std::vector<std::string> words;
    const WordException* exception = nullptr;
  };
  /// False when no sequence has words that begin with these bytes as its first and second: so for nearly all pairs.
  [[nodiscard]] bool may_begin(char first, char second) const {
    const auto bit = pair_of(first, second);
    return (pairs_[bit / 64] >> (bit % 64) & 1) != 0;
  }
  /// Sequences that begin with a word, or null.
  [[nodiscard]] const std::vector<Sequence>* starting_with(std::string_view word) const {
    const auto found = by_first_word_.find(std::string(word));
    return found == by_first_word_.end() ? nullptr : &found->second;
  }

 private:
  static std::size_t pair_of(char first, char second) {
    return std::size_t{static_cast<unsigned char>(first)} << 8 | static_cast<unsigned char>(second);
  }

  Sequences() {
    PieceSplitter splitter;
    for (const auto& exception : WordExceptions::english().all()) {
      std::vector<std::uint32_t> ends;
      splitter.split(exception.text, false, ends);
      Sequence sequence{{}, &exception};
      std::size_t begin = 0;
      for (const auto end : ends) {
        sequence.words.push_back(exception.text.substr(begin, end - begin));
        begin = end;
      }
      // An exception that no rule cuts is only one as a whole piece.
      if (ends.size() < 2) continue;
      const auto bit = pair_of(sequence.words[0].front(), sequence.words[1].front());
      pairs_[bit / 64] |= std::uint64_t{1} << (bit % 64);
      by_first_word_[sequence.words[0]].push_back(std::move(sequence));
    }
  }

  std::unordered_map<std::string, std::vector<Sequence>> by_first_word_;
  std::array<std::uint64_t, (1 << 16) / 64> pairs_{};  ///< A bit for each pair of first bytes.
};

/// A run of words that equals a sequence.
struct Match {
  std::size_t begin = 0;
  std::size_t end = 0;
  const WordException* exception = nullptr;
};

}  // namespace

struct WordSplitter::State {
  PieceSplitter pieces;
  std::vector<CachedPiece> cache = std::vector<CachedPiece>(cache_size);
  std::vector<Token> tokens;
  std::vector<std::uint32_t> ends;
  std::vector<Match> matches;
  std::vector<bool> taken;

  /// Hands every token to `add`, in order.
  template <typename Add>
  void split(std::string_view text, Add&& add);
  void add_pieces(std::string_view text);
  bool add_plain_piece(std::string_view text, std::size_t& position);
  void add_piece(std::string_view text, std::size_t begin, std::size_t end);
  void find_matches(std::string_view text);
  void keep_longest();
  [[nodiscard]] std::string_view word(std::string_view text, const Token& token) const {
    return text.substr(token.begin, token.end - token.begin);
  }
};

void WordSplitter::State::add_piece(std::string_view text, std::size_t begin, std::size_t end) {
  const auto piece = text.substr(begin, end - begin);
  auto* cached = piece.size() <= sizeof(CachedPiece::text) ? &cache[WordExceptions::hash(text, begin, end) % cache_size]
                                                           : nullptr;
  auto from = static_cast<std::uint32_t>(begin);
  const auto add = [&](std::uint32_t word_end) {
    tokens.push_back({from, static_cast<std::uint32_t>(begin) + word_end});
    from = static_cast<std::uint32_t>(begin) + word_end;
  };
  const bool is_cached = cached != nullptr && cached->size == piece.size() &&
                         std::memcmp(cached->text.data(), piece.data(), piece.size()) == 0;
  if (is_cached) {
    for (std::size_t i = 0; i < cached->count; ++i) add(cached->ends[i]);
    return;
  }
  ends.clear();
  pieces.split(piece, true, ends);
  for (const auto word_end : ends) add(word_end);
  if (cached == nullptr || ends.size() > cached->ends.size()) return;
  std::memcpy(cached->text.data(), piece.data(), piece.size());
  for (std::size_t i = 0; i < ends.size(); ++i) cached->ends[i] = static_cast<std::uint8_t>(ends[i]);
  cached->size = static_cast<std::uint8_t>(piece.size());
  cached->count = static_cast<std::uint8_t>(ends.size());
}

void WordSplitter::State::find_matches(std::string_view text) {
  matches.clear();
  const auto& sequences = Sequences::english();
  // A sequence has two words at least.
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!sequences.may_begin(text[tokens[i].begin], text[tokens[i + 1].begin])) continue;
    const auto* candidates = sequences.starting_with(word(text, tokens[i]));
    if (candidates == nullptr) continue;
    for (const auto& candidate : *candidates) {
      const auto size = candidate.words.size();
      if (size > tokens.size() - i) continue;
      bool is_equal = true;
      for (std::size_t k = 1; k < size && is_equal; ++k) is_equal = word(text, tokens[i + k]) == candidate.words[k];
      if (is_equal) matches.push_back({i, i + size, candidate.exception});
    }
  }
}

/// Of matches that overlap the longest stays, then the first; what stays is sorted by place.
void WordSplitter::State::keep_longest() {
  std::ranges::stable_sort(matches, [](const Match& a, const Match& b) {
    const auto a_size = a.end - a.begin;
    const auto b_size = b.end - b.begin;
    return a_size != b_size ? a_size > b_size : a.begin < b.begin;
  });
  taken.assign(tokens.size(), false);
  std::erase_if(matches, [&](const Match& match) {
    const bool is_free = !taken[match.begin] && !taken[match.end - 1];
    std::fill(taken.begin() + static_cast<std::ptrdiff_t>(match.begin),
              taken.begin() + static_cast<std::ptrdiff_t>(match.end), true);
    return !is_free;
  });
  std::ranges::sort(matches, {}, &Match::begin);
}

/// Takes a piece that is a word of ASCII letters, alone or with a comma or full stop behind it, if no exception is
/// near: these are most. Moves to the piece's end and returns true.
bool WordSplitter::State::add_plain_piece(std::string_view text, std::size_t& position) {
  const auto& exceptions = WordExceptions::english();
  const auto end = end_of_letters(text, position);
  if (end == position || exceptions.may_hold(text, position, end)) return false;
  const auto add = [&](std::size_t begin, std::size_t behind) {
    tokens.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(behind)});
  };
  if (ends_at_blank(text, end)) {
    add(position, end);
    position = end;
    return true;
  }
  if (!ends_at_blank(text, end + 1)) return false;
  // A full stop comes off behind a small letter, unless it makes an abbreviation; a comma always does.
  const bool is_stop = text[end] == '.' && end - position > 1 && text[end - 1] >= 'a' &&
                       !exceptions.may_hold(text, position, end + 1);
  if (!is_stop && text[end] != ',') return false;
  add(position, end);
  add(end, end + 1);
  position = end + 1;
  return true;
}

void WordSplitter::State::add_pieces(std::string_view text) {
  tokens.clear();
  for (std::size_t position = 0; position < text.size();) {
    if (!add_plain_piece(text, position)) {
      const auto end = end_of_run(text, position, false);
      if (end > position) add_piece(text, position, end);
      position = end;
    }
    // One blank only separates; more white space counts as a word where runs of words are compared.
    const auto end = end_of_run(text, position, true);
    const auto space_begin = position + (position < end && text[position] == ' ' && position > 0 ? 1 : 0);
    if (space_begin < end)
      tokens.push_back({static_cast<std::uint32_t>(space_begin), static_cast<std::uint32_t>(end), true});
    position = end;
  }
}

template <typename Add>
void WordSplitter::State::split(std::string_view text, Add&& add) {
  add_pieces(text);
  find_matches(text);
  if (!matches.empty()) keep_longest();
  auto match = matches.begin();
  for (std::size_t i = 0; i < tokens.size();) {
    if (match == matches.end() || match->begin != i) {
      add(tokens[i++]);
      continue;
    }
    const auto begin = tokens[i].begin;
    const auto* exception = match->exception;
    if (text.substr(begin, tokens[match->end - 1].end - begin) == exception->text) {
      auto from = begin;
      for (const auto end : exception->ends) {
        add(Token{from, begin + end});
        from = begin + end;
      }
    } else {
      for (; i < match->end; ++i) add(tokens[i]);
    }
    i = match->end;
    ++match;
  }
}

WordSplitter::WordSplitter() : state_(std::make_unique<State>()) {}
WordSplitter::~WordSplitter() = default;

void WordSplitter::split(std::string_view text, std::vector<std::string_view>& words) {
  state_->split(text, [&](const Token& token) {
    if (!token.is_space) words.push_back(text.substr(token.begin, token.end - token.begin));
  });
}

void WordSplitter::split(std::string_view text, std::vector<TextRange>& words) {
  state_->split(text, [&](const Token& token) {
    if (!token.is_space) words.push_back({token.begin, token.end});
  });
}

void WordSplitter::split_tokens(std::string_view text, std::vector<TextRange>& tokens) {
  state_->split(text, [&](const Token& token) { tokens.push_back({token.begin, token.end}); });
}

namespace {

template <typename Add>
void for_each_piece(std::string_view text, Add&& add) {
  for (std::size_t position = end_of_run(text, 0, true); position < text.size();) {
    const auto end = end_of_run(text, position, false);
    add(position, end);
    position = end_of_run(text, end, true);
  }
}

}  // namespace

void split_whitespace(std::string_view text, std::vector<std::string_view>& words) {
  for_each_piece(text, [&](std::size_t begin, std::size_t end) { words.push_back(text.substr(begin, end - begin)); });
}

void split_whitespace(std::string_view text, std::vector<TextRange>& words) {
  for_each_piece(text, [&](std::size_t begin, std::size_t end) {
    words.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  });
}

std::size_t count_whitespace_words(std::string_view text, std::size_t enough) {
  std::size_t count = 0;
  for (std::size_t position = end_of_run(text, 0, true); position < text.size() && count < enough; ++count)
    position = end_of_run(text, end_of_run(text, position, false), true);
  return count;
}

}  // namespace gristmill::kernels
