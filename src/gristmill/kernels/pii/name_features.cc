// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/name_features.h"

#include <algorithm>

#include "gristmill/kernels/pii/name_han.h"
#include "gristmill/kernels/pii/name_lexicon.h"
#include "gristmill/kernels/pii/name_runs.h"

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t word_bytes_max = 24;
constexpr std::size_t name_words_max = 5;

std::string_view tail_of(std::string_view word, std::size_t length) noexcept {
  return word.substr(word.size() - std::min(word.size(), length));
}

/// Initial, capitals, particle, capitalized by length, capitals inside.
std::uint32_t shape_of(std::string_view word) noexcept {
  std::uint32_t capitals = 0;
  std::uint32_t letters = 0;
  for (const char c : word) {
    capitals += is_upper(c) ? 1U : 0U;
    letters += (static_cast<unsigned char>(c) & 0xC0) == 0x80 ? 0U : 1U;
  }
  if (letters == 1) return 1;
  if (capitals == letters) return letters < 4 ? 2 : 3;
  if (capitals == 0) return is_letter(word[0]) ? 4 : 5;
  if (capitals > 1) return 6;
  return letters < 4 ? 7 : 8;
}

/// All that is the same for each candidate of a run with the word: hashes that roles are mixed into.
struct WordFacts {
  std::uint32_t flags = 0;
  std::uint32_t shape = 0;
  std::array<std::uint32_t, 5> hashes{};  ///< The word, its last four, three and two bytes, its first three.
};

WordFacts facts_of(std::string_view word) noexcept {
  return {.flags = name_flags(word),
          .shape = shape_of(word),
          .hashes = {hash_name_word(word), hash_name_word(tail_of(word, 4)), hash_name_word(tail_of(word, 3)),
                     hash_name_word(tail_of(word, 2)), hash_name_word(word.substr(0, 3))}};
}

/// A run and what stands around it.
struct Surroundings {
  std::string_view text;
  const NameRun& run;
  std::array<WordFacts, NameRun::words_max> facts{};
  std::uint32_t mark_before = 0;
  std::uint32_t mark_after = 0;
  bool starts_sentence = false;
  bool fills_line = false;

  Surroundings(std::string_view whole, const NameRun& words) noexcept : text(whole), run(words) {
    for (std::size_t i = 0; i < run.count; ++i) facts[i] = facts_of(word(i));
    const char before = byte_before(text, run.begin, byte_before(text, run.begin) == ' ' ? 2 : 1);
    const char after = byte_at(text, run.end);
    mark_before = static_cast<unsigned char>(before);
    mark_after = static_cast<unsigned char>(after);
    const bool starts_line = before == '\0' || before == '\n';
    starts_sentence = starts_line || before == '.' || before == '!' || before == '?';
    fills_line = starts_line && (after == '\0' || after == '\n' || after == '\r');
  }
  [[nodiscard]] std::string_view word(std::size_t i) const noexcept {
    return text.substr(run.words[i].begin, run.words[i].size());
  }
};

/// A word's place in a name.
enum Place : std::uint32_t { first_of_many, middle, last_of_many, only };

void add_word(NameCandidate& candidate, const WordFacts& facts, Place place) noexcept {
  std::uint32_t role = place * 8;
  for (const auto hash : facts.hashes) candidate.add(role++, hash);
  candidate.add(role++, facts.shape);
  candidate.add(role, facts.flags * 16 + facts.shape);
}

/// What the words of a candidate are together.
void add_pattern(NameCandidate& candidate, const Surroundings& around, std::size_t begin, std::size_t end) noexcept {
  const auto& first = around.facts[begin];
  const auto& last = around.facts[end - 1];
  const auto count = static_cast<std::uint32_t>(end - begin);
  std::uint32_t shapes = count;
  std::uint32_t flags = count;
  for (std::size_t i = begin; i < end; ++i) {
    shapes = shapes * 16 + around.facts[i].shape;
    flags = flags * 16 + around.facts[i].flags;
  }
  candidate.add(40, count);
  candidate.add(41, shapes);
  candidate.add(42, flags);
  candidate.add(43, (first.flags * 16 + last.flags) * 8 + count);
  candidate.add(44, (first.flags * 16 + last.flags) * 2 + (around.starts_sentence && begin == 0 ? 1U : 0U));
}

