// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/phone.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gristmill::kernels::pii {
namespace {

/// A written form. '#' is a digit, 'Z' 1-9, 'N' 2-9, 'M' 3-9, '_' one of `joiners` (the same all through); the rest
/// stands for itself. A no-break space counts as a blank.
struct Shape {
  std::string_view pattern;
  std::string_view joiners;
};

/// Usual national forms. They are many and alike on purpose: a form that is not here needs a '+' or a cue, because rows
/// of numbers, dates and article numbers look like telephone numbers of some country.
constexpr std::array shapes{
    // North America: area and exchange codes start with 2 to 9.
    Shape{"N##_N##_####", "-. "},
    Shape{"(N##) N##_####", "-. "},
    Shape{"(N##)N##_####", "-. "},
    Shape{"(N##)-N##-####", ""},
    Shape{"N##/N##-####", ""},
    Shape{"1_N##_N##_####", "-. "},
    Shape{"1 (N##) N##_####", "-. "},
    Shape{"1-(N##)-N##-####", ""},
    // France; Belgium and the Netherlands write some numbers alike.
    Shape{"0Z_##_##_##_##", " .-"},
    Shape{"0Z##_##_##_##", " ."},
    Shape{"0Z#_###_##_##", " ."},
    Shape{"0Z_###_##_##", " "},
    Shape{"0Z-########", ""},
    Shape{"0Z#-#######", ""},
    // United Kingdom, Ireland, Australia.
    Shape{"0Z###_######", " -"},
    Shape{"0Z###_###_###", " -"},
    Shape{"0Z##_###_####", " -"},
    Shape{"0Z##_###_###", " -"},
    Shape{"(0Z#) ####_####", " -"},
    Shape{"(0Z##) ###_####", " -"},
    Shape{"(0Z###) ######", ""},
    Shape{"(0Z###) ###_###", " -"},
    Shape{"(0Z) ####_####", " -"},
    // Japan, Korea, mainland China (landlines).
    Shape{"0Z-####-####", ""},
    Shape{"0Z#_####_####", "- "},
    Shape{"0Z#-###-####", ""},
    Shape{"0Z-###-####", ""},
    Shape{"0Z##-##-####", ""},
    Shape{"(0Z)####-####", ""},
    Shape{"(0Z#)###-####", ""},
    Shape{"0Z#-########", ""},
    Shape{"0Z##-#######", ""},
    Shape{"0Z##-########", ""},
    Shape{"(0Z#)########", ""},
    Shape{"(0Z##)#######", ""},
    Shape{"(0Z##)########", ""},
    // Chinese mobiles.
    Shape{"1M#########", ""},
    Shape{"1M#_####_####", "- "},
    // Germany, Austria.
    Shape{"0Z#/######", ""},
    Shape{"0Z#/#######", ""},
    Shape{"0Z#/########", ""},
    Shape{"0Z##/######", ""},
    Shape{"0Z##/#######", ""},
    Shape{"0Z###/######", ""},
    Shape{"(0Z#) ######", ""},
    Shape{"(0Z#) #######", ""},
    Shape{"(0Z#) ########", ""},
    Shape{"(0Z##) #######", ""},
    // Russia and its neighbours; Brazil.
    Shape{"8_###_###_##_##", "- "},
    Shape{"8 (###) ###_##_##", "- "},
    Shape{"8(###)###_##_##", "- "},
    Shape{"(ZZ) #####_####", "- "},
    Shape{"(ZZ) ####_####", "- "},
};

/// Digits before the first other character, by which shapes are told apart quickly.
constexpr std::size_t first_group(std::string_view pattern) noexcept {
  const auto begin = pattern.front() == '(' ? std::size_t{1} : std::size_t{0};
  const auto end = pattern.find_first_of("_ -./)", begin);
  return (end == std::string_view::npos ? pattern.size() : end) - begin;
}

constexpr std::array<std::uint8_t, shapes.size()> first_groups = [] {
  std::array<std::uint8_t, shapes.size()> lengths{};
  for (std::size_t i = 0; i < shapes.size(); ++i)
    lengths[i] = static_cast<std::uint8_t>(first_group(shapes[i].pattern));
  return lengths;
}();

bool fits_digit(char kind, char c) noexcept {
  switch (kind) {
    case '#': return is_digit(c);
    case 'Z': return c >= '1' && c <= '9';
    case 'N': return c >= '2' && c <= '9';
    case 'M': return c >= '3' && c <= '9';
    default: return c == kind;
  }
}

/// Matches a shape at a position: the end and the joiner used.
struct Fit {
  std::size_t end = 0;
  char joiner = '\0';
};

Fit fit_shape(const Shape& shape, std::string_view text, std::size_t begin) noexcept {
  Fit fit{.end = begin, .joiner = '\0'};
  for (const char kind : shape.pattern) {
    if (kind == ' ' || kind == '_') {
      const std::size_t blank = blank_length(text, fit.end);
      const char c = blank > 0 ? ' ' : byte_at(text, fit.end);
      if (kind == ' ') {
        if (c != ' ') return {};
      } else {
        if (fit.joiner == '\0' && c != '\0' && shape.joiners.find(c) != std::string_view::npos) fit.joiner = c;
        if (c != fit.joiner || c == '\0') return {};
      }
      fit.end += std::max<std::size_t>(blank, 1);
      continue;
    }
    if (!fits_digit(kind, byte_at(text, fit.end))) return {};
    ++fit.end;
  }
  return fit;
}

/// End of an extension such as "x123" behind a number, or `end` for none.
std::size_t extension_end(std::string_view text, std::size_t end) noexcept {
  constexpr std::size_t digits_max = 6;
  if (byte_at(text, end) != 'x' || !is_digit(byte_at(text, end + 1))) return end;
  const std::size_t last = digits_end(text.substr(0, end + 2 + digits_max), end + 1);
  return last - end - 1 <= digits_max ? last : end;
}

Span find_national(std::string_view text, std::size_t begin, std::size_t run_length) noexcept {
  const bool is_open = byte_before(text, begin) == '(';
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (first_groups[i] != run_length || (shapes[i].pattern.front() == '(') != is_open) continue;
    const std::size_t start = is_open ? begin - 1 : begin;
    auto fit = fit_shape(shapes[i], text, start);
    if (fit.end == 0) continue;
    fit.end = extension_end(text, fit.end);
    if (number_starts(text, start, fit.joiner) && number_ends(text, fit.end, fit.joiner)) return {start, fit.end};
  }
  return {};
}

