// SPDX-License-Identifier: Apache-2.0
#include "gristmill/data/memory.h"

#include <arrow/memory_pool.h>
#include <malloc.h>

#include <limits>
#include <memory>

namespace gristmill::data {
namespace {

std::unique_ptr<arrow::CappedMemoryPool>& capped() {
  static std::unique_ptr<arrow::CappedMemoryPool> pool;
  return pool;
}

}  // namespace

arrow::MemoryPool* arrow_pool() {
  if (capped()) return capped().get();
  return arrow::default_memory_pool();
}

void set_arrow_limit(std::int64_t bytes) {
  capped() = std::make_unique<arrow::CappedMemoryPool>(arrow::default_memory_pool(), bytes);
}

void release_unused_memory() {
  arrow_pool()->ReleaseUnused();
  ::malloc_trim(0);
}

}  // namespace gristmill::data
