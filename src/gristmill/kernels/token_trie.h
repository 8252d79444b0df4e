// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// Tokens by their bytes, as a double array: eight bytes a node, one load a byte of text. Immutable once built.
class TokenTrie {
 public:
  /// A token to hold. `is_reachable`: merging can make it; others only stand for a whole piece.
  struct Entry {
    std::string_view bytes;
    std::uint32_t id = 0;
    bool is_reachable = false;
  };
  /// A token that a text begins with.
  struct Match {
    std::uint32_t id = none;
    std::uint32_t size = 0;
  };
  static constexpr std::uint32_t none = (1U << 23) - 1;
  /// Ids must lie below this.
  static constexpr std::uint32_t id_limit = none - 1;

  TokenTrie() = default;
  /// Entries may come in any order; their bytes must differ and not be empty.
  explicit TokenTrie(std::vector<Entry> entries);

  /// The longest reachable token that `text` begins with; the id is `none` when there is no such token.
  [[nodiscard]] Match longest(std::string_view text) const {
    Match best;
    std::uint32_t at = 0;
    for (std::uint32_t i = 0; i < text.size(); ++i) {
      at = child(at, static_cast<unsigned char>(text[i]));
      if (at == 0) break;
      const auto info = nodes_[at].info;
      if ((info & reachable_bit) != 0) best = {info >> id_shift, i + 1};
    }
    return best;
  }
  /// A piece looked up once: the token that it is as a whole, reachable or not, and the longest that it begins with.
  struct Lookup {
    std::uint32_t whole = none;
    Match longest;
  };
  [[nodiscard]] Lookup look_up(std::string_view piece) const {
    Lookup found;
    std::uint32_t at = 0;
    for (std::uint32_t i = 0; i < piece.size(); ++i) {
      at = child(at, static_cast<unsigned char>(piece[i]));
      if (at == 0) return found;
      const auto info = nodes_[at].info;
      if ((info & reachable_bit) != 0) found.longest = {info >> id_shift, i + 1};
    }
    found.whole = nodes_[at].info >> id_shift;
    return found;
  }

 private:
  static constexpr unsigned id_shift = 9;
  static constexpr std::uint32_t reachable_bit = 1U << 8;
  static constexpr std::uint32_t free_info = id_limit << id_shift;

  /// The children of a node lie at `base` + byte. `info`: id (23 bits), reachable (1), the byte that leads here (8). No
  /// two nodes share a base, so the byte alone tells whose child a node is.
  struct Node {
    std::uint32_t base = 0;
    std::uint32_t info = free_info;
  };
  class Builder;

  /// The child for a byte, or 0.
  [[nodiscard]] std::uint32_t child(std::uint32_t at, unsigned byte) const {
    const auto next = nodes_[at].base + byte;
    const auto info = nodes_[next].info;
    return (info & 0xFF) == byte && info >> id_shift != id_limit ? next : 0;
  }

  /// The root first; 256 free ones last, so that a child is always inside.
  std::vector<Node> nodes_ = std::vector<Node>(257);
};

}  // namespace gristmill::kernels
