// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/simplify.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

constexpr char32_t capital_sigma = 0x3A3;
constexpr char32_t small_sigma = 0x3C3;
constexpr char32_t final_sigma = 0x3C2;

/// Signs beyond ASCII that become blanks: the set of datatrove 0.10, sorted.
constexpr std::array<char16_t, 33> signs{0xAB,   0xB4,   0xBB,   0x2013, 0x2014, 0x2019, 0x201C, 0x201D, 0x201E,
                                         0x2026, 0x2236, 0x2501, 0x25BA, 0x3001, 0x3002, 0x3008, 0x3009, 0x300A,
                                         0x300B, 0x300C, 0x300D, 0x3010, 0x3011, 0xFF01, 0xFF05, 0xFF08, 0xFF09,
                                         0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F, 0xFF5E};

/// Controls, signs and white space, all blanks in the end; from U+0080 on.
bool is_blank(char32_t c) {
  if (c <= 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
      c == 0x205F || c == 0x3000) {
    return true;
  }
  return c <= 0xFFFF && std::ranges::binary_search(signs, static_cast<char16_t>(c));
}

/// Marks that may stand once between the digits of one number.
bool is_number_mark(char32_t c) {
  return c == '.' || c == ',' || c == 0x60C || c == 0x66B || (c >= 0x2396 && c <= 0x2398);
}

bool is_digit(char32_t c) { return c < 0x80 ? c >= '0' && c <= '9' : is_decimal_digit(c); }

utf8proc_category_t category_of(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

/// Unicode property Cased, but for letters that are Case_Ignorable as well.
bool is_cased(char32_t c) {
  const auto category = category_of(c);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT ||
         c == 0xAA || c == 0xBA || (c >= 0x2160 && c <= 0x217F) || (c >= 0x24B6 && c <= 0x24E9) ||
         (c >= 0x1F130 && c <= 0x1F189);
}

/// Unicode property Case_Ignorable.
bool is_case_ignorable(char32_t c) {
  switch (category_of(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: break;
  }
  constexpr std::array<char16_t, 16> marks{0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,  0x5F4,  0x2018,
                                           0x2019, 0x2024, 0x2027, 0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E};
  return c == 0xFF1A || (c <= 0xFFFF && std::ranges::binary_search(marks, static_cast<char16_t>(c)));
}

/// Decodes the code point that ends before `position` and moves in front of it.
char32_t previous_code_point(std::string_view text, std::size_t& position) {
  do --position;
  while (position > 0 && (text[position] & 0xC0) == 0x80);
  auto at = position;
  return next_code_point(text, at);
}

/// Whether the sigma between `begin` and `end` ends a word (Unicode standard, 3.13, condition Final_Sigma).
bool is_final_sigma(std::string_view text, std::size_t begin, std::size_t end) {
  // Runs of marks longer than this belong to no word; the bound keeps the time linear.
  constexpr int looked_at_max = 256;
  bool has_letter_before = false;
  for (int i = 0; begin > 0 && i < looked_at_max; ++i) {
    const auto c = previous_code_point(text, begin);
    if (is_case_ignorable(c)) continue;
    has_letter_before = is_cased(c);
    break;
  }
  if (!has_letter_before) return false;
  for (int i = 0; end < text.size() && i < looked_at_max; ++i) {
    const auto c = next_code_point(text, end);
    if (!is_case_ignorable(c)) return !is_cased(c);
  }
  return true;
}

/// What an ASCII byte becomes: a letter in lower case, a blank, or 0 for a digit.
constexpr auto ascii_forms = [] {
  std::array<char, 128> forms{};
  for (unsigned c = 0; c < 128; ++c) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_lower = c >= 'a' && c <= 'z';
    forms[c] = static_cast<char>(is_upper ? c + 32 : is_lower ? c : c >= '0' && c <= '9' ? 0 : ' ');
  }
  return forms;
}();

/// First step: all but the marks.
class Simplifier {
 public:
  Simplifier(std::string_view text, std::string& out) : text_(text), out_(out) {}

  /// Returns whether anything but ASCII was written.
  bool run() {
    // Lower-casing adds at most half as much again (three bytes for two).
    out_.resize(text_.size() + text_.size() / 2 + 8);
    to_ = out_.data();
    while (position_ < text_.size()) {
      const auto byte = static_cast<unsigned char>(text_[position_]);
      if (byte >= 0x80) {
        beyond_ascii();
      } else if (const char form = ascii_forms[byte]; form == 0) {
        number();
      } else {
        ++position_;
        put_ascii(form);
      }
    }
    if (to_ != out_.data() && to_[-1] == ' ') --to_;
    out_.resize(static_cast<std::size_t>(to_ - out_.data()));
    return is_beyond_ascii_;
  }

 private:
  void put_ascii(char form) {
    // Of a run of blanks one stays, and none at the start.
    if (form == ' ' && (to_ == out_.data() || to_[-1] == ' ')) return;
    *to_++ = form;
  }

  /// Digits, and if another digit follows a single mark, that one and the digits behind it.
  void number() {
    skip_digits();
    auto after = position_;
    if (after < text_.size() && is_number_mark(next_code_point(text_, after)) && after < text_.size()) {
      auto digit_end = after;
      if (is_digit(next_code_point(text_, digit_end))) {
        position_ = digit_end;
        skip_digits();
      }
    }
    *to_++ = '0';
  }

  void skip_digits() {
    while (position_ < text_.size()) {
      auto after = position_;
      if (!is_digit(next_code_point(text_, after))) return;
      position_ = after;
    }
  }

  void beyond_ascii() {
    const auto begin = position_;
    const auto c = next_code_point(text_, position_);
    if (is_blank(c)) return put_ascii(' ');
    if (is_decimal_digit(c)) {
      position_ = begin;
      return number();
    }
    const bool is_sigma = c == capital_sigma;
    const auto lower = is_sigma ? (is_final_sigma(text_, begin, position_) ? final_sigma : small_sigma)
                                : static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
    to_ += utf8proc_encode_char(static_cast<utf8proc_int32_t>(lower), reinterpret_cast<utf8proc_uint8_t*>(to_));
    is_beyond_ascii_ = true;
  }

  std::string_view text_;
  std::string& out_;
  std::size_t position_ = 0;
  char* to_ = nullptr;
  bool is_beyond_ascii_ = false;
};

/// Ideographs and kana without marks: they decompose to themselves.
bool stays(char32_t c) {
  return (c >= 0x3041 && c <= 0x3046) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0x20000 && c <= 0x2F7FF);
}

