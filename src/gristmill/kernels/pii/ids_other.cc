// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gristmill/kernels/pii/checksum.h"
#include "gristmill/kernels/pii/id_checks.h"
#include "gristmill/kernels/pii/id_types.h"

namespace gristmill::kernels::pii {
namespace {

bool is_au_tfn(std::string_view number) noexcept {
  return weighted_sum(number, {1, 4, 3, 7, 5, 8, 6, 9, 10}) % 11 == 0 && !is_repeated(number);
}

/// The ninth digit checks the first eight; the tenth counts issues of the card.
bool is_au_medicare(std::string_view number) noexcept {
  return number[0] >= '2' && number[0] <= '6' && number[9] != '0' &&
         weighted_sum(number, {1, 3, 7, 9, 1, 3, 7, 9}) % 10 == digit_of(number, 8);
}

/// Eight or nine digits between 10 and 150 million; a second round of weights when the first gives 10.
bool is_nz_ird(std::string_view number) noexcept {
  const auto value = value_of(number);
  if (value <= 10'000'000 || value >= 150'000'000) return false;
  std::array<char, 9> padded{'0'};
  number.copy(padded.data() + (9 - number.size()), number.size());
  const std::string_view digits(padded.data(), padded.size());
  int check = modulo(-weighted_sum(digits, {3, 2, 7, 6, 5, 4, 3, 2}), 11);
  if (check == 10) check = modulo(-weighted_sum(digits, {7, 4, 3, 2, 5, 2, 7, 6}), 11);
  return check == digit_of(digits, 8);
}

bool is_za_id(std::string_view number) noexcept {
  return is_yymmdd(number.substr(0, 6)) && number[10] <= '2' && passes_luhn(number);
}

/// Century, date, governorate; the last digit's rule is not published.
bool is_eg_national_id(std::string_view number) noexcept {
  const auto governorate = value_of(number.substr(7, 2));
  return (number[0] == '2' || number[0] == '3') && is_yymmdd(number.substr(1, 6)) &&
         ((governorate >= 1 && governorate <= 35) || governorate == 88);
}

/// Passports have no check outside their machine-readable lines.
bool is_passport(std::string_view number) noexcept { return !is_repeated(number.substr(number.size() - 6)); }

bool is_imei(std::string_view number) noexcept { return passes_luhn(number) && !is_repeated(number); }

constexpr std::array types{
    IdType{kind_named("au_tfn"), "AU", "?###_###_###|?#########", " -", is_au_tfn, "tfn,tax file"},
    IdType{kind_named("au_medicare"), "AU", "?####_#####_#|?##########", " -", is_au_medicare, "medicare"},
    IdType{kind_named("nz_ird"), "NZ", "?##-###-###|?###-###-###|?########|?#########", "", is_nz_ird,
           "ird,inland revenue"},
    IdType{kind_named("za_id"), "ZA", "?#############|?###### #### ###", "", is_za_id,
           "south african id,south africa,identity number,id number,said,rsa id"},
    IdType{kind_named("eg_national_id"), "EG", "?##############", "", is_eg_national_id,
           "الرقم القومي,القومي,national id,egyptian"},
    IdType{kind_named("passport"), "", "?@@#######|?@########|?@#######|?@@######|?#########|?##@@#####|?@@@######", "",
           is_passport,
           "passport,passport no,passport number,reisepass,reisepassnummer,passnummer,passeport,pasaporte,passaporto,"
           "passaporte,paspoort,паспорт,护照,護照,旅券,パスポート,여권"},
    IdType{kind_named("imei"), "", "?###############|?##-######-######-#", "", is_imei, "imei"},
};

}  // namespace

std::span<const IdType> other_ids() noexcept { return types; }

}  // namespace gristmill::kernels::pii
