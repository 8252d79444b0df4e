// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

namespace gristmill::ops::extract {

/// Memory for lists that one step of a page's decision needs: taken from what the thread keeps, and given back all
/// together when this ends. A page needs dozens of such lists, and to ask for each anew costs more than to fill many.
/// What is made last must end first, as local objects do.
class PageMemory {
 public:
  PageMemory() noexcept;
  ~PageMemory();
  PageMemory(const PageMemory&) = delete;
  PageMemory& operator=(const PageMemory&) = delete;

  /// Numbers or plain structs, of which nothing is set.
  template <typename T>
  [[nodiscard]] std::span<T> take(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> && alignof(T) <= alignment);
    return {static_cast<T*>(take_bytes(count * sizeof(T))), count};
  }
  /// All of one value.
  template <typename T>
  [[nodiscard]] std::span<T> take(std::size_t count, const T& value) {
    const auto taken = take<T>(count);
    std::fill(taken.begin(), taken.end(), value);
    return taken;
  }

 private:
  static constexpr std::size_t alignment = 64;

  static void* take_bytes(std::size_t bytes);

  std::size_t chunk_;
  std::size_t used_;
};

}  // namespace gristmill::ops::extract
