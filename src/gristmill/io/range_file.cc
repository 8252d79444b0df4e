// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/range_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "gristmill/io/s3_client.h"

namespace gristmill::io {
namespace {

constexpr std::uint64_t tail_bytes = std::uint64_t{64} << 10;
constexpr std::uint64_t first_block_bytes = std::uint64_t{256} << 10;
constexpr std::uint64_t block_bytes_max = std::uint64_t{8} << 20;
constexpr std::uint64_t held_bytes_max = std::uint64_t{32} << 20;

}  // namespace

RangeFile::~RangeFile() = default;

Result<std::unique_ptr<RangeFile>> RangeFile::open(const std::string& path) {
  GRISTMILL_TRY(const auto object, ObjectPath::parse(path));
  std::unique_ptr<RangeFile> file(new RangeFile());
  GRISTMILL_TRY(file->client_, object_client(object.bucket));
  GRISTMILL_TRY(auto tail, file->client_->get_tail(object, tail_bytes));
  file->path_ = path;
  file->etag_ = std::move(tail.facts.etag);
  file->size_ = tail.facts.bytes;
  if (!tail.bytes.empty()) file->blocks_.push_back({file->size_ - tail.bytes.size(), std::move(tail.bytes)});
  return file;
}

RangeFile::Block* RangeFile::find(std::uint64_t offset) {
  const auto found = std::ranges::find_if(
      blocks_, [&](const Block& block) { return block.offset <= offset && offset < block.end(); });
  return found == blocks_.end() ? nullptr : &*found;
}

void RangeFile::make_room(std::uint64_t bytes) {
  std::uint64_t held = bytes;
  for (const auto& block : blocks_) held += block.bytes.size();
  while (held > held_bytes_max && !blocks_.empty()) {
    const auto oldest = std::ranges::min_element(blocks_, {}, &Block::last_use);
    held -= oldest->bytes.size();
    blocks_.erase(oldest);
  }
}

Result<RangeFile::Block*> RangeFile::fetch(std::uint64_t offset, std::uint64_t wanted) {
  // A block that ends here is being read through: twice as much comes next, and it is not needed any more.
  const auto before = std::ranges::find(blocks_, offset, &Block::end);
  auto size = first_block_bytes;
  if (before != blocks_.end()) {
    size = std::clamp<std::uint64_t>(before->bytes.size() * 2, first_block_bytes, block_bytes_max);
    blocks_.erase(before);
  }
  size = std::min(std::max(size, std::min(wanted, block_bytes_max)), size_ - offset);
  GRISTMILL_TRY(const auto object, ObjectPath::parse(path_));
  GRISTMILL_TRY(auto some, client_->get_range(object, {offset, size}, etag_));
  if (some.bytes.size() != size)
    return Error{ErrorCode::conflict, fmt::format("{}: was changed while it was read", path_)};
  make_room(size);
  blocks_.push_back({offset, std::move(some.bytes)});
  return &blocks_.back();
}

Result<std::size_t> RangeFile::read_at(std::uint64_t offset, std::span<char> buffer) {
  const std::scoped_lock lock(mutex_);
  std::size_t filled = 0;
  while (filled < buffer.size() && offset < size_) {
    auto* block = find(offset);
    if (block == nullptr) {
      GRISTMILL_TRY(block, fetch(offset, buffer.size() - filled));
    }
    block->last_use = ++uses_;
    const auto at = static_cast<std::size_t>(offset - block->offset);
    const auto count = std::min(block->bytes.size() - at, buffer.size() - filled);
    std::memcpy(buffer.data() + filled, block->bytes.data() + at, count);
    filled += count;
    offset += count;
  }
  return filled;
}

}  // namespace gristmill::io