/// Country codes of E.164, one bit a number below 1000.
class CountryCodes {
 public:
  constexpr CountryCodes() {
    for (const unsigned code : {1, 7, 20, 27, 36, 39, 81, 82, 84, 86, 98}) add(code, code);
    for (const auto& [first, last] : ranges) add(first, last);
  }
  [[nodiscard]] constexpr bool has(unsigned code) const noexcept {
    return ((bits_[code / 64] >> (code % 64)) & 1) != 0;
  }

 private:
  struct Range {
    unsigned first;
    unsigned last;
  };
  static constexpr std::array ranges{
      Range{30, 34},   Range{40, 41},   Range{43, 49},   Range{51, 58},   Range{60, 66},   Range{90, 95},
      Range{211, 213}, Range{216, 216}, Range{218, 218}, Range{220, 258}, Range{260, 269}, Range{290, 291},
      Range{297, 299}, Range{350, 359}, Range{370, 378}, Range{380, 383}, Range{385, 387}, Range{389, 389},
      Range{420, 421}, Range{423, 423}, Range{500, 509}, Range{590, 599}, Range{670, 670}, Range{672, 683},
      Range{685, 692}, Range{800, 800}, Range{808, 808}, Range{850, 850}, Range{852, 853}, Range{855, 856},
      Range{870, 870}, Range{878, 878}, Range{880, 883}, Range{886, 886}, Range{888, 888}, Range{960, 968},
      Range{970, 977}, Range{979, 979}, Range{992, 996}, Range{998, 998},
  };
  constexpr void add(unsigned first, unsigned last) {
    for (unsigned code = first; code <= last; ++code) bits_[code / 64] |= std::uint64_t{1} << (code % 64);
  }
  std::array<std::uint64_t, 16> bits_{};
};
constexpr CountryCodes country_codes;

/// Digits of a number written in any grouping, with at most one separator (blank, hyphen, dot, slash, parentheses and a
/// blank beside them) between groups.
struct LooseNumber {
  static constexpr std::size_t digits_max = 16;  // E.164 allows 15; "(0)" after the country code is not dialled
  std::array<char, digits_max> digits{};
  std::array<std::uint8_t, digits_max> lengths{};  ///< Digits of each group.
  std::size_t count = 0;
  std::size_t groups = 0;
  std::size_t end = 0;
  bool is_too_long = false;
};

/// Position of the next group after a separator at `end`, or npos.
std::size_t next_group(std::string_view text, std::size_t end) noexcept {
  std::size_t at = end + blank_length(text, end);
  const bool is_blank = at > end;
  const char c = byte_at(text, at);
  if (c == '(' || c == ')') {
    ++at;
    const std::size_t blank = blank_length(text, at);
    at += blank;
    if (blank == 0 && (byte_at(text, at) == '-' || byte_at(text, at) == '(')) ++at;
  } else if (!is_blank && (c == '-' || c == '.' || c == '/')) {
    ++at;
  }
  return at > end && is_digit(byte_at(text, at)) ? at : std::string_view::npos;
}

LooseNumber read_loose(std::string_view text, std::size_t begin, std::size_t digits_wanted) noexcept {
  LooseNumber number;
  number.end = begin;
  for (std::size_t at = begin; at != std::string_view::npos && number.count < digits_wanted;
       at = next_group(text, at)) {
    const std::size_t group_end = digits_end(text.substr(0, at + LooseNumber::digits_max + 1), at);
    if (number.count + (group_end - at) > LooseNumber::digits_max) {
      number.is_too_long = number.groups == 0 || byte_at(text, number.end) != ' ';
      return number;
    }
    number.lengths[number.groups++] = static_cast<std::uint8_t>(group_end - at);
    for (; at < group_end; ++at) number.digits[number.count++] = text[at];
    number.end = at;
  }
  return number;
}

