// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gristmill::kernels::pii {

/// Families of kinds: they can be asked for by one name and are counted in one column each.
enum class Group : std::uint8_t { contact, network, financial, national_id, secret, person };
constexpr std::array<std::string_view, 6> group_names{"contact",     "network", "financial",
                                                      "national_id", "secret",  "person"};

/// One kind of personal data.
struct KindRow {
  std::string_view name;  ///< Identities start with the country's code (ISO 3166-1).
  Group group = Group::national_id;
};

/// All kinds, the only list of their names; a Kind is a place in it.
constexpr std::array kind_rows{
    KindRow{"email", Group::contact},
    KindRow{"phone", Group::contact},
    KindRow{"ip_address", Group::network},
    KindRow{"card", Group::financial},
    KindRow{"iban", Group::financial},
    KindRow{"us_ssn"},
    KindRow{"cn_id"},
    KindRow{"mac_address", Group::network},
    KindRow{"imei", Group::network},
    KindRow{"bitcoin_address", Group::financial},
    KindRow{"ethereum_address", Group::financial},
    KindRow{"postal_address", Group::contact},
    KindRow{"birth_date", Group::person},
    KindRow{"person_name", Group::person},
    // Secrets by their prefix or frame.
    KindRow{"private_key", Group::secret},
    KindRow{"jwt", Group::secret},
    KindRow{"url_password", Group::secret},
    KindRow{"assigned_secret", Group::secret},
    KindRow{"aws_access_key", Group::secret},
    KindRow{"github_token", Group::secret},
    KindRow{"gitlab_token", Group::secret},
    KindRow{"slack_token", Group::secret},
    KindRow{"stripe_key", Group::secret},
    KindRow{"google_api_key", Group::secret},
    KindRow{"openai_key", Group::secret},
    KindRow{"anthropic_key", Group::secret},
    KindRow{"huggingface_token", Group::secret},
    KindRow{"npm_token", Group::secret},
    KindRow{"pypi_token", Group::secret},
    KindRow{"sendgrid_key", Group::secret},
    KindRow{"twilio_key", Group::secret},
    KindRow{"shopify_token", Group::secret},
    KindRow{"digitalocean_token", Group::secret},
    KindRow{"telegram_token", Group::secret},
    // Identity, tax and health numbers.
    KindRow{"us_itin"},
    KindRow{"us_mbi"},
    KindRow{"us_npi"},
    KindRow{"ca_sin"},
    KindRow{"mx_curp"},
    KindRow{"mx_rfc"},
    KindRow{"br_cpf"},
    KindRow{"br_cnpj"},
    KindRow{"ar_cuit"},
    KindRow{"cl_rut"},
    KindRow{"co_nit"},
    KindRow{"pe_ruc"},
    KindRow{"ec_ci"},
    KindRow{"do_cedula"},
    KindRow{"ve_rif"},
    KindRow{"gb_nino"},
    KindRow{"gb_nhs"},
    KindRow{"gb_utr"},
    KindRow{"ie_pps"},
    KindRow{"de_tax_id"},
    KindRow{"de_id_card"},
    KindRow{"de_pension_id"},
    KindRow{"fr_nir"},
    KindRow{"fr_tax_id"},
    KindRow{"es_dni"},
    KindRow{"es_nie"},
    KindRow{"it_codice_fiscale"},
    KindRow{"it_partita_iva"},
    KindRow{"pt_nif"},
    KindRow{"nl_bsn"},
    KindRow{"be_nrn"},
    KindRow{"at_svnr"},
    KindRow{"ch_ahv"},
    KindRow{"pl_pesel"},
    KindRow{"pl_nip"},
    KindRow{"pl_id_card"},
    KindRow{"cz_birth_number"},
    KindRow{"hu_tax_id"},
    KindRow{"hu_taj"},
    KindRow{"ro_cnp"},
    KindRow{"bg_egn"},
    KindRow{"gr_afm"},
    KindRow{"gr_amka"},
    KindRow{"se_personnummer"},
    KindRow{"no_fodselsnummer"},
    KindRow{"dk_cpr"},
    KindRow{"fi_hetu"},
    KindRow{"ee_isikukood"},
    KindRow{"lt_asmens_kodas"},
    KindRow{"lv_personas_kods"},
    KindRow{"is_kennitala"},
    KindRow{"hr_oib"},
    KindRow{"rs_jmbg"},
    KindRow{"tr_tckn"},
    KindRow{"ru_inn"},
    KindRow{"ru_snils"},
    KindRow{"ua_rnokpp"},
    KindRow{"kz_iin"},
    KindRow{"in_aadhaar"},
    KindRow{"in_pan"},
    KindRow{"hk_id"},
    KindRow{"tw_id"},
    KindRow{"kr_rrn"},
    KindRow{"jp_my_number"},
    KindRow{"sg_nric"},
    KindRow{"my_nric"},
    KindRow{"th_id"},
    KindRow{"id_nik"},
    KindRow{"vn_cccd"},
    KindRow{"pk_cnic"},
    KindRow{"lk_nic"},
    KindRow{"au_tfn"},
    KindRow{"au_medicare"},
    KindRow{"nz_ird"},
    KindRow{"za_id"},
    KindRow{"il_id"},
    KindRow{"ae_emirates_id"},
    KindRow{"sa_id"},
    KindRow{"ir_national_code"},
    KindRow{"eg_national_id"},
    KindRow{"kw_civil_id"},
    KindRow{"passport"},
};
constexpr std::size_t kind_count = kind_rows.size();

/// Place in `kind_rows`; those that code of their own finds have names here.
enum class Kind : std::uint8_t {
  email,
  phone,
  ip_address,
  card,
  iban,
  us_ssn,
  cn_id,
  mac_address,
  imei,
  bitcoin_address,
  ethereum_address,
  postal_address,
  birth_date,
  person_name,
  private_key,
  jwt,
  url_password,
  assigned_secret,
};

constexpr std::string_view name_of(Kind kind) noexcept { return kind_rows[static_cast<std::size_t>(kind)].name; }
constexpr Group group_of(Kind kind) noexcept { return kind_rows[static_cast<std::size_t>(kind)].group; }

/// The kind of a name that is in the list; compilation fails for any other.
consteval Kind kind_named(std::string_view name) {
  std::size_t at = 0;
  while (kind_rows[at].name != name) ++at;
  return static_cast<Kind>(at);
}

/// A set of kinds.
class Kinds {
 public:
  void add(Kind kind) noexcept { bits_.set(static_cast<std::size_t>(kind)); }
  void add(Group group) noexcept {
    for (std::size_t i = 0; i < kind_count; ++i) {
      if (kind_rows[i].group == group) bits_.set(i);
    }
  }
  [[nodiscard]] bool has(Kind kind) const noexcept { return bits_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] bool has_any(Group group) const noexcept {
    for (std::size_t i = 0; i < kind_count; ++i) {
      if (kind_rows[i].group == group && bits_[i]) return true;
    }
    return false;
  }

 private:
  std::bitset<kind_count> bits_;
};

}  // namespace gristmill::kernels::pii
