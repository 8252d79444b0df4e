// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include "gristmill/engine/key_files.h"
#include "gristmill/engine/mapped_scratch.h"
#include "gristmill/io/file.h"
#include "gristmill/kernels/union_find.h"

namespace gristmill::engine {
namespace {

/// A key while it is grouped: the row has become a global number.
struct Key {
  std::uint64_t high;
  std::uint64_t low;
  std::uint64_t ordinal;
  auto operator<=>(const Key&) const = default;
};

constexpr std::size_t run_bytes_max = std::size_t{16} << 20;

/// The slice of the key space that one pass of grouping handles.
struct Slice {
  std::uint32_t begin;  ///< Partitions.
  std::uint32_t end;
  std::uint64_t part;   ///< Within each partition: part `part` of `parts`, by the bits below the partition's.
  std::uint64_t parts;
  [[nodiscard]] bool holds(std::uint64_t high) const { return parts == 1 || (high >> 22) % parts == part; }
};

Status read_slice(const KeyFile& file, const Slice& slice, const Bitmap& gone, std::vector<Key>& keys) {
  return for_each_key(file, 1, slice.begin, slice.end, gone, [&](const char* stored, std::uint64_t ordinal) {
    Key key{0, 0, ordinal};
    std::memcpy(&key.high, stored, sizeof key.high);
    std::memcpy(&key.low, stored + sizeof key.high, sizeof key.low);
    if (slice.holds(key.high)) keys.push_back(key);
  });
}

Status group_slice(std::span<const KeyFile> files, const Slice& slice, const Bitmap& gone, std::vector<Key>& keys,
                   io::FileWriter& out) {
  keys.clear();
  for (const auto& file : files) GRISTMILL_RETURN_IF_ERROR(read_slice(file, slice, gone, keys));
  std::ranges::sort(keys);
  for (std::size_t first = 0; first < keys.size();) {
    auto next = first + 1;
    for (; next < keys.size() && keys[next].high == keys[first].high && keys[next].low == keys[first].low; ++next) {
      if (keys[next].ordinal == keys[next - 1].ordinal) continue;
      const Edge edge{keys[first].ordinal, keys[next].ordinal};
      GRISTMILL_RETURN_IF_ERROR(out.write({reinterpret_cast<const char*>(&edge), sizeof edge}));
    }
    first = next;
  }
  return {};
}

using Forest = kernels::UnionFind<std::uint64_t>;

Status join_edges(const std::string& path, Forest& forest, std::uint64_t document_count, bool keeps_first) {
  return for_each_edge(path, document_count, [&](Edge edge) {
    // The root of a set is its smallest index; mirrored, that is the last document.
    if (!keeps_first) edge = {document_count - 1 - edge.first, document_count - 1 - edge.other};
    forest.join(edge.first, edge.other);
  });
}

Status join_all(std::span<const std::string> paths, Forest& forest, std::uint64_t document_count, bool keeps_first,
                int threads) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failure;
  const auto work = [&] {
    for (auto index = next.fetch_add(1); index < paths.size(); index = next.fetch_add(1)) {
      if (auto status = join_edges(paths[index], forest, document_count, keeps_first); !status) {
        const std::scoped_lock lock(mutex);
        failure = std::move(status).error();
        return;
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 1; i < threads; ++i) workers.emplace_back(work);
    work();
  }
  if (failure) return *std::move(failure);
  return {};
}

}  // namespace

std::uint64_t run_checksum(const RunHead& head, std::string_view keys) {
  return xxh3_64(keys, xxh3_64({reinterpret_cast<const char*>(head.counts.data()), sizeof head.counts}));
}

Result<RunHead> read_run_head(const std::string& path, std::uint64_t offset) {
  GRISTMILL_TRY(const auto bytes, io::read_range(path, offset, sizeof(RunHead)));
  RunHead head{};
  if (bytes.size() != sizeof head)
    return corrupt_data(fmt::format("{}: key file is cut short at byte {}", path, offset));
  std::memcpy(&head, bytes.data(), sizeof head);
  return head;
}

std::uint64_t run_keys(const RunHead& head) {
  std::uint64_t total = 0;
  for (const auto count : head.counts) total += count;
  return total;
}

struct KeyWriter::Impl {
  std::string path;
  std::size_t key_bytes;
  std::unique_ptr<io::FileWriter> file;
  std::string keys;

  /// Calls `use(partition, bytes)` for each key held.
  template <typename Use>
  void for_each(Use use) const {
    for (std::size_t at = 0; at < keys.size(); at += key_bytes) {
      std::uint64_t high = 0;
      std::memcpy(&high, keys.data() + at, sizeof high);
      use(partition_of(high), keys.data() + at);
    }
  }

