// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/annotate/redpajama_text.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gristmill/kernels/python_text.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::ops {
namespace {

using kernels::PythonClass;

bool is_space(char32_t c) { return (kernels::python_classes()[c] & PythonClass::space) != 0; }

/// The line without white space at its end.
std::string_view right_stripped(std::string_view line) {
  while (!line.empty()) {
    auto last = line.size() - 1;
    while (last > 0 && (line[last] & 0xC0) == 0x80) --last;
    auto at = last;
    if (!is_space(kernels::next_code_point(line, at))) break;
    line = line.substr(0, last);
  }
  return line;
}

/// The first character that is no white space, or 0.
char32_t first_character(std::string_view line) {
  for (std::size_t at = 0; at < line.size();) {
    const auto c = kernels::next_code_point(line, at);
    if (!is_space(c)) return c;
  }
  return 0;
}

constexpr std::u32string_view bullets = U"\u2022\u2023\u25B6\u25C0\u25E6\u25A0\u25A1\u25AA\u25AB\u2013";

class RawReader {
 public:
  RawReader(std::string_view text, const TextSet* stop_words, RawFacts& facts)
      : text_(text), stop_words_(stop_words), facts_(facts) {}

  void run() {
    for (std::size_t begin = 0; begin < text_.size();) {
      const auto newline = text_.find('\n', begin);
      const auto end = newline == std::string_view::npos ? text_.size() : newline + 1;
      facts_.newlines += newline != std::string_view::npos;
      read_line(begin, end);
      judge_line(text_.substr(begin, end - begin));
      begin = end;
    }
    end_token(text_.size());
  }

 private:
  enum class Kind : std::uint8_t { space, word, other };

  void read_line(std::size_t begin, std::size_t end) {
    std::uint64_t characters = 0;
    std::uint64_t upper = 0;
    for (auto at = begin; at < end; ++characters) {
      const auto from = at;
      const auto byte = static_cast<unsigned char>(text_[at]);
      const char32_t c = byte < 0x80 ? text_[at++] : kernels::next_code_point(text_, at);
      const auto bits = classes_[c];
      upper += (bits & PythonClass::upper) != 0;
      const auto kind = (bits & PythonClass::word) != 0    ? Kind::word
                        : (bits & PythonClass::space) != 0 ? Kind::space
                                                           : Kind::other;
      if (kind != kind_) {
        end_token(from);
        kind_ = kind;
        token_begin_ = from;
        token_bits_ = 0;
        if (kind == Kind::word && !is_in_sentence_) {
          is_in_sentence_ = true;
          ++facts_.sentences;
        }
      }
      token_bits_ |= bits;
      if ((bits & PythonClass::sign) != 0) count_sign(c, at);
    }
    facts_.characters += characters;
    facts_.upper_fractions += rounded(static_cast<double>(upper) / static_cast<double>(characters));
  }

  void end_token(std::size_t end) {
    if (kind_ == Kind::space) return;
    ++facts_.words;
    facts_.words_with_latin += (token_bits_ & PythonClass::latin) != 0;
    facts_.words_in_capitals += (token_bits_ & (PythonClass::upper | PythonClass::lower)) == PythonClass::upper;
    if (stop_words_ != nullptr)
      facts_.stop_words += stop_words_->contains(text_.substr(token_begin_, end - token_begin_));
  }

  void count_sign(char32_t c, std::size_t after) {
    switch (c) {
      case '#':
      case U'\u2026': ++facts_.symbols; return;
      case '{':
      case '}': ++facts_.braces; return;
      default: is_in_sentence_ = false;
    }
    if (c != '.') return;
    dots_ = stop_end_ + 1 == after ? dots_ + 1 : 1;
    stop_end_ = after;
    facts_.symbols += dots_ % 3 == 0;
  }

  void judge_line(std::string_view line) {
    ++facts_.lines;
    const auto stripped = right_stripped(line);
    facts_.lines_with_ellipsis += stripped.ends_with("...") || stripped.ends_with("\u2026");
    facts_.lines_with_end_mark += stripped.ends_with('.') || stripped.ends_with('!') || stripped.ends_with('?') ||
                                  stripped.ends_with("\u201D");
    const auto first = first_character(line);
    facts_.lines_with_bullet += first >= 0x80 && bullets.find(first) != std::u32string_view::npos;
  }

