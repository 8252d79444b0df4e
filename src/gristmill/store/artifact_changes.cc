// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_changes.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace gristmill::store {
namespace {

// Granularity of the comparison, and what an equal stretch must have to be worth an entry in the manifest.
constexpr std::size_t block_bytes = 512;
constexpr std::size_t stretch_bytes_min = 4096;

/// Bytes of the content that are kept, from a place of the earlier bytes, or new.
struct Stretch {
  std::size_t bytes = 0;
  std::size_t earlier_at = npos;

  static constexpr std::size_t npos = SIZE_MAX;
  [[nodiscard]] bool is_new() const { return earlier_at == npos; }
};

/// Appends a stretch, joined to the last one where it goes on.
void add(std::vector<Stretch>& stretches, Stretch stretch) {
  if (stretch.bytes == 0) return;
  if (!stretches.empty()) {
    auto& last = stretches.back();
    const bool goes_on = stretch.is_new() ? last.is_new()
                                          : !last.is_new() && last.earlier_at + last.bytes == stretch.earlier_at;
    if (goes_on) {
      last.bytes += stretch.bytes;
      return;
    }
  }
  stretches.push_back(stretch);
}

std::vector<Stretch> compare_in_place(std::string_view before, std::string_view after) {
  std::vector<Stretch> stretches;
  for (std::size_t at = 0; at < after.size(); at += block_bytes) {
    const auto block = after.substr(at, block_bytes);
    add(stretches, {block.size(), block == before.substr(at, block_bytes) ? at : Stretch::npos});
  }
  return stretches;
}

std::vector<Stretch> compare_ends(std::string_view before, std::string_view after) {
  const auto shorter = std::min(before.size(), after.size());
  const auto head = static_cast<std::size_t>(
      std::mismatch(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(shorter), before.begin()).first -
      after.begin());
  std::size_t tail = 0;
  while (tail < shorter - head && after[after.size() - 1 - tail] == before[before.size() - 1 - tail]) ++tail;
  std::vector<Stretch> stretches;
  add(stretches, {head, 0});
  add(stretches, {after.size() - head - tail, Stretch::npos});
  add(stretches, {tail, before.size() - tail});
  return stretches;
}

/// Kept stretches that are not worth their entries become new bytes.
std::vector<Stretch> without_small(const std::vector<Stretch>& stretches) {
  std::vector<Stretch> result;
  for (const auto& stretch : stretches)
    add(result, {stretch.bytes, stretch.bytes < stretch_bytes_min ? Stretch::npos : stretch.earlier_at});
  return result;
}

}  // namespace

EarlierFile::EarlierFile(const ArtifactFile& file, const PackStore& store) : file_(file), store_(store) {
  std::uint64_t begin = 0;
  for (const auto& piece : file_.pieces) {
    begins_.push_back(begin);
    begin += piece.bytes;
  }
  by_digest_.resize(file_.pieces.size());
  std::iota(by_digest_.begin(), by_digest_.end(), std::size_t{0});
  std::ranges::stable_sort(by_digest_, {}, [&](std::size_t i) { return file_.pieces[i].digest; });
}

std::size_t EarlierFile::find(const ChunkDigest& digest, std::size_t from) const {
  const auto same = std::ranges::equal_range(by_digest_, digest, {},
                                             [&](std::size_t i) { return file_.pieces[i].digest; });
  const auto found = std::ranges::lower_bound(same, from);
  return found == same.end() ? std::string::npos : *found;
}

Result<std::string> read_piece(const PackStore& store, const ChunkPiece& piece) {
  std::string content;
  if (piece.parts.empty()) {
    GRISTMILL_TRY(content, store.read(piece.digest));
  } else {
    // What is around a change lies in one chunk, and is read once.
    std::array<std::pair<ChunkDigest, std::string>, 2> recent;
    std::size_t oldest = 0;
    for (const auto& part : piece.parts) {
      auto found = std::ranges::find(recent, part.chunk, &std::pair<ChunkDigest, std::string>::first);
      if (found == recent.end()) {
        GRISTMILL_TRY(auto chunk, store.read(part.chunk));
        found = recent.begin() + static_cast<std::ptrdiff_t>(oldest);
        *found = {part.chunk, std::move(chunk)};
        oldest = 1 - oldest;
      }
      const auto& chunk = found->second;
      if (part.offset > chunk.size() || part.bytes > chunk.size() - part.offset)
        return corrupt_data("a piece of an artifact reaches beyond its chunk " + part.chunk.text());
      content.append(chunk, part.offset, part.bytes);
    }
  }
  if (content.size() != piece.bytes || !piece.digest.matches(content))
    return corrupt_data("a piece of an artifact does not have the digest " + piece.digest.text());
  return content;
}

Result<std::string> EarlierFile::read(std::uint64_t begin, std::uint64_t end) const {
  std::string content;
  for (std::size_t i = 0; i < file_.pieces.size(); ++i) {
    const auto piece_end = begins_[i] + file_.pieces[i].bytes;
    if (piece_end <= begin || begins_[i] >= end) continue;
    GRISTMILL_TRY(const auto piece, read_piece(store_, file_.pieces[i]));
    const auto from = std::max(begin, begins_[i]) - begins_[i];
    content.append(piece, from, std::min(end, piece_end) - begins_[i] - from);
  }
  return content;
}

std::vector<ChunkPart> EarlierFile::parts(std::uint64_t begin, std::uint64_t end) const {
  std::vector<ChunkPart> result;
  const auto add = [&](const ChunkDigest& chunk, std::uint64_t at, std::uint64_t offset, std::uint64_t bytes) {
    const auto from = std::max(begin, at);
    const auto to = std::min(end, at + bytes);
    if (from < to) result.push_back({chunk, offset + from - at, to - from});
  };
  for (std::size_t i = 0; i < file_.pieces.size(); ++i) {
    const auto& piece = file_.pieces[i];
    if (piece.parts.empty()) {
      add(piece.digest, begins_[i], 0, piece.bytes);
      continue;
    }
    auto at = begins_[i];
    for (const auto& part : piece.parts) {
      add(part.chunk, at, part.offset, part.bytes);
      at += part.bytes;
    }
  }
  return result;
}

Result<std::vector<ChunkPart>> compare(const EarlierFile& earlier, std::uint64_t begin, std::uint64_t end,
                                       std::string_view content) {
  GRISTMILL_TRY(const auto before, earlier.read(begin, end));
  const auto stretches = without_small(before.size() == content.size() ? compare_in_place(before, content)
                                                                       : compare_ends(before, content));
  std::vector<ChunkPart> result;
  std::uint64_t at = 0;
  for (const auto& stretch : stretches) {
    if (stretch.is_new()) {
      result.push_back({.chunk = {}, .offset = at, .bytes = stretch.bytes});
    } else {
      const auto from = begin + stretch.earlier_at;
      for (const auto& part : earlier.parts(from, from + stretch.bytes)) result.push_back(part);
    }
    at += stretch.bytes;
  }
  return result;
}

}  // namespace gristmill::store
