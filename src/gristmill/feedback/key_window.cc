// SPDX-License-Identifier: Apache-2.0
#include "gristmill/feedback/key_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "gristmill/io/file.h"

namespace gristmill::feedback {
namespace {

constexpr std::string_view keys_magic = "GMFBKEY1";
constexpr std::size_t entry_bytes = 32;
constexpr std::size_t slots_min = 64;

/// Whoever sends keys must not be able to choose where they fall: XXH3 over key and a number of this process.
std::size_t place_of(const Hash128& key, std::size_t slot_count) {
  static const std::uint64_t seed = std::random_device{}();
  const std::uint64_t words[2] = {key.high, key.low};
  char bytes[sizeof words];
  std::memcpy(bytes, words, sizeof words);
  return xxh3_64({bytes, sizeof bytes}, seed) & (slot_count - 1);
}

}  // namespace

const KeyEntry* KeyWindow::Generation::find(const Hash128& key) const {
  if (slots.empty()) return nullptr;
  for (auto at = place_of(key, slots.size()); slots[at] != 0; at = (at + 1) & (slots.size() - 1)) {
    const auto& entry = entries[slots[at] - 1];
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

void KeyWindow::Generation::rebuild(std::size_t slot_count) {
  slots.assign(slot_count, 0);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    auto at = place_of(entries[i].key, slot_count);
    while (slots[at] != 0) at = (at + 1) & (slot_count - 1);
    slots[at] = static_cast<std::uint32_t>(i + 1);
  }
}

void KeyWindow::Generation::add(const KeyEntry& entry) {
  entries.push_back(entry);
  if (slots.size() < entries.size() * 2) return rebuild(std::max(slots_min, slots.size() * 2));
  auto at = place_of(entry.key, slots.size());
  while (slots[at] != 0) at = (at + 1) & (slots.size() - 1);
  slots[at] = static_cast<std::uint32_t>(entries.size());
}

void KeyWindow::Generation::forget_from(std::uint64_t sequence) {
  const auto before = entries.size();
  while (!entries.empty() && entries.back().sequence >= sequence) entries.pop_back();
  if (entries.size() != before) rebuild(slots.size());
}

const KeyEntry* KeyWindow::find(const Hash128& key) const {
  if (const auto* entry = young_.find(key)) return entry;
  return old_.find(key);
}

void KeyWindow::add(const KeyEntry& entry) {
  if (young_.entries.size() >= keys_kept_) {
    old_ = std::move(young_);
    young_ = {};
  }
  young_.add(entry);
}

void KeyWindow::forget_from(std::uint64_t sequence) {
  young_.forget_from(sequence);
  old_.forget_from(sequence);
}

Status write_keys(const std::string& path, const std::vector<KeyEntry>& entries) {
  std::string bytes(keys_magic);
  bytes.resize(keys_magic.size() + entries.size() * entry_bytes + sizeof(std::uint64_t));
  char* at = bytes.data() + keys_magic.size();
  for (const auto& entry : entries) {
    const std::uint64_t words[4] = {entry.key.high, entry.key.low, entry.content, entry.sequence};
    std::memcpy(at, words, entry_bytes);
    at += entry_bytes;
  }
  const auto checksum = xxh3_64(std::string_view(bytes).substr(0, bytes.size() - sizeof(std::uint64_t)));
  std::memcpy(at, &checksum, sizeof checksum);
  return io::write_file(path, bytes);
}

Result<std::vector<KeyEntry>> read_keys(const std::string& path) {
  GRISTMILL_TRY(const auto bytes, io::read_file(path));
  const auto frame = keys_magic.size() + sizeof(std::uint64_t);
  const bool is_sized = bytes.size() >= frame && (bytes.size() - frame) % entry_bytes == 0;
  std::uint64_t checksum = 0;
  if (is_sized) std::memcpy(&checksum, bytes.data() + bytes.size() - sizeof checksum, sizeof checksum);
  if (!is_sized || !bytes.starts_with(keys_magic) ||
      checksum != xxh3_64(std::string_view(bytes).substr(0, bytes.size() - sizeof checksum)))
    return corrupt_data(fmt::format("{}: not a whole file of idempotency keys", path));
  std::vector<KeyEntry> entries((bytes.size() - frame) / entry_bytes);
  const char* at = bytes.data() + keys_magic.size();
  for (auto& entry : entries) {
    std::uint64_t words[4];
    std::memcpy(words, at, entry_bytes);
    entry = {{words[0], words[1]}, words[2], words[3]};
    at += entry_bytes;
  }
  return entries;
}

}  // namespace gristmill::feedback
