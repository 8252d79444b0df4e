// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_packs.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <random>
#include <set>
#include <utility>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/store/artifact_chunks.h"

namespace gristmill::store {
namespace {

// With digests of SHA-256 alone, and with others too.
constexpr std::string_view index_magic = "GMPACKI1", mixed_index_magic = "GMPACKI2";
constexpr std::string_view index_ending = ".index";
constexpr std::string_view condemned_ending = ".condemned";
constexpr std::string_view pack_ending = ".pack";
/// What is read, checked and written at once: large enough to keep a disk busy, small enough to stay in cache.
constexpr std::size_t buffer_bytes = std::size_t{8} << 20;
constexpr std::size_t entry_bytes = 56;
constexpr std::size_t head_bytes = 24;  // Magic, bytes of the pack, number of entries.

void put(std::string& out, std::uint64_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

std::uint64_t get(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string random_name() {
  std::random_device random;
  const auto word = [&] { return (std::uint64_t{random()} << 32) | random(); };
  return Hash128{word(), word()}.hex();
}

/// Name of the pack that a file belongs to; empty when it has another ending.
std::string name_of(const std::string& path, std::string_view ending) {
  if (!path.ends_with(ending)) return {};
  const auto begin = path.rfind('/') + 1;
  return path.substr(begin, path.size() - begin - ending.size());
}

/// Whether a file of a pack is still written, or was when its process was killed.
bool is_temporary(const std::string& path) {
  const auto name = std::string_view(path).substr(path.rfind('/') + 1);
  return name.find(".pack.tmp-") != std::string_view::npos || name.find(".index.tmp-") != std::string_view::npos;
}

Result<Pack> read_index(const std::string& path, const std::string& name) {
  GRISTMILL_TRY(const auto bytes, io::read_file(path));
  auto pack = decode_pack_index(bytes, name);
  if (!pack) return std::move(pack).error().within(path);
  return pack;
}

bool is_sha256(const PackEntry& entry) { return entry.digest.kind == ChunkDigest::Kind::sha256; }

constexpr std::string_view advice =
    "`gristmill artifact verify --mend` (with --at PLACE for a remote place) takes out what is damaged, and then "
    "`artifact pull`, `push` or `add` brings it again";

Error damaged(const std::string& path, const std::string& what) {
  return corrupt_data(fmt::format("{}: {}; {}", path, what, advice));
}

Error damaged_chunk(const std::string& path, const PackEntry& entry) {
  return damaged(path, fmt::format("the chunk {} at byte {} is damaged", entry.digest.text(), entry.offset));
}

}  // namespace

std::string encode_pack_index(const Pack& pack) {
  const bool is_mixed = !std::ranges::all_of(pack.entries, is_sha256);
  std::string out(is_mixed ? mixed_index_magic : index_magic);
  put(out, pack.bytes);
  put(out, pack.entries.size());
  for (const auto& entry : pack.entries) {
    const auto* digest = entry.digest.bytes.data();
    out.append(digest, digest + entry.digest.bytes.size());
    // Entries follow each other, so that an offset says nothing new.
    put(out, is_mixed ? static_cast<std::uint64_t>(entry.digest.kind) : entry.offset);
    put(out, entry.bytes);
    put(out, entry.checksum);
  }
  put(out, xxh3_64(out));
  return out;
}

Result<Pack> decode_pack_index(std::string_view bytes, const std::string& name) {
  const auto wrong = [&] { return corrupt_data(fmt::format("index of pack {}: damaged", name)); };
  const bool is_mixed = bytes.starts_with(mixed_index_magic);
  if (bytes.size() < head_bytes + 8 || (!is_mixed && !bytes.starts_with(index_magic))) return wrong();
  const auto body = bytes.size() - head_bytes - 8;
  if (body % entry_bytes != 0 || body / entry_bytes != get(bytes, 16)) return wrong();
  if (xxh3_64(bytes.substr(0, bytes.size() - 8)) != get(bytes, bytes.size() - 8)) return wrong();
  Pack pack{.name = name, .bytes = get(bytes, 8), .entries = {}};
  std::uint64_t end = 0;
  for (std::size_t at = head_bytes; at + 8 < bytes.size(); at += entry_bytes) {
    PackEntry entry;
    std::memcpy(entry.digest.bytes.data(), bytes.data() + at, entry.digest.bytes.size());
    const auto kind = is_mixed ? get(bytes, at + 32) : 0;
    if (kind > static_cast<std::uint64_t>(ChunkDigest::Kind::blake3)) return wrong();
    entry.digest.kind = static_cast<ChunkDigest::Kind>(kind);
    entry.offset = is_mixed ? end : get(bytes, at + 32);
    entry.bytes = get(bytes, at + 40);
    entry.checksum = get(bytes, at + 48);
    if (entry.offset != end || entry.bytes == 0 || entry.bytes > pack.bytes - end) return wrong();
    // More memory than a chunk can need is not asked for.
    if (entry.bytes > chunk_bytes_max) return wrong();
    end += entry.bytes;
    pack.entries.push_back(entry);
  }
  if (end != pack.bytes || is_mixed == std::ranges::all_of(pack.entries, is_sha256)) return wrong();
  return pack;
}

Result<std::span<char>> PackWriter::room(std::size_t wanted) {
  if (buffer_.empty()) buffer_ = BlockBuffer(buffer_bytes);
  if (buffer_.size() - filled_ < wanted) GRISTMILL_RETURN_IF_ERROR(flush(filled_ / block_bytes * block_bytes));
  return buffer_.span().subspan(filled_);
}

Status PackWriter::add(const ChunkDigest& digest, std::string_view content) {
  pack_.entries.push_back({digest, pack_.bytes, content.size(), xxh3_64(content)});
  pack_.bytes += content.size();
  if (buffer_.holds(content.data())) {
    char* const place = buffer_.span().data() + filled_;
    if (content.data() != place) std::memmove(place, content.data(), content.size());
    filled_ += content.size();
    return {};
  }
  while (!content.empty()) {
    GRISTMILL_TRY(const auto free, room(1));
    const auto count = std::min(free.size(), content.size());
    std::memcpy(free.data(), content.data(), count);
    filled_ += count;
    content.remove_prefix(count);
  }
  return {};
}

Status PackWriter::flush(std::size_t count) {
  if (!file_) {
    pack_.name = random_name();
    GRISTMILL_TRY(file_, LargeFileWriter::create(fmt::format("{}/{}{}", folder_, pack_.name, pack_ending)));
  }
  const auto bytes = buffer_.span();
  GRISTMILL_RETURN_IF_ERROR(file_->write({bytes.data(), count}));
  std::memmove(bytes.data(), bytes.data() + count, filled_ - count);
  filled_ -= count;
  return {};
}

Result<Pack> PackWriter::publish() {
  GRISTMILL_RETURN_IF_ERROR(flush(filled_));
  GRISTMILL_RETURN_IF_ERROR(file_->publish());
  file_.reset();
  GRISTMILL_RETURN_IF_ERROR(
      io::write_file(fmt::format("{}/{}{}", folder_, pack_.name, index_ending), encode_pack_index(pack_)));
  return std::exchange(pack_, {});
}

Result<std::unique_ptr<PackStore>> PackStore::open(const std::string& folder) {
  std::unique_ptr<PackStore> store(new PackStore(folder));
  GRISTMILL_RETURN_IF_ERROR(store->refresh());
  return store;
}

Status PackStore::refresh() {
  GRISTMILL_TRY(auto entries, io::list_folder(folder_));
  std::ranges::sort(entries, {}, &io::FileEntry::path);
  std::vector<DamagedIndex> found;
  for (const auto& entry : entries) {
    const auto& path = entry.path;
    const auto name = name_of(path, index_ending);
    if (name.empty()) continue;
    {
      const std::shared_lock lock(mutex_);
      if (packs_.contains(name)) continue;
    }
    auto pack = read_index(path, name);
    // Condemned since it was listed.
    if (!pack && pack.error().code == ErrorCode::not_found) continue;
    if (!pack && pack.error().code == ErrorCode::corrupt_data) {
      // One bad file must not stop all work with the others: what only it knows is missed where it is needed.
      found.push_back({path, pack.error().message});
      continue;
    }
    if (!pack) return std::move(pack).error();
    adopt(*std::move(pack));
  }
  const std::unique_lock lock(mutex_);
  damaged_ = std::move(found);
  return {};
}

Error PackStore::missing_pack(const Pack& pack) const {
  const auto index = io::find_file(file_of(pack, index_ending));
  if (!index) return index.error();
  if (*index) return damaged(path_of(pack), "the pack is gone, its index is not");
  return unavailable(
      fmt::format("{}: a collection wrote it anew meanwhile; the same command again finds its bytes", path_of(pack)));
}

std::vector<DamagedIndex> PackStore::damaged_indexes() const {
  const std::shared_lock lock(mutex_);
  return damaged_;
}

void PackStore::adopt(Pack pack) {
  auto shared = std::make_shared<const Pack>(std::move(pack));
  const std::unique_lock lock(mutex_);
  if (!packs_.emplace(shared->name, shared).second) return;
  for (std::uint32_t i = 0; i < shared->entries.size(); ++i) chunks_.try_emplace(shared->entries[i].digest, shared, i);
  if (std::ranges::any_of(shared->entries, is_sha256)) has_sha256_ = true;
}

std::vector<std::shared_ptr<const Pack>> PackStore::packs() const {
  std::vector<std::shared_ptr<const Pack>> all;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [name, pack] : packs_) all.push_back(pack);
  }
  std::ranges::sort(all, {}, [](const auto& pack) -> const std::string& { return pack->name; });
  return all;
}

bool PackStore::has(const ChunkDigest& digest) const {
  const std::shared_lock lock(mutex_);
  return chunks_.contains(digest);
}

std::string PackStore::file_of(const Pack& pack, std::string_view ending) const {
  return fmt::format("{}/{}{}", folder_, pack.name, ending);
}

std::string PackStore::path_of(const Pack& pack) const { return file_of(pack, pack_ending); }

Result<std::string> PackStore::read(const ChunkDigest& digest) const {
  Place place;
  {
    const std::shared_lock lock(mutex_);
    const auto found = chunks_.find(digest);
    if (found == chunks_.end() && !damaged_.empty())
      return damaged(damaged_.front().what, fmt::format("no other pack has the chunk {}", digest.text()));
    if (found == chunks_.end()) return not_found(fmt::format("{}: no chunk {}", folder_, digest.text()));
    place = found->second;
  }
  return read(*place.pack, place.pack->entries[place.entry]);
}

Result<std::string> PackStore::read(const Pack& pack, const PackEntry& entry) const {
  const auto path = path_of(pack);
  auto content = read_large_file(path, entry.offset, entry.bytes);
  if (!content && content.error().code == ErrorCode::not_found) return missing_pack(pack);
  if (!content) return content;
  if (content->size() != entry.bytes || xxh3_64(*content) != entry.checksum) return damaged_chunk(path, entry);
  return content;
}

void PackStore::forget(const Pack& pack) {
  const std::unique_lock lock(mutex_);
  for (const auto& entry : pack.entries) {
    const auto found = chunks_.find(entry.digest);
    if (found != chunks_.end() && found->second.pack->name == pack.name) chunks_.erase(found);
  }
  packs_.erase(pack.name);
  // The same chunk may lie in another pack too.
  for (const auto& [name, other] : packs_) {
    for (std::uint32_t i = 0; i < other->entries.size(); ++i) chunks_.try_emplace(other->entries[i].digest, other, i);
  }
}

Status PackStore::condemn(const Pack& pack) {
  GRISTMILL_RETURN_IF_ERROR(io::write_file(file_of(pack, condemned_ending), encode_pack_index(pack)));
  GRISTMILL_RETURN_IF_ERROR(io::remove_files({file_of(pack, index_ending)}));
  forget(pack);
  return {};
}

Status PackStore::spare(const Pack& pack) {
  GRISTMILL_RETURN_IF_ERROR(io::write_file(file_of(pack, index_ending), encode_pack_index(pack)));
  GRISTMILL_RETURN_IF_ERROR(io::remove_files({file_of(pack, condemned_ending)}));
  adopt(pack);
  return {};
}

Status PackStore::take_out(const Pack& pack) {
  GRISTMILL_RETURN_IF_ERROR(io::remove_files({file_of(pack, index_ending)}));
  forget(pack);
  return {};
}

Status PackStore::take_out(const DamagedIndex& index) {
  GRISTMILL_RETURN_IF_ERROR(io::remove_files({index.path}));
  const std::unique_lock lock(mutex_);
  std::erase_if(damaged_, [&](const DamagedIndex& one) { return one.path == index.path; });
  return {};
}

Result<bool> PackStore::remove_unfinished(const std::string& path) const {
  const Pack pack{.name = name_of(path, pack_ending), .bytes = 0, .entries = {}};
  // The first once more at the end: a pack that is spared gets it before it loses the other.
  for (const auto ending : {index_ending, condemned_ending, index_ending}) {
    if (is_temporary(path)) break;
    GRISTMILL_TRY(const auto index, io::find_file(file_of(pack, ending)));
    if (index) return false;
  }
  GRISTMILL_RETURN_IF_ERROR(io::remove_files({path}));
  return true;
}

Status PackStore::remove(const Pack& pack) {
  GRISTMILL_RETURN_IF_ERROR(io::remove_files({path_of(pack)}));
  return io::remove_files({file_of(pack, condemned_ending)});
}

Result<std::vector<Pack>> PackStore::condemned() const {
  std::vector<Pack> packs;
  GRISTMILL_TRY(const auto entries, io::list_folder(folder_));
  for (const auto& entry : entries) {
    const auto name = name_of(entry.path, condemned_ending);
    if (name.empty()) continue;
    GRISTMILL_TRY(auto pack, read_index(entry.path, name));
    packs.push_back(std::move(pack));
  }
  return packs;
}

std::vector<io::FileEntry> unfinished_packs(const std::vector<io::FileEntry>& files) {
  std::set<std::string> indexed;
  for (const auto& file : files) {
    for (const auto ending : {index_ending, condemned_ending}) indexed.insert(name_of(file.path, ending));
  }
  std::vector<io::FileEntry> unfinished;
  for (const auto& file : files) {
    const auto name = name_of(file.path, pack_ending);
    const bool is_unfinished = is_temporary(file.path) || (!name.empty() && !indexed.contains(name));
    if (is_unfinished) unfinished.push_back(file);
  }
  return unfinished;
}

namespace {

/// Checks chunk by chunk what passes by, in pieces of any size.
class PassingChecker {
 public:
  PassingChecker(const Pack& pack, const std::string& path) : pack_(pack), path_(path) {}

