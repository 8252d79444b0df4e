// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/redact/pii_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/base/hash.h"
#include "gristmill/kernels/pii/context.h"

namespace gristmill::ops {
namespace {

namespace pii = kernels::pii;

/// The stand-ins of FineWeb's pipeline, in its order.
constexpr std::array<std::string_view, 2> fineweb_emails{"email@example.com", "firstname.lastname@example.org"};
constexpr std::array<std::string_view, 6> fineweb_addresses{"22.214.171.124", "126.96.36.199",  "188.8.131.52",
                                                            "184.108.40.206", "220.127.116.11", "18.104.22.168"};

void append_name(pii::Kind kind, std::string& out) {
  for (const char c : pii::name_of(kind)) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

/// The same value however it is written: secrets and wallets as they stand, names and postal addresses without case and
/// repeated blanks, all else without case, blanks and signs between groups.
void normalize(std::string_view find, pii::Kind kind, std::string& value) {
  // The kind goes into the digest, so that equal digits of two kinds cannot be told to be equal.
  value = pii::name_of(kind);
  value += ':';
  const auto group = pii::group_of(kind);
  const bool is_exact = group == pii::Group::secret || kind == pii::Kind::bitcoin_address;
  const bool keeps_signs = kind == pii::Kind::email || kind == pii::Kind::ip_address || group == pii::Group::person;
  for (const char c : find) {
    const bool is_sign = static_cast<unsigned char>(c) < 0x80 && !pii::is_alphanumeric(c);
    if (!is_exact && is_sign && !keeps_signs) continue;
    if (!is_exact && c == ' ' && value.ends_with(' ')) continue;
    value += !is_exact && pii::is_upper(c) ? static_cast<char>(c + 32) : c;
  }
}

}  // namespace

Status PiiPolicy::set(std::string_view assignment) {
  const auto equals = assignment.find('=');
  const auto name = assignment.substr(0, equals);
  const auto word = equals == std::string_view::npos ? std::string_view{} : assignment.substr(equals + 1);
  const auto place = std::ranges::find(pii_action_names, word);
  if (place == pii_action_names.end()) {
    return invalid_argument(fmt::format("actions: '{}' must be KIND=ACTION, where ACTION is one of {}", assignment,
                                        "placeholder, remove, pseudonym, hash, drop, annotate"));
  }
  const auto action = static_cast<PiiAction>(place - pii_action_names.begin());
  bool is_known = false;
  for (std::size_t i = 0; i < pii::kind_count; ++i) {
    const auto& row = pii::kind_rows[i];
    if (row.name != name && pii::group_names[static_cast<std::size_t>(row.group)] != name) continue;
    actions_[i] = action;
    is_known = true;
  }
  if (is_known) return {};
  return invalid_argument(fmt::format("actions: '{}' is neither a kind nor a group of kinds", name));
}

void PiiPolicy::set_key(std::string key, std::size_t digits) {
  key_ = std::move(key);
  digits_ = digits;
}

bool PiiPolicy::uses(PiiAction action) const { return std::ranges::find(actions_, action) != actions_.end(); }

void PiiPolicy::append_replacement(std::string_view find, pii::Kind kind, std::size_t index, std::string& out,
                                   std::string& value) const {
  const auto what = action(kind);
  if (what == PiiAction::remove) return;
  if (what == PiiAction::annotate) {
    out += find;
    return;
  }
  if (style_ == Style::fineweb && what == PiiAction::placeholder) {
    if (kind == pii::Kind::email) return void(out += fineweb_emails[index % fineweb_emails.size()]);
    if (kind == pii::Kind::ip_address) return void(out += fineweb_addresses[index % fineweb_addresses.size()]);
  }
  out += '<';
  append_name(kind, out);
  if (what == PiiAction::pseudonym || what == PiiAction::hash) {
    normalize(find, kind, value);
    const auto digest = what == PiiAction::hash ? sha256_hex(value) : hmac_sha256_hex(key_, value);
    out += ':';
    out += std::string_view(digest).substr(0, digits_);
  }
  out += '>';
}

void PiiPolicy::rewrite(std::string_view text, const std::vector<pii::Match>& matches, std::string& out,
                        std::string& value) const {
  out.clear();
  std::array<std::size_t, pii::kind_count> seen{};
  std::size_t position = 0;
  for (const auto& [span, kind] : matches) {
    out += text.substr(position, span.begin - position);
    position = span.end;
    append_replacement(text.substr(span.begin, span.size()), kind, seen[static_cast<std::size_t>(kind)]++, out, value);
    // Taking out a word leaves its two blanks: one is enough.
    const bool is_between_blanks = span.begin > 0 && text[span.begin - 1] == ' ' && position < text.size() &&
                                   text[position] == ' ';
    if (action(kind) == PiiAction::remove && is_between_blanks) ++position;
  }
  out += text.substr(position);
}

}  // namespace gristmill::ops