  std::string_view text_;
  const TextSet* stop_words_;
  RawFacts& facts_;
  const std::uint8_t* classes_ = kernels::python_classes();
  Kind kind_ = Kind::space;
  unsigned token_bits_ = 0;
  std::size_t token_begin_ = 0;
  bool is_in_sentence_ = false;
  std::size_t stop_end_ = std::string_view::npos;
  std::size_t dots_ = 0;
};

/// For ASCII: the character in lower case, 0 for punctuation, a blank for white space.
constexpr std::array<char, 128> ascii_map = [] {
  std::array<char, 128> map{};
  for (int c = 0; c < 128; ++c) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_blank = (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20);
    const bool is_kept = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c < 0x20 || c == 0x7F;
    map[static_cast<std::size_t>(c)] = static_cast<char>(is_upper ? c + 32 : is_blank ? ' ' : is_kept ? c : 0);
  }
  return map;
}();

}  // namespace

double rounded(double value) { return std::nearbyint(value * 1e8) / 1e8; }

RawFacts RawFacts::of(std::string_view text, const TextSet* stop_words) {
  RawFacts facts;
  RawReader(text, stop_words, facts).run();
  return facts;
}

void NormalText::read(std::string_view text) {
  bytes_.clear();
  bytes_.reserve(text.size() + 16);
  begins_.clear();
  words_.clear();
  is_in_word_ = false;
  word_characters_ = javascript_count_ = 0;
  numeric_fractions_ = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    read_line(text, begin, end);
    begin = end;
  }
  // The buffer has stopped moving only now.
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const auto end = i + 1 < words_.size() ? begins_[i + 1] - 1 : bytes_.size();
    words_[i].bytes = std::string_view(bytes_).substr(begins_[i], end - begins_[i]);
  }
}

void NormalText::read_line(std::string_view text, std::size_t begin, std::size_t end) {
  line_words_ = line_characters_ = line_numeric_ = 0;
  for (auto at = begin; at < end;) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80) {
      const auto from = at;
      const auto c = kernels::next_code_point(text, at);
      add_character(text, from, at, c);
      continue;
    }
    ++at;
    const char mapped = ascii_map[byte];
    // A NUL is kept by the definition; it maps to itself, as punctuation does to nothing.
    if (mapped == 0 && byte != 0) continue;
    if (mapped == ' ') {
      if (is_in_word_) end_word();
      continue;
    }
    if (!is_in_word_) begin_word();
    bytes_ += mapped;
    ++word_length_;
    line_numeric_ += mapped >= '0' && mapped <= '9';
    if (needs_order_) points_.push_back(static_cast<char32_t>(mapped));
  }
  if (is_in_word_) end_word();
  if (line_words_ == 0) return;
  const auto characters = line_characters_ + line_words_ - 1;
  numeric_fractions_ += rounded(static_cast<double>(line_numeric_) / static_cast<double>(characters));
}

void NormalText::add_character(std::string_view text, std::size_t begin, std::size_t end, char32_t code_point) {
  const auto* classes = kernels::python_classes();
  const auto bits = classes[code_point];
  if ((bits & PythonClass::space) != 0) {
    if (is_in_word_) end_word();
    return;
  }
  if (!is_in_word_) begin_word();
  if ((bits & PythonClass::fixed) != 0 && !needs_order_) {
    bytes_.append(text.substr(begin, end - begin));
    ++word_length_;
    line_numeric_ += (bits & PythonClass::numeric) != 0;
    return;
  }
  if (!needs_order_) {
    points_.clear();
    const auto word = std::string_view(bytes_).substr(word_begin_);
    for (std::size_t at = 0; at < word.size();) points_.push_back(kernels::next_code_point(word, at));
    needs_order_ = true;
  }
  const bool is_final = code_point == 0x3A3 && kernels::is_final_sigma(text.substr(0, begin), text.substr(end));
  const auto before = points_.size();
  kernels::append_lower_decomposed(code_point, is_final, points_);
  for (auto at = before; at < points_.size(); ++at) line_numeric_ += (classes[points_[at]] & PythonClass::numeric) != 0;
  word_length_ += static_cast<std::uint32_t>(points_.size() - before);
}

void NormalText::begin_word() {
  if (!begins_.empty()) bytes_ += ' ';
  word_begin_ = bytes_.size();
  begins_.push_back(word_begin_);
  word_length_ = 0;
  is_in_word_ = true;
  needs_order_ = false;
}

void NormalText::end_word() {
  if (needs_order_) {
    kernels::order_combining_marks(points_);
    bytes_.resize(word_begin_);
    for (const auto c : points_) kernels::append_code_point(bytes_, c);
  }
  needs_order_ = false;
  is_in_word_ = false;
  ++line_words_;
  line_characters_ += word_length_;
  word_characters_ += word_length_;
  javascript_count_ += std::string_view(bytes_).substr(word_begin_) == "javascript";
  words_.push_back({.characters = word_length_});
}

}  // namespace gristmill::ops
