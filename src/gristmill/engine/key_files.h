// SPDX-License-Identifier: Apache-2.0
// How keys and edges lie in their files; for the exchange only.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/engine/exchange.h"
#include "gristmill/io/file.h"

namespace gristmill::engine {

/// Before each run of keys: how many there are in each partition, and a checksum over counts and keys. A key is its
/// values, each the two halves of a Hash128, then the document's row (4 bytes).
struct RunHead {
  std::array<std::uint32_t, exchange_partitions> counts;
  std::uint64_t checksum;
};

/// Two documents of one cluster.
struct Edge {
  std::uint64_t first;
  std::uint64_t other;
};

/// Bytes of a stored key of so many values.
constexpr std::size_t stored_key_bytes(std::size_t values) { return values * 16 + 4; }

/// The partition of a key: the top bits of its first half.
constexpr std::uint32_t partition_of(std::uint64_t high) { return static_cast<std::uint32_t>(high >> 54); }
static_assert(partition_of(~std::uint64_t{0}) == exchange_partitions - 1);

/// Reads the head of the run at `offset`.
Result<RunHead> read_run_head(const std::string& path, std::uint64_t offset);
/// Keys in a run.
std::uint64_t run_keys(const RunHead& head);
/// Checksum of a run.
std::uint64_t run_checksum(const RunHead& head, std::string_view keys);

/// Calls `use(head, offset of the run's keys)` for each run of a file of keys of `values` values.
template <typename Use>
Status for_each_run(const std::string& path, std::size_t values, Use use) {
  GRISTMILL_TRY(const auto size, io::file_size(path));
  for (std::uint64_t offset = 0; offset < size;) {
    GRISTMILL_TRY(const auto head, read_run_head(path, offset));
    GRISTMILL_RETURN_IF_ERROR(use(head, offset + sizeof(RunHead)));
    offset += sizeof(RunHead) + run_keys(head) * stored_key_bytes(values);
  }
  return {};
}

/// Calls `use(bytes of the key, ordinal of its document)` for each key of partitions [begin, end) of a file, but those
/// of documents that are gone.
template <typename Use>
Status for_each_key(const KeyFile& file, std::size_t values, std::uint32_t begin, std::uint32_t end, const Bitmap& gone,
                    Use use) {
  const auto size = stored_key_bytes(values);
  return for_each_run(file.path, values, [&](const RunHead& head, std::uint64_t offset) -> Status {
    std::uint64_t skipped = 0;
    std::uint64_t wanted = 0;
    for (std::uint32_t partition = 0; partition < begin; ++partition) skipped += head.counts[partition];
    for (auto partition = begin; partition < end; ++partition) wanted += head.counts[partition];
    if (wanted == 0) return {};
    GRISTMILL_TRY(const auto bytes, io::read_range(file.path, offset + skipped * size, wanted * size));
    if (bytes.size() != wanted * size) return corrupt_data(fmt::format("{}: key file is cut short", file.path));
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      std::uint64_t high = 0;
      std::uint32_t row = 0;
      std::memcpy(&high, bytes.data() + at, sizeof high);
      std::memcpy(&row, bytes.data() + at + size - sizeof row, sizeof row);
      if (partition_of(high) < begin || partition_of(high) >= end)
        return corrupt_data(fmt::format("{}: a key lies outside its partition", file.path));
      const auto ordinal = file.first_ordinal + row;
      if (!gone.test(ordinal)) use(bytes.data() + at, static_cast<std::uint64_t>(ordinal));
    }
    return {};
  });
}

/// Calls `use(edge)` for each edge of a file, in its order; both ends lie below `document_count`.
template <typename Use>
Status for_each_edge(const std::string& path, std::uint64_t document_count, Use use) {
  GRISTMILL_TRY(auto source, io::open_file(path));
  std::vector<char> buffer(std::size_t{1} << 20);
  std::size_t filled = 0;
  while (true) {
    GRISTMILL_TRY(const auto count, source->read(std::span(buffer).subspan(filled)));
    filled += count;
    std::size_t at = 0;
    for (; at + sizeof(Edge) <= filled; at += sizeof(Edge)) {
      Edge edge{};
      std::memcpy(&edge, buffer.data() + at, sizeof edge);
      if (edge.first >= document_count || edge.other >= document_count)
        return corrupt_data(fmt::format("{}: an edge names no document", path));
      use(edge);
    }
    std::memmove(buffer.data(), buffer.data() + at, filled - at);
    filled -= at;
    if (count == 0) break;
  }
  if (filled != 0) return corrupt_data(fmt::format("{}: edge file is cut short", path));
  return {};
}

/// Writes one bit a document: set where `is_duplicate(ordinal)` or gone already. Returns the number of duplicates.
template <typename IsDuplicate>
Result<std::int64_t> write_decisions(std::uint64_t count, const Bitmap& gone, const std::string& path,
                                     IsDuplicate is_duplicate) {
  std::string bits((count + 7) / 8, '\0');
  std::int64_t marked = 0;
  for (std::uint64_t ordinal = 0; ordinal < count; ++ordinal) {
    const bool is_marked = is_duplicate(ordinal);
    marked += is_marked;
    if (is_marked || gone.test(static_cast<std::int64_t>(ordinal)))
      bits[ordinal / 8] = static_cast<char>(bits[ordinal / 8] | (1 << (ordinal % 8)));
  }
  GRISTMILL_RETURN_IF_ERROR(io::write_file(path, bits));
  return marked;
}

}  // namespace gristmill::engine
