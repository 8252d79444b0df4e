// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/exchange.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include "gristmill/io/file.h"
#include "gristmill/kernels/union_find.h"

namespace gristmill::engine {
namespace {

/// A key as it lies in a key file.
#pragma pack(push, 4)
struct StoredKey {
  std::uint64_t high;
  std::uint64_t low;
  std::uint32_t row;
};
#pragma pack(pop)
static_assert(sizeof(StoredKey) == 20);

/// A key while it is grouped: the row has become a global number.
struct Key {
  std::uint64_t high;
  std::uint64_t low;
  std::uint64_t ordinal;
  auto operator<=>(const Key&) const = default;
};

struct Edge {
  std::uint64_t first;
  std::uint64_t other;
};

/// Before each run: keys in each partition, and a checksum over counts and keys.
struct RunHead {
  std::array<std::uint32_t, exchange_partitions> counts;
  std::uint64_t checksum;
};

constexpr std::size_t run_keys_max = (std::size_t{16} << 20) / sizeof(StoredKey);
constexpr std::uint32_t partition_of(std::uint64_t high) { return static_cast<std::uint32_t>(high >> 54); }
static_assert(partition_of(~std::uint64_t{0}) == exchange_partitions - 1);

template <typename T>
std::string_view bytes_of(const std::vector<T>& items) {
  return {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)};
}

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

/// Calls `use(head, offset of the run's keys)` for each run of a key file.
template <typename Use>
Status for_each_run(const std::string& path, Use use) {
  GRISTMILL_TRY(const auto size, io::file_size(path));
  for (std::uint64_t offset = 0; offset < size;) {
    GRISTMILL_TRY(const auto head, read_run_head(path, offset));
    GRISTMILL_RETURN_IF_ERROR(use(head, offset + sizeof(RunHead)));
    offset += sizeof(RunHead) + run_keys(head) * sizeof(StoredKey);
  }
  return {};
}

/// The slice of the key space that one pass of grouping handles.
struct Slice {
  std::uint32_t begin;  ///< Partitions.
  std::uint32_t end;
  std::uint64_t part;   ///< Within each partition: part `part` of `parts`, by the bits below the partition's.
  std::uint64_t parts;
  [[nodiscard]] bool holds(std::uint64_t high) const { return parts == 1 || (high >> 22) % parts == part; }
};

Status read_slice(const KeyFile& file, const Slice& slice, const Bitmap& gone, std::vector<Key>& keys) {
  return for_each_run(file.path, [&](const RunHead& head, std::uint64_t offset) -> Status {
    std::uint64_t skipped = 0;
    std::uint64_t wanted = 0;
    for (std::uint32_t partition = 0; partition < slice.begin; ++partition) skipped += head.counts[partition];
    for (auto partition = slice.begin; partition < slice.end; ++partition) wanted += head.counts[partition];
    if (wanted == 0) return {};
    GRISTMILL_TRY(const auto bytes,
                  io::read_range(file.path, offset + skipped * sizeof(StoredKey), wanted * sizeof(StoredKey)));
    if (bytes.size() != wanted * sizeof(StoredKey))
      return corrupt_data(fmt::format("{}: key file is cut short", file.path));
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(StoredKey)) {
      StoredKey stored{};
      std::memcpy(&stored, bytes.data() + at, sizeof stored);
      const auto partition = partition_of(stored.high);
      if (partition < slice.begin || partition >= slice.end) {
        return corrupt_data(fmt::format("{}: a key lies outside its partition", file.path));
      }
      const auto ordinal = file.first_ordinal + stored.row;
      if (slice.holds(stored.high) && !gone.test(ordinal))
        keys.push_back({stored.high, stored.low, static_cast<std::uint64_t>(ordinal)});
    }
    return {};
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

/// A zero-filled scratch file mapped into memory; pages go back to disk when memory is short.
class MappedScratch {
 public:
  static Result<std::unique_ptr<MappedScratch>> create(const std::string& path, std::size_t bytes) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return errno_error(fmt::format("creating {}", path), errno);
    ::unlink(path.c_str());
    const int failed = ::posix_fallocate(descriptor, 0, static_cast<off_t>(std::max<std::size_t>(bytes, 1)));
    void* memory = failed == 0 ? ::mmap(nullptr, std::max<std::size_t>(bytes, 1), PROT_READ | PROT_WRITE, MAP_SHARED,
                                        descriptor, 0)
                               : MAP_FAILED;
    ::close(descriptor);
    if (memory == MAP_FAILED)
      return errno_error(fmt::format("mapping {} ({} bytes)", path, bytes), failed != 0 ? failed : errno);
    return std::unique_ptr<MappedScratch>(new MappedScratch(memory, bytes));
  }
  ~MappedScratch() { ::munmap(memory_, std::max<std::size_t>(bytes_, 1)); }
  MappedScratch(const MappedScratch&) = delete;
  MappedScratch& operator=(const MappedScratch&) = delete;

  template <typename T>
  std::span<T> cells() {
    return {static_cast<T*>(memory_), bytes_ / sizeof(T)};
  }

 private:
  MappedScratch(void* memory, std::size_t bytes) : memory_(memory), bytes_(bytes) {}
  void* memory_;
  std::size_t bytes_;
};

using Forest = kernels::UnionFind<std::uint64_t>;

Status join_edges(const std::string& path, Forest& forest, std::uint64_t document_count, bool keeps_first) {
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
      // The root of a set is its smallest index; mirrored, that is the last document.
      if (!keeps_first) edge = {document_count - 1 - edge.first, document_count - 1 - edge.other};
      forest.join(edge.first, edge.other);
    }
    std::memmove(buffer.data(), buffer.data() + at, filled - at);
    filled -= at;
    if (count == 0) break;
  }
  if (filled != 0) return corrupt_data(fmt::format("{}: edge file is cut short", path));
  return {};
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

struct KeyWriter::Impl {
  std::string path;
  std::unique_ptr<io::FileWriter> file;
  std::vector<StoredKey> keys;