  Status write_run() {
    RunHead head{};
    for_each([&](std::uint32_t partition, const char*) { ++head.counts[partition]; });
    std::array<std::size_t, exchange_partitions> position{};
    for (std::size_t i = 1; i < exchange_partitions; ++i)
      position[i] = position[i - 1] + head.counts[i - 1] * key_bytes;
    std::string grouped(keys.size(), '\0');
    for_each([&](std::uint32_t partition, const char* key) {
      std::memcpy(grouped.data() + position[partition], key, key_bytes);
      position[partition] += key_bytes;
    });
    head.checksum = run_checksum(head, grouped);
    keys.clear();
    GRISTMILL_RETURN_IF_ERROR(file->write({reinterpret_cast<const char*>(&head), sizeof head}));
    return file->write(grouped);
  }
};

KeyWriter::KeyWriter(std::string path, std::size_t values)
    : impl_(std::make_unique<Impl>(std::move(path), stored_key_bytes(values))) {}
KeyWriter::~KeyWriter() = default;

Status KeyWriter::add(std::span<const Hash128> key, std::uint32_t row) {
  if (!impl_->file) {
    GRISTMILL_TRY(impl_->file, io::FileWriter::create(impl_->path));
  }
  for (const auto& value : key) {
    impl_->keys.append(reinterpret_cast<const char*>(&value.high), sizeof value.high);
    impl_->keys.append(reinterpret_cast<const char*>(&value.low), sizeof value.low);
  }
  impl_->keys.append(reinterpret_cast<const char*>(&row), sizeof row);
  return impl_->keys.size() >= run_bytes_max ? impl_->write_run() : Status();
}

Status KeyWriter::close() {
  if (!impl_->file) {
    GRISTMILL_TRY(impl_->file, io::FileWriter::create(impl_->path));
  }
  if (!impl_->keys.empty()) GRISTMILL_RETURN_IF_ERROR(impl_->write_run());
  return impl_->file->publish();
}

Result<std::vector<std::uint64_t>> partition_bytes(std::span<const KeyFile> files, std::size_t values) {
  // In memory the row has become a number of 8 bytes.
  const auto key_bytes = values * sizeof(Hash128) + sizeof(std::uint64_t);
  std::vector<std::uint64_t> totals(exchange_partitions, 0);
  for (const auto& file : files) {
    GRISTMILL_RETURN_IF_ERROR(for_each_run(file.path, values, [&](const RunHead& head, std::uint64_t offset) -> Status {
      // The whole run is verified here, once, before any part of it is trusted.
      GRISTMILL_TRY(const auto keys, io::read_range(file.path, offset, run_keys(head) * stored_key_bytes(values)));
      if (run_checksum(head, keys) != head.checksum)
        return corrupt_data(fmt::format("{}: checksum of a key run is wrong", file.path));
      for (std::uint32_t i = 0; i < exchange_partitions; ++i) totals[i] += head.counts[i] * key_bytes;
      return {};
    }));
  }
  return totals;
}

Result<Bitmap> Bitmap::load(const std::string& path, std::int64_t begin, std::int64_t end) {
  Bitmap bitmap;
  if (path.empty()) return bitmap;
  const auto first_byte = begin / 8;
  const auto bytes = static_cast<std::size_t>((end + 7) / 8 - first_byte);
  GRISTMILL_TRY(bitmap.bits_, io::read_range(path, static_cast<std::uint64_t>(first_byte), bytes));
  if (bitmap.bits_.size() != bytes) return corrupt_data(fmt::format("{}: decision file is cut short", path));
  bitmap.begin_ = first_byte * 8;
  return bitmap;
}

Status group_keys(std::span<const KeyFile> files, std::uint32_t begin, std::uint32_t end, std::int64_t document_count,
                  const std::string& gone_path, std::uint64_t memory_bytes, const std::string& edge_path) {
  GRISTMILL_TRY(const auto gone, Bitmap::load(gone_path, 0, document_count));
  std::uint64_t total = 0;
  for (const auto& file : files) {
    GRISTMILL_RETURN_IF_ERROR(for_each_run(file.path, 1, [&](const RunHead& head, std::uint64_t) -> Status {
      for (auto partition = begin; partition < end; ++partition)
        total += std::uint64_t{head.counts[partition]} * sizeof(Key);
      return {};
    }));
  }
  const auto parts = std::max<std::uint64_t>(1, (total + memory_bytes - 1) / std::max<std::uint64_t>(1, memory_bytes));
  GRISTMILL_TRY(auto out, io::FileWriter::create(edge_path));
  std::vector<Key> keys;
  // Growing by doubling would hold three times the slice; parts of a hash range differ by little.
  const auto slice_keys = total / sizeof(Key) / parts;
  keys.reserve(slice_keys + (parts > 1 ? slice_keys / 8 : 0));
  for (std::uint64_t part = 0; part < parts; ++part) {
    GRISTMILL_RETURN_IF_ERROR(group_slice(files, {begin, end, part, parts}, gone, keys, *out));
  }
  return out->publish();
}

Result<std::int64_t> cluster_edges(std::span<const std::string> edge_paths, std::int64_t document_count,
                                   bool keeps_first, const std::string& gone_path, int threads,
                                   const std::string& scratch_path, const std::string& decision_path) {
  const auto count = static_cast<std::uint64_t>(document_count);
  GRISTMILL_TRY(const auto scratch, MappedScratch::create(scratch_path, count * sizeof(Forest::Cell)));
  Forest forest(scratch->cells<Forest::Cell>());
  GRISTMILL_RETURN_IF_ERROR(join_all(edge_paths, forest, count, keeps_first, threads));
  GRISTMILL_TRY(const auto gone, Bitmap::load(gone_path, 0, document_count));
  return write_decisions(count, gone, decision_path, [&](std::uint64_t ordinal) {
    const auto index = keeps_first ? ordinal : count - 1 - ordinal;
    return forest.find(index) != index;
  });
}

}  // namespace gristmill::engine
