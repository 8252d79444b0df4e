// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifacts.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_set>

#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/store/artifact_changes.h"
#include "gristmill/store/artifact_chunks.h"
#include "gristmill/store/artifact_source.h"
#include "gristmill/store/artifact_tree.h"

namespace gristmill::store {
namespace {

constexpr std::uint64_t pack_bytes_max = std::uint64_t{128} << 20;
/// The index follows its pack at once; what has none after so long was left by a process that was killed.
constexpr std::int64_t publishing_ms_max = 3'600'000;
/// Files are read in spans of this size, side by side; a chunk ends at the end of its span.
constexpr std::uint64_t span_bytes = std::uint64_t{64} << 20;

/// Puts chunks into packs, each thread into those of its own.
class ChunkSink {
 public:
  ChunkSink(PackStore& store, int threads) : store_(store) {
    for (int i = 0; i < threads; ++i) writers_.emplace_back(store.folder());
  }

  /// Memory of a thread for bytes that may become chunks (PackWriter::room).
  Result<std::span<char>> room(std::size_t wanted, int thread) { return writer(thread).room(wanted); }

  /// Stores a chunk unless it is there, or another thread has just taken it.
  Status put(const ChunkDigest& digest, std::string_view content, int thread) {
    if (store_.has(digest)) return {};
    {
      const std::scoped_lock lock(mutex_);
      if (!taken_.insert(digest).second) return {};
      ++chunks_new_;
      bytes_new_ += content.size();
    }
    return writer(thread).add(digest, content);
  }

  /// Publishes the pack of a thread if it is large enough.
  Status close_full(int thread) {
    return writer(thread).bytes() >= pack_bytes_max ? publish(writer(thread)) : Status();
  }

  Status finish(const ArtifactWork& work) {
    return for_each_piece(writers_.size(), work, [&](std::size_t i, int) {
      return writers_[i].bytes() > 0 ? publish(writers_[i]) : Status();
    });
  }

  [[nodiscard]] std::uint64_t chunks_new() const { return chunks_new_; }
  [[nodiscard]] std::uint64_t bytes_new() const { return bytes_new_; }

 private:
  PackWriter& writer(int thread) { return writers_[static_cast<std::size_t>(thread)]; }

  Status publish(PackWriter& writer) {
    GRISTMILL_TRY(auto pack, writer.publish());
    store_.adopt(std::move(pack));
    return {};
  }

  PackStore& store_;
  std::vector<PackWriter> writers_;
  std::mutex mutex_;
  std::unordered_set<ChunkDigest, ChunkDigestHash> taken_;
  std::uint64_t chunks_new_ = 0, bytes_new_ = 0;
};

/// A span of a file and the pieces found in it.
struct Span {
  std::size_t file = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::vector<ChunkPiece> pieces;
};

/// Cuts one span into pieces and stores what is new.
class SpanReader {
 public:
  SpanReader(const TreeEntry& entry, Span& span, const EarlierFile* earlier, PackStore& store, ChunkSink& sink,
             int thread)
      : entry_(entry), span_(span), earlier_(earlier), store_(store), sink_(sink), thread_(thread) {}

  Status work() {
    GRISTMILL_TRY(const auto source, ArtifactSource::open(entry_));
    GRISTMILL_RETURN_IF_ERROR(cut(source));
    if (earlier_ != nullptr) GRISTMILL_RETURN_IF_ERROR(compare_changed(source));
    GRISTMILL_RETURN_IF_ERROR(sink_.close_full(thread_));
    return source.check_unchanged();
  }

 private:
  Status cut(const ArtifactSource& source) {
    for (auto at = span_.begin; at < span_.end;) {
      const auto left = span_.end - at;
      GRISTMILL_TRY(const auto room, sink_.room(std::min<std::uint64_t>(left, chunk_bytes_max), thread_));
      const auto read = room.first(std::min<std::uint64_t>(room.size(), left));
      GRISTMILL_RETURN_IF_ERROR(source.read(at, read));
      for (std::string_view rest(read.data(), read.size()); !rest.empty();) {
        const auto chunk = rest.substr(0, chunk_length(rest));
        // Where it ends is not known before more is read.
        if (chunk.size() == rest.size() && chunk.size() < chunk_bytes_max && read.size() < left) break;
        ChunkPiece piece{name_of(chunk), chunk.size(), {}};
        // With an earlier version at hand, what is new is looked at again: most of it may not be.
        if (earlier_ == nullptr) GRISTMILL_RETURN_IF_ERROR(sink_.put(piece.digest, chunk, thread_));
        span_.pieces.push_back(std::move(piece));
        rest.remove_prefix(chunk.size());
        at += chunk.size();
      }
    }
    return {};
  }

