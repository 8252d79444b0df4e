// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/scan.h"

#include <algorithm>
#include <bit>

#include "gristmill/kernels/pii/anchors.h"
#include "gristmill/kernels/pii/birth_date.h"
#include "gristmill/kernels/pii/email.h"
#include "gristmill/kernels/pii/identity.h"
#include "gristmill/kernels/pii/names.h"
#include "gristmill/kernels/pii/network.h"
#include "gristmill/kernels/pii/phone.h"
#include "gristmill/kernels/pii/postal_address.h"
#include "gristmill/kernels/pii/secrets.h"
#include "gristmill/kernels/pii/wallet.h"

namespace gristmill::kernels::pii {
namespace {

/// The finds so far and where the next may begin.
class Scan {
 public:
  Scan(std::string_view text, const Wanted& wanted, std::vector<Match>& matches)
      : text_(text),
        wanted_(wanted),
        matches_(matches),
        wants_secrets_(wanted.kinds.has_any(Group::secret)),
        wants_ids_(wanted.kinds.has_any(Group::national_id) || wanted.kinds.has(Kind::imei)) {}

  void run() {
    std::uint64_t digit_before = 0;
    const bool wants_colons = wants_secrets_ || has(Kind::ip_address) || has(Kind::mac_address);
    for (std::size_t begin = 0; begin < text_.size(); begin += block_bytes) {
      auto anchors = anchors_at(text_, begin, wanted_.level);
      const std::uint64_t number_starts = anchors.digit & ~((anchors.digit << 1) | digit_before);
      digit_before = anchors.digit >> 63;
      if (!has(Kind::email)) anchors.at = 0;
      if (!wants_colons) anchors.colon = 0;
      if (!wants_secrets_) anchors.equals = anchors.head = 0;
      std::uint64_t left = anchors.at | anchors.colon | anchors.equals | anchors.head | number_starts;
      for (; left != 0; left &= left - 1) {
        const std::uint64_t bit = left & (~left + 1);
        const std::size_t position = begin + static_cast<std::size_t>(std::countr_zero(left));
        if (position < done_) continue;
        if (bit & anchors.at) {
          add(find_email(text_, position), Kind::email);
        } else if (bit & anchors.colon) {
          judge_colon(position);
        } else if (bit & anchors.equals) {
          judge_assignment(position, position + 1);
        } else {
          if ((bit & anchors.head) != 0 && judge_head(position)) continue;
          if ((bit & number_starts) != 0) judge_number(position);
        }
      }
    }
  }

 private:
  [[nodiscard]] bool has(Kind kind) const noexcept { return wanted_.kinds.has(kind); }

  /// Kinds with a checksum first: they are the surest.
  void judge_number(std::size_t position) {
    if (has(Kind::cn_id) && add(find_cn_id(text_, position), Kind::cn_id)) return;
    if (has(Kind::card) && add(find_card(text_, position), Kind::card)) return;
    if (has(Kind::iban) && add(find_iban(text_, position), Kind::iban)) return;
    if (has(Kind::us_ssn) && add(find_us_ssn(text_, position), Kind::us_ssn)) return;
    if (wants_ids_ && add(find_id(text_, position, wanted_.kinds))) return;
    if (judge_rare_number(position)) return;
    if (has(Kind::ip_address) && add(find_ipv4(text_, position, wanted_.public_ips_only), Kind::ip_address)) return;
    if (has(Kind::birth_date) && add(find_birth_date(text_, position), Kind::birth_date)) return;
    if (has(Kind::phone) && add(find_phone(text_, position), Kind::phone)) return;
    if (has(Kind::postal_address)) add(find_postal_address(text_, position), Kind::postal_address);
  }

  bool judge_rare_number(std::size_t position) {
    if (wants_secrets_ && add(find_numeric_token(text_, position))) return true;
    if (has(Kind::bitcoin_address) && add(find_bitcoin(text_, position), Kind::bitcoin_address)) return true;
    if (has(Kind::ethereum_address) && add(find_ethereum(text_, position), Kind::ethereum_address)) return true;
    if (!has(Kind::mac_address)) return false;
    // The first digit may stand in the first pair or in the second.
    for (const std::size_t separator : {position + 1, position + 2, position - 1, position - 2}) {
      if (byte_at(text_, separator) == '-' && add(find_mac_address(text_, separator), Kind::mac_address)) return true;
    }
    return false;
  }

  void judge_colon(std::size_t position) {
    if (has(Kind::ip_address) && add(find_ipv6(text_, position, wanted_.public_ips_only), Kind::ip_address)) return;
    if (has(Kind::mac_address) && add(find_mac_address(text_, position), Kind::mac_address)) return;
    if (!wants_secrets_) return;
    if (has(Kind::url_password) && add(find_url_password(text_, position), Kind::url_password)) {
      ++done_;  // The '@' behind it is not that of an address.
      return;
    }
    judge_assignment(position, position + 1);
  }

  /// A '=' or ':' whose last byte is before `after`.
  bool judge_assignment(std::size_t sign, std::size_t after) {
    const auto span = find_assigned(text_, sign, after);
    if (span.empty()) return false;
    // The issuer's name says more than that of the variable.
    return add(find_prefixed(text_, span.begin)) || (has(Kind::assigned_secret) && add(span, Kind::assigned_secret));
  }

  bool judge_head(std::size_t position) {
    if (static_cast<unsigned char>(text_[position]) == 0xEF) return judge_assignment(position, position + 3);
    return add(find_prefixed(text_, position));
  }

  bool add(const std::optional<Match>& match) {
    return match && wanted_.kinds.has(match->kind) && add(match->span, match->kind);
  }

  /// Takes a find in; one that began earlier swallows those inside it, one that would cut an earlier one is refused.
  bool add(Span span, Kind kind) {
    if (span.empty()) return false;
    auto keep = matches_.size();
    while (keep > 0 && matches_[keep - 1].span.begin >= span.begin) --keep;
    if (keep > 0 && matches_[keep - 1].span.end > span.begin) return false;
    matches_.resize(keep);
    matches_.push_back({span, kind});
    done_ = span.end;
    return true;
  }

  std::string_view text_;
  const Wanted& wanted_;
  std::vector<Match>& matches_;
  const bool wants_secrets_;
  const bool wants_ids_;
  std::size_t done_ = 0;
};

/// Adds the names that lie outside all other finds.
void add_names(std::string_view text, std::vector<Match>& matches) {
  std::vector<Span> names;
  find_names(text, names);
  const std::size_t known = matches.size();
  std::size_t next = 0;
  for (const auto& name : names) {
    while (next < known && matches[next].span.end <= name.begin) ++next;
    if (next == known || matches[next].span.begin >= name.end) matches.push_back({name, Kind::person_name});
  }
  std::ranges::inplace_merge(matches, matches.begin() + static_cast<std::ptrdiff_t>(known), {},
                             [](const Match& match) { return match.span.begin; });
}

}  // namespace

void find_pii(std::string_view text, const Wanted& wanted, std::vector<Match>& matches) {
  matches.clear();
  Scan(text, wanted, matches).run();
  if (wanted.kinds.has(Kind::person_name)) add_names(text, matches);
}

}  // namespace gristmill::kernels::pii