bool ends_in_zeros(const LooseNumber& number) noexcept {
  constexpr std::size_t zeros = 6;
  return number.count >= zeros && std::all_of(number.digits.begin() + static_cast<std::ptrdiff_t>(number.count - zeros),
                                              number.digits.begin() + static_cast<std::ptrdiff_t>(number.count),
                                              [](char c) { return c == '0'; });
}

/// Day, month and year in either order, or from year to year.
bool is_date(const LooseNumber& number) noexcept {
  const auto& lengths = number.lengths;
  const auto is_century = [&](std::size_t at) {
    const auto head = std::string_view(number.digits.data() + at, 2);
    return head == "19" || head == "20";
  };
  if (number.groups == 2 && lengths[0] == 4 && lengths[1] == 4) return is_century(0) && is_century(4);
  if (number.groups != 3 || lengths[1] > 2) return false;
  return (lengths[0] <= 2 && lengths[2] == 4) || (lengths[0] == 4 && lengths[2] <= 2);
}

constexpr std::array<std::string_view, 39> phone_cues{
    "tel",      "phone",    "telephone", "call", "calling", "fax",     "mobile",  "mob.",    "cell",  "whatsapp",
    "sms",      "dial",     "desk:",     "ph:",  "ph.",     "hotline", "handy",   "telefon", "mobil", "telefono",
    "telefone", "teléfono", "teléfonos", "tél",  "móvil",   "celular", "telefax", "phones",  "тел",   "моб",
    "телефон",  "电话",     "電話",      "手机", "手機",    "传真",    "携帯",    "전화",    "هاتف"};

/// A number with country code whose first digit is at `begin`, behind a "+", "+(" or "00" that is at `start`.
Span find_international(std::string_view text, std::size_t begin, std::size_t start) noexcept {
  const char before = byte_before(text, start);
  if (is_alphanumeric(before) || before == '_' || before == '+') return {};
  const char first = byte_at(text, begin);
  const auto number = read_loose(text, begin, first == '1' ? 11 : 15);
  const auto digit = [&](std::size_t i) { return static_cast<unsigned>(number.digits[i] - '0'); };
  if (number.is_too_long || number.count < 8 || number.count > LooseNumber::digits_max || ends_in_zeros(number)) {
    return {};
  }
  const unsigned two = digit(0) * 10 + digit(1);
  if (first == '1') {
    if (number.count != 11 || digit(1) < 2 || digit(4) < 2) return {};
  } else if (first != '7' && (two < 20 || !(country_codes.has(two) || country_codes.has(two * 10 + digit(2))))) {
    return {};
  }
  const bool is_bare = number.groups == 1 && (number.count < 10 || text[start] == '0');
  if (is_bare && !has_cue_before(text, start, 24, phone_cues)) return {};
  const std::size_t end = extension_end(text, number.end);
  return number_ends(text, end, '\0') ? Span{start, end} : Span{};
}

/// 7 to 15 digits after a word such as "tel".
Span find_cued(std::string_view text, std::size_t begin) noexcept {
  const std::size_t start = byte_before(text, begin) == '(' ? begin - 1 : begin;
  const auto number = read_loose(text, begin, 15);
  if (number.is_too_long || number.count < 7 || number.count > 15 || number.groups > 6) return {};
  const bool is_dotted = number.groups == 4 && byte_at(text, digits_end(text, begin)) == '.';
  if (is_date(number) || is_dotted || ends_in_zeros(number)) return {};
  const std::size_t end = extension_end(text, number.end);
  if (!number_starts(text, start, ' ') || !number_ends(text, end, '\0')) return {};
  return has_cue_before(text, start, 24, phone_cues) ? Span{start, end} : Span{};
}

}  // namespace

Span find_phone(std::string_view text, std::size_t begin) noexcept {
  if (byte_before(text, begin) == '+') return find_international(text, begin, begin - 1);
  if (text.substr(0, begin).ends_with("+(")) return find_international(text, begin, begin - 2);
  if (text.substr(begin, 2) == "00" && byte_at(text, begin + 2) > '0' && number_starts(text, begin, ' ')) {
    const auto dialled = find_international(text, begin + 2, begin);
    if (!dialled.empty()) return dialled;
  }
  const std::size_t run_end = digits_end(text.substr(0, begin + 20), begin);
  const std::size_t run_length = run_end - begin;
  if (run_length > 15) return {};
  // Most numbers in text stand alone and are too short to be dialled.
  if (run_length < 7 && next_group(text, run_end) == std::string_view::npos) return {};
  // Eleven digits in one piece are a Chinese mobile, unless something is counted that way.
  constexpr std::array<std::string_view, 12> counted{"order", "invoice", "ticket", "tracking", "parcel", "serial",
                                                     "订单",  "单号",    "编号",   "流水号",   "訂單",   "快递"};
  if (run_length == 11 && has_cue_before(text, begin, 24, counted)) return {};
  const auto national = find_national(text, begin, run_length);
  return national.empty() ? find_cued(text, begin) : national;
}

}  // namespace gristmill::kernels::pii
