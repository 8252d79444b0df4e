// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "gristmill/kernels/pii/checksum.h"
#include "gristmill/kernels/pii/id_checks.h"
#include "gristmill/kernels/pii/id_types.h"

namespace gristmill::kernels::pii {
namespace {

/// HMRC: prefixes that are not given out, suffix A to D.
bool is_gb_nino(std::string_view number) noexcept {
  constexpr std::string_view unused = "BG GB NK KN TN NT ZZ";
  return std::string_view("DFIQUV").find(number[0]) == std::string_view::npos &&
         std::string_view("DFIOQUV").find(number[1]) == std::string_view::npos &&
         unused.find(number.substr(0, 2)) == std::string_view::npos && number[8] >= 'A' && number[8] <= 'D';
}

bool is_gb_nhs(std::string_view number) noexcept {
  return weighted_sum(number, {10, 9, 8, 7, 6, 5, 4, 3, 2, 1}) % 11 == 0 && !is_repeated(number);
}

bool is_gb_utr(std::string_view number) noexcept {
  const int rest = weighted_sum(number.substr(1), {6, 7, 8, 9, 10, 5, 4, 3, 2}) % 11;
  return number[0] == std::string_view("21987654321")[static_cast<std::size_t>(rest)];
}

/// Modulo 23 with W for 0; a second letter, if any, counts 9 times.
bool is_ie_pps(std::string_view number) noexcept {
  int sum = weighted_sum(number, {8, 7, 6, 5, 4, 3, 2});
  if (number.size() == 9) {
    if (std::string_view("ABHTWX").find(number[8]) == std::string_view::npos) return false;
    if (number[8] == 'A' || number[8] == 'B' || number[8] == 'H') sum += 9 * (number[8] - 'A' + 1);
  }
  return number[7] == std::string_view("WABCDEFGHIJKLMNOPQRSTUV")[static_cast<std::size_t>(sum % 23)];
}

/// Of the first ten digits exactly one occurs twice or three times, all others once or not at all.
bool is_de_tax_id(std::string_view number) noexcept {
  std::array<int, 10> counts{};
  for (std::size_t i = 0; i < 10; ++i) ++counts[static_cast<std::size_t>(digit_of(number, i))];
  const auto repeated = std::ranges::count_if(counts, [](int count) { return count > 1; });
  return number[0] != '0' && repeated == 1 && *std::ranges::max_element(counts) <= 3 && passes_mod_11_10(number);
}

/// Personalausweis: no vowels and no letters that look like digits; the check digit may be left out.
bool is_de_id_card(std::string_view number) noexcept {
  if (std::string_view("CFGHJKLMNPRTVWXYZ").find(number[0]) == std::string_view::npos) return false;
  if (number.find_first_of("ABDEIOQSU") != std::string_view::npos) return false;
  return number.size() == 9 || icao_check(number.substr(0, 9)) == digit_of(number, 9);
}

/// Rentenversicherungsnummer: area, date of birth, initial, serial; cross sums of the products.
bool is_de_pension_id(std::string_view number) noexcept {
  const auto day = value_of(number.substr(2, 2));
  const auto month = value_of(number.substr(4, 2));
  // Days above 50 tell apart people whose numbers would be the same.
  if (day % 50 < 1 || day % 50 > 31 || month < 1 || month > 12) return false;
  constexpr std::array<int, 12> weights{2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1};
  const int letter = number[8] - 'A' + 1;
  int sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const int digit = i < 8    ? digit_of(number, i)
                      : i == 8 ? letter / 10
                      : i == 9 ? letter % 10
                               : digit_of(number, i - 1);
    sum += digit * weights[i] / 10 + digit * weights[i] % 10;
  }
  return sum % 10 == digit_of(number, 11);
}

/// INSEE: key = 97 - rest modulo 97; Corsica's 2A and 2B count as 19 and 18.
bool is_fr_nir(std::string_view number) noexcept {
  std::array<char, 15> digits{};
  number.copy(digits.data(), 15);
  const auto sex = digits[0] - '0';
  const auto month = value_of(number.substr(3, 2));
  const bool is_month = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
  if (sex < 1 || sex > 8 || sex == 5 || sex == 6 || !is_month) return false;
  if (digits[6] >= 'A') {
    if (digits[5] != '2' || digits[6] > 'B') return false;
    digits[6] = digits[6] == 'A' ? '9' : '8';
    digits[5] = '1';
  }
  const std::string_view view(digits.data(), digits.size());
  return value_of(view.substr(0, 13)) % 97 + value_of(view.substr(13)) == 97;
}

bool is_fr_tax_id(std::string_view number) noexcept {
  return number[0] <= '3' && value_of(number.substr(0, 10)) % 511 == value_of(number.substr(10));
}

bool has_es_letter(unsigned long long number, char letter) noexcept {
  return std::string_view("TRWAGMYFPDXBNJZSQVHLCKE")[number % 23] == letter;
}
bool is_es_dni(std::string_view number) noexcept {
  return has_es_letter(value_of(number.substr(0, 8)), number[8]) && !is_repeated(number.substr(0, 8));
}
bool is_es_nie(std::string_view number) noexcept {
  if (number[0] < 'X' || number[0] > 'Z') return false;
  const auto first = static_cast<unsigned long long>(number[0] - 'X');
  return has_es_letter(first * 10'000'000 + value_of(number.substr(1, 7)), number[8]);
}

/// Agenzia delle Entrate: digits may be replaced by letters when two people would share a code.
bool is_it_codice_fiscale(std::string_view number) noexcept {
  constexpr std::string_view letters_for_digits = "LMNPQRSTUV";
  const auto digit = [&](std::size_t at) {
    const auto place = letters_for_digits.find(number[at]);
    return place != std::string_view::npos ? static_cast<int>(place) : number[at] <= '9' ? digit_of(number, at) : -1;
  };
  for (const std::size_t at : {6, 7, 9, 10, 12, 13, 14}) {
    if (digit(at) < 0) return false;
  }
  const int day = (digit(9) * 10 + digit(10)) % 40;
  if (std::string_view("ABCDEHLMPRST").find(number[8]) == std::string_view::npos || day < 1 || day > 31) return false;
  constexpr std::array<int, 26> odd{1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                    20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  int sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const int place = number[i] <= '9' ? digit_of(number, i) : number[i] - 'A';
    sum += i % 2 == 0 ? odd[static_cast<std::size_t>(place)] : place;
  }
  return number[15] == 'A' + sum % 26;
}

bool is_luhn_number(std::string_view number) noexcept { return passes_luhn(number) && !is_repeated(number); }

bool is_pt_nif(std::string_view number) noexcept {
  const int rest = weighted_sum(number, {9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return number[0] != '0' && (number[0] != '4' || number[1] == '5') &&
         digit_of(number, 8) == (rest < 2 ? 0 : 11 - rest);
}

bool is_nl_bsn(std::string_view number) noexcept {
  return weighted_sum(number, {9, 8, 7, 6, 5, 4, 3, 2, -1}) % 11 == 0 && !is_repeated(number);
}

/// Rest modulo 97 of the first nine digits, with a 2 before them for those born from 2000 on.
bool is_be_nrn(std::string_view number) noexcept {
  const auto head = value_of(number.substr(0, 9));
  const auto check = value_of(number.substr(9));
  const auto month = value_of(number.substr(2, 2)) % 20;
  if (month > 12 || value_of(number.substr(4, 2)) > 31) return false;
  return 97 - head % 97 == check || 97 - (2'000'000'000 + head) % 97 == check;
}

bool is_at_svnr(std::string_view number) noexcept {
  const auto month = value_of(number.substr(6, 2));
  return number[0] != '0' && month >= 1 && month <= 15 && value_of(number.substr(4, 2)) <= 31 &&
         weighted_sum(number, {3, 7, 9, 0, 5, 8, 4, 2, 1, 6}) % 11 == digit_of(number, 3);
}

/// EAN-13 with the country's number before it.
bool is_ch_ahv(std::string_view number) noexcept {
  return weighted_sum(number, {1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1}) % 10 == 0;
}

constexpr std::array types{
    IdType{kind_named("gb_nino"), "GB", "@@ ## ## ## @|?@@######@", "", is_gb_nino,
           "nino,national insurance,insurance number,ni number,ni no"},
    IdType{kind_named("gb_nhs"), "GB", "?###_###_####|?##########", " -", is_gb_nhs, "nhs,national health"},
    IdType{kind_named("gb_utr"), "GB", "?##########|?##### #####", "", is_gb_utr,
           "utr,unique taxpayer,taxpayer reference,tax reference"},
    IdType{kind_named("ie_pps"), "IE", "?#######@|?#######@@", "", is_ie_pps, "pps,ppsn,personal public service"},
    IdType{kind_named("de_tax_id"), "DE", "## ### ### ###|?###########", "", is_de_tax_id,
           "steuer-id,steuerid,steuer-identifikationsnummer,steueridentifikationsnummer,identifikationsnummer,idnr,"
           "steuernummer,steuerliche,tin,tax id"},
    IdType{kind_named("de_id_card"), "DE", "?@********#|?@********", "", is_de_id_card,
           "personalausweis,personalausweisnummer,ausweisnummer,ausweis-nr,ausweisnr,ausweis,perso,identity card,"
           "id card"},
    IdType{kind_named("de_pension_id"), "DE", "## ###### @ ###|?########@###|?##_######_@_###", " -/", is_de_pension_id,
           "rentenversicherung,rentenversicherungsnummer,sozialversicherungsnummer,versicherungsnummer,rvnr,svnr,"
           "sv-nummer,rv-nummer,social security,pension insurance"},
    IdType{kind_named("fr_nir"), "FR",
           "#_##_##_##_###_###_##|###############|#_##_##_#@_###_###_##|######@########|"
           "?############# ##|?######@###### ##",
           " .", is_fr_nir, "nir,sécurité sociale,securite sociale,insee,numéro de sécu,carte vitale"},
    IdType{kind_named("fr_tax_id"), "FR", "## ## ### ### ###|?#############", "", is_fr_tax_id,
           "numéro fiscal,numero fiscal,fiscal,spi,impôts,impots"},
    IdType{kind_named("es_dni"), "ES", "########@|########-@|##.###.###-@|?##.###.###@|?######## @", "", is_es_dni,
           "dni,nif,documento nacional,identidad,d.n.i"},
    IdType{kind_named("es_nie"), "ES", "@#######@|@-#######-@|?@#######-@", "", is_es_nie, "nie,extranjero,n.i.e"},
    IdType{kind_named("it_codice_fiscale"), "IT", "@@@@@@**@**@***@", "", is_it_codice_fiscale,
           "codice fiscale,cod. fisc"},
    IdType{kind_named("it_partita_iva"), "IT", "?###########|?IT###########", "",
           [](std::string_view number) noexcept { return is_luhn_number(number.substr(number.size() - 11)); },
           "partita iva,p.iva,p. iva,piva,iva"},
    IdType{kind_named("pt_nif"), "PT", "?###_###_###|?#########", " ", is_pt_nif,
           "nif,contribuinte,número fiscal,identificação fiscal"},
    IdType{kind_named("nl_bsn"), "NL", "?#########|?####_##_###|?###_###_###", ". ", is_nl_bsn,
           "bsn,burgerservicenummer,sofinummer,sofi-nummer,burger service"},
    IdType{kind_named("be_nrn"), "BE", "##.##.##-###.##|?###########|?##.##.##-###-##|?######-###-##|?###### ### ##",
           "", is_be_nrn,
           "rijksregister,rijksregisternummer,registre national,numéro national,national register,niss,insz,"
           "nationaal nummer"},
    IdType{kind_named("at_svnr"), "AT", "?#### ######|?##########", "", is_at_svnr,
           "svnr,sv-nr,sv-nummer,sozialversicherungsnummer,versicherungsnummer,sozialversicherung,social security"},
    IdType{kind_named("ch_ahv"), "CH", "756.####.####.##|756##########|?756 #### #### ##", "", is_ch_ahv,
           "ahv,avs,ahv-nummer,ahvn13,numéro avs,sozialversicherungsnummer"},
};

}  // namespace

std::span<const IdType> west_european_ids() noexcept { return types; }

}  // namespace gristmill::kernels::pii
