// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/identity.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "gristmill/kernels/pii/checksum.h"

namespace gristmill::kernels::pii {
namespace {

unsigned number_at(std::string_view digits) noexcept {
  unsigned value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

/// Card numbers of an issuer: first four digits (more digits count as decimals of no interest) and lengths.
struct IssuerRange {
  unsigned first;
  unsigned last;
  unsigned shortest;
  unsigned longest;
  bool needs_cue = false;  ///< Bar codes or other long numbers look alike: only after "card" or the like.
};

/// ISO/IEC 7812 issuer ranges of the networks.
constexpr std::array issuers{
    IssuerRange{4000, 4999, 16, 16},  // Visa
    IssuerRange{5100, 5599, 16, 16},  // Mastercard
    IssuerRange{2221, 2720, 16, 16},  // Mastercard
    IssuerRange{3400, 3499, 15, 15},  // American Express
    IssuerRange{3700, 3799, 15, 15},  // American Express
    IssuerRange{6011, 6011, 16, 19},  // Discover
    IssuerRange{6440, 6599, 16, 19},  // Discover
    IssuerRange{3528, 3589, 16, 19},  // JCB
    IssuerRange{3000, 3059, 14, 14},  // Diners Club
    IssuerRange{3600, 3699, 14, 19},  // Diners Club
    IssuerRange{3800, 3999, 14, 19},  // Diners Club
    IssuerRange{6200, 6299, 16, 19},  // UnionPay
    IssuerRange{8100, 8171, 16, 19},  // UnionPay
    IssuerRange{2200, 2204, 16, 19},  // Mir
    IssuerRange{5018, 5018, 16, 19},  // Maestro
    IssuerRange{5020, 5020, 16, 19},  // Maestro
    IssuerRange{5038, 5038, 16, 19},  // Maestro
    IssuerRange{5893, 5893, 16, 19},  // Maestro
    IssuerRange{6304, 6304, 16, 19},  // Maestro
    IssuerRange{6759, 6763, 16, 19},  // Maestro
    IssuerRange{4000, 4999, 13, 13, true},  // Visa, early
    IssuerRange{4000, 4999, 19, 19, true},  // Visa, long
    IssuerRange{2131, 2131, 15, 15, true},  // JCB, early
    IssuerRange{1800, 1800, 15, 15, true},  // JCB, early
    IssuerRange{5000, 5099, 12, 19, true},  // Maestro
    IssuerRange{5600, 5899, 12, 19, true},  // Maestro
    IssuerRange{6000, 6999, 12, 19, true},  // Maestro
};

bool has_issuer(std::string_view digits, bool has_cue) noexcept {
  const unsigned head = number_at(digits.substr(0, 4));
  return std::ranges::any_of(issuers, [&](const IssuerRange& range) {
    return head >= range.first && head <= range.last && digits.size() >= range.shortest &&
           digits.size() <= range.longest && (has_cue || !range.needs_cue);
  });
}

bool has_card_cue(std::string_view text, std::size_t begin) noexcept {
  constexpr std::array<std::string_view, 10> cues{"card",    "visa",  "credit", "debit",   "cc ",
                                                  "maestro", "karte", "carte",  "tarjeta", "卡"};
  return has_cue_before(text, begin, 32, cues);
}

/// The digits of a card number as written, and where they end; none when it is not in groups as printed.
struct CardDigits {
  std::array<char, 20> digits{};
  std::size_t count = 0;
  std::size_t end = 0;
  char joiner = '\0';
};

bool append_group(std::string_view text, std::size_t length, CardDigits& card) noexcept {
  if (digits_end(text.substr(0, card.end + length + 1), card.end) != card.end + length) return false;
  for (std::size_t i = 0; i < length; ++i) card.digits[card.count++] = text[card.end++];
  return true;
}

/// Groups 4-4-4-4(-1 to 3), 4-6-5 and 4-6-4, all with the same blank or hyphen.
CardDigits read_grouped_card(std::string_view text, std::size_t begin) noexcept {
  CardDigits card{.digits = {}, .count = 0, .end = begin, .joiner = byte_at(text, begin + 4)};
  if ((card.joiner != ' ' && card.joiner != '-') || !append_group(text, 4, card)) return {};
  while (card.count < 19 && byte_at(text, card.end) == card.joiner && is_digit(byte_at(text, card.end + 1))) {
    const std::size_t length = digits_end(text.substr(0, card.end + 8), card.end + 1) - card.end - 1;
    const bool is_usual = card.count == 4    ? length == 4 || length == 6
                          : card.count == 8  ? length == 4
                          : card.count == 10 ? length == 4 || length == 5
                          : card.count == 12 ? length == 4
                                             : card.count == 16 && length <= 3;
    if (!is_usual) break;
    ++card.end;
    if (!append_group(text, length, card)) return {};
  }
  return card;
}

CardDigits read_plain_card(std::string_view text, std::size_t begin, std::size_t end) noexcept {
  CardDigits card{.digits = {}, .count = end - begin, .end = end, .joiner = '\0'};
  std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(begin), card.count, card.digits.begin());
  return card;
}

/// IBAN lengths by country (ISO 13616 registry).
constexpr std::string_view iban_lengths =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22"
    "GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20"
    "MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26"
    "UA29VA22VG24XK20YE30";

std::size_t iban_length(std::string_view country) noexcept {
  for (std::size_t i = 0; i < iban_lengths.size(); i += 4) {
    if (iban_lengths.substr(i, 2) == country) return number_at(iban_lengths.substr(i + 2, 2));
  }
  return 0;
}

/// First two digits of the administrative division codes (GB/T 2260), and 91 for foreigners' permits.
bool is_cn_region(unsigned code) noexcept {
  switch (code / 10) {
    case 1: return code >= 11 && code <= 15;
    case 2: return code >= 21 && code <= 23;
    case 3: return code >= 31 && code <= 37;
    case 4: return code >= 41 && code <= 46;
    case 5: return code >= 50 && code <= 54;
    case 6: return code >= 61 && code <= 65;
    case 8: return code >= 81 && code <= 83;
    default: return code == 71 || code == 91;
  }
}

bool is_date(unsigned year, unsigned month, unsigned day) noexcept {
  if (year < 1900 || year > 2099 || month < 1 || month > 12 || day < 1) return false;
  constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

}  // namespace

Span find_card(std::string_view text, std::size_t begin) noexcept {
  const std::size_t run_end = digits_end(text.substr(0, begin + 20), begin);
  const std::size_t length = run_end - begin;
  CardDigits card;
  if (length >= 12 && length <= 19) card = read_plain_card(text, begin, run_end);
  if (length == 4) card = read_grouped_card(text, begin);
  const std::string_view digits(card.digits.data(), card.count);
  if (digits.size() < 12 || !passes_luhn(digits)) return {};
  if (!has_issuer(digits, false) && !(has_issuer(digits, true) && has_card_cue(text, begin))) return {};
  if (!number_starts(text, begin, card.joiner) || !number_ends(text, card.end, card.joiner)) return {};
  return {begin, card.end};
}

Span find_iban(std::string_view text, std::size_t digits) noexcept {
  if (digits < 2 || !is_upper(text[digits - 2]) || !is_upper(text[digits - 1])) return {};
  if (!is_digit(byte_at(text, digits + 1))) return {};
  const std::size_t begin = digits - 2;
  if (is_alphanumeric(byte_before(text, begin)) || byte_before(text, begin) == '_') return {};
  const std::size_t length = iban_length(text.substr(begin, 2));
  std::size_t end = begin;
  std::size_t count = 0;
  const bool is_grouped = byte_at(text, begin + 4) == ' ';
  for (; count < length; ++count, ++end) {
    if (is_grouped && count > 0 && count % 4 == 0 && byte_at(text, end) == ' ') ++end;
    const char c = byte_at(text, end);
    if (!is_digit(c) && !is_upper(c)) return {};
  }
  if (length == 0 || is_alphanumeric(byte_at(text, end)) || byte_at(text, end) == '_') return {};
  if (!passes_mod_97(text.substr(begin, end - begin))) return {};
  return {begin, end};
}

Span find_us_ssn(std::string_view text, std::size_t begin) noexcept {
  const char joiner = byte_at(text, begin + 3);
  const bool is_joined = joiner == '-' || joiner == ' ';
  const std::size_t step = is_joined ? 1 : 0;
  const std::size_t end = begin + 9 + 2 * step;
  if (end > text.size()) return {};
  const auto area = text.substr(begin, 3);
  const auto group = text.substr(begin + 3 + step, 2);
  const auto serial = text.substr(begin + 5 + 2 * step, 4);
  const auto is_number = [](std::string_view part) { return std::ranges::all_of(part, is_digit); };
  if (!is_number(area) || !is_number(group) || !is_number(serial)) return {};
  if (is_joined && text[begin + 6] != joiner) return {};
  if (area == "000" || area == "666" || area[0] == '9' || group == "00" || serial == "0000") return {};
  // Printed on wallet inserts and in a leaflet, used by thousands (Social Security Administration, history pages).
  if ((area == "078" && group == "05" && serial == "1120") || (area == "219" && group == "09" && serial == "9999"))
    return {};
  if (!number_starts(text, begin, joiner == '-' ? '-' : ' ') || !number_ends(text, end, joiner == '-' ? '-' : ' '))
    return {};
  constexpr std::array<std::string_view, 4> cues{"ssn", "social security", "soc. sec", "social sec"};
  if (joiner != '-' && !has_cue_before(text, begin, 32, cues)) return {};
  return {begin, end};
}

Span find_cn_id(std::string_view text, std::size_t begin) noexcept {
  const std::size_t end = begin + 18;
  if (end > text.size() || digits_end(text.substr(0, end), begin) < begin + 17) return {};
  const auto number = text.substr(begin, 18);
  if (!passes_mod_11_2(number) || !is_cn_region(number_at(number.substr(0, 2)))) return {};
  if (!is_date(number_at(number.substr(6, 4)), number_at(number.substr(10, 2)), number_at(number.substr(12, 2))))
    return {};
  if (!number_starts(text, begin, '\0') || !number_ends(text, end, '\0')) return {};
  return {begin, end};
}

}  // namespace gristmill::kernels::pii
