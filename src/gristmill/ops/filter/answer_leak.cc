// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/answer_leak.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gristmill/kernels/shingle.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/chat/conversation.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view malformed = "answer_leak.malformed";
constexpr std::string_view in_prompt = "answer_leak.in_prompt";
constexpr std::string_view in_evaluation = "answer_leak.in_evaluation";
constexpr std::array reasons{malformed, in_prompt, in_evaluation};
constexpr std::array options{
    OptionSpec{.name = "min_words",
               .type = OptionType::integer,
               .fallback = "8",
               .minimum = 0,
               .unit = "words",
               .help = "The last answer is looked for in the prompt when it has at least so many words; 0 = never"},
    OptionSpec{.name = "evaluation",
               .type = OptionType::file,
               .fallback = "\"\"",
               .help = "Evaluation items that must not be trained on, one a line: plain text, a JSON string, or a JSON "
                       "object of which `fields` count; empty = none"},
    OptionSpec{
        .name = "fields",
        .type = OptionType::string_list,
        .fallback = R"(["question","prompt","instruction","input","problem","text","answer","solution"])",
        .help = "Members of the evaluation's objects that are items, each by itself: strings or lists of strings"},
    OptionSpec{
        .name = "ngram",
        .type = OptionType::integer,
        .fallback = "8",
        .minimum = 1,
        .maximum = 64,
        .unit = "words",
        .help = "Length of the word n-grams that are compared with the evaluation. Items with fewer words, but at "
                "least 3, must be equal to a whole turn of the user"},
    OptionSpec{.name = "overlap",
               .type = OptionType::number,
               .fallback = "0.5",
               .minimum = 0,
               .maximum = 1,
               .help = "Share of an item's n-grams in one turn from which the item counts as leaked"},
};

using Words = std::vector<std::uint32_t>;

constexpr std::size_t short_item_words = 3;
// An n-gram of so many items says nothing about any of them, and would cost time for each.
constexpr std::size_t items_of_a_gram_max = 256;
constexpr int filter_bits = 23;
// Odd, from the digits of the golden ratio: spreads the sums of word hashes over all 64 bits.
constexpr std::uint64_t base = 0x9E3779B97F4A7C15U;

std::uint64_t spread(std::uint64_t value) {
  value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93U;
  return value ^ (value >> 32);
}

/// Calls `visit` with the hash of each run of `size` words, in order.
template <typename Visit>
void each_gram(const Words& words, std::size_t size, Visit&& visit) {
  if (size == 0 || words.size() < size) return;
  std::uint64_t drop = 1;
  for (std::size_t i = 1; i < size; ++i) drop *= base;
  std::uint64_t rolling = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i >= size) rolling -= spread(words[i - size]) * drop;
    rolling = rolling * base + spread(words[i]);
    if (i + 1 >= size) visit(spread(rolling));
  }
}

/// The hashes of all words of a text as one.
std::uint64_t whole_hash(const Words& words) {
  std::uint64_t hash = 0;
  each_gram(words, words.size(), [&](std::uint64_t gram) { hash = gram; });
  return hash;
}

/// Hashes of the words of a text: letters, marks and digits, without case.
void words_of(std::string_view text, kernels::Shingler& shingler, Words& words) {
  words.clear();
  shingler.start(text);
  for (auto next = shingler.next(); !next.empty(); next = shingler.next())
    words.insert(words.end(), next.begin(), next.end());
}

struct LeakScratch final : Scratch {
  ConversationReader reader;
  kernels::Shingler shingler{1, kernels::ShingleUnit::word};
  Words words;
  Words answer;
  EvaluationList::Tally tally;
};

std::size_t filter_bit(std::uint64_t gram) { return static_cast<std::size_t>(gram >> (64 - filter_bits)); }

