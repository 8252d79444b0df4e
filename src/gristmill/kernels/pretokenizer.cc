// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pretokenizer.h"

#include <array>
#include <utility>

#include "gristmill/kernels/ascii_pieces.h"
#include "gristmill/kernels/regex_pretokenizer.h"
#include "gristmill/kernels/unicode_classes.h"

namespace gristmill::kernels {
namespace {

using Class = CharacterClass;

/// Class and byte length of one character; class 0 stands for the end of the text.
struct Character {
  std::uint8_t kind = 0;
  std::uint8_t length = 0;
};

/// Walks over a text by character classes.
class Reader {
 public:
  Reader(std::string_view text, const std::uint8_t* classes) : text_(text), classes_(classes) {}

  [[nodiscard]] Character at(std::size_t position) const {
    if (position >= text_.size()) return {};
    const auto lead = byte(position);
    if (lead < 0x80) return {classes_[lead], 1};
    return decode(position, lead);
  }
  [[nodiscard]] unsigned char byte(std::size_t position) const { return static_cast<unsigned char>(text_[position]); }
  [[nodiscard]] std::size_t size() const { return text_.size(); }
  /// End of the run of characters whose class is in `mask`.
  [[nodiscard]] std::size_t run(std::size_t position, unsigned mask) const {
    while (true) {
      while (position < text_.size() && byte(position) < 0x80) {
        if (!(classes_[byte(position)] & mask)) return position;
        ++position;
      }
      const auto next = at(position);
      if (!(next.kind & mask)) return position;
      position += next.length;
    }
  }
  /// End of a run of at most `count` characters.
  [[nodiscard]] std::size_t run(std::size_t position, unsigned mask, int count) const {
    for (; count > 0; --count) {
      const auto next = at(position);
      if (!(next.kind & mask)) break;
      position += next.length;
    }
    return position;
  }

 private:
  [[nodiscard]] Character decode(std::size_t position, unsigned lead) const {
    const unsigned length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || position + length > text_.size()) return {Class::other, 1};
    std::uint32_t value = lead & (0x7Fu >> length);
    for (unsigned i = 1; i < length; ++i) {
      const unsigned continuation = byte(position + i);
      if ((continuation & 0xC0) != 0x80) return {Class::other, 1};
      value = (value << 6) | (continuation & 0x3F);
    }
    if (value >= code_point_count) return {Class::other, 1};
    return {classes_[value], static_cast<std::uint8_t>(length)};
  }

