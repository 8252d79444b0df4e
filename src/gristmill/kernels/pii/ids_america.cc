// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "gristmill/kernels/pii/checksum.h"
#include "gristmill/kernels/pii/id_checks.h"
#include "gristmill/kernels/pii/id_types.h"

namespace gristmill::kernels::pii {
namespace {

/// IRS: 9xx, and the groups that were handed out.
bool is_us_itin(std::string_view number) noexcept {
  const auto group = value_of(number.substr(3, 2));
  return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group <= 92) ||
         (group >= 94 && group <= 99);
}

/// CMS, Medicare Beneficiary Identifier: letters without S, L, O, I, B, Z.
bool is_us_mbi(std::string_view number) noexcept {
  return number[0] != '0' && number.find_first_of("SLOIBZ") == std::string_view::npos;
}

/// National Provider Identifier: Luhn over the number with 80840 before it, which adds 24.
bool is_us_npi(std::string_view number) noexcept {
  if (number[0] != '1' && number[0] != '2') return false;
  std::array<char, 15> whole{'8', '0', '8', '4', '0'};
  number.copy(whole.data() + 5, 10);
  return passes_luhn({whole.data(), whole.size()});
}

bool is_ca_sin(std::string_view number) noexcept {
  return number[0] != '0' && number[0] != '8' && passes_luhn(number) && !is_repeated(number);
}

/// RENAPO: alphabet with N-tilde at place 24, weights 18 to 2.
bool is_mx_curp(std::string_view number) noexcept {
  if ((number[10] != 'H' && number[10] != 'M' && number[10] != 'X') || !is_yymmdd(number.substr(4, 6))) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    const int value = letter_value(number[i]);
    sum += (value > 23 ? value + 1 : value) * (18 - static_cast<int>(i));
  }
  return digit_of(number, 17) == modulo(-sum, 10);
}

/// SAT: the date is all that every issued number keeps to; the check character is often not.
bool is_mx_rfc(std::string_view number) noexcept { return is_yymmdd(number.substr(number.size() - 9, 6)); }

/// Two check digits modulo 11, weights rising from the right, 10 counts as 0.
bool is_br_cpf(std::string_view number) noexcept {
  if (is_repeated(number)) return false;
  const int first = weighted_sum(number, {10, 9, 8, 7, 6, 5, 4, 3, 2});
  const int second = weighted_sum(number, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2});
  return digit_of(number, 9) == first * 10 % 11 % 10 && digit_of(number, 10) == second * 10 % 11 % 10;
}

bool is_br_cnpj(std::string_view number) noexcept {
  if (is_repeated(number)) return false;
  const int first = weighted_sum(number, {5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2});
  const int second = weighted_sum(number, {6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2});
  return digit_of(number, 12) == first * 10 % 11 % 10 && digit_of(number, 13) == second * 10 % 11 % 10;
}

bool is_ar_cuit(std::string_view number) noexcept {
  constexpr std::string_view prefixes = "20 23 24 27 30 33 34 50 51 55";
  if (prefixes.find(number.substr(0, 2)) == std::string_view::npos) return false;
  const int rest = weighted_sum(number, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return number[10] == std::string_view("09987654321")[static_cast<std::size_t>(rest)];
}

/// Modulo 11, weights 2 to 7 from the right; 10 is K.
bool is_cl_rut(std::string_view number) noexcept {
  int sum = 0;
  for (std::size_t i = 0; i + 1 < number.size(); ++i) {
    sum += digit_of(number, number.size() - 2 - i) * (2 + static_cast<int>(i % 6));
  }
  const char check = std::string_view("0K987654321")[static_cast<std::size_t>(sum % 11)];
  return number.back() == check || (check == 'K' && number.back() == 'k');
}

bool is_co_nit(std::string_view number) noexcept {
  constexpr std::array<int, 9> weights{3, 7, 13, 17, 19, 23, 29, 37, 41};
  int sum = 0;
  for (std::size_t i = 0; i + 1 < number.size(); ++i) sum += weights[i] * digit_of(number, number.size() - 2 - i);
  return number.back() == std::string_view("01987654321")[static_cast<std::size_t>(sum % 11)];
}

bool is_pe_ruc(std::string_view number) noexcept {
  constexpr std::string_view prefixes = "10 15 16 17 20";
  if (prefixes.find(number.substr(0, 2)) == std::string_view::npos) return false;
  const int sum = weighted_sum(number, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2});
  return digit_of(number, 10) == (11 - sum % 11) % 10;
}

