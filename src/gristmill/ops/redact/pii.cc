// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/redact/pii.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

namespace gristmill::ops {
namespace {

namespace pii = kernels::pii;

constexpr std::string_view found = "pii.found";
constexpr std::array reasons{found};
constexpr std::array options{
    OptionSpec{.name = "kinds",
               .type = OptionType::string_list,
               .fallback = R"(["email", "phone", "ip_address", "card", "iban", "us_ssn", "cn_id"])",
               .choices = "email,phone,ip_address,card,iban,us_ssn,cn_id",
               .help = "What to look for: e-mail addresses, telephone numbers, IP addresses, payment cards, IBANs, US "
                       "social security numbers, Chinese resident identity numbers"},
    OptionSpec{.name = "action",
               .type = OptionType::string,
               .fallback = "\"placeholder\"",
               .choices = "placeholder,remove,drop,annotate",
               .help = "What to do with finds: put a placeholder, take them out, drop the document, or only count"},
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
constexpr std::array columns{
    ColumnSpec{.name = "pii_count", .type = data::ColumnType::int64, .help = "Finds in the document"},
    ColumnSpec{.name = "pii_kinds",
               .type = data::ColumnType::string,
               .help = "Finds by kind, such as email=2,phone=1; null for none"},
};

constexpr std::array<std::string_view, pii::kind_count> placeholders{"<EMAIL>", "<PHONE>",  "<IP_ADDRESS>", "<CARD>",
                                                                     "<IBAN>",  "<US_SSN>", "<CN_ID>"};
/// The stand-ins of FineWeb's pipeline, in its order.
constexpr std::array<std::string_view, 2> fineweb_emails{"email@example.com", "firstname.lastname@example.org"};
constexpr std::array<std::string_view, 6> fineweb_addresses{"22.214.171.124", "126.96.36.199",  "188.8.131.52",
                                                            "184.108.40.206", "220.127.116.11", "18.104.22.168"};

using Counts = std::array<std::size_t, pii::kind_count>;

struct MatchScratch final : Scratch {
  std::vector<pii::Match> matches;
  std::string line;
};

Counts count_kinds(const std::vector<pii::Match>& matches) {
  Counts counts{};
  for (const auto& match : matches) ++counts[static_cast<std::size_t>(match.kind)];
  return counts;
}

void describe(const Counts& counts, std::string& line) {
  line.clear();
  for (std::size_t kind = 0; kind < counts.size(); ++kind) {
    if (counts[kind] == 0) continue;
    fmt::format_to(std::back_inserter(line), "{}{}={}", line.empty() ? "" : ",", pii::kind_names[kind], counts[kind]);
  }
}

/// What takes the place of the `index`-th find of its kind.
std::string_view replacement(const RedactPii::Settings& settings, pii::Kind kind, std::size_t index) {
  if (settings.action == RedactPii::Action::remove) return {};
  if (settings.style == RedactPii::Style::fineweb) {
    if (kind == pii::Kind::email) return fineweb_emails[index % fineweb_emails.size()];
    if (kind == pii::Kind::ip_address) return fineweb_addresses[index % fineweb_addresses.size()];
  }
  return placeholders[static_cast<std::size_t>(kind)];
}

std::string_view rewrite(std::string_view text, const RedactPii::Settings& settings,
                         const std::vector<pii::Match>& matches, data::Arena& arena) {
  // No stand-in is longer than 32 bytes.
  const auto buffer = arena.allocate(text.size() + matches.size() * 32);
  char* out = buffer.data();
  const auto append = [&out](std::string_view part) {
    if (!part.empty()) std::memcpy(out, part.data(), part.size());
    out += part.size();
  };
  Counts seen{};
  std::size_t position = 0;
  for (const auto& [span, kind] : matches) {
    append(text.substr(position, span.begin - position));
    position = span.end;
    append(replacement(settings, kind, seen[static_cast<std::size_t>(kind)]++));
    // Taking out a word leaves its two blanks: one is enough.
    const bool is_between_blanks = span.begin > 0 && text[span.begin - 1] == ' ' && position < text.size() &&
                                   text[position] == ' ';
    if (settings.action == RedactPii::Action::remove && is_between_blanks) ++position;
  }
  append(text.substr(position));
  const auto size = static_cast<std::size_t>(out - buffer.data());
  arena.shrink_last(buffer, size);
  return {buffer.data(), size};
}

}  // namespace

constinit const Spec RedactPii::spec_{
    .name = "redact.pii",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Finds personal data by pattern and checksum, and replaces, removes or counts it.",
    .reference =
        "RFC 5321/5322 (e-mail), E.164 (telephone), RFC 4291 and IANA registries (IP), ISO/IEC 7812 (cards), "
        "ISO 13616 (IBAN), SSA rules (SSN), GB 11643 (Chinese resident identity)",
    .options = options,
    .columns_in = {},
    .columns_out = columns,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> RedactPii::make(const Options& given) {
  Settings settings;
  for (const auto& name : given.strings("kinds")) {
    const auto place = std::ranges::find(pii::kind_names, name) - pii::kind_names.begin();
    settings.wanted.kinds.add(static_cast<pii::Kind>(place));
  }
  if (given.strings("kinds").empty()) {
    return invalid_argument("redact.pii: kinds is empty; name at least one kind, or leave it out for all");
  }
  const auto& action = given.string("action");
  settings.action = action == "remove"     ? Action::remove
                    : action == "drop"     ? Action::drop
                    : action == "annotate" ? Action::annotate
                                           : Action::placeholder;
  settings.style = given.string("style") == "fineweb" ? Style::fineweb : Style::placeholder;
  settings.wanted.public_ips_only = given.boolean("public_ips_only");
  return std::make_unique<RedactPii>(settings);
}

std::unique_ptr<Scratch> RedactPii::make_scratch() const { return std::make_unique<MatchScratch>(); }

Verdict RedactPii::apply(data::Document& document, Scratch& scratch) const {
  auto& buffers = static_cast<MatchScratch&>(scratch);
  pii::find_pii(document.text, settings_.wanted, buffers.matches);
  document.columns[scratch.columns_out[0]] = static_cast<std::int64_t>(buffers.matches.size());
  if (buffers.matches.empty()) return Verdict::kept();
  describe(count_kinds(buffers.matches), buffers.line);
  document.columns[scratch.columns_out[1]] = scratch.arena->copy(buffers.line);
  if (settings_.action == Action::drop) return Verdict::dropped(found);
  if (settings_.action != Action::annotate) {
    document.text = rewrite(document.text, settings_, buffers.matches, *scratch.arena);
  }
  return Verdict::kept();
}

}  // namespace gristmill::ops