  Status pass(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto& entry = pack_.entries[next_];
      const auto part = bytes.substr(0, entry.bytes - seen_);
      checksum_.update(part);
      seen_ += part.size();
      bytes.remove_prefix(part.size());
      if (seen_ < entry.bytes) return {};
      if (checksum_.digest64() != entry.checksum) return damaged_chunk(path_, entry);
      checksum_.reset();
      seen_ = 0;
      ++next_;
    }
    return {};
  }

 private:
  const Pack& pack_;
  const std::string& path_;
  Xxh3Stream checksum_;
  std::size_t next_ = 0;
  std::uint64_t seen_ = 0;  ///< Of the next entry.
};

/// Reads until the memory is full or the file at its end.
Result<std::size_t> fill(io::ByteSource& source, std::span<char> memory) {
  std::size_t filled = 0;
  while (filled < memory.size()) {
    GRISTMILL_TRY(const auto count, source.read(memory.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

}  // namespace

Status copy_pack(const PackStore& from, const Pack& pack, PackStore& to, BlockBuffer& buffer) {
  const auto index_path = fmt::format("{}/{}{}", to.folder(), pack.name, index_ending);
  GRISTMILL_TRY(const auto present, io::find_file(index_path));
  if (present) return {};
  if (buffer.empty()) buffer = BlockBuffer(buffer_bytes);
  const auto path = from.path_of(pack);
  auto opened = open_large_file(path);
  if (!opened && opened.error().code == ErrorCode::not_found) return from.missing_pack(pack);
  GRISTMILL_TRY(auto source, std::move(opened));
  GRISTMILL_TRY(auto file, LargeFileWriter::create(to.path_of(pack)));
  PassingChecker checker(pack, path);
  for (std::uint64_t left = pack.bytes; left > 0;) {
    GRISTMILL_TRY(const auto filled, fill(*source, buffer.span()));
    const std::string_view bytes(buffer.span().data(), std::min<std::uint64_t>(filled, left));
    if (bytes.empty()) return damaged(path, "it is shorter than its index says");
    // The same memory is checked and written.
    GRISTMILL_RETURN_IF_ERROR(checker.pass(bytes));
    GRISTMILL_RETURN_IF_ERROR(file->write(bytes));
    left -= bytes.size();
  }
  GRISTMILL_RETURN_IF_ERROR(file->publish());
  GRISTMILL_RETURN_IF_ERROR(io::write_file(index_path, encode_pack_index(pack)));
  to.adopt(pack);
  return {};
}

}  // namespace gristmill::store
