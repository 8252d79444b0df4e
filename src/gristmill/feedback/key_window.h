// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/base/result.h"

namespace gristmill::feedback {

/// An idempotency key, by digest, and the event that came with it.
struct KeyEntry {
  Hash128 key;
  std::uint64_t content = 0;   ///< Digest of the event as it was sent.
  std::uint64_t sequence = 0;
};

/// The newest idempotency keys: at least `keys_kept` of them, at most twice as many. Two generations; when the younger
/// is full the older is forgotten. Not for two threads at once.
class KeyWindow {
 public:
  explicit KeyWindow(std::size_t keys_kept) : keys_kept_(keys_kept == 0 ? 1 : keys_kept) {}

  /// The entry of a key, or null. Valid until the next change.
  [[nodiscard]] const KeyEntry* find(const Hash128& key) const;
  /// Adds a key that is not there.
  void add(const KeyEntry& entry);
  /// Forgets the keys of all events from this sequence number on: they did not become durable.
  void forget_from(std::uint64_t sequence);
  [[nodiscard]] std::size_t size() const { return young_.entries.size() + old_.entries.size(); }

 private:
  /// Entries in order of arrival, and an open-addressed table of places in them.
  struct Generation {
    std::vector<KeyEntry> entries;
    std::vector<std::uint32_t> slots;  ///< 1 + index of the entry; 0 = free.

    [[nodiscard]] const KeyEntry* find(const Hash128& key) const;
    void add(const KeyEntry& entry);
    void rebuild(std::size_t slot_count);
    void forget_from(std::uint64_t sequence);
  };

  std::size_t keys_kept_;
  Generation young_, old_;
};

/// Writes keys durably, so that they outlive the segments in which they came.
Status write_keys(const std::string& path, const std::vector<KeyEntry>& entries);
/// Reads them; `corrupt_data` when a byte is wrong.
Result<std::vector<KeyEntry>> read_keys(const std::string& path);

}  // namespace gristmill::feedback
