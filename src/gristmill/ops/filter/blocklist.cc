// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/blocklist.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "gristmill/kernels/case_map.h"
#include "gristmill/kernels/line_list.h"
#include "gristmill/kernels/url.h"
#include "gristmill/kernels/words.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view on_domain = "blocklist.domain";
constexpr std::string_view on_url = "blocklist.url";
constexpr std::string_view many_words = "blocklist.words";
constexpr std::string_view dense_words = "blocklist.words_ratio";
constexpr std::array reasons{on_domain, on_url, many_words, dense_words};

constexpr OptionSpec list(std::string_view name, std::string_view help) {
  return {.name = name, .type = OptionType::file, .fallback = "\"\"", .help = help};
}

constexpr std::array options{
    list("words_file", "Words and phrases that must not stand in the text, one a line; # begins a remark"),
    OptionSpec{.name = "words", .type = OptionType::string_list, .fallback = "[]", .help = "More of them"},
    list("domains_file", "Domains that a document must not come from, with all below them, one a line"),
    list("urls_file",
         "Beginnings of addresses that a document must not come from, one a line; scheme and www. do not "
         "count"),
    OptionSpec{.name = "boundaries",
               .type = OptionType::string,
               .fallback = "\"automatic\"",
               .choices = "automatic,always,never",
               .help = "Whether a word must stand alone. automatic: yes, except at an edge of a script written without "
                       "spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese)"},
    OptionSpec{.name = "max_hits",
               .type = OptionType::integer,
               .fallback = "0",
               .minimum = -1,
               .unit = "hits",
               .help = "Most hits of words that are let pass; -1 for no limit"},
    OptionSpec{.name = "max_hits_ratio",
               .type = OptionType::number,
               .fallback = "1",
               .minimum = 0,
               .maximum = 1,
               .help = "Most hits for each word of the text (by white space); 1 for no limit"},
    OptionSpec{.name = "allow_empty",
               .type = OptionType::boolean,
               .fallback = "false",
               .help = "Keeps all documents when there is no list, for recipes whose lists each user brings; else that "
                       "is an error"},
};

constexpr std::array columns_out{
    ColumnSpec{.name = "blocklist_hits", .type = data::ColumnType::int64, .help = "Hits of words"},
    ColumnSpec{.name = "blocklist_entry",
               .type = data::ColumnType::string,
               .help = "Entry of the list that the document hit first, or null"},
};

struct BlocklistScratch final : Scratch {
  std::string lowered;
  std::vector<std::string_view> words;
};

/// An address without what does not tell places apart: scheme, `www.`, case of all letters.
void normalize_address(std::string_view url, std::string& out) {
  out.clear();
  kernels::append_lower_case(url, out);
  if (const auto scheme = out.find("://"); scheme < out.find_first_of("/?#")) out.erase(0, scheme + 3);
  if (out.starts_with("www.")) out.erase(0, 4);
}

void sort_unique(std::vector<std::string>& entries) {
  std::ranges::sort(entries);
  const auto repeated = std::ranges::unique(entries);
  entries.erase(repeated.begin(), repeated.end());
}

std::vector<std::string> entries_of(const Options& given, std::string_view option) {
  const auto* bytes = given.file(option);
  return bytes == nullptr ? std::vector<std::string>() : kernels::list_entries(*bytes);
}

std::vector<std::string> domains_of(const Options& given) {
  std::vector<std::string> domains;
  for (const auto& entry : entries_of(given, "domains_file")) {
    std::string domain;
    kernels::append_lower_case(kernels::url_host(entry), domain);
    while (domain.starts_with('.') || domain.starts_with('*')) domain.erase(0, 1);
    if (!domain.empty()) domains.push_back(std::move(domain));
  }
  sort_unique(domains);
  return domains;
}

/// Prefixes of which none begins with another: the one before an address in order is then the only candidate.
std::vector<std::string> prefixes_of(const Options& given) {
  std::vector<std::string> prefixes;
  for (const auto& entry : entries_of(given, "urls_file")) normalize_address(entry, prefixes.emplace_back());
  sort_unique(prefixes);
  std::vector<std::string> shortest;
  for (auto& prefix : prefixes) {
    if (!prefix.empty() && (shortest.empty() || !prefix.starts_with(shortest.back())))
      shortest.push_back(std::move(prefix));
  }
  return shortest;
}

kernels::Boundaries boundaries_of(const std::string& name) {
  if (name == "always") return kernels::Boundaries::always;
  return name == "never" ? kernels::Boundaries::never : kernels::Boundaries::automatic;
}

}  // namespace