  Status write_run() {
    RunHead head{};
    for (const auto& key : keys) ++head.counts[partition_of(key.high)];
    std::array<std::size_t, exchange_partitions> position{};
    for (std::size_t i = 1; i < exchange_partitions; ++i) position[i] = position[i - 1] + head.counts[i - 1];
    std::vector<StoredKey> grouped(keys.size());
    for (const auto& key : keys) grouped[position[partition_of(key.high)]++] = key;
    head.checksum = run_checksum(head, bytes_of(grouped));
    keys.clear();
    GRISTMILL_RETURN_IF_ERROR(file->write({reinterpret_cast<const char*>(&head), sizeof head}));
    return file->write(bytes_of(grouped));
  }
};

KeyWriter::KeyWriter(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}
KeyWriter::~KeyWriter() = default;

Status KeyWriter::add(const Hash128& key, std::uint32_t row) {
  if (!impl_->file) {
    GRISTMILL_TRY(impl_->file, io::FileWriter::create(impl_->path));
  }
  impl_->keys.push_back({key.high, key.low, row});
  return impl_->keys.size() >= run_keys_max ? impl_->write_run() : Status();
}

Status KeyWriter::close() {
  if (!impl_->file) {
    GRISTMILL_TRY(impl_->file, io::FileWriter::create(impl_->path));
  }
  if (!impl_->keys.empty()) GRISTMILL_RETURN_IF_ERROR(impl_->write_run());
  return impl_->file->publish();
}

Result<std::vector<std::uint64_t>> partition_bytes(std::span<const KeyFile> files) {
  std::vector<std::uint64_t> totals(exchange_partitions, 0);
  for (const auto& file : files) {
    GRISTMILL_RETURN_IF_ERROR(for_each_run(file.path, [&](const RunHead& head, std::uint64_t offset) -> Status {
      // The whole run is verified here, once, before any part of it is trusted.
      GRISTMILL_TRY(const auto keys, io::read_range(file.path, offset, run_keys(head) * sizeof(StoredKey)));
      if (run_checksum(head, keys) != head.checksum)
        return corrupt_data(fmt::format("{}: checksum of a key run is wrong", file.path));
      for (std::uint32_t i = 0; i < exchange_partitions; ++i) totals[i] += std::uint64_t{head.counts[i]} * sizeof(Key);
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
    GRISTMILL_RETURN_IF_ERROR(for_each_run(file.path, [&](const RunHead& head, std::uint64_t) -> Status {
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
  std::string bits((count + 7) / 8, '\0');
  std::int64_t marked = 0;
  for (std::uint64_t ordinal = 0; ordinal < count; ++ordinal) {
    const auto index = keeps_first ? ordinal : count - 1 - ordinal;
    const bool is_duplicate = forest.find(index) != index;
    marked += is_duplicate;
    if (is_duplicate || gone.test(static_cast<std::int64_t>(ordinal)))
      bits[ordinal / 8] = static_cast<char>(bits[ordinal / 8] | (1 << (ordinal % 8)));
  }
  GRISTMILL_RETURN_IF_ERROR(io::write_file(decision_path, bits));
  return marked;
}

}  // namespace gristmill::engine