  [[nodiscard]] bool is_known(const ChunkDigest& digest) const {
    return store_.has(digest) || (earlier_ != nullptr && earlier_->find(digest, 0) != std::string::npos);
  }

  /// Chunks that are there under their former kind of name keep it, so that nothing is stored twice.
  [[nodiscard]] ChunkDigest name_of(std::string_view chunk) const {
    const auto digest = ChunkDigest::of(chunk);
    if (!store_.has_sha256() || is_known(digest)) return digest;
    const auto former = ChunkDigest::of(chunk, ChunkDigest::Kind::sha256);
    return is_known(former) ? former : digest;
  }

  /// Pieces that are neither stored nor in the earlier file are compared with what stood there.
  Status compare_changed(const ArtifactSource& source) {
    auto at = span_.begin;
    std::size_t earlier_next = 0;
    // Without a piece in common before, the same place in the file is the best guess.
    std::uint64_t earlier_at = std::min(span_.begin, earlier_->bytes());
    for (std::size_t i = 0; i < span_.pieces.size();) {
      auto& piece = span_.pieces[i];
      if (const auto found = earlier_->find(piece.digest, earlier_next); found != std::string::npos) {
        piece = earlier_->piece(found);
        earlier_next = found + 1;
        earlier_at = earlier_->begin_of(found) + piece.bytes;
      } else if (!store_.has(piece.digest)) {
        std::uint64_t bytes = 0;
        const auto end = run_end(i, bytes);
        GRISTMILL_RETURN_IF_ERROR(compare_run(source, i, end, at, earlier_at, earlier_end(end, earlier_next)));
        earlier_at = std::min(earlier_at + bytes, earlier_->bytes());
        at += bytes;
        i = end;
        continue;
      } else {
        earlier_at = std::min(earlier_at + piece.bytes, earlier_->bytes());
      }
      at += piece.bytes;
      ++i;
    }
    return {};
  }

  /// Behind the last of the unknown pieces that begin with `i`.
  std::size_t run_end(std::size_t i, std::uint64_t& bytes) const {
    for (; i < span_.pieces.size(); ++i) {
      const auto& digest = span_.pieces[i].digest;
      if (store_.has(digest) || earlier_->find(digest, 0) != std::string::npos) break;
      bytes += span_.pieces[i].bytes;
    }
    return i;
  }

  /// Where in the earlier file the piece stands that ends a run; its end, or that of the span, when there is none.
  [[nodiscard]] std::uint64_t earlier_end(std::size_t i, std::size_t from) const {
    if (i < span_.pieces.size()) {
      if (const auto found = earlier_->find(span_.pieces[i].digest, from); found != std::string::npos)
        return earlier_->begin_of(found);
    }
    return span_.end == entry_.bytes ? earlier_->bytes() : std::min(span_.end, earlier_->bytes());
  }

  /// Rewrites the pieces [first, last), which begin at byte `at`, as parts of earlier chunks and new ones.
  Status compare_run(const ArtifactSource& source, std::size_t first, std::size_t last, std::uint64_t at,
                     std::uint64_t begin, std::uint64_t end) {
    const bool is_too_far = end < begin || end - begin > span_bytes + chunk_bytes_max;
    for (std::size_t i = first; i < last; ++i) {
      auto& piece = span_.pieces[i];
      std::string content(piece.bytes, '\0');
      GRISTMILL_RETURN_IF_ERROR(source.read(at, content));
      if (!piece.digest.matches(content))
        return unavailable(fmt::format("{} changed while it was read; add it again", entry_.source));
      const auto left = is_too_far || begin > end ? 0 : end - begin;
      // The last piece of a run gets all that is left, so that its end meets the end of what it replaces.
      const auto share = i + 1 == last ? left : std::min<std::uint64_t>(left, piece.bytes);
      GRISTMILL_RETURN_IF_ERROR(store_changed(piece, content, begin, begin + share));
      begin += share;
      at += piece.bytes;
    }
    return {};
  }

  Status store_changed(ChunkPiece& piece, std::string_view content, std::uint64_t begin, std::uint64_t end) {
    GRISTMILL_TRY(auto parts, compare(*earlier_, begin, end, content));
    const auto is_new = [](const ChunkPart& part) { return part.chunk == ChunkDigest{}; };
    if (std::ranges::all_of(parts, is_new)) return sink_.put(piece.digest, content, thread_);
    for (auto& part : parts) {
      if (!is_new(part)) continue;
      const auto bytes = content.substr(part.offset, part.bytes);
      part = {name_of(bytes), 0, part.bytes};
      GRISTMILL_RETURN_IF_ERROR(sink_.put(part.chunk, bytes, thread_));
    }
    piece.parts = std::move(parts);
    return {};
  }

