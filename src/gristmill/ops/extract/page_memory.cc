// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/page_memory.h"

#include <memory>
#include <new>
#include <vector>

namespace gristmill::ops::extract {
namespace {

constexpr std::size_t chunk_bytes = 1u << 20;
/// One giant page must not pin its memory for the rest of the run. What a page of 1 MB needs at most is kept.
constexpr std::size_t kept_bytes_max = 32u << 20;

struct Chunk {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size;
};

/// What a thread has, up to `chunk` and `used` bytes of it taken.
struct Kept {
  std::vector<Chunk> chunks;
  std::size_t chunk = 0;
  std::size_t used = 0;
  std::size_t size = 0;
};

Kept& kept() {
  thread_local Kept of_thread;
  return of_thread;
}

}  // namespace

PageMemory::PageMemory() noexcept : chunk_(kept().chunk), used_(kept().used) {}

PageMemory::~PageMemory() {
  auto& own = kept();
  own.chunk = chunk_;
  own.used = used_;
  if (chunk_ == 0 && used_ == 0 && own.size > kept_bytes_max) own = {};
}

void* PageMemory::take_bytes(std::size_t bytes) {
  auto& own = kept();
  while (true) {
    if (own.chunk == own.chunks.size()) {
      const auto size = std::max(chunk_bytes, bytes + alignment);
      own.chunks.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
      own.size += size;
    }
    const auto& [begin, size] = own.chunks[own.chunk];
    void* at = begin.get() + own.used;
    auto space = size - own.used;
    if (std::align(alignment, bytes, at, space) != nullptr) {
      own.used = size - space + bytes;
      return at;
    }
    ++own.chunk;
    own.used = 0;
  }
}

}  // namespace gristmill::ops::extract
