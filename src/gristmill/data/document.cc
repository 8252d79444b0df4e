// SPDX-License-Identifier: Apache-2.0
#include "gristmill/data/document.h"

#include <algorithm>
#include <cstring>

#include "gristmill/base/result.h"

namespace gristmill::data {
namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20;
// A block far larger than usual is given back on clear: one giant document must not pin its memory for ever.
constexpr std::size_t kept_block_bytes_max = std::size_t{4} << 20;

}  // namespace

std::string_view Arena::copy(std::string_view bytes) {
  if (bytes.empty()) return {};
  const auto target = allocate(bytes.size());
  std::memcpy(target.data(), bytes.data(), bytes.size());
  return {target.data(), bytes.size()};
}

std::span<const std::uint32_t> Arena::copy_ids(std::span<const std::uint32_t> ids) {
  if (ids.empty()) return {};
  const auto target = allocate(ids.size_bytes());
  std::memcpy(target.data(), ids.data(), ids.size_bytes());
  return {reinterpret_cast<const std::uint32_t*>(target.data()), ids.size()};
}

std::span<char> Arena::allocate(std::size_t bytes) {
  const std::size_t rounded = (bytes + 7) & ~std::size_t{7};
  while (current_ < blocks_.size() && blocks_[current_].size - blocks_[current_].used < rounded) ++current_;
  if (current_ == blocks_.size()) {
    const std::size_t size = std::max(block_bytes, rounded);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size, 0});
  }
  auto& block = blocks_[current_];
  char* start = block.bytes.get() + block.used;
  block.used += rounded;
  bytes_used_ += rounded;
  return {start, bytes};
}

void Arena::shrink_last(std::span<char> allocation, std::size_t bytes) {
  auto& block = blocks_[current_];
  const auto old_rounded = (allocation.size() + 7) & ~std::size_t{7};
  const auto new_rounded = (bytes + 7) & ~std::size_t{7};
  GRISTMILL_CHECK(bytes <= allocation.size() && allocation.data() + old_rounded == block.bytes.get() + block.used,
                  "shrink_last of an allocation that is not the newest");
  block.used -= old_rounded - new_rounded;
  bytes_used_ -= old_rounded - new_rounded;
}

void Arena::clear() {
  std::erase_if(blocks_, [](const Block& block) { return block.size > kept_block_bytes_max; });
  for (auto& block : blocks_) block.used = 0;
  current_ = 0;
  bytes_used_ = 0;
}

void Batch::clear() {
  documents.clear();
  casualties.clear();
  arena.clear();
  owners.clear();
  text_bytes = 0;
}

std::span<Value> Batch::allocate_cells(std::size_t column_count) {
  static_assert(std::is_trivially_destructible_v<Value>, "cells in the arena are never destroyed");
  if (column_count == 0) return {};
  auto* cells = reinterpret_cast<Value*>(arena.allocate(column_count * sizeof(Value)).data());
  std::uninitialized_value_construct_n(cells, column_count);
  return {cells, column_count};
}

}  // namespace gristmill::data
