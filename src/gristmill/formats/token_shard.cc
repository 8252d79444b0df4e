// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/token_shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace gristmill::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "tokens are copied as they lie in memory");

constexpr std::string_view header_magic = "GMTOKENS";
constexpr std::string_view trailer_magic = "GMTOKEND";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t header_bytes = 64;
constexpr std::size_t entry_bytes = 24;
constexpr std::size_t trailer_bytes = 80;
constexpr std::size_t digest_bytes = 32;
constexpr std::size_t copy_bytes = std::size_t{4} << 20;

template <typename T>
void put(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

/// 128-bit values stand in the order of their hex digits.
void put_hash(std::string& out, Hash128 hash) {
  put(out, __builtin_bswap64(hash.high));
  put(out, __builtin_bswap64(hash.low));
}

Hash128 get_hash(std::string_view bytes, std::size_t at) {
  return {__builtin_bswap64(get<std::uint64_t>(bytes, at)), __builtin_bswap64(get<std::uint64_t>(bytes, at + 8))};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Result<std::string> digest_from_hex(std::string_view hex) {
  std::string bytes;
  if (hex.size() != digest_bytes * 2) return invalid_argument("tokenizer digest must have 64 hex digits");
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return invalid_argument("tokenizer digest must have 64 lower-case hex digits");
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::string hex_from_digest(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::size_t padding_behind(std::uint64_t offset) { return static_cast<std::size_t>((8 - offset % 8) % 8); }

Result<std::string> read_exactly(const std::string& path, std::uint64_t offset, std::uint64_t size) {
  GRISTMILL_TRY(auto bytes, io::read_range(path, offset, static_cast<std::size_t>(size)));
  if (bytes.size() != size) return corrupt_data(fmt::format("{}: ends at byte {}", path, offset + bytes.size()));
  return bytes;
}

}  // namespace

ShardWriter::ShardWriter(std::unique_ptr<io::FileWriter> file, std::string path, ShardHeader header)
    : file_(std::move(file)), path_(std::move(path)), header_(std::move(header)) {}

Result<std::unique_ptr<ShardWriter>> ShardWriter::create(const std::string& path, const ShardHeader& header) {
  if (header.vocabulary_size == 0 || header.vocabulary_size > (std::uint64_t{1} << 32)) {
    return invalid_argument(
        fmt::format("{}: vocabulary size {} is out of range, allowed 1..2^32", path, header.vocabulary_size));
  }
  GRISTMILL_TRY(const auto digest, digest_from_hex(header.tokenizer_sha256));
  GRISTMILL_TRY(auto file, io::FileWriter::create(path));
  std::unique_ptr<ShardWriter> writer(new ShardWriter(std::move(file), path, header));
  std::string bytes(header_magic);
  put(bytes, format_version);
  put(bytes, static_cast<std::uint32_t>(header.token_bytes()));
  put(bytes, header.vocabulary_size);
  bytes += digest;
  put(bytes, std::uint64_t{0});
  writer->header_hash_ = xxh3_64(bytes);
  GRISTMILL_RETURN_IF_ERROR(writer->write(bytes));
  return writer;
}

Status ShardWriter::write(std::string_view bytes) {
  sha256_.update(bytes);
  return file_->write(bytes);
}

Status ShardWriter::write_body(std::string_view bytes) {
  body_hash_.update(bytes);
  return write(bytes);
}

void ShardWriter::index_document(Hash128 id, std::uint64_t length) {
  put_hash(index_, id);
  put(index_, tokens_);
  tokens_ += length;
  ++documents_;
}

Status ShardWriter::add(Hash128 id, std::span<const std::uint32_t> tokens) {
  GRISTMILL_CHECK(file_ != nullptr, "add to a closed shard");
  for (const auto token : tokens) {
    if (token >= header_.vocabulary_size) {
      return invalid_argument(fmt::format("{}: token id {} of document {} is outside the vocabulary of {}", path_,
                                          token, id.hex(), header_.vocabulary_size));
    }
  }
  if (header_.token_bytes() == 4) {
    encoded_.assign(tokens.size_bytes(), '\0');
    if (!tokens.empty()) std::memcpy(encoded_.data(), tokens.data(), tokens.size_bytes());
  } else {
    encoded_.clear();
    for (const auto token : tokens) put(encoded_, static_cast<std::uint16_t>(token));
  }
  GRISTMILL_RETURN_IF_ERROR(write_body(encoded_));
  index_document(id, tokens.size());
  return {};
}

Status ShardWriter::append_range(const ShardReader& shard, std::uint64_t first_document, std::uint64_t count) {
  GRISTMILL_CHECK(file_ != nullptr, "append to a closed shard");
  if (shard.header() != header_) {
    return invalid_argument(fmt::format("{} and {} are of different tokenizers", path_, shard.path()));
  }
  if (first_document > shard.documents() || count > shard.documents() - first_document) {
    return invalid_argument(fmt::format("{} has {} documents, [{}, {}) is not in it", shard.path(), shard.documents(),
                                        first_document, first_document + count));
  }
  if (count == 0) return {};
  const auto last = shard.document(first_document + count - 1);
  const auto end = last.start + last.length;
  for (auto position = shard.document(first_document).start; position < end;) {
    const auto step = std::min<std::uint64_t>(end - position, copy_bytes / header_.token_bytes());
    GRISTMILL_TRY(const auto bytes, shard.read_bytes(position, step));
    GRISTMILL_RETURN_IF_ERROR(write_body(bytes));
    position += step;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto document = shard.document(first_document + i);
    index_document(document.id, document.length);
  }
  return {};
}

Result<WrittenShard> ShardWriter::close() {
  GRISTMILL_CHECK(file_ != nullptr, "shard closed twice");
  GRISTMILL_RETURN_IF_ERROR(write(std::string(padding_behind(file_->offset()), '\0')));
  std::string trailer;
  put(trailer, tokens_);
  put(trailer, documents_);
  put(trailer, file_->offset());
  put_hash(trailer, body_hash_.digest());
  put_hash(trailer, xxh3_128(index_));
  put(trailer, header_hash_);
  put(trailer, xxh3_64(trailer));
  trailer += trailer_magic;
  GRISTMILL_RETURN_IF_ERROR(write(index_));
  GRISTMILL_RETURN_IF_ERROR(write(trailer));
  WrittenShard written{path_, file_->offset(), tokens_, documents_, sha256_.hex()};
  GRISTMILL_RETURN_IF_ERROR(file_->publish());
  file_.reset();
  return written;
}

Result<ShardReader> ShardReader::open(const std::string& path) {
  ShardReader reader;
  reader.path_ = path;
  GRISTMILL_TRY(const auto size, io::file_size(path));
  if (size < header_bytes + trailer_bytes) {
    return corrupt_data(fmt::format("{}: {} bytes are too few for a token shard", path, size));
  }
  GRISTMILL_RETURN_IF_ERROR(reader.read_trailer(size));
  GRISTMILL_RETURN_IF_ERROR(reader.read_header());
  const auto body_end = header_bytes + reader.tokens_ * reader.header_.token_bytes();
  // Divisions first: the counts come from the file and their products must not wrap.
  const bool counts_fit = reader.tokens_ <= size / reader.header_.token_bytes() &&
                          reader.documents_ <= size / entry_bytes;
  if (!counts_fit || reader.index_offset_ != body_end + padding_behind(body_end) ||
      reader.index_offset_ + reader.documents_ * entry_bytes + trailer_bytes != size) {
    return corrupt_data(fmt::format("{}: {} tokens and {} documents do not make {} bytes", path, reader.tokens_,
                                    reader.documents_, size));
  }
  GRISTMILL_RETURN_IF_ERROR(reader.read_index());
  return reader;
}

Status ShardReader::read_trailer(std::uint64_t file_bytes) {
  GRISTMILL_TRY(const auto bytes, read_exactly(path_, file_bytes - trailer_bytes, trailer_bytes));
  if (!bytes.ends_with(trailer_magic)) {
    return corrupt_data(fmt::format("{}: no token shard, or cut off: the end mark is missing", path_));
  }
  if (xxh3_64(std::string_view(bytes).substr(0, 64)) != get<std::uint64_t>(bytes, 64)) {
    return corrupt_data(fmt::format("{}: the trailer's checksum does not match", path_));
  }
  tokens_ = get<std::uint64_t>(bytes, 0);
  documents_ = get<std::uint64_t>(bytes, 8);
  index_offset_ = get<std::uint64_t>(bytes, 16);
  body_hash_ = get_hash(bytes, 24);
  index_hash_ = get_hash(bytes, 40);
  header_hash_ = get<std::uint64_t>(bytes, 56);
  return {};
}

Status ShardReader::read_header() {
  GRISTMILL_TRY(const auto bytes, read_exactly(path_, 0, header_bytes));
  if (!bytes.starts_with(header_magic)) return corrupt_data(fmt::format("{}: not a token shard", path_));
  const auto version = get<std::uint32_t>(bytes, 8);
  if (version != format_version) {
    return invalid_argument(
        fmt::format("{}: token shard of format version {}, this program reads {}", path_, version, format_version));
  }
  if (xxh3_64(bytes) != header_hash_)
    return corrupt_data(fmt::format("{}: the header's checksum does not match", path_));
  header_.vocabulary_size = get<std::uint64_t>(bytes, 16);
  header_.tokenizer_sha256 = hex_from_digest(std::string_view(bytes).substr(24, digest_bytes));
  if (header_.vocabulary_size == 0 || get<std::uint32_t>(bytes, 12) != header_.token_bytes()) {
    return corrupt_data(fmt::format("{}: width of ids and vocabulary size contradict each other", path_));
  }
  return {};
}

Status ShardReader::read_index() {
  GRISTMILL_TRY(const auto bytes, read_exactly(path_, index_offset_, documents_ * entry_bytes));
  if (xxh3_128(bytes) != index_hash_)
    return corrupt_data(fmt::format("{}: the index's checksum does not match", path_));
  entries_.reserve(documents_);
  for (std::size_t at = 0; at < bytes.size(); at += entry_bytes) {
    const Entry entry{get_hash(bytes, at), get<std::uint64_t>(bytes, at + 16)};
    const auto lowest = entries_.empty() ? 0 : entries_.back().start;
    if (entry.start < lowest || entry.start > tokens_ || (entries_.empty() && entry.start != 0)) {
      return corrupt_data(
          fmt::format("{}: document {} begins at token {}, out of order", path_, entries_.size(), entry.start));
    }
    entries_.push_back(entry);
  }
  if (entries_.empty() && tokens_ != 0) return corrupt_data(fmt::format("{}: tokens without a document", path_));
  return {};
}

ShardDocument ShardReader::document(std::uint64_t ordinal) const {
  GRISTMILL_CHECK(ordinal < entries_.size(), fmt::format("document {} of {}", ordinal, entries_.size()));
  const auto& entry = entries_[ordinal];
  const auto end = ordinal + 1 < entries_.size() ? entries_[ordinal + 1].start : tokens_;
  return {ordinal, entry.id, entry.start, end - entry.start};
}

Result<ShardDocument> ShardReader::locate(std::uint64_t position) const {
  if (position >= tokens_) {
    return not_found(fmt::format("{} has {} tokens, there is none at position {}", path_, tokens_, position));
  }
  // Empty documents share their start with the next one: the last that begins at or before the position holds it.
  const auto behind = std::ranges::upper_bound(entries_, position, {}, &Entry::start);
  return document(static_cast<std::uint64_t>(behind - entries_.begin()) - 1);
}

Result<std::string> ShardReader::read_bytes(std::uint64_t position, std::uint64_t count) const {
  if (position >= tokens_) return std::string();
  count = std::min(count, tokens_ - position);
  const auto width = header_.token_bytes();
  return read_exactly(path_, header_bytes + position * width, count * width);
}

Result<std::vector<std::uint32_t>> ShardReader::read(std::uint64_t position, std::uint64_t count) const {
  GRISTMILL_TRY(const auto bytes, read_bytes(position, count));
  const auto width = header_.token_bytes();
  std::vector<std::uint32_t> tokens;
  tokens.reserve(bytes.size() / width);
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    tokens.push_back(width == 2 ? get<std::uint16_t>(bytes, at) : get<std::uint32_t>(bytes, at));
  }
  return tokens;
}

Status ShardReader::verify_body() const {
  Xxh3Stream hash;
  const auto step = copy_bytes / header_.token_bytes();
  for (std::uint64_t position = 0; position < tokens_; position += step) {
    GRISTMILL_TRY(const auto bytes, read_bytes(position, step));
    hash.update(bytes);
  }
  if (hash.digest() == body_hash_) return {};
  return corrupt_data(fmt::format("{}: the tokens' checksum does not match", path_));
}

}  // namespace gristmill::formats
