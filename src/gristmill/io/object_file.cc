// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/object_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "gristmill/io/crc32.h"
#include "gristmill/io/object_path.h"
#include "gristmill/io/part_uploads.h"
#include "gristmill/io/s3_client.h"

namespace gristmill::io {
namespace {

// One request each: long enough that its latency does not matter, short enough for many open files.
constexpr std::uint64_t block_bytes = std::uint64_t{8} << 20;
constexpr std::size_t part_bytes = std::size_t{8} << 20;
// An upload takes 10,000 parts: they double after so many, which gives room for more than the 5 TiB of one object.
constexpr std::size_t parts_of_a_size = 1000;

/// An object with the client that reaches it.
struct Place {
  ObjectPath object;
  std::shared_ptr<S3Client> client;
};

Result<Place> place_of(const std::string& path) {
  GRISTMILL_TRY(auto object, ObjectPath::parse(path));
  GRISTMILL_TRY(auto client, object_client(object.bucket));
  return Place{std::move(object), std::move(client)};
}

/// The prefix of all keys below a folder.
Result<Place> folder_of(const std::string& path) {
  GRISTMILL_TRY(auto place, place_of(path));
  auto& key = place.object.key;
  while (key.ends_with('/')) key.pop_back();
  if (!key.empty()) key += '/';
  return place;
}

/// An object from front to back, in blocks. All blocks are of one version of it.
class ObjectSource final : public ByteSource {
 public:
  ObjectSource(Place place, std::uint64_t offset, ObjectFacts facts)
      : place_(std::move(place)), offset_(offset), facts_(std::move(facts)), is_whole_(offset == 0) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    if (at_ == block_.size()) GRISTMILL_RETURN_IF_ERROR(fetch());
    const auto count = std::min(buffer.size(), block_.size() - at_);
    std::memcpy(buffer.data(), block_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  Status fetch() {
    block_.clear();
    at_ = 0;
    if (offset_ >= facts_.bytes) return {};
    if (is_whole_ && facts_.bytes <= block_bytes) {
      GRISTMILL_TRY(auto all, place_.client->get(place_.object, block_bytes));
      if (all.facts.etag != facts_.etag) return changed();
      block_ = std::move(all.bytes);
    } else {
      GRISTMILL_TRY(auto some, place_.client->get_range(place_.object, {offset_, block_bytes}, facts_.etag));
      block_ = std::move(some.bytes);
      if (block_.empty()) return changed();
    }
    offset_ += block_.size();
    crc_ = crc32(block_, crc_);
    const bool is_checked = is_whole_ && offset_ == facts_.bytes && !facts_.crc32.empty();
    if (is_checked && crc32_text(crc_) != facts_.crc32)
      return unavailable(fmt::format("{}: its bytes have CRC-32 {}, the server says {}", place_.object.text(),
                                     crc32_text(crc_), facts_.crc32));
    return {};
  }

  [[nodiscard]] Error changed() const {
    return {ErrorCode::conflict, fmt::format("{}: was changed while it was read", place_.object.text())};
  }

  Place place_;
  std::uint64_t offset_;
  ObjectFacts facts_;
  bool is_whole_;
  std::string block_;
  std::size_t at_ = 0;
  std::uint32_t crc_ = 0;
};

/// Gathers a part at a time; what fits into one becomes a single put.
class ObjectSink final : public FileSink {
 public:
  ObjectSink(Place place, Existing existing) : place_(std::move(place)), is_new_(existing == Existing::refused) {}

  Status write(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (part_.size() == part_size()) GRISTMILL_RETURN_IF_ERROR(send_part());
      const auto count = std::min(bytes.size(), part_size() - part_.size());
      part_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
    }
    return {};
  }

  Status publish() override {
    if (!parts_) return place_.client->put(place_.object, part_, is_new_);
    GRISTMILL_RETURN_IF_ERROR(send_part());
    return parts_->complete(is_new_);
  }

 private:
  [[nodiscard]] std::size_t part_size() const {
    return part_bytes << (parts_ ? parts_->count() / parts_of_a_size : std::size_t{0});
  }

  Status send_part() {
    if (!parts_) parts_.emplace(place_.client, place_.object);
    GRISTMILL_RETURN_IF_ERROR(parts_->send(std::move(part_)));
    part_ = std::string();
    part_.reserve(part_size());
    return {};
  }

