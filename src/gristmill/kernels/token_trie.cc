// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/token_trie.h"

#include <algorithm>
#include <deque>

namespace gristmill::kernels {

/// Places nodes level by level, so that the much used ones near the root lie close together.
class TokenTrie::Builder {
 public:
  Builder(std::span<const Entry> sorted, std::vector<Node>& nodes) : sorted_(sorted), nodes_(nodes) {}

  void build() {
    nodes_.resize(1);
    free_.resize(1);
    free_[0].next = 1;
    nodes_[0].info = none << id_shift;
    grow(1024);
    std::deque<Range> ranges{{0, 0, sorted_.size(), 0}};
    for (; !ranges.empty(); ranges.pop_front()) {
      find_children(ranges.front());
      if (children_.empty()) continue;
      place(ranges.front().node);
      const auto base = nodes_[ranges.front().node].base;
      for (const auto& child : children_) {
        ranges.push_back({base + child.byte, child.begin, child.end, ranges.front().depth + 1});
      }
    }
    nodes_.resize(last_used_ + 1 + 256);
  }

 private:
  /// Entries that share the first `depth` bytes, and their node.
  struct Range {
    std::uint32_t node;
    std::size_t begin;
    std::size_t end;
    std::size_t depth;
  };
  struct Child {
    unsigned byte;
    std::size_t begin;
    std::size_t end;
    std::uint32_t info;
  };
  struct Neighbours {
    std::uint32_t previous = 0;
    std::uint32_t next = 0;
  };
  // A base is looked for in this many places before the node's children go behind all others.
  static constexpr int places_tried_max = 48;

  void find_children(const Range& range) {
    children_.clear();
    auto at = range.begin;
    if (at < range.end && sorted_[at].bytes.size() == range.depth) ++at;  // The token that ends at the node itself.
    for (; at < range.end; ++at) {
      const auto byte = static_cast<unsigned char>(sorted_[at].bytes[range.depth]);
      if (children_.empty() || children_.back().byte != byte) {
        children_.push_back({byte, at, at, none << id_shift});
        const auto& first = sorted_[at];  // The shortest of them stands first.
        if (first.bytes.size() == range.depth + 1)
          children_.back().info = first.id << id_shift | (first.is_reachable ? reachable_bit : 0);
      }
      children_.back().end = at + 1;
    }
  }

  [[nodiscard]] bool is_free(std::size_t node) const { return nodes_[node].info == free_info; }

  /// More free nodes, at the end of the list of them.
  void grow(std::size_t size) {
    if (size <= nodes_.size()) return;
    auto node = nodes_.size();
    nodes_.resize(std::max(size, nodes_.size() * 2));
    base_is_used_.resize(nodes_.size());
    free_.resize(nodes_.size());
    for (; node < nodes_.size(); ++node) {
      free_[node].previous = static_cast<std::uint32_t>(node - 1);
      free_[node].next = static_cast<std::uint32_t>(node + 1);
    }
  }

  void take(std::size_t node, std::uint32_t info) {
    nodes_[node].info = info;
    last_used_ = std::max(last_used_, node);
    const auto [previous, next] = free_[node];
    free_[previous].next = next;
    if (next < free_.size()) free_[next].previous = previous;
  }

  void place(std::uint32_t parent) {
    const auto first = children_.front().byte;
    grow(last_used_ + 1024);
    std::size_t base = last_used_ + 1;  // Behind all others: free for sure.
    int tried = 0;
    // Node 0, the root, is the head of the list of free nodes.
    for (std::size_t node = free_[0].next; node <= last_used_; node = free_[node].next) {
      if (++tried > places_tried_max) {
        // What is crowded so far forward will hardly find a use.
        free_[0].next = static_cast<std::uint32_t>(node);
        free_[node].previous = 0;
        break;
      }
      if (node > first && fits(node - first)) {
        base = node - first;
        break;
      }
    }
    base_is_used_[base] = true;
    nodes_[parent].base = static_cast<std::uint32_t>(base);
    for (const auto& child : children_) take(base + child.byte, child.info | child.byte);
  }

  [[nodiscard]] bool fits(std::size_t base) const {
    return base > 0 && !base_is_used_[base] &&
           std::ranges::all_of(children_, [&](const Child& child) { return is_free(base + child.byte); });
  }

  std::span<const Entry> sorted_;
  std::vector<Node>& nodes_;
  std::vector<Child> children_;  ///< Of the node that is being placed.
  std::vector<bool> base_is_used_;
  std::vector<Neighbours> free_;  ///< A list of the free nodes.
  std::size_t last_used_ = 0;
};

TokenTrie::TokenTrie(std::vector<Entry> entries) {
  if (entries.empty()) return;
  std::ranges::sort(entries, {}, &Entry::bytes);
  Builder(entries, nodes_).build();
}

}  // namespace gristmill::kernels
