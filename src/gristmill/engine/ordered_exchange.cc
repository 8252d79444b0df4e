// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/ordered_exchange.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "gristmill/engine/key_files.h"
#include "gristmill/engine/mapped_scratch.h"
#include "gristmill/kernels/sized_union.h"

namespace gristmill::engine {
namespace {

using Forest = kernels::SizedUnion<std::uint64_t>;

// Places to cut the keys at are chosen among so many of them.
constexpr std::uint64_t sample_max = std::uint64_t{1} << 16;

/// The first value of a key, by which the key space is cut to slices that fit the memory.
using Lead = std::pair<std::uint64_t, std::uint64_t>;

Lead lead_of(const char* key) {
  Lead lead;
  std::memcpy(&lead.first, key, sizeof lead.first);
  std::memcpy(&lead.second, key + sizeof lead.first, sizeof lead.second);
  return lead;
}

/// What one task of grouping reads.
struct Range {
  std::span<const KeyFile> files;
  std::size_t values;
  std::uint32_t begin;
  std::uint32_t end;
  const Bitmap& gone;

  template <typename Use>
  Status for_each(Use use) const {
    for (const auto& file : files) GRISTMILL_RETURN_IF_ERROR(for_each_key(file, values, begin, end, gone, use));
    return {};
  }
};

/// Where the slices after the first begin, so that each holds about `memory_bytes`.
Result<std::vector<Lead>> cuts(const Range& range, std::uint64_t memory_bytes) {
  std::uint64_t count = 0;
  GRISTMILL_RETURN_IF_ERROR(range.for_each([&](const char*, std::uint64_t) { ++count; }));
  const auto bytes = count * (range.values * 2 + 2) * sizeof(std::uint64_t);
  std::vector<Lead> found;
  if (bytes <= memory_bytes) return found;
  const auto stride = count / sample_max + 1;
  std::vector<Lead> sample;
  std::uint64_t at = 0;
  GRISTMILL_RETURN_IF_ERROR(range.for_each([&](const char* key, std::uint64_t) {
    if (at++ % stride == 0) sample.push_back(lead_of(key));
  }));
  std::ranges::sort(sample);
  const auto parts = std::min<std::uint64_t>(bytes / std::max<std::uint64_t>(1, memory_bytes) + 1, sample.size());
  for (std::uint64_t part = 1; part < parts; ++part) {
    const auto& lead = sample[sample.size() * part / parts];
    if (found.empty() || found.back() < lead) found.push_back(lead);
  }
  return found;
}

/// Keys of a slice, each followed by its document, and the edges that they give.
class SortedSlice {
 public:
  explicit SortedSlice(std::size_t values) : width_(values * 2), stride_(values * 2 + 1) {}

  void add(const char* key, std::uint64_t ordinal) {
    const auto at = cells_.size();
    cells_.resize(at + stride_, ordinal);
    std::memcpy(cells_.data() + at, key, width_ * sizeof(std::uint64_t));
  }

  Status write_edges(io::FileWriter& out) {
    std::vector<std::size_t> order(cells_.size() / stride_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [this](std::size_t left, std::size_t right) {
      return std::ranges::lexicographical_compare(row(left), row(right));
    });
    for (std::size_t i = 1; i < order.size(); ++i) {
      const auto before = row(order[i - 1]);
      const auto here = row(order[i]);
      if (before.back() == here.back() || !std::ranges::equal(before.first(width_), here.first(width_))) continue;
      const Edge edge{before.back(), here.back()};
      GRISTMILL_RETURN_IF_ERROR(out.write({reinterpret_cast<const char*>(&edge), sizeof edge}));
    }
    return {};
  }

 private:
  [[nodiscard]] std::span<const std::uint64_t> row(std::size_t index) const {
    return std::span(cells_).subspan(index * stride_, stride_);
  }
  std::size_t width_;
  std::size_t stride_;
  std::vector<std::uint64_t> cells_;
};

}  // namespace

Status group_ordered_keys(std::span<const KeyFile> files, std::size_t values, std::uint32_t begin, std::uint32_t end,
                          std::int64_t document_count, const std::string& gone_path, std::uint64_t memory_bytes,
                          const std::string& edge_path) {
  GRISTMILL_TRY(const auto gone, Bitmap::load(gone_path, 0, document_count));
  const Range range{files, values, begin, end, gone};
  GRISTMILL_TRY(const auto bounds, cuts(range, memory_bytes));
  GRISTMILL_TRY(auto out, io::FileWriter::create(edge_path));
  for (std::size_t part = 0; part <= bounds.size(); ++part) {
    SortedSlice slice(values);
    GRISTMILL_RETURN_IF_ERROR(range.for_each([&](const char* key, std::uint64_t ordinal) {
      const auto lead = lead_of(key);
      if (part > 0 && lead < bounds[part - 1]) return;
      if (part < bounds.size() && lead >= bounds[part]) return;
      slice.add(key, ordinal);
    }));
    GRISTMILL_RETURN_IF_ERROR(slice.write_edges(*out));
  }
  return out->publish();
}

Result<std::int64_t> cluster_ordered_edges(std::span<const std::string> edge_paths, std::int64_t document_count,
                                           const std::string& gone_path, const std::string& scratch_path,
                                           const std::string& decision_path) {
  const auto count = static_cast<std::uint64_t>(document_count);
  GRISTMILL_TRY(const auto scratch, MappedScratch::create(scratch_path, count * sizeof(Forest::Cell)));
  Forest forest(scratch->cells<Forest::Cell>());
  for (const auto& path : edge_paths) {
    GRISTMILL_RETURN_IF_ERROR(
        for_each_edge(path, count, [&](const Edge& edge) { forest.join(edge.first, edge.other); }));
  }
  GRISTMILL_TRY(const auto gone, Bitmap::load(gone_path, 0, document_count));
  return write_decisions(count, gone, decision_path,
                         [&](std::uint64_t ordinal) { return forest.find(ordinal) != ordinal; });
}

}  // namespace gristmill::engine