  Place place_;
  bool is_new_;
  std::string part_;
  std::optional<PartUploads> parts_;
};

/// Whether a folder between `prefix` and the name of the key is among `names`.
bool is_below(std::string_view key, const std::set<std::string>& names) {
  for (auto slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/')) {
    if (names.contains(std::string(key.substr(0, slash)))) return true;
    key.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_object(const std::string& path, std::uint64_t offset) {
  GRISTMILL_TRY(auto place, place_of(path));
  GRISTMILL_TRY(auto facts, place.client->find(place.object));
  if (offset == 0 && facts.bytes > block_bytes) {
    GRISTMILL_TRY(const auto whole, place.client->find_checksum(place.object));
    if (whole.etag == facts.etag) facts.crc32 = whole.crc32;
  }
  return std::unique_ptr<ByteSource>(std::make_unique<ObjectSource>(std::move(place), offset, std::move(facts)));
}

Result<std::string> read_object(const std::string& path, std::uint64_t bytes_max) {
  GRISTMILL_TRY(const auto place, place_of(path));
  auto all = place.client->get(place.object, bytes_max);
  if (!all) return std::move(all).error();
  return std::move(all->bytes);
}

Result<std::string> read_object_range(const std::string& path, std::uint64_t offset, std::size_t size) {
  GRISTMILL_TRY(const auto place, place_of(path));
  auto some = place.client->get_range(place.object, {offset, size});
  if (!some) return std::move(some).error();
  return std::move(some->bytes);
}

Result<FileEntry> find_object(const std::string& path) {
  GRISTMILL_TRY(const auto place, place_of(path));
  GRISTMILL_TRY(auto facts, place.client->find(place.object));
  return FileEntry{.path = path, .bytes = facts.bytes, .etag = std::move(facts.etag)};
}

Result<std::unique_ptr<FileSink>> create_object(const std::string& path, Existing existing) {
  GRISTMILL_TRY(auto place, place_of(path));
  if (place.object.key.empty() || place.object.key.ends_with('/'))
    return invalid_argument(fmt::format("{} names a folder, not an object", path));
  return std::unique_ptr<FileSink>(std::make_unique<ObjectSink>(std::move(place), existing));
}

Status list_objects(const std::string& folder, const std::set<std::string>& except, std::vector<FileEntry>& entries) {
  GRISTMILL_TRY(const auto place, folder_of(folder));
  const auto& prefix = place.object;
  return place.client->list(prefix, [&](const std::vector<ListedObject>& page) -> Status {
    for (const auto& object : page) {
      if (!object.key.starts_with(prefix.key))
        return corrupt_data(fmt::format("{}: the listing holds a key from elsewhere", prefix.text()));
      // Consoles mark an empty folder by an empty object.
      if (object.key.ends_with('/') || is_below(std::string_view(object.key).substr(prefix.key.size()), except))
        continue;
      entries.push_back({ObjectPath{prefix.bucket, object.key}.text(), object.bytes, object.modified_ms, object.etag});
    }
    return {};
  });
}

Status remove_objects(const std::vector<std::string>& paths) {
  std::map<std::string, std::vector<std::string>> keys;
  for (const auto& path : paths) {
    GRISTMILL_TRY(auto object, ObjectPath::parse(path));
    if (object.key.empty()) return invalid_argument(fmt::format("{} names a bucket, not an object", path));
    keys[object.bucket].push_back(std::move(object.key));
  }
  for (const auto& [bucket, list] : keys) {
    GRISTMILL_TRY(const auto client, object_client(bucket));
    GRISTMILL_RETURN_IF_ERROR(client->remove(bucket, list));
  }
  return {};
}

Status abort_uploads(const std::string& folder) {
  // As a folder and as a whole key: MinIO lists uploads by their whole key only.
  GRISTMILL_TRY(const auto key, place_of(folder));
  GRISTMILL_RETURN_IF_ERROR(key.client->abort_uploads_below(key.object));
  GRISTMILL_TRY(const auto place, folder_of(folder));
  return place.client->abort_uploads_below(place.object);
}

Status check_object_commits(const std::string& folder) {
  GRISTMILL_TRY(auto place, folder_of(folder));
  if (!place.object.key.empty()) place.object.key.pop_back();
  return place.client->check_conditional_puts(place.object);
}

}  // namespace gristmill::io
