// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gristmill/kernels/pii/checksum.h"
#include "gristmill/kernels/pii/id_checks.h"
#include "gristmill/kernels/pii/id_types.h"

namespace gristmill::kernels::pii {
namespace {

unsigned two_digits(std::string_view number, std::size_t at) noexcept {
  return static_cast<unsigned>(value_of(number.substr(at, 2)));
}

/// PESEL: the century is in the month (+80, 0, +20, +40, +60).
bool is_pl_pesel(std::string_view number) noexcept {
  const unsigned month = two_digits(number, 2) % 20;
  const unsigned day = two_digits(number, 4);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
         weighted_sum(number, {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1}) % 10 == 0;
}

bool is_pl_nip(std::string_view number) noexcept {
  return weighted_sum(number, {6, 5, 7, 2, 3, 4, 5, 6, 7}) % 11 == digit_of(number, 9) && !is_repeated(number);
}

/// Identity card: the check digit is the fourth character.
bool is_pl_id_card(std::string_view number) noexcept {
  constexpr std::array<int, 9> weights{7, 3, 1, 9, 7, 3, 1, 7, 3};
  int sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * letter_value(number[i]);
  return sum % 10 == 0;
}

/// Rodne cislo: women add 50 to the month, 20 when a day's serials are used up; divisible by 11.
bool is_cz_birth_number(std::string_view number) noexcept {
  const unsigned month = two_digits(number, 2) % 50 % 20;
  const unsigned day = two_digits(number, 4);
  const auto head = value_of(number.substr(0, 9));
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
         head % 11 % 10 == static_cast<unsigned>(digit_of(number, 9));
}

bool is_hu_tax_id(std::string_view number) noexcept {
  return number[0] == '8' && weighted_sum(number, {1, 2, 3, 4, 5, 6, 7, 8, 9}) % 11 == digit_of(number, 9);
}

bool is_hu_taj(std::string_view number) noexcept {
  return weighted_sum(number, {3, 7, 3, 7, 3, 7, 3, 7}) % 10 == digit_of(number, 8) && !is_repeated(number);
}

bool is_ro_cnp(std::string_view number) noexcept {
  const int rest = weighted_sum(number, {2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9}) % 11;
  return number[0] != '0' && is_yymmdd(number.substr(1, 6)) && digit_of(number, 12) == (rest == 10 ? 1 : rest);
}

/// EGN: the month carries the century (+20 for the 1800s, +40 for the 2000s).
bool is_bg_egn(std::string_view number) noexcept {
  const unsigned month = two_digits(number, 2) % 20;
  const unsigned day = two_digits(number, 4);
  return month >= 1 && month <= 12 && two_digits(number, 2) <= 52 && day >= 1 && day <= 31 &&
         weighted_sum(number, {2, 4, 8, 5, 10, 9, 7, 3, 6}) % 11 % 10 == digit_of(number, 9);
}

bool is_gr_afm(std::string_view number) noexcept {
  return weighted_sum(number, {256, 128, 64, 32, 16, 8, 4, 2}) % 11 % 10 == digit_of(number, 8) && !is_repeated(number);
}

bool is_gr_amka(std::string_view number) noexcept { return is_ddmmyy(number.substr(0, 6)) && passes_luhn(number); }

bool is_hr_oib(std::string_view number) noexcept { return passes_mod_11_10(number); }

/// JMBG and EMSO of the former Yugoslav countries: DDMMYYY.
bool is_rs_jmbg(std::string_view number) noexcept {
  const auto day = two_digits(number, 0);
  const auto month = two_digits(number, 2);
  const int rest = weighted_sum(number, {7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return day >= 1 && day <= 31 && month >= 1 && month <= 12 && rest != 1 &&
         digit_of(number, 12) == (rest == 0 ? 0 : 11 - rest);
}

bool is_tr_tckn(std::string_view number) noexcept {
  const int odd = weighted_sum(number, {1, 0, 1, 0, 1, 0, 1, 0, 1});
  const int even = weighted_sum(number, {0, 1, 0, 1, 0, 1, 0, 1});
  const int tenth = modulo(7 * odd - even, 10);
  return number[0] != '0' && digit_of(number, 9) == tenth && digit_of(number, 10) == (odd + even + tenth) % 10;
}

/// INN: ten digits for companies, twelve for people with two check digits.
bool is_ru_inn(std::string_view number) noexcept {
  if (is_repeated(number)) return false;
  if (number.size() == 10) {
    return weighted_sum(number, {2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == digit_of(number, 9);
  }
  return weighted_sum(number, {7, 2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == digit_of(number, 10) &&
         weighted_sum(number, {3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}) % 11 % 10 == digit_of(number, 11);
}

bool is_ru_snils(std::string_view number) noexcept {
  const int sum = weighted_sum(number, {9, 8, 7, 6, 5, 4, 3, 2, 1});
  return !is_repeated(number.substr(0, 9)) && sum % 101 % 100 == static_cast<int>(two_digits(number, 9));
}

bool is_ua_rnokpp(std::string_view number) noexcept {
  return modulo(weighted_sum(number, {-1, 5, 7, 9, 4, 6, 10, 5, 7}), 11) % 10 == digit_of(number, 9) &&
         !is_repeated(number);
}

bool is_kz_iin(std::string_view number) noexcept {
  int check = weighted_sum(number, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) % 11;
  if (check == 10) check = weighted_sum(number, {3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2}) % 11;
  return is_yymmdd(number.substr(0, 6)) && check == digit_of(number, 11);
}

constexpr std::array types{
    IdType{kind_named("pl_pesel"), "PL", "?###########", "", is_pl_pesel, "pesel,numer pesel"},
    IdType{kind_named("pl_nip"), "PL", "?###-###-##-##|?###-##-##-###|?##########|?### ### ## ##", "", is_pl_nip,
           "nip,numer identyfikacji podatkowej,vat"},
    IdType{kind_named("pl_id_card"), "PL", "?@@@######|?@@@ ######", "", is_pl_id_card,
           "dowód,dowod,dowodu,dowód osobisty,seria i numer"},
    IdType{kind_named("cz_birth_number"), "CZ,SK", "######/####|?##########", "", is_cz_birth_number,
           "rodné číslo,rodne cislo,rodné čislo,r.č,birth number"},
    IdType{kind_named("hu_tax_id"), "HU", "?##########", "", is_hu_tax_id,
           "adóazonosító,adoazonosito,adóazonosító jel,tax id"},
    IdType{kind_named("hu_taj"), "HU", "?###_###_###|?#########", " -", is_hu_taj,
           "taj,taj szám,társadalombiztosítási"},
    IdType{kind_named("ro_cnp"), "RO", "?#############", "", is_ro_cnp, "cnp,cod numeric personal"},
    IdType{kind_named("bg_egn"), "BG", "?##########", "", is_bg_egn, "егн,ЕГН,egn,единен граждански"},
    IdType{kind_named("gr_afm"), "GR", "?#########", "", is_gr_afm, "αφμ,ΑΦΜ,Α.Φ.Μ,afm,α.φ.μ"},
    IdType{kind_named("gr_amka"), "GR", "?###########", "", is_gr_amka, "αμκα,ΑΜΚΑ,amka"},
    IdType{kind_named("hr_oib"), "HR", "?###########", "", is_hr_oib, "oib,osobni identifikacijski"},
    IdType{kind_named("rs_jmbg"), "RS,BA,SI,ME,MK,HR", "?#############", "", is_rs_jmbg,
           "jmbg,emšo,emso,матични број,јмбг,ЈМБГ,ЕМБГ,matični broj"},
    IdType{kind_named("tr_tckn"), "TR", "?###########", "", is_tr_tckn,
           "tckn,t.c. kimlik,tc kimlik,kimlik,kimlik no,kimlik numarası"},
    IdType{kind_named("ru_inn"), "RU", "?##########|?############", "", is_ru_inn, "инн,ИНН,inn"},
    IdType{kind_named("ru_snils"), "RU", "###-###-### ##|?###########|?###-###-###-##|?### ### ### ##", "", is_ru_snils,
           "снилс,СНИЛС,snils,страховой"},
    IdType{kind_named("ua_rnokpp"), "UA", "?##########", "", is_ua_rnokpp,
           "рнокпп,РНОКПП,іпн,ІПН,ідентифікаційний,код платника,rnokpp,інн,ІНН"},
    IdType{kind_named("kz_iin"), "KZ", "?############", "", is_kz_iin, "иин,ИИН,жсн,ЖСН,iin"},
};

}  // namespace

std::span<const IdType> east_european_ids() noexcept { return types; }

}  // namespace gristmill::kernels::pii
