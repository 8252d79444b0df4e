// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "gristmill/base/result.h"

namespace gristmill::engine {

/// A zero-filled scratch file mapped into memory; pages go back to disk when memory is short. Unlinked at once, so it
/// is gone with the object.
class MappedScratch {
 public:
  static Result<std::unique_ptr<MappedScratch>> create(const std::string& path, std::size_t bytes);
  ~MappedScratch();
  MappedScratch(const MappedScratch&) = delete;
  MappedScratch& operator=(const MappedScratch&) = delete;

  /// The memory as items of one type.
  template <typename T>
  std::span<T> cells() {
    return {static_cast<T*>(memory_), bytes_ / sizeof(T)};
  }

 private:
  MappedScratch(void* memory, std::size_t bytes) : memory_(memory), bytes_(bytes) {}
  void* memory_;
  std::size_t bytes_;
};

}  // namespace gristmill::engine