bool is_ec_ci(std::string_view number) noexcept {
  const auto province = value_of(number.substr(0, 2));
  return ((province >= 1 && province <= 24) || province == 30 || province == 50) && number[2] <= '6' &&
         passes_luhn(number);
}

bool is_do_cedula(std::string_view number) noexcept { return passes_luhn(number) && !is_repeated(number); }

bool is_ve_rif(std::string_view number) noexcept {
  constexpr std::string_view types = "VEJPG";
  const auto type = types.find(number[0]);
  if (type == std::string_view::npos) return false;
  const int sum = 4 * (static_cast<int>(type) + 1) + weighted_sum(number.substr(1), {3, 2, 7, 6, 5, 4, 3, 2});
  return number[9] == std::string_view("00987654321")[static_cast<std::size_t>(sum % 11)];
}

constexpr std::array types{
    IdType{kind_named("us_itin"), "US", "9##-##-####|?9## ## ####|?9########", "", is_us_itin,
           "itin,taxpayer identification,taxpayer id,tax id,individual taxpayer"},
    IdType{kind_named("us_mbi"), "US", "#@*#-@*#-@@##|?#@*#@*#@@##", "", is_us_mbi,
           "mbi,medicare,beneficiary identifier"},
    IdType{kind_named("us_npi"), "US", "?##########", "", is_us_npi, "npi,national provider,provider identifier"},
    IdType{kind_named("ca_sin"), "CA", "?###_###_###|?#########", " -", is_ca_sin,
           "sin,social insurance,insurance number,nas,assurance sociale"},
    IdType{kind_named("mx_curp"), "MX", "@@@@######@@@@@@*#", "", is_mx_curp, "curp"},
    IdType{kind_named("mx_rfc"), "MX", "?@@@@######***|?@@@######***|?@@@@-######-***|?@@@-######-***", "", is_mx_rfc,
           "rfc,registro federal"},
    IdType{kind_named("br_cpf"), "BR", "###.###.###-##|?###########|?#########-##", "", is_br_cpf,
           "cpf,cadastro de pessoas,pessoa física"},
    IdType{kind_named("br_cnpj"), "BR", "##.###.###/####-##|?##############", "", is_br_cnpj, "cnpj"},
    IdType{kind_named("ar_cuit"), "AR", "##-########-#|?###########", "", is_ar_cuit, "cuit,cuil"},
    IdType{kind_named("cl_rut"), "CL", "##.###.###-*|?#.###.###-*|########-*|?#######-*|?#########", "", is_cl_rut,
           "rut,run,rol único,cédula de identidad"},
    IdType{kind_named("co_nit"), "CO", "?###.###.###-#|?#########-#|?##########", "", is_co_nit,
           "nit,rut,identificación tributaria"},
    IdType{kind_named("pe_ruc"), "PE", "?###########", "", is_pe_ruc, "ruc,registro único"},
    IdType{kind_named("ec_ci"), "EC", "?##########|?#########-#", "", is_ec_ci,
           "cédula,cedula,cédula de ciudadanía,identidad"},
    IdType{kind_named("do_cedula"), "DO", "###-#######-#|?###########", "", is_do_cedula, "cédula,cedula,electoral"},
    IdType{kind_named("ve_rif"), "VE", "@-########-#|?@#########|?@-#########", "", is_ve_rif, "rif,fiscal"},
};

}  // namespace

std::span<const IdType> american_ids() noexcept { return types; }

}  // namespace gristmill::kernels::pii