  std::string_view text_;
  const std::uint8_t* classes_;
};

constexpr unsigned char lower_ascii(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<unsigned char>(c + 32) : c;
}

/// Length of 's 't 're 've 'm 'll 'd at an apostrophe, or 0.
template <bool ignores_case>
std::size_t contraction(const Reader& text, std::size_t position) {
  if (position + 1 >= text.size() || text.byte(position) != '\'') return 0;
  const auto letter = [&](std::size_t at) { return ignores_case ? lower_ascii(text.byte(at)) : text.byte(at); };
  const auto first = letter(position + 1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (position + 2 >= text.size()) return 0;
  const auto second = letter(position + 2);
  if (((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l')) return 3;
  // U+017F, the long s, folds to s.
  if (ignores_case && first == 0xC5 && second == 0xBF) return 3;
  return 0;
}

/// The alternatives `\s+(?!\S)|\s+`, after those for newlines: all but the last blank before a word.
std::size_t blanks_before_word(const Reader& text, std::size_t position, std::size_t end, std::size_t last) {
  return end == text.size() || last == position ? end : last;
}

/// A run of blanks, with the starts of its last character and the end of its last newline (0: none).
struct Blanks {
  std::size_t end = 0;
  std::size_t last = 0;
  std::size_t newline_end = 0;
};

Blanks blank_run(const Reader& text, std::size_t position) {
  Blanks blanks{position, position, 0};
  for (auto next = text.at(position); next.kind & Class::blank; next = text.at(blanks.end)) {
    blanks.last = blanks.end;
    blanks.end += next.length;
    if (next.kind & Class::newline) blanks.newline_end = blanks.end;
  }
  return blanks;
}

/// '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
struct Gpt2 {
  static std::size_t next(const Reader& text, std::size_t position) {
    if (const auto length = contraction<false>(text, position)) return position + length;
    const auto first = text.at(position);
    const bool has_space = text.byte(position) == ' ';
    const auto head = has_space ? text.at(position + 1) : first;
    const auto body = position + (has_space ? 1u : 0u);
    if (head.kind & Class::letter) return text.run(body + head.length, Class::letter);
    if (head.kind & Class::number) return text.run(body + head.length, Class::number);
    constexpr unsigned others = Class::other | Class::mark;
    if (head.kind & others) return text.run(body + head.length, others);
    const auto blanks = blank_run(text, position);
    return blanks_before_word(text, position, blanks.end, blanks.last);
  }
};

/// What follows the words in the later patterns: \p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+.
/// `slash_tail` lets slashes into the tail of punctuation, `joins_final_blanks` puts \s+$ before the newlines.
template <int digits, bool slash_tail, bool joins_final_blanks>
std::size_t after_words(const Reader& text, std::size_t position, Character first) {
  if (first.kind & Class::number) return text.run(position + first.length, Class::number, digits - 1);
  constexpr unsigned others = Class::other | Class::mark;
  const bool has_space = text.byte(position) == ' ';
  const auto head = has_space ? text.at(position + 1) : first;
  if (head.kind & others) {
    auto end = text.run(position + (has_space ? 1u : 0u) + head.length, others);
    while (end < text.size() &&
           (text.byte(end) == '\n' || text.byte(end) == '\r' || (slash_tail && text.byte(end) == '/'))) {
      ++end;
    }
    return end;
  }
  const auto blanks = blank_run(text, position);
  if (joins_final_blanks && blanks.end == text.size()) return blanks.end;
  if (blanks.newline_end != 0) return blanks.newline_end;
  return blanks_before_word(text, position, blanks.end, blanks.last);
}

/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+ and after_words.
template <int digits, bool joins_final_blanks>
struct Cl100k {
  static std::size_t next(const Reader& text, std::size_t position) {
    const auto first = text.at(position);
    if (first.kind & Class::letter) return text.run(position + first.length, Class::letter);
    if (const auto length = contraction<true>(text, position)) return position + length;
    if (!(first.kind & (Class::newline | Class::number))) {
      const auto second = text.at(position + first.length);
      if (second.kind & Class::letter) return text.run(position + first.length + second.length, Class::letter);
    }
    return after_words<digits, false, joins_final_blanks>(text, position, first);
  }
};

/// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:contraction)?
/// |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:contraction)? and after_words.
struct O200k {
  static constexpr unsigned either = Class::caseless | Class::mark;
  static constexpr unsigned uppers = Class::upper | either;
  static constexpr unsigned lowers = Class::lower | either;

  /// End of [uppers]*[lowers]+ at `position`, or 0. Where no small letter ends the greedy run of uppers, the
  /// expression gives back characters up to the last one that is in both sets.
  static std::size_t mixed_word(const Reader& text, std::size_t position) {
    std::size_t end = position;
    std::size_t either_end = 0;
    auto next = text.at(end);
    for (; next.kind & uppers; next = text.at(end)) {
      end += next.length;
      if (next.kind & either) either_end = end;
    }
    return next.kind & lowers ? text.run(end + next.length, lowers) : either_end;
  }
  /// End of the word at `position`, or 0 when there is none.
  static std::size_t word(const Reader& text, std::size_t position, Character first) {
    const bool may_be_prefix = !(first.kind & (Class::newline | Class::letter | Class::number));
    const auto body = position + first.length;
    std::size_t end = may_be_prefix ? mixed_word(text, body) : 0;
    if (end == 0 && (first.kind & (uppers | lowers))) end = mixed_word(text, position);
    if (end != 0) return end + contraction<true>(text, end);
    // Capitals only.
    const auto start = may_be_prefix ? body : position;
    end = text.run(start, Class::upper);
    return end == start ? 0 : end + contraction<true>(text, end);
  }
  static std::size_t next(const Reader& text, std::size_t position) {
    const auto first = text.at(position);
    if (const auto end = word(text, position, first)) return end;
    return after_words<3, true, false>(text, position, first);
  }
};

/// Numbers apart from the rest.
template <bool each_alone>
struct Digits {
  static std::size_t next(const Reader& text, std::size_t position) {
    const auto first = text.at(position);
    if (!(first.kind & Class::number)) return text.run(position, 0xFFu & ~unsigned{Class::number});
    return each_alone ? position + first.length : text.run(position, Class::number);
  }
};

template <typename Matcher>
class MatcherPretokenizer final : public Pretokenizer {
 public:
  /// `cutter`, when given, cuts as the matcher does, where the text is ASCII.
  explicit MatcherPretokenizer(AsciiCutter cutter) : cutter_(cutter) {}

  Result<std::size_t> split(std::string_view text, std::size_t& position,
                            std::span<std::uint32_t> ends) const override {
    const Reader reader(text, classes_);
    std::size_t count = 0;
    std::size_t at = position;
    while (at < text.size() && count < ends.size()) {
      // Blocks need room for their ends; the rest is for another call.
      if (cutter_ != nullptr && count > 0 && ends.size() - count < ascii_ends_min) break;
      if (cutter_ != nullptr && reader.byte(at) < 0x80) {
        count += cutter_(text, at, ends.subspan(count));
        if (count == ends.size()) break;
      }
      at = Matcher::next(reader, at);
      ends[count++] = static_cast<std::uint32_t>(at);
    }
    position = at;
    return count;
  }

 private:
  const std::uint8_t* classes_ = unicode_classes();
  AsciiCutter cutter_;
};

constexpr std::array pattern_names{
    std::pair{Pattern::gpt2, std::string_view("gpt2")},     std::pair{Pattern::cl100k, std::string_view("cl100k")},
    std::pair{Pattern::llama3, std::string_view("llama3")}, std::pair{Pattern::qwen2, std::string_view("qwen2")},
    std::pair{Pattern::o200k, std::string_view("o200k")},
};

constexpr std::array known_regexes{
    std::pair{Pattern::gpt2,
              std::string_view(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)")},
    std::pair{Pattern::gpt2,
              std::string_view(R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)")},
    std::pair{Pattern::gpt2,
              std::string_view(R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)")},
    std::pair{Pattern::cl100k, std::string_view(R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+)"
                                                R"(| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s)")},
    std::pair{Pattern::llama3, std::string_view(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
                                                R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)")},
    std::pair{Pattern::qwen2, std::string_view(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
                                               R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)")},
    std::pair{Pattern::o200k,
              std::string_view(R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
                               R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
                               R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
                               R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
                               R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)")},
};

}  // namespace

std::string_view to_string(Pattern pattern) noexcept {
  for (const auto& [known, name] : pattern_names) {
    if (known == pattern) return name;
  }
  return {};
}

std::optional<Pattern> pattern_of_name(std::string_view name) noexcept {
  for (const auto& [pattern, known] : pattern_names) {
    if (known == name) return pattern;
  }
  return std::nullopt;
}

std::optional<Pattern> pattern_of_regex(std::string_view regex) noexcept {
  for (const auto& [pattern, known] : known_regexes) {
    if (known == regex) return pattern;
  }
  return std::nullopt;
}

std::unique_ptr<Pretokenizer> Pretokenizer::for_pattern(Pattern pattern, SimdLevel level) {
  const auto cutter = ascii_cutter(pattern, level);
  switch (pattern) {
    case Pattern::gpt2: return std::make_unique<MatcherPretokenizer<Gpt2>>(cutter);
    case Pattern::cl100k: return std::make_unique<MatcherPretokenizer<Cl100k<3, true>>>(cutter);
    case Pattern::llama3: return std::make_unique<MatcherPretokenizer<Cl100k<3, false>>>(cutter);
    case Pattern::qwen2: return std::make_unique<MatcherPretokenizer<Cl100k<1, false>>>(cutter);
    case Pattern::o200k: return std::make_unique<MatcherPretokenizer<O200k>>(cutter);
  }
  return nullptr;
}

Result<std::unique_ptr<Pretokenizer>> Pretokenizer::for_regex(std::string_view regex) {
  if (const auto pattern = pattern_of_regex(regex)) return for_pattern(*pattern);
  return make_regex_pretokenizer(regex);
}

std::unique_ptr<Pretokenizer> Pretokenizer::for_digits(bool each_alone) {
  if (each_alone) return std::make_unique<MatcherPretokenizer<Digits<true>>>(nullptr);
  return std::make_unique<MatcherPretokenizer<Digits<false>>>(nullptr);
}

}  // namespace gristmill::kernels
