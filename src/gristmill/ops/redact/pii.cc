// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/redact/pii.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace gristmill::ops {
namespace {

namespace pii = kernels::pii;

/// All kinds and groups, comma-separated, as `choices` wants them.
constexpr std::size_t choices_bytes = [] {
  std::size_t bytes = 0;
  for (const auto& row : pii::kind_rows) bytes += row.name.size() + 1;
  for (const auto name : pii::group_names) bytes += name.size() + 1;
  return bytes - 1;
}();
constexpr auto choices = [] {
  std::array<char, choices_bytes + 1> text{};
  std::size_t at = 0;
  const auto append = [&](std::string_view name) {
    if (at > 0) text[at++] = ',';
    for (const char c : name) text[at++] = c;
  };
  for (const auto name : pii::group_names) append(name);
  for (const auto& row : pii::kind_rows) append(row.name);
  return text;
}();

/// "pii.KIND" of each kind, the reason of a document dropped for it.
constexpr std::string_view reason_prefix = "pii.";
constexpr std::size_t reason_bytes_max = 32;
constexpr auto reason_texts = [] {
  std::array<std::array<char, reason_bytes_max>, pii::kind_count> texts{};
  for (std::size_t kind = 0; kind < pii::kind_count; ++kind) {
    std::size_t at = 0;
    for (const char c : reason_prefix) texts[kind][at++] = c;
    for (const char c : pii::kind_rows[kind].name) texts[kind][at++] = c;
  }
  return texts;
}();
constexpr auto reasons = [] {
  std::array<std::string_view, pii::kind_count> all{};
  for (std::size_t kind = 0; kind < pii::kind_count; ++kind) {
    all[kind] = {reason_texts[kind].data(), reason_prefix.size() + pii::kind_rows[kind].name.size()};
  }
  return all;
}();

constexpr std::array options{
    OptionSpec{.name = "kinds",
               .type = OptionType::string_list,
               .fallback = R"(["email", "phone", "ip_address", "financial", "national_id", "secret"])",
               .choices = {choices.data(), choices_bytes},
               .help = "What to look for: single kinds, or groups of them: contact (email, phone, postal_address), "
                       "network (ip_address, mac_address, imei), financial (cards, IBANs, wallets), national_id "
                       "(identity, tax, health and passport numbers of over 60 countries, named by country), secret "
                       "(keys, tokens, passwords), person (person_name, birth_date)"},
    OptionSpec{.name = "action",
               .type = OptionType::string,
               .fallback = "\"placeholder\"",
               .choices = "placeholder,remove,pseudonym,hash,drop,annotate",
               .help = "What to do with finds: put a placeholder such as <EMAIL>, take them out, put a pseudonym such "
                       "as <EMAIL:1f0c32a98b7d> that is the same for the same value and key, the same with an unkeyed "
                       "digest, drop the document, or only count"},
    OptionSpec{.name = "actions",
               .type = OptionType::string_list,
               .fallback = "[]",
               .help = "Other actions for some kinds or groups, as KIND=ACTION; later ones win"},
    OptionSpec{.name = "key",
               .type = OptionType::file,
               .fallback = "\"\"",
               .help = "File with the secret key of pseudonyms, at least 16 bytes, or env:NAME for a variable of the "
                       "environment"},
    OptionSpec{.name = "digits",
               .type = OptionType::integer,
               .fallback = "12",
               .minimum = 8,
               .maximum = 64,
               .help = "Hexadecimal digits of a pseudonym or hash"},
    OptionSpec{
        .name = "style",
        .type = OptionType::string,
        .fallback = "\"placeholder\"",
        .choices = "placeholder,fineweb",
        .help = "Placeholders: <EMAIL>, <PHONE>, ...; or as in FineWeb, invented e-mail and IP addresses in turn "
                "(from the first in each document)"},
    OptionSpec{.name = "public_ips_only",
               .type = OptionType::boolean,
               .fallback = "true",
               .help = "Leave private, loopback, documentation and other special addresses alone"},
};
/// The groups' columns come after the first two, in the order of the groups.
constexpr std::array columns{
    ColumnSpec{.name = "pii_count", .type = data::ColumnType::int64, .help = "Finds in the document"},
    ColumnSpec{.name = "pii_kinds",
               .type = data::ColumnType::string,
               .help = "Finds by kind, such as email=2,phone=1; null for none"},
    ColumnSpec{.name = "pii_contact", .type = data::ColumnType::int64, .help = "Finds of e-mail, telephone, address"},
    ColumnSpec{.name = "pii_network", .type = data::ColumnType::int64, .help = "Finds of network and device addresses"},
    ColumnSpec{.name = "pii_financial", .type = data::ColumnType::int64, .help = "Finds of cards, accounts, wallets"},
    ColumnSpec{.name = "pii_national_id", .type = data::ColumnType::int64, .help = "Finds of identity numbers"},
    ColumnSpec{.name = "pii_secret", .type = data::ColumnType::int64, .help = "Finds of keys and passwords"},
    ColumnSpec{.name = "pii_person", .type = data::ColumnType::int64, .help = "Finds of names and dates of birth"},
};
constexpr std::size_t first_group_column = 2;

using Counts = std::array<std::size_t, pii::kind_count>;

/// Number of finds by kind and by what was done with them.
using Tallies = std::array<std::array<std::int64_t, pii_action_names.size()>, pii::kind_count>;

struct MatchScratch final : Scratch {
  void count(pii::Kind kind, PiiAction action) {
    ++tallies[static_cast<std::size_t>(kind)][static_cast<std::size_t>(action)];
    has_tallies = true;
  }
  void add_to(Tally& tally) override;

