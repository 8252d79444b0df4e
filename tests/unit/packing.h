// SPDX-License-Identifier: Apache-2.0
// Makes compressed files and archives in memory, straight on the libraries, so that ours is checked against their
// makers.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gristmill::packing {

/// zlib by window bits: 31 gzip, 15 zlib, -15 raw.
inline std::string zlib(std::string_view bytes, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string in(bytes);
  std::string out(deflateBound(&stream, in.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string gzip(std::string_view bytes) { return zlib(bytes, 31); }

inline std::string zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

inline std::string bz2(std::string_view bytes) {
  std::string in(bytes);
  std::string out(bytes.size() * 2 + 1024, '\0');
  auto size = static_cast<unsigned>(out.size());
  BZ2_bzBuffToBuffCompress(out.data(), &size, in.data(), static_cast<unsigned>(in.size()), 9, 0, 0);
  out.resize(size);
  return out;
}

inline std::string xz(std::string_view bytes) {
  std::string out(bytes.size() * 2 + 1024, '\0');
  std::size_t size = 0;
  lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          bytes.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size());
  out.resize(size);
  return out;
}

/// Names and contents, in order.
using Files = std::vector<std::pair<std::string, std::string>>;

inline std::string archive_of(archive* writer, const Files& files) {
  std::size_t room = std::size_t{1} << 20;
  for (const auto& [name, content] : files) room += content.size() + 4096;
  std::string bytes(room, '\0');
  std::size_t used = 0;
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const auto& [name, content] : files) {
    auto* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, content.data(), content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

inline std::string zip(const Files& files) {
  auto* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  return archive_of(writer, files);
}

inline std::string tar(const Files& files) {
  auto* writer = archive_write_new();
  archive_write_set_format_pax_restricted(writer);
  return archive_of(writer, files);
}

}  // namespace gristmill::packing
