// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

namespace gristmill::kernels {

/// Disjoint sets over the indices 0..cells.size()-1, joined by any number of threads at once without locks. The root of
/// a set is always its smallest index, so the outcome depends on the pairs alone, never on their order or on timing.
///
/// The caller provides (and owns) the memory: one cell an index, all zero at the start. A cell holds how far below its
/// index the parent lies (0 = root), so freshly zeroed or sparse mapped memory is a valid forest of single elements,
/// and the cells may be written to a file and opened again.
template <typename Index>
class UnionFind {
 public:
  using Cell = std::atomic<Index>;
  static_assert(Cell::is_always_lock_free, "cells may lie in mapped files and be shared between threads");

  explicit UnionFind(std::span<Cell> cells) noexcept : cells_(cells) {}

  /// Smallest index of the set that holds `index`, among the joins that have finished; shortens paths on the way.
  Index find(Index index) noexcept;
  /// Joins the sets of two indices; true when they were apart.
  bool join(Index first, Index second) noexcept;

 private:
  [[nodiscard]] Index parent(Index index) const noexcept {
    return static_cast<Index>(index - cells_[index].load(std::memory_order_relaxed));
  }
  std::span<Cell> cells_;
};

extern template class UnionFind<std::uint32_t>;
extern template class UnionFind<std::uint64_t>;

}  // namespace gristmill::kernels