  Tallies tallies{};
  bool has_tallies = false;
  std::vector<pii::Match> matches;
  std::string line;
  std::string text;
  std::string value;
};

/// Drops a document for a kind. All its finds are counted as gone with it; its text, which the report shows as an
/// example, has placeholders for them. A step that only annotates leaves it as it is.
Verdict drop(data::Document& document, pii::Kind kind, MatchScratch& scratch) {
  const auto action = scratch.keeps_dropped ? PiiAction::annotate : PiiAction::drop;
  for (const auto& match : scratch.matches) scratch.count(match.kind, action);
  if (!scratch.keeps_dropped) {
    static const PiiPolicy placeholders;
    placeholders.rewrite(document.text, scratch.matches, scratch.text, scratch.value);
    document.text = scratch.arena->copy(scratch.text);
  }
  return Verdict::dropped(reasons[static_cast<std::size_t>(kind)]);
}

void MatchScratch::add_to(Tally& tally) {
  if (!has_tallies) return;
  for (std::size_t kind = 0; kind < tallies.size(); ++kind) {
    for (std::size_t action = 0; action < tallies[kind].size(); ++action) {
      const auto count = tallies[kind][action];
      if (count > 0) tally[std::string(pii::kind_rows[kind].name)][std::string(pii_action_names[action])] += count;
    }
  }
  tallies = {};
  has_tallies = false;
}

Counts count_kinds(const std::vector<pii::Match>& matches) {
  Counts counts{};
  for (const auto& match : matches) ++counts[static_cast<std::size_t>(match.kind)];
  return counts;
}

void describe(const Counts& counts, std::string& line) {
  line.clear();
  for (std::size_t kind = 0; kind < counts.size(); ++kind) {
    if (counts[kind] == 0) continue;
    fmt::format_to(std::back_inserter(line), "{}{}={}", line.empty() ? "" : ",", pii::kind_rows[kind].name,
                   counts[kind]);
  }
}

void count_groups(const std::vector<pii::Match>& matches, data::Document& document, const Scratch& scratch) {
  std::array<std::int64_t, pii::group_names.size()> counts{};
  for (const auto& match : matches) ++counts[static_cast<std::size_t>(pii::group_of(match.kind))];
  for (std::size_t i = 0; i < counts.size(); ++i) {
    document.columns[scratch.columns_out[first_group_column + i]] = counts[i];
  }
}

Result<pii::Kinds> read_kinds(const std::vector<std::string>& names) {
  if (names.empty()) {
    return invalid_argument("redact.pii: kinds is empty; name at least one kind, or leave it out for the usual ones");
  }
  pii::Kinds kinds;
  for (const auto& name : names) {
    const auto group = std::ranges::find(pii::group_names, name) - pii::group_names.begin();
    if (group < std::ssize(pii::group_names)) {
      kinds.add(static_cast<pii::Group>(group));
      continue;
    }
    const auto place = std::ranges::find(pii::kind_rows, name, &pii::KindRow::name) - pii::kind_rows.begin();
    kinds.add(static_cast<pii::Kind>(place));
  }
  return kinds;
}

/// The bytes of a key file without the line's end that editors add.
std::string_view trimmed(std::string_view key) {
  while (key.ends_with('\n') || key.ends_with('\r')) key.remove_suffix(1);
  return key;
}

}  // namespace

