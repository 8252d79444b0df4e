// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/names.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "gristmill/kernels/pii/name_features.h"

namespace gristmill::kernels::pii {
namespace {

/// One character a weight: its place in the base64 alphabet less 32, in eighths.
constexpr std::string_view coded_weights =
#include "gristmill/kernels/pii/name_weights.inc"
    ;
constexpr std::size_t weight_count = std::size_t{1} << name_feature_bits;
static_assert(coded_weights.size() == weight_count);

/// Sums of weights (in eighths) from which on a find counts; held-back text set them.
constexpr int latin_threshold = 2;
constexpr int latin_word_minimum = -10;
constexpr int titled_threshold = -8;
constexpr int chinese_threshold = -6;
constexpr int chinese_cued_threshold = -24;

/// Words right before a Chinese name, with or without a colon, and right after one.
constexpr std::array<std::string_view, 18> cues_before{"姓名", "联系人", "作者",   "记者", "收件人", "签名",
                                                       "编辑", "主编",   "导演",   "演员", "患者",   "客户",
                                                       "原告", "被告",   "总经理", "我叫", "董事长", "申请人"};
constexpr std::array<std::string_view, 10> cues_after{"先生", "女士", "教授", "老师", "医生",
                                                      "经理", "博士", "律师", "同学", "同志"};

bool has_chinese_cue(std::string_view text, Span span) noexcept {
  auto before = text.substr(0, span.begin);
  for (const std::string_view mark : {" ", "：", ":"}) {
    if (before.ends_with(mark)) before.remove_suffix(mark.size());
  }
  const auto after = text.substr(span.end);
  return std::ranges::any_of(cues_before, [&](std::string_view cue) { return before.ends_with(cue); }) ||
         std::ranges::any_of(cues_after, [&](std::string_view cue) { return after.starts_with(cue); });
}

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

int score_of(const NameCandidate& candidate, const Weights& table) noexcept {
  int score = 0;
  for (std::size_t i = 0; i < candidate.feature_count; ++i) score += table[candidate.features[i]];
  return score;
}

/// A stretch of a run's words and the sum of their scores.
struct Stretch {
  std::size_t begin = 0;
  std::size_t end = 0;
  int score = 0;
};

/// The stretch of words, none of which speaks strongly against a name, with the greatest sum.
Stretch best_stretch(std::span<const NameCandidate> run, std::span<const int> scores) {
  Stretch best;
  for (std::size_t begin = 0; begin < run.size(); ++begin) {
    if (run[begin].is_particle) continue;
    int sum = 0;
    for (std::size_t end = begin; end < run.size() && scores[end] >= latin_word_minimum; ++end) {
      sum += scores[end];
      if (!run[end].is_particle && (best.end == 0 || sum > best.score)) best = {begin, end + 1, sum};
    }
  }
  return best;
}

void judge_run(std::span<const NameCandidate> run, std::span<const int> scores, std::vector<Span>& names) {
  const auto best = best_stretch(run, scores);
  const std::size_t words = best.end - best.begin;
  const bool is_titled = run.front().is_titled && best.begin == 0;
  if (words == 0 || words > 5 || (words == 1 && !is_titled)) return;
  const int needed = (is_titled ? titled_threshold : latin_threshold) * static_cast<int>(words);
  if (best.score >= needed) names.push_back({run[best.begin].span.begin, run[best.end - 1].span.end});
}

}  // namespace

void find_names(std::string_view text, std::vector<Span>& names) {
  names.clear();
  thread_local std::vector<NameCandidate> candidates;
  thread_local std::vector<int> scores;
  collect_name_candidates(text, candidates);
  scores.resize(candidates.size());
  std::ranges::transform(candidates, scores.begin(),
                         [&table = weights()](const NameCandidate& candidate) { return score_of(candidate, table); });
  std::size_t done = 0;
  for (std::size_t at = 0; at < candidates.size();) {
    const auto& first = candidates[at];
    std::size_t end = at + 1;
    if (first.is_chinese) {
      // Of the lengths that begin at one character the better one counts.
      std::size_t best = at;
      for (; end < candidates.size() && candidates[end].is_chinese && candidates[end].span.begin == first.span.begin;
           ++end) {
        if (scores[end] > scores[best]) best = end;
      }
      const auto& candidate = candidates[best];
      const int needed = has_chinese_cue(text, candidate.span) ? chinese_cued_threshold : chinese_threshold;
      if (scores[best] >= needed && first.span.begin >= done) {
        names.push_back(candidate.span);
        done = candidate.span.end;
      }
    } else {
      while (end < candidates.size() && candidates[end].run == first.run && !candidates[end].is_chinese) ++end;
      judge_run(std::span(candidates).subspan(at, end - at), std::span(scores).subspan(at, end - at), names);
    }
    at = end;
  }
}

}  // namespace gristmill::kernels::pii