/// Strings of an evaluation's line.
Result<std::vector<std::string>> items_of(std::string_view line, const std::vector<std::string>& fields) {
  std::vector<std::string> items;
  const char first = line.front();
  if (first != '{' && first != '"') {
    items.emplace_back(line);
    return items;
  }
  GRISTMILL_TRY(const auto json, Json::parse(line));
  if (json.is_string()) items.push_back(json.as_string());
  for (const auto& [name, value] : json.members()) {
    if (std::ranges::find(fields, name) == fields.end()) continue;
    if (value.is_string()) items.push_back(value.as_string());
    for (const auto& item : value.items()) {
      if (item.is_string()) items.push_back(item.as_string());
    }
  }
  return items;
}

/// The last answer, and what was said to get it.
struct Exchange {
  std::string_view answer;
  std::vector<std::string_view> prompts;
};

Exchange last_exchange(const ConversationReader& reader) {
  Exchange exchange;
  const auto& turns = reader.is_preference() ? reader.chosen() : reader.messages();
  const auto is_answer = [](const Turn& turn) { return turn.role == "assistant"; };
  const auto last = std::find_if(turns.rbegin(), turns.rend(), is_answer);
  if (last == turns.rend()) return exchange;
  exchange.answer = last->content;
  // What a tool said may well be repeated; what the user or the system said gives the answer away.
  const auto gather = [&](auto begin, auto end) {
    for (; begin != end; ++begin) {
      if (begin->role == "user" || begin->role == "system") exchange.prompts.push_back(begin->content);
    }
  };
  gather(reader.prompt().begin(), reader.prompt().end());
  gather(last, turns.rend());
  return exchange;
}

}  // namespace

Result<EvaluationList> EvaluationList::parse(std::string_view bytes, const std::vector<std::string>& fields,
                                             std::size_t ngram) {
  EvaluationList list;
  list.ngram_ = ngram;
  kernels::Shingler shingler(1, kernels::ShingleUnit::word);
  Words words;
  std::size_t number = 0;
  while (!bytes.empty()) {
    ++number;
    const auto end = std::min(bytes.find('\n'), bytes.size());
    auto line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (!kernels::is_valid_utf8(line)) return invalid_argument(fmt::format("line {} is not UTF-8", number));
    auto items = items_of(line, fields);
    if (!items) return std::move(items).error().within(fmt::format("line {}", number));
    for (const auto& item : *items) {
      words_of(item, shingler, words);
      list.add(words);
    }
  }
  list.finish();
  return list;
}

void EvaluationList::add(const Words& words) {
  if (words.size() < ngram_) {
    if (words.size() >= short_item_words) shorts_.push_back(whole_hash(words));
    return;
  }
  const auto item = static_cast<std::uint32_t>(sizes_.size());
  sizes_.push_back(0);
  each_gram(words, ngram_, [&](std::uint64_t gram) { entries_.push_back({gram, item}); });
}

