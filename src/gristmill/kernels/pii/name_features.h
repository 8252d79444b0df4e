// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

constexpr unsigned name_feature_bits = 17;  ///< Features are numbers below 2^17: places in the table of weights.
constexpr std::size_t name_features_max = 20;

/// Something that may be a name or part of one, as the tagger sees it: a capitalized word of Latin script, or two or
/// three Chinese characters that begin with a family name.
struct NameCandidate {
  Span span;
  std::uint32_t run = 0;  ///< Capitalized words that stand together share a run; Chinese candidates have none (0).
  bool is_chinese = false;
  bool is_particle = false;  ///< "van", "de": only between two other words of a name.
  bool is_titled = false;  ///< A form of address stands right before the run.
  std::uint8_t feature_count = 0;
  std::array<std::uint32_t, name_features_max> features{};
};

/// All candidates of a text in order; those of Chinese may overlap. Training and tagging both use this function.
void collect_name_candidates(std::string_view text, std::vector<NameCandidate>& candidates);

}  // namespace gristmill::kernels::pii