  const TreeEntry& entry_;
  Span& span_;
  const EarlierFile* earlier_;
  PackStore& store_;
  ChunkSink& sink_;
  int thread_;
};

const ArtifactFile* find_file(const ArtifactManifest* manifest, const std::string& path) {
  if (manifest == nullptr) return nullptr;
  const auto found = std::ranges::lower_bound(manifest->files, path, {}, &ArtifactFile::path);
  return found == manifest->files.end() || found->path != path ? nullptr : &*found;
}

/// Whether all chunks of a file are stored.
bool has_all(const ArtifactFile& file, const PackStore& store) {
  return std::ranges::all_of(file.pieces, [&](const ChunkPiece& piece) {
    if (piece.parts.empty()) return store.has(piece.digest);
    return std::ranges::all_of(piece.parts, [&](const ChunkPart& part) { return store.has(part.chunk); });
  });
}

std::vector<Span> spans_of(const std::vector<TreeEntry>& entries) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (std::uint64_t at = 0; entries[i].kind == TreeEntry::Kind::file && at < entries[i].bytes; at += span_bytes)
      spans.push_back({i, at, std::min(entries[i].bytes, at + span_bytes), {}});
  }
  return spans;
}

ArtifactManifest manifest_of(const std::vector<TreeEntry>& entries, std::vector<Span> spans) {
  ArtifactManifest manifest;
  manifest.is_tree = entries.size() != 1 || !entries[0].path.empty();
  auto span = spans.begin();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    if (entry.kind == TreeEntry::Kind::link) manifest.links.push_back({entry.path, entry.target});
    if (entry.kind == TreeEntry::Kind::folder) manifest.folders.push_back(entry.path);
    if (entry.kind != TreeEntry::Kind::file) continue;
    ArtifactFile file{.path = entry.path, .mode = entry.mode, .bytes = entry.bytes, .pieces = {}};
    for (; span != spans.end() && span->file == i; ++span)
      file.pieces.insert(file.pieces.end(), std::make_move_iterator(span->pieces.begin()),
                         std::make_move_iterator(span->pieces.end()));
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

}  // namespace

Result<StoredTree> store_tree(const std::string& path, const ArtifactManifest* earlier, PackStore& store,
                              const ArtifactWork& work) {
  GRISTMILL_TRY(const auto entries, list_tree(path, work.follows_links));
  auto spans = spans_of(entries);
  ChunkSink sink(store, work.threads);
  GRISTMILL_RETURN_IF_ERROR(for_each_piece(spans.size(), work, [&](std::size_t i, int thread) {
    const auto& entry = entries[spans[i].file];
    const auto* before = find_file(earlier, entry.path);
    std::optional<EarlierFile> earlier_file;
    // What was taken out for its damage is stored anew, like what was never there.
    if (before != nullptr && has_all(*before, store)) earlier_file.emplace(*before, store);
    return SpanReader(entry, spans[i], earlier_file ? &*earlier_file : nullptr, store, sink, thread).work();
  }));
  GRISTMILL_RETURN_IF_ERROR(sink.finish({.threads = work.threads}));
  if (io::is_object(path)) {
    GRISTMILL_TRY(const auto now, list_tree(path, work.follows_links));
    if (now != entries)
      return unavailable(fmt::format("something below {} was written while it was read; add it again", path));
  }
  return StoredTree{manifest_of(entries, std::move(spans)), sink.chunks_new(), sink.bytes_new()};
}

std::set<ChunkDigest> chunks_of(const ArtifactManifest& manifest) {
  std::set<ChunkDigest> chunks;
  for (const auto& file : manifest.files) {
    for (const auto& piece : file.pieces) {
      if (piece.parts.empty()) chunks.insert(piece.digest);
      for (const auto& part : piece.parts) chunks.insert(part.chunk);
    }
  }
  return chunks;
}

