// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_packs.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"

namespace gristmill::store {
namespace {

constexpr std::string_view index_magic = "GMPACKI1";
constexpr std::string_view index_ending = ".index";
constexpr std::string_view condemned_ending = ".condemned";
constexpr std::string_view pack_ending = ".pack";
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

Result<Pack> read_index(const std::string& path, const std::string& name) {
  GRISTMILL_TRY(const auto bytes, io::read_file(path));
  auto pack = decode_pack_index(bytes, name);
  if (!pack) return std::move(pack).error().within(path);
  return pack;
}

Error damaged(const std::string& path, const std::string& what) {
  return corrupt_data(fmt::format("{}: {}; get the chunk again with `gristmill artifact pull`", path, what));
}

Status check(const std::string& path, const PackEntry& entry, std::string_view content) {
  const bool is_whole = content.size() == entry.bytes && xxh3_64(content) == entry.checksum;
  return is_whole ? Status()
                  : Status(damaged(
                        path, fmt::format("the chunk {} at byte {} is damaged", entry.digest.hex(), entry.offset)));
}

}  // namespace

ChunkDigest ChunkDigest::of(std::string_view content) {
  ChunkDigest digest;
  parse(sha256_hex(content), digest);
  return digest;
}

std::string ChunkDigest::hex() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(64);
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

bool ChunkDigest::parse(std::string_view text, ChunkDigest& out) noexcept {
  if (text.size() != 64) return false;
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < 32; ++i) {
    const int high = value(text[2 * i]);
    const int low = value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out.bytes[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return true;
}

std::string encode_pack_index(const Pack& pack) {
  std::string out(index_magic);
  put(out, pack.bytes);
  put(out, pack.entries.size());
  for (const auto& entry : pack.entries) {
    const auto* digest = entry.digest.bytes.data();
    out.append(digest, digest + entry.digest.bytes.size());
    put(out, entry.offset);
    put(out, entry.bytes);
    put(out, entry.checksum);
  }
  put(out, xxh3_64(out));
  return out;
}

Result<Pack> decode_pack_index(std::string_view bytes, const std::string& name) {
  const auto wrong = [&] { return corrupt_data(fmt::format("index of pack {}: damaged", name)); };
  if (bytes.size() < head_bytes + 8 || !bytes.starts_with(index_magic)) return wrong();
  const auto body = bytes.size() - head_bytes - 8;
  if (body % entry_bytes != 0 || body / entry_bytes != get(bytes, 16)) return wrong();
  if (xxh3_64(bytes.substr(0, bytes.size() - 8)) != get(bytes, bytes.size() - 8)) return wrong();
  Pack pack{.name = name, .bytes = get(bytes, 8), .entries = {}};
  std::uint64_t end = 0;
  for (std::size_t at = head_bytes; at + 8 < bytes.size(); at += entry_bytes) {
    PackEntry entry;
    std::memcpy(entry.digest.bytes.data(), bytes.data() + at, entry.digest.bytes.size());
    entry.offset = get(bytes, at + 32);
    entry.bytes = get(bytes, at + 40);
    entry.checksum = get(bytes, at + 48);
    if (entry.offset != end || entry.bytes == 0 || entry.bytes > pack.bytes - end) return wrong();
    end += entry.bytes;
    pack.entries.push_back(entry);
  }
  if (end != pack.bytes) return wrong();
  return pack;
}

PackWriter::PackWriter(std::string folder, std::string name, std::unique_ptr<LargeFileWriter> file)
    : folder_(std::move(folder)), pack_{.name = std::move(name), .bytes = 0, .entries = {}}, file_(std::move(file)) {}

Result<std::unique_ptr<PackWriter>> PackWriter::create(const std::string& folder) {
  auto name = random_name();
  GRISTMILL_TRY(auto file, LargeFileWriter::create(fmt::format("{}/{}{}", folder, name, pack_ending)));
  return std::unique_ptr<PackWriter>(new PackWriter(folder, std::move(name), std::move(file)));
}

Status PackWriter::add(const ChunkDigest& digest, std::string_view content) {
  pack_.entries.push_back({digest, pack_.bytes, content.size(), xxh3_64(content)});
  pack_.bytes += content.size();
  return file_->write(content);
}

Result<Pack> PackWriter::publish() {
  GRISTMILL_RETURN_IF_ERROR(file_->publish());
  GRISTMILL_RETURN_IF_ERROR(
      io::write_file(fmt::format("{}/{}{}", folder_, pack_.name, index_ending), encode_pack_index(pack_)));
  return std::move(pack_);
}

Result<std::unique_ptr<PackStore>> PackStore::open(const std::string& folder) {
  std::unique_ptr<PackStore> store(new PackStore(folder));
  GRISTMILL_RETURN_IF_ERROR(store->refresh());
  return store;
}

Status PackStore::refresh() {
  GRISTMILL_TRY(auto entries, io::list_folder(folder_));
  std::ranges::sort(entries, {}, &io::FileEntry::path);
  for (const auto& [path, size, modified] : entries) {
    const auto name = name_of(path, index_ending);
    if (name.empty()) continue;
    {
      const std::shared_lock lock(mutex_);
      if (packs_.contains(name)) continue;
    }
    auto pack = read_index(path, name);
    // Condemned since it was listed.
    if (!pack && pack.error().code == ErrorCode::not_found) continue;
    if (!pack) return std::move(pack).error();
    adopt(*std::move(pack));
  }
  return {};
}

void PackStore::adopt(Pack pack) {
  auto shared = std::make_shared<const Pack>(std::move(pack));
  const std::unique_lock lock(mutex_);
  if (!packs_.emplace(shared->name, shared).second) return;
  for (std::uint32_t i = 0; i < shared->entries.size(); ++i) chunks_.try_emplace(shared->entries[i].digest, shared, i);
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
    if (found == chunks_.end()) return not_found(fmt::format("{}: no chunk {}", folder_, digest.hex()));
    place = found->second;
  }
  const auto& entry = place.pack->entries[place.entry];
  const auto path = path_of(*place.pack);
  GRISTMILL_TRY(auto content, io::read_range(path, entry.offset, entry.bytes));
  GRISTMILL_RETURN_IF_ERROR(check(path, entry, content));
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

Status copy_pack(const PackStore& from, const Pack& pack, PackStore& to) {
  const auto index_path = fmt::format("{}/{}{}", to.folder(), pack.name, index_ending);
  GRISTMILL_TRY(const auto present, io::find_file(index_path));
  if (present) return {};
  const auto path = from.path_of(pack);
  GRISTMILL_TRY(auto source, open_large_file(path));
  GRISTMILL_TRY(auto file, LargeFileWriter::create(to.path_of(pack)));
  std::string content;
  for (const auto& entry : pack.entries) {
    content.resize(entry.bytes);
    std::size_t filled = 0;
    while (filled < content.size()) {
      GRISTMILL_TRY(const auto count, source->read(std::span(content).subspan(filled)));
      if (count == 0) return damaged(path, "it is shorter than its index says");
      filled += count;
    }
    GRISTMILL_RETURN_IF_ERROR(check(path, entry, content));
    GRISTMILL_RETURN_IF_ERROR(file->write(content));
  }
  GRISTMILL_RETURN_IF_ERROR(file->publish());
  GRISTMILL_RETURN_IF_ERROR(io::write_file(index_path, encode_pack_index(pack)));
  to.adopt(pack);
  return {};
}

}  // namespace gristmill::store
