// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/url_density.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/kernels/byte_search.h"
#include "gristmill/kernels/case_map.h"
#include "gristmill/kernels/line_list.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/kernels/whitespace.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view url_characters = "url_density.url_characters";
constexpr std::string_view url_words = "url_density.url_words";
constexpr std::string_view ad_words = "url_density.ad_words";
constexpr std::array reasons{url_characters, url_words, ad_words};

constexpr OptionSpec share(std::string_view name, std::string_view fallback, std::string_view help) {
  return {.name = name, .type = OptionType::number, .fallback = fallback, .minimum = 0, .maximum = 1, .help = help};
}

constexpr std::array options{
    share("max_url_characters_ratio", "0.2", "Greatest share of characters that belong to addresses; 1 for no limit"),
    share("max_url_words_ratio", "1", "Greatest share of words (by white space) that hold an address; 1 for no limit"),
    share("max_ad_words_ratio", "0.05",
          "Greatest number of hits of the list of advertising words for each word of the "
          "text; 1 for no limit"),
    OptionSpec{.name = "ad_words",
               .type = OptionType::string_list,
               .fallback = "[]",
               .help = "Words and phrases of advertising, whatever their case"},
    OptionSpec{.name = "ad_words_file",
               .type = OptionType::file,
               .fallback = "\"\"",
               .help = "More of them, one a line; lines that begin with # are left out"},
};

constexpr std::array columns_out{
    ColumnSpec{.name = "url_characters_ratio",
               .type = data::ColumnType::float64,
               .help = "Share of characters that belong to addresses"},
    ColumnSpec{
        .name = "url_words_ratio", .type = data::ColumnType::float64, .help = "Share of words that hold an address"},
    ColumnSpec{.name = "ad_words_ratio",
               .type = data::ColumnType::float64,
               .help = "Hits of the list of advertising words for each word of the text"},
};

struct LowerCaseScratch final : Scratch {
  std::string lowered;
};

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Characters at which an address in running text ends, blanks apart.
bool ends_address(char c) { return is_blank(c) || c == '<' || c == '>' || c == '"' || c == '`'; }

std::size_t count_words(std::string_view text) {
  std::size_t count = 0;
  bool was_blank = true;
  for (const char c : text) {
    const bool blank = is_blank(c);
    count += was_blank && !blank;
    was_blank = blank;
  }
  return count;
}

bool is_letter(char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }

/// Where the address that the mark at `at` (the colon of "://", the first stop of "www.") betrays begins; npos: none.
std::size_t address_begin(std::string_view text, std::size_t at, std::size_t done) {
  auto begin = at;
  if (text[at] == ':') {
    if (text.substr(at + 1, 2) != "//") return std::string_view::npos;
    while (begin > done && is_letter(text[begin - 1])) --begin;
    return at - begin >= 2 ? begin : std::string_view::npos;
  }
  while (begin > done && (text[begin - 1] | 0x20) == 'w') --begin;
  const bool is_part_of_word = begin > 0 && (is_letter(text[begin - 1]) || text[begin - 1] == '.');
  return at - begin == 3 && !is_part_of_word ? begin : std::string_view::npos;
}

struct AddressCount {
  std::size_t bytes = 0;
  std::size_t continuations = 0;  ///< Of these bytes: no characters of their own.
  std::size_t words = 0;
};

/// Counts what belongs to addresses (scheme://... and www. ...), without marks of the sentence at their ends.
AddressCount count_addresses(std::string_view text) {
  AddressCount count;
  std::size_t done = 0;
  bool has_word = false;  // The word at hand was counted.
  for (auto at = kernels::find_any(text, 0, {':', '.', ':', '.'}); at < text.size();
       at = kernels::find_any(text, std::max(done, at + 1), {':', '.', ':', '.'})) {
    const auto begin = address_begin(text, at, done);
    if (begin == std::string_view::npos) continue;
    auto end = at;
    while (end < text.size() && !ends_address(text[end])) ++end;
    const auto stop = end;
    while (end > at + 1 && std::string_view(".,;:!?)]}'*").find(text[end - 1]) != std::string_view::npos) --end;
    const auto address = text.substr(begin, end - begin);
    count.bytes += address.size();
    count.continuations += address.size() - kernels::count_code_points(address);
    has_word = has_word && std::ranges::none_of(text.substr(done, begin - done), is_blank);
    count.words += !has_word;
    has_word = true;
    done = stop;
  }
  return count;
}

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

constinit const Spec FilterUrlDensity::spec_{
    .name = "filter.url_density",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Drops documents of which addresses or advertising words make up too large a share.",
    .reference = "the URL ratio of NVIDIA NeMo Curator (more than 0.2 of the characters)",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterUrlDensity::make(const Options& given) {
  auto phrases = given.strings("ad_words");
  if (const auto* bytes = given.file("ad_words_file"); bytes != nullptr)
    std::ranges::move(kernels::list_entries(*bytes), std::back_inserter(phrases));
  GRISTMILL_TRY(auto matcher, kernels::PhraseMatcher::make(phrases, kernels::Boundaries::automatic));
  const Limits limits{.url_characters = given.number("max_url_characters_ratio"),
                      .url_words = given.number("max_url_words_ratio"),
                      .ad_words = given.number("max_ad_words_ratio")};
  return std::make_unique<FilterUrlDensity>(limits, std::move(matcher));
}

FilterUrlDensity::FilterUrlDensity(const Limits& limits, kernels::PhraseMatcher ad_words)
    : limits_(limits), ad_words_(std::move(ad_words)) {}

std::unique_ptr<Scratch> FilterUrlDensity::make_scratch() const { return std::make_unique<LowerCaseScratch>(); }

Verdict FilterUrlDensity::apply(data::Document& document, Scratch& scratch) const {
  const auto text = document.text;
  const auto addresses = count_addresses(text);
  const auto words = count_words(text);
  std::size_t hits = 0;
  if (!ad_words_.empty()) {
    auto& lowered = static_cast<LowerCaseScratch&>(scratch).lowered;
    lowered.clear();
    kernels::append_lower_case(text, lowered);
    for (kernels::PhraseMatcher::Hit hit; ad_words_.find(lowered, hit.end, hit);) ++hits;
  }
  const double of_characters = ratio(addresses.bytes - addresses.continuations, kernels::count_code_points(text));
  const double of_words = ratio(addresses.words, words);
  const double of_ads = ratio(hits, words);
  document.columns[scratch.columns_out[0]] = of_characters;
  document.columns[scratch.columns_out[1]] = of_words;
  document.columns[scratch.columns_out[2]] = of_ads;
  if (of_characters > limits_.url_characters) return Verdict::dropped(url_characters);
  if (of_words > limits_.url_words) return Verdict::dropped(url_words);
  // Phrases in a script without spaces can outnumber the words; a limit of 1 still lets all pass.
  if (limits_.ad_words < 1 && of_ads > limits_.ad_words) return Verdict::dropped(ad_words);
  return Verdict::kept();
}

}  // namespace gristmill::ops
