// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/union_find.h"

#include <utility>

namespace gristmill::kernels {

// Relaxed order is enough everywhere: a cell carries no other data with it, parents only ever move down to smaller
// members of the same set, and a reader that sees an old parent merely walks a longer path to the same root.

template <typename Index>
Index UnionFind<Index>::find(Index index) noexcept {
  while (true) {
    const Index above = parent(index);
    if (above == index) return index;
    const Index root_side = parent(above);
    if (root_side == above) return above;
    // Path halving: point at the grandparent. Losing the race is harmless, the winner's parent is as good.
    auto expected = static_cast<Index>(index - above);
    cells_[index].compare_exchange_weak(expected, static_cast<Index>(index - root_side), std::memory_order_relaxed);
    index = root_side;
  }
}

template <typename Index>
bool UnionFind<Index>::join(Index first, Index second) noexcept {
  while (true) {
    first = find(first);
    second = find(second);
    if (first == second) return false;
    if (first > second) std::swap(first, second);
    // Only a root may be linked, and only below a smaller index: no cycle can arise and roots stay minimal.
    Index expected = 0;
    if (cells_[second].compare_exchange_strong(expected, static_cast<Index>(second - first),
                                               std::memory_order_relaxed)) {
      return true;
    }
  }
}

template class UnionFind<std::uint32_t>;
template class UnionFind<std::uint64_t>;

}  // namespace gristmill::kernels
