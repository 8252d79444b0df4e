// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gristmill/kernels/pii/checksum.h"
#include "gristmill/kernels/pii/id_checks.h"
#include "gristmill/kernels/pii/id_types.h"

namespace gristmill::kernels::pii {
namespace {

bool is_in_aadhaar(std::string_view number) noexcept {
  return number[0] >= '2' && passes_verhoeff(number) && !is_repeated(number);
}

/// Fourth letter: sort of holder (P is a person).
bool is_in_pan(std::string_view number) noexcept {
  return std::string_view("ABCFGHJLPT").find(number[3]) != std::string_view::npos && number.substr(5, 4) != "0000";
}
bool is_in_pan_of_person(std::string_view number) noexcept { return number[3] == 'P' && is_in_pan(number); }

/// One or two letters, six digits and a check character 0-9 or A; a missing first letter counts as 36.
bool is_hk_id(std::string_view number) noexcept {
  const std::size_t letters = number.size() - 7;
  int sum = letters == 1 ? 9 * 36 : 9 * letter_value(number[0]);
  sum += 8 * letter_value(number[letters - 1]);
  sum += weighted_sum(number.substr(letters), {7, 6, 5, 4, 3, 2});
  const char check = number.back();
  if (check > '9' && check != 'A') return false;
  return (sum + (check == 'A' ? 10 : check - '0')) % 11 == 0;
}

/// Letters count as 10 to 35 in the order of the counties' founding; sex 1 or 2, residents 8 or 9.
bool is_tw_id(std::string_view number) noexcept {
  constexpr std::string_view order = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
  const int county = static_cast<int>(order.find(number[0])) + 10;
  if (std::string_view("1289").find(number[1]) == std::string_view::npos) return false;
  return (county / 10 + 9 * (county % 10) + weighted_sum(number.substr(1), {8, 7, 6, 5, 4, 3, 2, 1, 1})) % 10 == 0;
}

/// Date and sex; numbers given out since October 2020 have no check digit.
bool is_kr_rrn(std::string_view number) noexcept {
  return is_yymmdd(number.substr(0, 6)) && number[6] >= '1' && number[6] <= '8';
}
bool is_checked_kr_rrn(std::string_view number) noexcept {
  const int sum = weighted_sum(number, {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5});
  return is_kr_rrn(number) && digit_of(number, 12) == (11 - sum % 11) % 10;
}

bool is_jp_my_number(std::string_view number) noexcept {
  const int rest = weighted_sum(number, {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return digit_of(number, 11) == (rest <= 1 ? 0 : 11 - rest) && !is_repeated(number);
}

/// S and T are citizens, F, G and M foreigners.
bool is_sg_nric(std::string_view number) noexcept {
  int sum = weighted_sum(number.substr(1), {2, 7, 6, 5, 4, 3, 2});
  std::string_view letters;
  switch (number[0]) {
    case 'S': letters = "JZIHGFEDCBA"; break;
    case 'T': letters = "GFEDCBAJZIH"; break;
    case 'F': letters = "XWUTRQPNMLK"; break;
    case 'G': letters = "RQPNMLKXWUT"; break;
    case 'M':
      sum += 3;
      letters = "XWUTRQPNJLK";
      break;
    default: return false;
  }
  return number[8] == letters[static_cast<std::size_t>(sum % 11)];
}

/// Date of birth and a place code that is in use.
bool is_my_nric(std::string_view number) noexcept {
  const auto place = value_of(number.substr(6, 2));
  const bool is_place = place >= 1 && place <= 99 && place != 17 && place != 18 && place != 19 && place != 20 &&
                        place != 69 && place != 70 && place != 73 && place != 80 && place != 81 && place != 94 &&
                        place != 95 && place != 96 && place != 97;
  return is_yymmdd(number.substr(0, 6)) && is_place;
}

bool is_th_id(std::string_view number) noexcept {
  const int sum = weighted_sum(number, {13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2});
  return number[0] >= '1' && number[0] <= '8' && digit_of(number, 12) == (11 - sum % 11) % 10;
}

/// Province, then the date with 40 added to the day for women.
bool is_id_nik(std::string_view number) noexcept {
  const auto province = value_of(number.substr(0, 2));
  const auto day = value_of(number.substr(6, 2)) % 40;
  const auto month = value_of(number.substr(8, 2));
  return province >= 11 && province <= 97 && day >= 1 && day <= 31 && month >= 1 && month <= 12 &&
         number.substr(12) != "0000";
}

bool is_vn_cccd(std::string_view number) noexcept {
  const auto province = value_of(number.substr(0, 3));
  return province >= 1 && province <= 96 && number[3] <= '3';
}

bool is_pk_cnic(std::string_view number) noexcept {
  return number[0] >= '1' && number[0] <= '8' && number[12] != '0' && !is_repeated(number);
}

/// Old form: year, day of the year (500 added for women), V or X; new form: twelve digits with the whole year.
bool is_lk_nic(std::string_view number) noexcept {
  const bool is_new = number.size() == 12;
  if (!is_new && number[9] != 'V' && number[9] != 'X') return false;
  const auto year = value_of(number.substr(0, 4));
  const auto day = value_of(number.substr(is_new ? 4 : 2, 3)) % 500;
  return day >= 1 && day <= 366 && (!is_new || (year >= 1900 && year <= 2029));
}

bool is_ae_emirates_id(std::string_view number) noexcept {
  const auto year = value_of(number.substr(3, 4));
  return year >= 1900 && year <= 2029 && passes_luhn(number);
}

bool is_sa_id(std::string_view number) noexcept {
  return (number[0] == '1' || number[0] == '2') && passes_luhn(number) && !is_repeated(number);
}

bool is_ir_national_code(std::string_view number) noexcept {
  const int rest = weighted_sum(number, {10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return digit_of(number, 9) == (rest < 2 ? rest : 11 - rest) && !is_repeated(number);
}

bool is_il_id(std::string_view number) noexcept { return passes_luhn(number) && !is_repeated(number); }

bool is_kw_civil_id(std::string_view number) noexcept {
  const int check = 11 - weighted_sum(number, {2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}) % 11;
  return number[0] >= '1' && number[0] <= '3' && is_yymmdd(number.substr(1, 6)) && check == digit_of(number, 11);
}

constexpr std::array types{
    IdType{kind_named("in_aadhaar"), "IN", "?####_####_####|?############", " -", is_in_aadhaar,
           "aadhaar,aadhar,uidai,uid,आधार"},
    IdType{kind_named("in_pan"), "IN", "@@@@@####@", "", is_in_pan_of_person, "pan"},
    IdType{kind_named("in_pan"), "IN", "?@@@@@####@", "", is_in_pan, "pan,pan card,permanent account"},
    IdType{kind_named("hk_id"), "HK", "@######(*)|@@######(*)|?@######*|?@@######*", "", is_hk_id,
           "hkid,identity card,身份證,身份证,id card,香港身份"},
    IdType{kind_named("tw_id"), "TW", "?@#########", "", is_tw_id,
           "身分證,身份證,統一編號,national id,taiwan,arc,身分证,身份证,居留證"},
    IdType{kind_named("kr_rrn"), "KR", "######-#######", "", is_checked_kr_rrn, "주민등록번호"},
    IdType{kind_named("kr_rrn"), "KR", "?######-#######|?#############", "", is_kr_rrn,
           "주민등록번호,주민번호,주민,외국인등록번호,resident registration,rrn"},
    IdType{kind_named("jp_my_number"), "JP", "?############|?####_####_####", " -", is_jp_my_number,
           "マイナンバー,個人番号,my number,mynumber"},
    IdType{kind_named("sg_nric"), "SG", "@#######@", "", is_sg_nric, "nric,fin"},
    IdType{kind_named("my_nric"), "MY", "######-##-####|?############", "", is_my_nric,
           "nric,mykad,kad pengenalan,no. kp,ic no,ic number"},
    IdType{kind_named("th_id"), "TH", "#-####-#####-##-#|?#############|?# #### ##### ## #", "", is_th_id,
           "บัตรประชาชน,ประชาชน,เลขประจำตัว,thai id,national id,citizen id"},
    IdType{kind_named("id_nik"), "ID", "?################", "", is_id_nik, "nik,ktp,induk kependudukan,e-ktp"},
    IdType{kind_named("vn_cccd"), "VN", "?############", "", is_vn_cccd,
           "cccd,căn cước,cmnd,căn cước công dân,chứng minh"},
    IdType{kind_named("pk_cnic"), "PK", "#####-#######-#|?#############", "", is_pk_cnic, "cnic,nic,nadra,شناختی کارڈ"},
    IdType{kind_named("lk_nic"), "LK", "?#########@|?############", "", is_lk_nic, "nic,national identity"},
    IdType{kind_named("ae_emirates_id"), "AE", "784-####-#######-#|?784############", "", is_ae_emirates_id,
           "emirates id,emirates,الهوية,identity"},
    IdType{kind_named("sa_id"), "SA", "?##########", "", is_sa_id, "iqama,national id,saudi,الهوية,إقامة,الإقامة"},
    IdType{kind_named("ir_national_code"), "IR", "?##########|?###-######-#", "", is_ir_national_code,
           "کد ملی,کدملی,national code,melli,ملی"},
    IdType{kind_named("il_id"), "IL", "?#########|?########-#", "", is_il_id,
           "תעודת זהות,ת.ז,ת\"ז,teudat zehut,teudat,israeli id,israel"},
    IdType{kind_named("kw_civil_id"), "KW", "?############", "", is_kw_civil_id,
           "civil id,kuwait,البطاقة المدنية,المدني"},
};

}  // namespace

std::span<const IdType> asian_ids() noexcept { return types; }

}  // namespace gristmill::kernels::pii
