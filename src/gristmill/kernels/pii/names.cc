// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/names.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "gristmill/kernels/pii/name_features.h"
#include "gristmill/kernels/pii/name_lexicon.h"

namespace gristmill::kernels::pii {
namespace {

/// One character a weight: its place in the base64 alphabet less 32, in eighths.
constexpr std::string_view coded_weights =
#include "gristmill/kernels/pii/name_weights.inc"
    ;
constexpr std::size_t weight_count = std::size_t{1} << name_feature_bits;
static_assert(coded_weights.size() == weight_count);

// Sums of weights (in eighths) from which on a candidate counts as a name.
#include "gristmill/kernels/pii/name_thresholds.inc"
/// What a name gets that stands in a list behind another one: half of a feature that speaks clearly for it.
constexpr int list_bonus = 12;
/// From here on a name is sure enough to be looked for again in the same text.
constexpr int sure_margin = 8;

std::int8_t decode(char c) noexcept {
  const int place = is_upper(c)            ? c - 'A'
                    : c >= 'a' && c <= 'z' ? c - 'a' + 26
                    : is_digit(c)          ? c - '0' + 52
                    : c == '+'             ? 62
                                           : 63;
  return static_cast<std::int8_t>(place - 32);
}

using Weights = std::array<std::int8_t, weight_count>;

const Weights& weights() {
  static const Weights table = [] {
    Weights decoded{};
    std::ranges::transform(coded_weights, decoded.begin(), decode);
    return decoded;
  }();
  return table;
}

/// The best candidate of a group and how far its score is above what is needed.
struct Choice {
  const NameCandidate* candidate = nullptr;
  int margin = 0;
};

int threshold_of(const NameGroup& group, const NameCandidate& candidate) noexcept {
  if (group.is_chinese) return chinese_threshold;
  if (candidate.word_count > 1) return latin_threshold;
  return group.is_titled(candidate) ? titled_threshold : single_threshold;
}

Choice choose(const NameGroup& group, const Weights& table) noexcept {
  Choice best;
  int best_score = 0;
  for (const auto& candidate : group.candidates) {
    int score = 0;
    for (std::size_t i = 0; i < candidate.feature_count; ++i) score += table[candidate.features[i]];
    if (best.candidate == nullptr || score > best_score) {
      best = {&candidate, score - threshold_of(group, candidate)};
      best_score = score;
    }
  }
  return best;
}

/// Words and whole names that were found for sure, to know them again where nothing around tells.
class KnownNames {
 public:
  void clear() noexcept {
    count_ = 0;
    slots_.fill({});
  }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  void add(std::string_view name) noexcept {
    // A few hundred are enough for a text; a text that is a list of names needs no memory.
    if (count_ >= slots_.size() / 2) return;
    auto& slot = find(name);
    if (slot.empty()) ++count_;
    slot = name;
  }
  [[nodiscard]] bool has(std::string_view name) noexcept { return !find(name).empty(); }

 private:
  std::string_view& find(std::string_view name) noexcept {
    std::size_t place = hash_name_word(name) % slots_.size();
    while (!slots_[place].empty() && slots_[place] != name) place = (place + 1) % slots_.size();
    return slots_[place];
  }

