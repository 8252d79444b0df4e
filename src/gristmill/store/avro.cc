// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/avro.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gristmill/base/hash.h"
#include "gristmill/io/codec.h"
#include "gristmill/store/avro_codec.h"
#include "gristmill/store/deflate.h"

namespace gristmill::store {
namespace {

constexpr std::string_view magic("Obj\1", 4);
constexpr std::string_view deflate_name = "deflate";
constexpr std::string_view zstd_name = "zstandard";
constexpr std::size_t sync_bytes = 16;
constexpr std::size_t block_bytes_aim = std::size_t{1} << 18;
constexpr std::size_t block_bytes_max = std::size_t{256} << 20;
constexpr std::uint64_t inflated_bytes_max = std::uint64_t{4} << 30;

}  // namespace

Error AvroReader::damaged(std::string_view what) const {
  return corrupt_data(fmt::format("Avro file {}: {} (near byte {})", path_, what, position_));
}

std::string_view AvroReader::metadata(std::string_view key) const {
  const auto found = std::ranges::find(metadata_, key, &AvroMetadata::value_type::first);
  return found == metadata_.end() ? std::string_view() : found->second;
}

Result<AvroReader> AvroReader::open(std::string bytes, std::string path, const AvroSchema::FieldNames& names) {
  AvroReader reader(std::move(bytes), std::move(path));
  GRISTMILL_RETURN_IF_ERROR(reader.read_header());
  reader.codec_ = reader.metadata("avro.codec");
  constexpr std::array<std::string_view, 4> known{"", "null", deflate_name, zstd_name};
  if (std::ranges::find(known, reader.codec_) == known.end())
    return reader.damaged(
        fmt::format("codec \"{}\" is not supported (null, deflate and zstandard are): write it with "
                    "one of them",
                    reader.codec_.substr(0, 50)));
  auto schema = AvroSchema::parse(reader.metadata("avro.schema"), names);
  if (!schema) return reader.damaged(schema.error().message);
  reader.schema_ = *std::move(schema);
  return reader;
}

Status AvroReader::read_header() {
  if (!bytes_.starts_with(magic)) return damaged("does not begin as an Avro container");
  AvroDecoder decoder(bytes_, magic.size());
  while (true) {
    std::int64_t count = 0;
    std::int64_t size = 0;
    if (!decoder.read_long(count)) return damaged(decoder.what());
    if (count == 0) break;
    if (count < 0 && (count == INT64_MIN || !decoder.read_long(size))) return damaged("has a damaged header");
    for (count = count < 0 ? -count : count; count > 0; --count) {
      std::string_view key;
      std::string_view value;
      if (!decoder.read_bytes(key) || !decoder.read_bytes(value)) return damaged(decoder.what());
      metadata_.emplace_back(key, value);
    }
  }
  position_ = decoder.position();
  if (bytes_.size() - position_ < sync_bytes) return damaged("ends in its header");
  sync_ = bytes_.substr(position_, sync_bytes);
  position_ += sync_bytes;
  return {};
}

Result<bool> AvroReader::open_block() {
  if (position_ == bytes_.size()) return false;
  AvroDecoder decoder(bytes_, position_);
  std::string_view packed;
  if (!decoder.read_long(rows_left_) || !decoder.read_bytes(packed)) return damaged(decoder.what());
  if (rows_left_ < 0) return damaged("has a block of negative count");
  const auto end = decoder.position();
  if (bytes_.size() - end < sync_bytes) return damaged("ends in the middle of a block");
  if (std::string_view(bytes_).substr(end, sync_bytes) != sync_) return damaged("has a block without its end marker");
  GRISTMILL_RETURN_IF_ERROR(unpack(packed));
  // Rows of no bytes at all would let a tiny file ask for endless work.
  if (static_cast<std::uint64_t>(rows_left_) > block_.size()) return damaged("has more rows than bytes");
  position_ = end + sync_bytes;
  block_position_ = 0;
  return true;
}

Status AvroReader::unpack(std::string_view packed) {
  if (codec_ == deflate_name) {
    auto inflated = inflate(packed, Compression::deflate, block_bytes_max);
    if (!inflated) return std::move(inflated).error().within("Avro file " + path_);
    block_ = *std::move(inflated);
  } else if (codec_ == zstd_name) {
    if (!io::decode_payload(packed, io::PayloadCoding::zstd, block_bytes_max, block_))
      return damaged("has a damaged block, or one that is larger than is allowed");
  } else {
    block_.assign(packed);
    return {};
  }
  inflated_total_ += block_.size();
  return inflated_total_ <= inflated_bytes_max ? Status() : Status(damaged("inflates to more than is allowed"));
}

Result<bool> AvroReader::next(Json& row) {
  while (rows_left_ == 0) {
    GRISTMILL_TRY(const bool has_block, open_block());
    if (!has_block) return false;
  }
  AvroDecoder decoder(block_, block_position_);
  decoder.keep_keys(kept_keys_);
  if (!decoder.read_value(schema_, schema_.root(), row)) return damaged(decoder.what());
  block_position_ = decoder.position();
  --rows_left_;
  if (rows_left_ == 0 && block_position_ != block_.size()) return damaged("has a block longer than its rows");
  return true;
}

Result<AvroWriter> AvroWriter::create(std::string schema, const AvroMetadata& metadata, Codec codec,
                                      const AvroSchema::FieldNames& names) {
  AvroWriter writer;
  GRISTMILL_TRY(writer.schema_, AvroSchema::parse(schema, names));
  writer.codec_ = codec;
  AvroMetadata header{{"avro.schema", std::move(schema)}, {"avro.codec", codec == Codec::deflate ? "deflate" : "null"}};
  header.insert(header.end(), metadata.begin(), metadata.end());
  writer.file_ = magic;
  append_avro_long(writer.file_, static_cast<std::int64_t>(header.size()));
  for (const auto& [key, value] : header) {
    append_avro_bytes(writer.file_, key);
    append_avro_bytes(writer.file_, value);
  }
  append_avro_long(writer.file_, 0);
  // The marker only has to be unlikely inside the data; made from the header it keeps files reproducible.
  const auto marker = xxh3_128(writer.file_);
  for (const auto half : {marker.high, marker.low}) {
    for (int shift = 0; shift < 64; shift += 8) writer.sync_ += static_cast<char>(half >> shift & 0xFF);
  }
  writer.file_ += writer.sync_;
  return writer;
}

Status AvroWriter::append(const Json& row) {
  GRISTMILL_RETURN_IF_ERROR(append_avro_value(block_, schema_, schema_.root(), row));
  ++block_rows_;
  return block_.size() >= block_bytes_aim ? close_block() : Status();
}

Status AvroWriter::close_block() {
  if (block_rows_ == 0) return {};
  const std::string packed = codec_ == Codec::deflate ? deflate(block_) : std::exchange(block_, {});
  append_avro_long(file_, block_rows_);
  append_avro_bytes(file_, packed);
  file_ += sync_;
  block_.clear();
  block_rows_ = 0;
  return {};
}

Result<std::string> AvroWriter::finish() {
  GRISTMILL_RETURN_IF_ERROR(close_block());
  return std::move(file_);
}

}  // namespace gristmill::store
