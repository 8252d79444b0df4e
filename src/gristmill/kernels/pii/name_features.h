// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gristmill/kernels/pii/context.h"

namespace gristmill::kernels::pii {

constexpr unsigned name_feature_bits = 17;  ///< Features are numbers below 2^17: places in the table of weights.
constexpr std::size_t name_features_max = 56;

/// A stretch of text that may be a name, as the tagger sees it.
struct NameCandidate {
  Span span;
  std::uint8_t word_count = 0;  ///< Of Latin script; 0 for Chinese.
  std::uint8_t feature_count = 0;
  std::array<std::uint32_t, name_features_max> features{};

  /// Adds a feature of a role: equal hashes in two roles are two features.
  void add(std::uint32_t role, std::uint32_t hash) noexcept {
    std::uint32_t mixed = (hash ^ (role * 0x9E3779B9U)) * 0x85EBCA6BU;
    mixed = (mixed ^ (mixed >> 15)) * 0xC2B2AE35U;
    features[feature_count++] = mixed >> (32 - name_feature_bits);
  }
};

/// Candidates of which at most one is a name: all stretches of a run of capitalized words, or the lengths that a
/// Chinese name at one place can have.
struct NameGroup {
  bool is_chinese = false;
  bool is_titled_run = false;  ///< A form of address stands right before the run.
  std::vector<Span> words;  ///< Of the run, without forms of address; none for Chinese.
  std::vector<NameCandidate> candidates;

  /// Whether a form of address stands right before a candidate.
  [[nodiscard]] bool is_titled(const NameCandidate& candidate) const noexcept {
    return is_titled_run && candidate.span.begin == words.front().begin;
  }
};

/// Walks over the groups of a text. Training and tagging both use it.
class NameScanner {
 public:
  explicit NameScanner(std::string_view text) noexcept : text_(text) {}
  /// Gives the next group, which may hold words but no candidates; false at the end of the text.
  bool next(NameGroup& group);

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Hash of up to 24 bytes in small letters (ASCII).
std::uint32_t hash_name_word(std::string_view word) noexcept;

}  // namespace gristmill::kernels::pii
