// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace arrow {
class MemoryPool;
}

namespace gristmill::data {

/// The pool that every Arrow buffer of ours comes from. Process-wide, thread-safe.
arrow::MemoryPool* arrow_pool();
/// Caps the pool: an allocation past the limit fails with an out-of-memory error, never with a killed process.
void set_arrow_limit(std::int64_t bytes);

/// Gives memory that allocators keep for reuse back to the system.
void release_unused_memory();

}  // namespace gristmill::data