Result<CopiedChunks> copy_chunks(const std::set<ChunkDigest>& wanted, const PackStore& from, PackStore& to,
                                 const ArtifactWork& work) {
  CopiedChunks copied;
  std::set<ChunkDigest> missing;
  for (const auto& chunk : wanted) {
    if (to.has(chunk)) {
      ++copied.chunks_present;
    } else {
      missing.insert(chunk);
    }
  }
  std::vector<std::shared_ptr<const Pack>> whole;
  for (const auto& pack : from.packs()) {
    std::uint64_t missing_bytes = 0;
    for (const auto& entry : pack->entries) missing_bytes += missing.contains(entry.digest) ? entry.bytes : 0;
    // Bytes of other versions stay here: they may have been removed, or not be meant for that place.
    const bool is_of_these = std::ranges::all_of(pack->entries,
                                                 [&](const PackEntry& entry) { return wanted.contains(entry.digest); });
    if (!is_of_these || missing_bytes * 2 <= pack->bytes) continue;
    for (const auto& entry : pack->entries) missing.erase(entry.digest);
    copied.bytes += pack->bytes;
    whole.push_back(pack);
  }
  std::vector<BlockBuffer> buffers(static_cast<std::size_t>(work.threads));
  GRISTMILL_RETURN_IF_ERROR(for_each_piece(whole.size(), work, [&](std::size_t i, int thread) {
    return copy_pack(from, *whole[i], to, buffers[static_cast<std::size_t>(thread)]);
  }));
  const std::vector<ChunkDigest> rest(missing.begin(), missing.end());
  ChunkSink sink(to, work.threads);
  const auto copy_one = [&](std::size_t i, int thread) -> Status {
    GRISTMILL_TRY(const auto content, from.read(rest[i]));
    if (!rest[i].matches(content))
      return corrupt_data(fmt::format("{}: chunk {} is damaged", from.folder(), rest[i].text()));
    GRISTMILL_RETURN_IF_ERROR(sink.put(rest[i], content, thread));
    return sink.close_full(thread);
  };
  GRISTMILL_RETURN_IF_ERROR(for_each_piece(rest.size(), work, copy_one));
  GRISTMILL_RETURN_IF_ERROR(sink.finish({.threads = work.threads}));
  copied.packs = whole.size();
  copied.bytes += sink.bytes_new();
  return copied;
}

namespace {

/// Writes what is wanted of a pack into a new one.
Status save_wanted(const Pack& pack, const std::set<ChunkDigest>& wanted, PackStore& store) {
  PackWriter writer(store.folder());
  for (const auto& entry : pack.entries) {
    if (!wanted.contains(entry.digest)) continue;
    GRISTMILL_TRY(const auto content, store.read(entry.digest));
    GRISTMILL_RETURN_IF_ERROR(writer.add(entry.digest, content));
  }
  GRISTMILL_TRY(auto rewritten, writer.publish());
  store.adopt(std::move(rewritten));
  return {};
}

}  // namespace

Result<CollectedChunks> collect_chunks(const WantedChunks& wanted, PackStore& store, std::int64_t older_than_ms,
                                       bool is_dry_run) {
  CollectedChunks collected;
  GRISTMILL_TRY(const auto files, io::list_folder(store.folder()));
  std::set<std::string> old_files;
  for (const auto& file : files) {
    if (file.modified_ms < older_than_ms) old_files.insert(file.path);
  }
  for (const auto& file : unfinished_packs(files)) {
    if (file.modified_ms >= older_than_ms - publishing_ms_max) continue;
    GRISTMILL_TRY(const bool is_removed, is_dry_run ? Result<bool>(true) : store.remove_unfinished(file.path));
    collected.packs_removed += is_removed ? 1 : 0;
    collected.bytes_freed += is_removed ? file.bytes : 0;
  }
  GRISTMILL_TRY(auto condemned, store.condemned());
  GRISTMILL_TRY(const auto needed, wanted());
  for (const auto& pack : store.packs()) {
    if (!old_files.contains(store.path_of(*pack))) continue;
    std::uint64_t live = 0;
    for (const auto& entry : pack->entries) live += needed.contains(entry.digest) ? entry.bytes : 0;
    if (live * 2 >= pack->bytes) continue;
    collected.bytes_freed += pack->bytes - live;
    ++(live == 0 ? collected.packs_removed : collected.packs_rewritten);
    if (is_dry_run) continue;
    if (live > 0) GRISTMILL_RETURN_IF_ERROR(save_wanted(*pack, needed, store));
    GRISTMILL_RETURN_IF_ERROR(store.condemn(*pack));
    condemned.push_back(*pack);
  }
  if (is_dry_run) return collected;
  GRISTMILL_TRY(const auto needed_now, wanted());
  for (const auto& pack : condemned) {
    const bool is_missed = std::ranges::any_of(pack.entries, [&](const PackEntry& entry) {
      return needed_now.contains(entry.digest) && !store.has(entry.digest);
    });
    GRISTMILL_RETURN_IF_ERROR(is_missed ? store.spare(pack) : store.remove(pack));
  }
  return collected;
}

}  // namespace gristmill::store
