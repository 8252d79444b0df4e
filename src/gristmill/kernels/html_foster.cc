// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gristmill/kernels/html_tree.h"

namespace gristmill::kernels {
namespace {

constexpr std::uint32_t none = 0xFFFFFFFFu;

/// A node on its way into the new order.
struct Pending {
  std::uint32_t node;
  std::uint32_t parent;  ///< In the new order.
  bool has_fosters_out;  ///< What belongs in front of it is out already.
};

}  // namespace

/// Builds the node array again with each foster in front of its table. Linear; only pages with such content pay.
void HtmlTree::move_fosters() {
  const auto count = static_cast<std::uint32_t>(nodes_.size());
  std::vector<std::uint8_t> is_foster(count, 0);
  std::vector<std::uint32_t> first(count, none);  // By table: its fosters, last one first, chained through `next`.
  std::vector<std::uint32_t> next(fosters_.size(), none);
  for (std::uint32_t i = 0; i < fosters_.size(); ++i) {
    is_foster[fosters_[i].node] = 1;
    next[i] = first[fosters_[i].table];
    first[fosters_[i].table] = i;
  }
  std::vector<HtmlNode> moved;
  moved.reserve(count);
  std::vector<std::uint32_t> new_index(count, 0);
  std::vector<Pending> pending{{0, 0, false}};
  while (!pending.empty()) {
    const auto [node, parent, has_fosters_out] = pending.back();
    pending.pop_back();
    if (first[node] != none && !has_fosters_out) {
      pending.push_back({node, parent, true});
      for (auto i = first[node]; i != none; i = next[i]) pending.push_back({fosters_[i].node, parent, false});
      continue;
    }
    const auto index = static_cast<std::uint32_t>(moved.size());
    new_index[node] = index;
    moved.push_back(nodes_[node]);
    moved.back().parent = parent;
    moved.back().end = 0;
    moved.back().depth = static_cast<std::uint16_t>(index == 0 ? 0 : moved[parent].depth + 1);
    const auto children_begin = pending.size();
    for (auto child = node + 1; child < nodes_[node].end; child = nodes_[child].end) {
      if (is_foster[child] == 0) pending.push_back({child, index, false});
    }
    std::reverse(pending.begin() + static_cast<std::ptrdiff_t>(children_begin), pending.end());
  }
  for (std::uint32_t i = count; i-- > 0;) {
    moved[i].end = std::max(moved[i].end, i + 1);
    moved[moved[i].parent].end = std::max(moved[moved[i].parent].end, moved[i].end);
  }
  nodes_ = std::move(moved);
  for (auto& node : head_nodes_) node = new_index[node];
  std::ranges::sort(head_nodes_);
  for (auto& tag : raw_tags_) tag.node = new_index[tag.node];
  std::ranges::sort(raw_tags_, {}, &RawTag::node);
}

}  // namespace gristmill::kernels