/// What stands before and after a candidate, in its run and outside.
void add_edges(NameCandidate& candidate, const Surroundings& around, std::size_t begin, std::size_t end) noexcept {
  const auto& run = around.run;
  const std::uint32_t is_single = end - begin == 1 ? 1 : 0;
  std::size_t left = run.words[begin].begin;
  std::size_t right = run.words[end - 1].end;
  const auto before = hash_name_word(word_before(around.text, left));
  const auto before_that = hash_name_word(word_before(around.text, left));
  const auto after = hash_name_word(word_after(around.text, right));
  const auto after_that = hash_name_word(word_after(around.text, right));
  const bool begins_run = begin == 0;
  const bool ends_run = end == run.count;
  const std::uint32_t edge = (begins_run ? 1U : 0U) | (ends_run ? 2U : 0U) | (run.is_titled && begins_run ? 4U : 0U) |
                             (run.has_office && begins_run ? 16U : 0U) | (around.fills_line ? 8U : 0U);
  candidate.add(50, before * 2 + is_single);
  candidate.add(51, after * 2 + is_single);
  candidate.add(52, before_that);
  candidate.add(53, after_that);
  candidate.add(54, before * 31 + before_that);
  candidate.add(55, after * 31 + after_that);
  candidate.add(56, edge * 2 + is_single);
  candidate.add(57, (begins_run ? around.mark_before : 256U) * 2 + is_single);
  candidate.add(58, (ends_run ? around.mark_after : 256U) * 2 + is_single);
  candidate.add(59, (begins_run ? 64U : around.facts[begin - 1].flags * 2) + is_single);
  candidate.add(60, (ends_run ? 64U : around.facts[end].flags * 2) + is_single);
  candidate.add(61, static_cast<std::uint32_t>(run.count - end) * 16 + static_cast<std::uint32_t>(begin));
  candidate.add(62, (begins_run ? around.mark_before : 256U) * 512 + (ends_run ? around.mark_after : 256U));
}

/// One word alone is looked at when it is known as a name, and any word behind a form of address or an office: this
/// keeps ordinary text fast.
bool may_stand_alone(const Surroundings& around, std::size_t index) noexcept {
  return (index == 0 && (around.run.is_titled || around.run.has_office)) ||
         (around.facts[index].flags & (given_name | family_name)) != 0;
}

void add_latin_candidates(std::string_view text, const NameRun& run, std::vector<NameCandidate>& candidates) {
  const Surroundings around(text, run);
  constexpr std::uint32_t initial_shape = 1;
  constexpr std::uint32_t particle_shape = 4;
  for (std::size_t begin = 0; begin < run.count; ++begin) {
    for (std::size_t end = begin + 1; end <= std::min(run.count, begin + name_words_max); ++end) {
      // No name ends with an initial ("P.S. I") or ends or begins with a particle.
      const auto last_shape = around.facts[end - 1].shape;
      const bool has_bad_end = last_shape == particle_shape || (last_shape == initial_shape && end - begin > 1) ||
                               (around.facts[begin].shape == particle_shape && begin > 0);
      const bool is_single = end - begin == 1;
      if (has_bad_end || (is_single && !may_stand_alone(around, begin))) continue;
      auto& candidate = candidates.emplace_back(
          NameCandidate{.span = {run.words[begin].begin, run.words[end - 1].end}});
      candidate.word_count = static_cast<std::uint8_t>(end - begin);
      for (std::size_t i = begin; i < end; ++i) {
        const auto place = is_single ? only : i == begin ? first_of_many : i + 1 == end ? last_of_many : middle;
        add_word(candidate, around.facts[i], place);
      }
      add_pattern(candidate, around, begin, end);
      add_edges(candidate, around, begin, end);
    }
  }
}

}  // namespace

std::uint32_t hash_name_word(std::string_view word) noexcept {
  std::uint32_t hash = 2166136261U;
  for (const char c : word.substr(0, word_bytes_max)) {
    hash = (hash ^ static_cast<unsigned char>(is_upper(c) ? c + 32 : c)) * 16777619U;
  }
  return hash;
}

bool NameScanner::next(NameGroup& group) {
  group.words.clear();
  group.candidates.clear();
  while (at_ < text_.size()) {
    const std::size_t at = at_;
    // Most bytes: nothing begins at a small letter, a digit or a mark.
    if (static_cast<unsigned char>(text_[at]) < 0x80 && !is_upper(text_[at])) {
      ++at_;
      continue;
    }
    if (is_han_at(text_, at)) {
      at_ += han_bytes;
      add_han_candidates(text_, at, group.candidates);
      group.is_chinese = true;
      group.is_titled_run = false;
      if (!group.candidates.empty()) return true;
      continue;
    }
    const char previous = byte_before(text_, at);
    const bool is_inside = is_alphanumeric(previous) || previous == '_' ||
                           (is_word_byte(previous) && !(at >= han_bytes && is_han_at(text_, at - han_bytes)));
    if (is_inside || !is_name_capital(text_, at)) {
      ++at_;
      continue;
    }
    const auto run = read_name_run(text_, at);
    at_ = std::max(run.end, at + 1);
    if (run.count == 0) continue;
    group.is_chinese = false;
    group.is_titled_run = run.is_titled;
    group.words.assign(run.words.begin(), run.words.begin() + static_cast<std::ptrdiff_t>(run.count));
    add_latin_candidates(text_, run, group.candidates);
    return true;
  }
  return false;
}

}  // namespace gristmill::kernels::pii
