// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/base/result.h"

namespace gristmill::engine {

/// Hash ranges that keys are exchanged by: the top bits of the key. Fixed, so that files never depend on threads.
constexpr std::uint32_t exchange_partitions = 1024;

/// Collects the cluster keys of one task and writes them grouped by partition, in runs of bounded memory. 20 bytes a
/// key of one value.
class KeyWriter {
 public:
  explicit KeyWriter(std::string path, std::size_t values = 1);
  ~KeyWriter();
  /// Adds a key: as many values as the constructor was told of.
  Status add(std::span<const Hash128> key, std::uint32_t row);
  Status close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A key file and the global number of its first row.
struct KeyFile {
  std::string path;
  std::int64_t first_ordinal = 0;
};

/// Bytes of keys in each partition, summed over files: for planning tasks of bounded memory.
Result<std::vector<std::uint64_t>> partition_bytes(std::span<const KeyFile> files, std::size_t values = 1);

/// Which documents are gone already: one bit a document; empty file name = none.
class Bitmap {
 public:
  static Result<Bitmap> load(const std::string& path, std::int64_t begin, std::int64_t end);
  [[nodiscard]] bool test(std::int64_t ordinal) const {
    if (bits_.empty()) return false;
    const auto bit = static_cast<std::uint64_t>(ordinal - begin_);
    return (static_cast<unsigned char>(bits_[bit / 8]) >> (bit % 8)) & 1;
  }

 private:
  std::string bits_;
  std::int64_t begin_ = 0;
};

/// Groups equal keys of partitions [begin, end) and writes an edge (first document, other document) for each further
/// document of a group. `gone` documents take no part. A partition larger than `memory_bytes` is read several times,
/// a slice of its hash range each time, so memory stays bounded.
Status group_keys(std::span<const KeyFile> files, std::uint32_t begin, std::uint32_t end, std::int64_t document_count,
                  const std::string& gone_path, std::uint64_t memory_bytes, const std::string& edge_path);

/// Joins the documents along all edges on `threads` threads and writes one bit a document: set = not the survivor of
/// its cluster (the first in input order, or the last). Documents of `gone_path` keep their bit too, so the file is
/// the union of all decisions of the cut. The forest sits in a mapped scratch file (8 bytes a document), not in memory.
/// Returns the number of documents newly marked.
Result<std::int64_t> cluster_edges(std::span<const std::string> edge_paths, std::int64_t document_count,
                                   bool keeps_first, const std::string& gone_path, int threads,
                                   const std::string& scratch_path, const std::string& decision_path);

}  // namespace gristmill::engine
