// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/preference_pair.h"

#include <algorithm>
#include <array>
#include <string>

#include "gristmill/kernels/normal_text.h"
#include "gristmill/kernels/shingle.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view missing = "preference_pair.missing";
constexpr std::string_view malformed = "preference_pair.malformed";
constexpr std::string_view no_prompt = "preference_pair.no_prompt";
constexpr std::string_view prompts_differ = "preference_pair.prompts_differ";
constexpr std::string_view no_answer = "preference_pair.no_answer";
constexpr std::string_view short_answer = "preference_pair.short_answer";
constexpr std::string_view identical = "preference_pair.identical";
constexpr std::string_view similar = "preference_pair.similar";
constexpr std::string_view length_ratio = "preference_pair.length_ratio";
constexpr std::array reasons{missing,      malformed, no_prompt, prompts_differ, no_answer,
                             short_answer, identical, similar,   length_ratio};
constexpr std::array options{
    OptionSpec{.name = "require_prompt",
               .type = OptionType::boolean,
               .fallback = "true",
               .help = "Drop pairs without a prompt, or with nothing but white space in it"},
    OptionSpec{.name = "min_chars",
               .type = OptionType::integer,
               .fallback = "1",
               .minimum = 0,
               .unit = "code points",
               .help = "Shortest answer on either side"},
    OptionSpec{.name = "max_length_ratio",
               .type = OptionType::number,
               .fallback = "0",
               .minimum = 0,
               .help = "Longer answer divided by the shorter one, in code points; 0 = any ratio"},
    OptionSpec{
        .name = "max_similarity",
        .type = OptionType::number,
        .fallback = "1",
        .minimum = 0,
        .maximum = 1,
        .help = "Greatest share of word n-grams that the two answers have in common (Jaccard index of the sets); "
                "above it they are nearly the same. Not looked at where both answers are shorter than an n-gram"},
    OptionSpec{.name = "ngram",
               .type = OptionType::integer,
               .fallback = "3",
               .minimum = 1,
               .maximum = 64,
               .unit = "words",
               .help = "Length of the n-grams of max_similarity"},
    OptionSpec{.name = "others",
               .type = OptionType::string,
               .fallback = "\"drop\"",
               .choices = "drop,keep",
               .help = "What becomes of documents that are no preference pairs"},
};

using Grams = std::vector<std::uint32_t>;

struct PairScratch final : Scratch {
  explicit PairScratch(std::size_t ngram) : shingler(ngram, kernels::ShingleUnit::word) {}
  ConversationReader reader;
  kernels::Shingler shingler;
  std::string chosen;
  std::string rejected;
  std::string normal;
  Grams chosen_grams;
  Grams rejected_grams;
};

/// What the assistant says, all turns together.
void answer_of(const std::vector<Turn>& turns, std::string& out) {
  out.clear();
  for (const auto& turn : turns) {
    if (turn.role != "assistant") continue;
    if (!out.empty()) out += "\n\n";
    out += turn.content;
  }
}

/// True when someone else speaks before the first answer: then this side has a prompt of its own.
bool has_own_prompt(const std::vector<Turn>& turns) {
  return !turns.empty() && (turns.front().role == "user" || turns.front().role == "system");
}

/// The text's n-grams, sorted, each once.
void grams_of(std::string_view text, kernels::Shingler& shingler, Grams& grams) {
  grams.clear();
  shingler.start(text);
  for (auto next = shingler.next(); !next.empty(); next = shingler.next())
    grams.insert(grams.end(), next.begin(), next.end());
  std::ranges::sort(grams);
  grams.erase(std::ranges::unique(grams).begin(), grams.end());
}

/// |A and B| / |A or B| of two sorted sets; 0 for two empty ones.
double jaccard(const Grams& left, const Grams& right) {
  std::size_t common = 0;
  for (auto a = left.begin(), b = right.begin(); a != left.end() && b != right.end();) {
    common += *a == *b ? 1U : 0U;
    const bool moves_left = *a <= *b;
    const bool moves_right = *b <= *a;
    a += moves_left ? 1 : 0;
    b += moves_right ? 1 : 0;
  }
  const auto all = left.size() + right.size() - common;
  return all == 0 ? 0 : static_cast<double>(common) / static_cast<double>(all);
}

}  // namespace

constinit const Spec FilterPreferencePair::spec_{
    .name = "filter.preference_pair",
    .version = 1,
    .kind = Kind::filter,
    .summary = "Drops preference pairs that prefer nothing: no prompt, no answer, answers that are the same or nearly.",
    .reference = "docs/formats/conversation.md",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterPreferencePair::make(const Options& given) {
  return std::make_unique<FilterPreferencePair>(Settings{
      .needs_prompt = given.boolean("require_prompt"),
      .min_characters = static_cast<std::size_t>(given.integer("min_chars")),
      .max_length_ratio = given.number("max_length_ratio"),
      .max_similarity = given.number("max_similarity"),
      .ngram = static_cast<std::size_t>(given.integer("ngram")),
      .drops_others = given.string("others") == "drop",
  });
}

std::unique_ptr<Scratch> FilterPreferencePair::make_scratch() const {
  return std::make_unique<PairScratch>(settings_.ngram);
}

Verdict FilterPreferencePair::apply(data::Document& document, Scratch& scratch) const {
  auto& work = static_cast<PairScratch&>(scratch);
  auto& reader = work.reader;
  const bool is_read = !document.conversation.empty() && reader.read(document.conversation);
  if (!document.conversation.empty() && !is_read) return Verdict::quarantined(malformed, reader.fault());
  if (!is_read || !reader.is_preference()) return settings_.drops_others ? Verdict::dropped(missing) : Verdict::kept();

  const auto says_something = [](const Turn& turn) { return !is_blank(turn.content); };
  if (has_own_prompt(reader.chosen()) || has_own_prompt(reader.rejected())) return Verdict::dropped(prompts_differ);
  if (settings_.needs_prompt && std::ranges::none_of(reader.prompt(), says_something))
    return Verdict::dropped(no_prompt);
  answer_of(reader.chosen(), work.chosen);
  answer_of(reader.rejected(), work.rejected);
  if (is_blank(work.chosen) || is_blank(work.rejected)) return Verdict::dropped(no_answer);
  const auto [shorter, longer] = std::minmax(
      {kernels::count_code_points(work.chosen), kernels::count_code_points(work.rejected)});
  if (shorter < settings_.min_characters) return Verdict::dropped(short_answer);

  kernels::normal_text(work.chosen, true, work.normal);
  work.chosen.swap(work.normal);
  kernels::normal_text(work.rejected, true, work.normal);
  if (work.chosen == work.normal) return Verdict::dropped(identical);
  if (settings_.max_similarity < 1) {
    grams_of(work.chosen, work.shingler, work.chosen_grams);
    grams_of(work.normal, work.shingler, work.rejected_grams);
    if (jaccard(work.chosen_grams, work.rejected_grams) > settings_.max_similarity) return Verdict::dropped(similar);
  }
  const double ratio = static_cast<double>(longer) / static_cast<double>(shorter);
  if (settings_.max_length_ratio > 0 && ratio > settings_.max_length_ratio) return Verdict::dropped(length_ratio);
  return Verdict::kept();
}

}  // namespace gristmill::ops