constinit const Spec FilterBlocklist::spec_{
    .name = "filter.blocklist",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Drops documents that hold words of a list, or whose address is on a list of domains or addresses.",
    .reference = "C4's bad-word rule (Raffel et al. 2020) and UT1-style domain lists; Aho and Corasick 1975",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterBlocklist::make(const Options& given) {
  Lists lists{.words = entries_of(given, "words_file"), .domains = domains_of(given), .prefixes = prefixes_of(given)};
  std::ranges::move(given.strings("words"), std::back_inserter(lists.words));
  if (!given.boolean("allow_empty") && lists.words.empty() && lists.domains.empty() && lists.prefixes.empty())
    return invalid_argument("filter.blocklist: all lists are empty: give words, words_file, domains_file or urls_file");
  auto matcher = kernels::PhraseMatcher::make(lists.words, boundaries_of(given.string("boundaries")));
  if (!matcher) return std::move(matcher).error().within("filter.blocklist");
  const Limits limits{.hits = given.integer("max_hits"), .ratio = given.number("max_hits_ratio")};
  return std::make_unique<FilterBlocklist>(limits, std::move(lists), *std::move(matcher));
}

FilterBlocklist::FilterBlocklist(const Limits& limits, Lists lists, kernels::PhraseMatcher matcher)
    : limits_(limits), lists_(std::move(lists)), matcher_(std::move(matcher)) {}

std::unique_ptr<Scratch> FilterBlocklist::make_scratch() const { return std::make_unique<BlocklistScratch>(); }

const std::string* FilterBlocklist::listed_domain(std::string_view host) const {
  while (!host.empty()) {
    const auto found = std::ranges::lower_bound(lists_.domains, host);
    if (found != lists_.domains.end() && *found == host) return &*found;
    const auto dot = host.find('.');
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  return nullptr;
}

const std::string* FilterBlocklist::listed_prefix(std::string_view address) const {
  const auto after = std::ranges::upper_bound(lists_.prefixes, address);
  if (after == lists_.prefixes.begin()) return nullptr;
  const auto& candidate = *std::prev(after);
  return address.starts_with(candidate) ? &candidate : nullptr;
}

Verdict FilterBlocklist::judge_url(std::string_view url, std::string& lowered, const std::string*& entry) const {
  if (url.empty() || (lists_.domains.empty() && lists_.prefixes.empty())) return Verdict::kept();
  lowered.clear();
  kernels::append_lower_case(kernels::url_host(url), lowered);
  entry = listed_domain(lowered);
  if (entry != nullptr) return Verdict::dropped(on_domain);
  normalize_address(url, lowered);
  entry = listed_prefix(lowered);
  return entry != nullptr ? Verdict::dropped(on_url) : Verdict::kept();
}

Verdict FilterBlocklist::judge_words(std::string_view text, std::string& lowered, std::int64_t& hits,
                                     const std::string*& entry) const {
  if (matcher_.empty()) return Verdict::kept();
  lowered.clear();
  kernels::append_lower_case(text, lowered);
  for (kernels::PhraseMatcher::Hit hit; matcher_.find(lowered, hit.end, hit);) {
    if (hits++ == 0 && entry == nullptr) entry = &lists_.words[hit.phrase];
  }
  return limits_.hits >= 0 && hits > limits_.hits ? Verdict::dropped(many_words) : Verdict::kept();
}

Verdict FilterBlocklist::apply(data::Document& document, Scratch& scratch) const {
  auto& own = static_cast<BlocklistScratch&>(scratch);
  const std::string* entry = nullptr;
  std::int64_t hits = 0;
  const auto by_url = judge_url(document.url, own.lowered, entry);
  const auto by_words = judge_words(document.text, own.lowered, hits, entry);
  document.columns[scratch.columns_out[0]] = hits;
  document.columns[scratch.columns_out[1]] = entry == nullptr ? data::Value() : data::Value(std::string_view(*entry));
  if (by_url.outcome == Outcome::dropped) return by_url;
  if (by_words.outcome == Outcome::dropped) return by_words;
  if (limits_.ratio >= 1 || hits == 0) return Verdict::kept();
  own.words.clear();
  kernels::split_whitespace(document.text, own.words);
  const double ratio = static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(own.words.size(), 1));
  return ratio > limits_.ratio ? Verdict::dropped(dense_words) : Verdict::kept();
}

}  // namespace gristmill::ops