void EvaluationList::finish() {
  std::ranges::sort(shorts_);
  std::ranges::sort(entries_);
  entries_.erase(std::ranges::unique(entries_).begin(), entries_.end());
  std::size_t kept = 0;
  for (std::size_t begin = 0, end = 0; begin < entries_.size(); begin = end) {
    while (end < entries_.size() && entries_[end].gram == entries_[begin].gram) ++end;
    if (end - begin > items_of_a_gram_max) continue;
    for (auto i = begin; i < end; ++i) {
      ++sizes_[entries_[i].item];
      entries_[kept++] = entries_[i];
    }
  }
  entries_.resize(kept);
  if (kept > 0) filter_.resize(std::size_t{1} << (filter_bits - 6));
  for (const auto& entry : entries_) {
    const auto bit = filter_bit(entry.gram);
    filter_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
}

bool EvaluationList::meets(const Words& words, double share, Tally& tally) const {
  if (entries_.empty()) return false;
  tally.hits.resize(sizes_.size());
  tally.seen.clear();
  each_gram(words, ngram_, [&](std::uint64_t gram) {
    const auto bit = filter_bit(gram);
    if ((filter_[bit / 64] >> (bit % 64)) & 1) tally.seen.push_back(gram);
  });
  std::ranges::sort(tally.seen);
  tally.seen.erase(std::ranges::unique(tally.seen).begin(), tally.seen.end());
  bool is_met = false;
  for (const auto gram : tally.seen) {
    for (auto entry = std::ranges::lower_bound(entries_, gram, {}, &Entry::gram);
         entry != entries_.end() && entry->gram == gram; ++entry) {
      if (++tally.hits[entry->item] == 1) tally.touched.push_back(entry->item);
      is_met = is_met ||
               static_cast<double>(tally.hits[entry->item]) >= share * static_cast<double>(sizes_[entry->item]);
    }
  }
  for (const auto item : tally.touched) tally.hits[item] = 0;
  tally.touched.clear();
  return is_met;
}

bool EvaluationList::is_short_item(const Words& words) const {
  return words.size() >= short_item_words && words.size() < ngram_ &&
         std::ranges::binary_search(shorts_, whole_hash(words));
}

constinit const Spec FilterAnswerLeak::spec_{
    .name = "filter.answer_leak",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Drops conversations whose answer stands in the prompt, or that repeat an item of an evaluation.",
    .reference =
        "Overlap of 8-word n-grams with half of an evaluation's item: Tülu 3 (Lambert et al. 2024, decontamination). "
        "Documents that are no conversations are compared with the evaluation by their text",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterAnswerLeak::make(const Options& given) {
  const auto* file = given.file("evaluation");
  auto list = EvaluationList::parse(file == nullptr ? std::string_view() : std::string_view(*file),
                                    given.strings("fields"), static_cast<std::size_t>(given.integer("ngram")));
  if (!list) return std::move(list).error().within(fmt::format("the evaluation {}", given.string("evaluation")));
  return std::make_unique<FilterAnswerLeak>(*std::move(list), given.number("overlap"),
                                            static_cast<std::size_t>(given.integer("min_words")));
}

std::unique_ptr<Scratch> FilterAnswerLeak::make_scratch() const { return std::make_unique<LeakScratch>(); }

Verdict FilterAnswerLeak::apply(data::Document& document, Scratch& scratch) const {
  auto& work = static_cast<LeakScratch&>(scratch);
  const auto is_evaluation = [&](std::string_view role, std::string_view content) {
    words_of(content, work.shingler, work.words);
    return evaluation_.meets(work.words, overlap_, work.tally) ||
           (role == "user" && evaluation_.is_short_item(work.words));
  };
  if (document.conversation.empty()) {
    if (evaluation_.is_empty()) return Verdict::kept();
    return is_evaluation("user", document.text) ? Verdict::dropped(in_evaluation) : Verdict::kept();
  }
  auto& reader = work.reader;
  if (!reader.read(document.conversation)) return Verdict::quarantined(malformed, reader.fault());
  const auto exchange = last_exchange(reader);
  words_of(exchange.answer, work.shingler, work.answer);
  if (min_words_ > 0 && work.answer.size() >= min_words_) {
    const auto answer = whole_hash(work.answer);
    bool is_given_away = false;
    for (const auto prompt : exchange.prompts) {
      words_of(prompt, work.shingler, work.words);
      each_gram(work.words, work.answer.size(),
                [&](std::uint64_t gram) { is_given_away = is_given_away || gram == answer; });
    }
    if (is_given_away) return Verdict::dropped(in_prompt);
  }
  if (evaluation_.is_empty()) return Verdict::kept();
  for (const auto* turns : {&reader.messages(), &reader.prompt(), &reader.chosen(), &reader.rejected()}) {
    for (const auto& turn : *turns) {
      if (is_evaluation(turn.role, turn.content)) return Verdict::dropped(in_evaluation);
    }
  }
  return Verdict::kept();
}

}  // namespace gristmill::ops