/// Appends the canonical decomposition of text beyond ASCII without its marks.
void append_unmarked(std::string_view run, std::vector<utf8proc_int32_t>& buffer, std::string& out) {
  constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(run.data());
  const auto size = static_cast<utf8proc_ssize_t>(run.size());
  // No code point decomposes to more than four; each takes at least two bytes here.
  buffer.resize(run.size() * 2 + 8);
  const auto count = utf8proc_decompose(bytes, size, buffer.data(), static_cast<utf8proc_ssize_t>(buffer.size()),
                                        options);
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    const auto c = static_cast<char32_t>(buffer[static_cast<std::size_t>(i)]);
    if (category_of(c) != UTF8PROC_CATEGORY_MN) append_code_point(out, c);
  }
}

/// Last step: text without its marks. ASCII and ideographs never combine with what follows, so that runs of other
/// characters are decomposed by themselves.
void remove_marks(std::string_view text, std::string& out) {
  constexpr std::size_t run_bytes_max = 4096;  // Longer runs of marks belong to no text.
  std::vector<utf8proc_int32_t> buffer;
  std::size_t run = 0;  // Where the text begins that is not yet in `out`.
  std::size_t position = 0;
  const auto end_run = [&] {
    if (position > run) append_unmarked(text.substr(run, position - run), buffer, out);
  };
  while (position < text.size()) {
    auto after = position;
    const auto c = next_code_point(text, after);
    if (c < 0x80 || stays(c) || position - run >= run_bytes_max) {
      end_run();
      run = c < 0x80 || stays(c) ? after : position;
      out.append(text, position, run - position);
    }
    position = after;
  }
  end_run();
}

}  // namespace

void simplify_text(std::string_view text, std::string& out) {
  std::string lowered;
  if (!Simplifier(text, out).run()) return;
  lowered.swap(out);
  out.clear();
  out.reserve(lowered.size());
  remove_marks(lowered, out);
  while (out.ends_with(' ')) out.pop_back();
  out.erase(0, out.find_first_not_of(' '));
}

}  // namespace gristmill::kernels