constinit const Spec RedactPii::spec_{
    .name = "redact.pii",
    .version = 3,
    .kind = Kind::filter,
    .summary =
        "Finds personal data and secrets by pattern, checksum and context, and replaces, removes, drops or "
        "counts them.",
    .reference =
        "RFC 5321/5322 (e-mail), E.164 (telephone), RFC 4291 and IANA registries (IP), ISO/IEC 7812 (cards), "
        "ISO 13616 (IBAN), SSA rules (SSN), GB 11643 (Chinese resident identity), the issuers' published check "
        "digits (other identity numbers), BIP 173/350 and EIP-55 (wallets), RFC 2104 (pseudonyms)",
    .options = options,
    .columns_in = {},
    .columns_out = columns,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> RedactPii::make(const Options& given) {
  Settings settings;
  GRISTMILL_TRY(settings.wanted.kinds, read_kinds(given.strings("kinds")));
  auto& policy = settings.policy;
  const auto action = std::ranges::find(pii_action_names, given.string("action")) - pii_action_names.begin();
  policy.set_all(static_cast<PiiAction>(action));
  for (const auto& assignment : given.strings("actions")) {
    if (auto status = policy.set(assignment); !status) return std::move(status).error().within(spec_.name);
  }
  const auto* key = given.file("key");
  constexpr std::size_t key_bytes_min = 16;
  if (policy.uses(PiiAction::pseudonym) && (key == nullptr || trimmed(*key).size() < key_bytes_min)) {
    return invalid_argument("redact.pii: pseudonyms need `key`, a file or env:NAME with at least 16 secret bytes");
  }
  policy.set_key(key == nullptr ? std::string() : std::string(trimmed(*key)),
                 static_cast<std::size_t>(given.integer("digits")));
  if (given.string("style") == "fineweb") policy.set_style(PiiPolicy::Style::fineweb);
  settings.wanted.public_ips_only = given.boolean("public_ips_only");
  return std::make_unique<RedactPii>(std::move(settings));
}

std::unique_ptr<Scratch> RedactPii::make_scratch() const { return std::make_unique<MatchScratch>(); }

Verdict RedactPii::apply(data::Document& document, Scratch& scratch) const {
  auto& buffers = static_cast<MatchScratch&>(scratch);
  pii::find_pii(document.text, settings_.wanted, buffers.matches);
  document.columns[scratch.columns_out[0]] = static_cast<std::int64_t>(buffers.matches.size());
  count_groups(buffers.matches, document, scratch);
  if (buffers.matches.empty()) return Verdict::kept();
  describe(count_kinds(buffers.matches), buffers.line);
  document.columns[scratch.columns_out[1]] = scratch.arena->copy(buffers.line);
  const auto& policy = settings_.policy;
  const auto banned = std::ranges::find(buffers.matches, PiiAction::drop,
                                        [&](const pii::Match& match) { return policy.action(match.kind); });
  if (banned != buffers.matches.end()) return drop(document, banned->kind, buffers);
  bool is_changed = false;
  for (const auto& match : buffers.matches) {
    const auto action = policy.action(match.kind);
    buffers.count(match.kind, action);
    is_changed |= action != PiiAction::annotate;
  }
  if (is_changed) {
    policy.rewrite(document.text, buffers.matches, buffers.text, buffers.value);
    document.text = scratch.arena->copy(buffers.text);
  }
  return Verdict::kept();
}

}  // namespace gristmill::ops
