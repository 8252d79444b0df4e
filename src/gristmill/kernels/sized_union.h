// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace gristmill::kernels {

/// Disjoint sets over the indices 0..cells.size()-1 whose root is the larger set's at each join, the first one's of
/// equal ones: what the root is depends on the order of the joins. For one thread.
///
/// The caller provides (and owns) the memory: one cell an index, all zero at the start, so that sparse mapped memory is
/// a valid forest of single elements.
template <typename Index>
class SizedUnion {
 public:
  struct Cell {
    Index parent;   ///< One more than the parent's index; 0 = root.
    Index further;  ///< Of a root: members beside it.
  };

  explicit SizedUnion(std::span<Cell> cells) noexcept : cells_(cells) {}

  /// Root of the set that holds `index`; shortens the path on the way.
  Index find(Index index) noexcept {
    while (true) {
      auto& cell = at(index);
      if (cell.parent == 0) return index;
      const auto parent = static_cast<Index>(cell.parent - 1);
      if (at(parent).parent != 0) cell.parent = at(parent).parent;
      index = parent;
    }
  }

  /// Joins the sets of two indices.
  void join(Index first, Index second) noexcept {
    auto winner = find(first);
    auto loser = find(second);
    if (winner == loser) return;
    if (at(winner).further < at(loser).further) std::swap(winner, loser);
    at(loser).parent = static_cast<Index>(winner + 1);
    at(winner).further = static_cast<Index>(at(winner).further + at(loser).further + 1);
  }

 private:
  Cell& at(Index index) noexcept { return cells_[static_cast<std::size_t>(index)]; }
  std::span<Cell> cells_;
};

}  // namespace gristmill::kernels