  std::array<std::string_view, 1024> slots_{};
  std::size_t count_ = 0;
};

/// Notes where a name that is met elsewhere might stand in a group without a find: a capitalized word alone or behind
/// an ordinary one that begins a sentence, or the longest Chinese candidate.
void add_doubtful(std::string_view text, const NameGroup& group, std::vector<Span>& doubtful) {
  if (group.is_chinese) return doubtful.push_back(group.candidates.back().span);
  const auto& words = group.words;
  const auto begin = words.front().begin;
  const char before = byte_before(text, begin, byte_before(text, begin) == ' ' ? 2 : 1);
  const bool begins_ordinary = words.size() == 2 && std::string_view("\0\n.!?", 5).find(before) != text.npos &&
                               name_flags(text.substr(words[0].begin, words[0].size())) == ordinary_word;
  if (words.size() == 1 || begins_ordinary) doubtful.push_back(words.back());
}

/// Working memory of one thread.
struct Memory {
  NameGroup group;
  KnownNames known;
  std::vector<Span> doubtful;
  std::vector<Span> again;
};

/// Remembers a name, and of Latin ones its last and its first word when they are no ordinary ones.
void remember(std::string_view text, const NameGroup& group, const NameCandidate& candidate, KnownNames& known) {
  const auto name = text.substr(candidate.span.begin, candidate.span.size());
  if (group.is_chinese) {
    constexpr std::size_t three_characters = 9;
    if (name.size() >= three_characters) known.add(name);
    return;
  }
  constexpr std::size_t word_bytes_min = 4;
  for (const auto& word : group.words) {
    const auto letters = text.substr(word.begin, word.size());
    const bool is_last = word.end == candidate.span.end;
    if (letters.size() < word_bytes_min || !(is_last || word.begin == candidate.span.begin)) continue;
    // Many places are named after families; who is called "Paris" with the first name is not looked for.
    const auto flags = name_flags(letters);
    const bool is_place = (flags & place_name) != 0 && !(is_last && (flags & family_name) != 0);
    if ((flags & ordinary_word) == 0 && !is_place) known.add(letters);
  }
}

/// Whether only what separates the items of a list stands between two names.
bool is_listed_behind(std::string_view text, Span before, Span span) noexcept {
  constexpr std::array<std::string_view, 10> separators{", ", "; ", " and ", " & ", ", and ",
                                                        "\n", "、", "和",    "，",  " "};
  if (span.begin <= before.end) return false;
  return std::ranges::find(separators, text.substr(before.end, span.begin - before.end)) != separators.end();
}

/// Of names that overlap the later is dropped unless it is the surer one.
void append(Span span, int margin, int& last_margin, std::vector<Span>& names) {
  if (!names.empty() && span.begin < names.back().end) {
    if (margin <= last_margin) return;
    names.pop_back();
  }
  names.push_back(span);
  last_margin = margin;
}

/// Adds places where names stand that were found elsewhere in the text.
void find_again(std::string_view text, Memory& memory, std::vector<Span>& names) {
  memory.again.clear();
  std::size_t next = 0;
  for (const auto& span : memory.doubtful) {
    while (next < names.size() && names[next].end <= span.begin) ++next;
    const bool is_taken = next < names.size() && names[next].begin < span.end;
    const bool overlaps = !memory.again.empty() && memory.again.back().end > span.begin;
    if (!is_taken && !overlaps && memory.known.has(text.substr(span.begin, span.size()))) memory.again.push_back(span);
  }
  const auto middle = static_cast<std::ptrdiff_t>(names.size());
  names.insert(names.end(), memory.again.begin(), memory.again.end());
  std::ranges::inplace_merge(names, names.begin() + middle, {}, &Span::begin);
}

}  // namespace

void find_names(std::string_view text, std::vector<Span>& names) {
  names.clear();
  thread_local Memory memory;
  auto& [group, known, doubtful, again] = memory;
  if (!known.empty()) known.clear();
  doubtful.clear();
  const auto& table = weights();
  NameScanner scanner(text);
  int last_margin = 0;
  while (scanner.next(group)) {
    auto choice = choose(group, table);
    if (choice.candidate != nullptr && !names.empty() && is_listed_behind(text, names.back(), choice.candidate->span))
      choice.margin += list_bonus;
    const bool is_name = choice.candidate != nullptr && choice.margin >= 0;
    if (is_name) append(choice.candidate->span, choice.margin, last_margin, names);
    if (is_name && choice.margin >= sure_margin && choice.candidate->word_count != 1)
      remember(text, group, *choice.candidate, known);
    if (is_name) continue;
    add_doubtful(text, group, doubtful);
  }
  if (!known.empty()) find_again(text, memory, names);
}

}  // namespace gristmill::kernels::pii
