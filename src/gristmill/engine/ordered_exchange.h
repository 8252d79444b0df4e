// SPDX-License-Identifier: Apache-2.0
// The exchange for operators whose choice within a cluster depends on the order of keys (GlobalOperator::key_values).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "gristmill/engine/exchange.h"

namespace gristmill::engine {

/// Sorts the keys of partitions [begin, end) and writes an edge between neighbours with equal keys, in the order of the
/// keys; documents with one key are in input order. `gone` documents take no part. Memory stays within about
/// `memory_bytes`, unless more documents than that share their first values.
Status group_ordered_keys(std::span<const KeyFile> files, std::size_t values, std::uint32_t begin, std::uint32_t end,
                          std::int64_t document_count, const std::string& gone_path, std::uint64_t memory_bytes,
                          const std::string& edge_path);

/// Joins the documents along the edges, file by file and edge by edge, the smaller set to the larger, and writes one
/// bit a document: set = not the root of its set. Else as `cluster_edges`; 16 bytes a document of scratch.
Result<std::int64_t> cluster_ordered_edges(std::span<const std::string> edge_paths, std::int64_t document_count,
                                           const std::string& gone_path, const std::string& scratch_path,
                                           const std::string& decision_path);

}  // namespace gristmill::engine
