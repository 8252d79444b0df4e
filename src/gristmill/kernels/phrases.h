// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::kernels {

/// When a phrase counts only as whole words.
enum class Boundaries : std::uint8_t {
  automatic,  ///< Except at an edge of a script written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese).
  always,
  never,
};

/// Finds many phrases in one pass over a text (Aho and Corasick's automaton as one table), without regard to case.
/// Thread-safe once made.
class PhraseMatcher {
 public:
  /// An occurrence: which phrase, and where it ends in the lower-cased text.
  struct Hit {
    std::uint32_t phrase = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  PhraseMatcher() = default;
  /// Empty phrases are never found; of equal ones the first is reported. Refuses lists whose table would pass 1 GiB.
  static Result<PhraseMatcher> make(std::span<const std::string> phrases, Boundaries boundaries);

  /// Next occurrence in `text` (lower-cased by `append_lower_case`) that does not begin before `from`; the one that
  /// ends first, of those the longest. False when there is none. To go on, call with `from = hit.end`.
  bool find(std::string_view text, std::size_t from, Hit& hit) const;
  [[nodiscard]] bool empty() const { return phrases_.empty(); }

 private:
  struct Phrase {
    std::uint32_t bytes = 0;
    bool needs_boundary_before = false;
    bool needs_boundary_after = false;
  };
  using State = std::uint32_t;
  static constexpr State none = 0xFFFFFFFF;
  static constexpr State reports = 0x80000000;  ///< Set in the table on the way to a state in which phrases end.

  void insert(std::string_view phrase, std::uint32_t number);
  void link();
  [[nodiscard]] std::size_t cell(State state, char byte) const {
    return (std::size_t{state} << row_shift_) + classes_[static_cast<unsigned char>(byte)];
  }
  [[nodiscard]] bool is_word_edge(std::string_view text, std::size_t begin, std::size_t end,
                                  const Phrase& phrase) const;

  std::vector<Phrase> phrases_;
  std::uint8_t classes_[256] = {};  ///< Bytes that no phrase holds share class 0.
  unsigned row_shift_ = 0;  ///< Rows of the table hold two to this power cells.
  std::vector<State> table_;  ///< State and class to state.
  std::vector<std::uint32_t> ends_;  ///< Phrase that ends in a state, or none.
  std::vector<State> shorter_;  ///< Nearest state on the way of suffixes in which a phrase ends, or none.
};

}  // namespace gristmill::kernels
