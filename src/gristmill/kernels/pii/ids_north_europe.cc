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

/// Luhn over the ten digits after the century, if that is written; coordination numbers add 60 to the day.
bool is_se_personnummer(std::string_view number) noexcept {
  if (number.size() == 12) {
    if (number.substr(0, 2) != "18" && number.substr(0, 2) != "19" && number.substr(0, 2) != "20") return false;
    number.remove_prefix(2);
  }
  const unsigned month = two_digits(number, 2);
  const unsigned day = two_digits(number, 4) % 60;
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && passes_luhn(number);
}

/// Two check digits modulo 11; D-numbers add 40 to the day, H-numbers to the month.
bool is_no_fodselsnummer(std::string_view number) noexcept {
  const unsigned day = two_digits(number, 0) % 40;
  const unsigned month = two_digits(number, 2) % 40;
  if (day < 1 || day > 31 || two_digits(number, 0) > 71 || month < 1 || month > 12) return false;
  return modulo(-weighted_sum(number, {3, 7, 6, 1, 8, 9, 4, 5, 2}), 11) == digit_of(number, 9) &&
         modulo(-weighted_sum(number, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2}), 11) == digit_of(number, 10);
}

/// Since 2007 the check digit no longer holds for all: the date is what remains.
bool is_dk_cpr(std::string_view number) noexcept { return is_ddmmyy(number.substr(0, 6)); }

/// Date, mark of the century (new marks since 2023), serial, and the rest modulo 31 as a character.
bool is_fi_hetu(std::string_view number) noexcept {
  // The marks '-' and '+' were taken for separators; without them the number is one shorter.
  const std::string_view serial = number.substr(number.size() - 4, 3);
  const auto rest = value_of(number.substr(0, 6)) * 1000 + value_of(serial);
  if (number.size() == 11 && std::string_view("ABCDEFUVWXY").find(number[6]) == std::string_view::npos) return false;
  return is_ddmmyy(number.substr(0, 6)) && value_of(serial) >= 2 &&
         number.back() == std::string_view("0123456789ABCDEFHJKLMNPRSTUVWXY")[rest % 31];
}

/// Estonia and Lithuania: two rounds of weights modulo 11.
bool has_baltic_check(std::string_view number) noexcept {
  int check = weighted_sum(number, {1, 2, 3, 4, 5, 6, 7, 8, 9, 1}) % 11;
  if (check == 10) check = weighted_sum(number, {3, 4, 5, 6, 7, 8, 9, 1, 2, 3}) % 11 % 10;
  return check == digit_of(number, 10);
}
bool is_ee_isikukood(std::string_view number) noexcept {
  return number[0] >= '1' && number[0] <= '8' && is_yymmdd(number.substr(1, 6)) && has_baltic_check(number);
}
bool is_lt_asmens_kodas(std::string_view number) noexcept {
  return number[0] != '0' && (number[0] == '9' || is_yymmdd(number.substr(1, 6))) && has_baltic_check(number);
}

bool is_lv_personas_kods(std::string_view number) noexcept {
  const int check = (1 + weighted_sum(number, {10, 5, 8, 4, 2, 1, 6, 3, 7, 9})) % 11 % 10;
  const bool is_new = number.starts_with("32");
  return (is_new || (is_ddmmyy(number.substr(0, 6)) && number[6] <= '2')) && check == digit_of(number, 10);
}

bool is_is_kennitala(std::string_view number) noexcept {
  const unsigned day = two_digits(number, 0) % 40;
  const unsigned month = two_digits(number, 2);
  if (day < 1 || day > 31 || month < 1 || month > 12 || (number[9] != '9' && number[9] != '0')) return false;
  return weighted_sum(number, {3, 2, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0;
}

constexpr std::array types{
    IdType{kind_named("se_personnummer"), "SE", "######-####|########-####|?######+####|?##########|?############", "",
           is_se_personnummer, "personnummer,personnr,pers.nr,samordningsnummer,person number"},
    IdType{kind_named("no_fodselsnummer"), "NO", "###### #####|?###########", "", is_no_fodselsnummer,
           "fødselsnummer,fodselsnummer,fødselsnr,personnummer,d-nummer,fnr,birth number"},
    IdType{kind_named("dk_cpr"), "DK", "?######-####|?##########|?###### ####", "", is_dk_cpr,
           "cpr,cpr-nr,cpr-nummer,personnummer"},
    IdType{kind_named("fi_hetu"), "FI", "######-###*|######@###*|######+###*", "", is_fi_hetu,
           "hetu,henkilötunnus,henkilotunnus,personbeteckning"},
    IdType{kind_named("ee_isikukood"), "EE", "?###########", "", is_ee_isikukood, "isikukood,isikukoodi,personal code"},
    IdType{kind_named("lt_asmens_kodas"), "LT", "?###########", "", is_lt_asmens_kodas,
           "asmens kodas,asmens kodą,personal code"},
    IdType{kind_named("lv_personas_kods"), "LV", "######-#####|?###########", "", is_lv_personas_kods,
           "personas kods,personas kodu,personal code"},
    IdType{kind_named("is_kennitala"), "IS", "######-####|?##########|?###### ####", "", is_is_kennitala,
           "kennitala,kennitölu,kt."},
};

}  // namespace

std::span<const IdType> north_european_ids() noexcept { return types; }

}  // namespace gristmill::kernels::pii
