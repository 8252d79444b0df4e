// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/deflate.h"

// With this, zlib takes its input as const.
#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>

namespace gristmill::store {
namespace {

constexpr int bare_window = -15;
constexpr int gzip_window = 15 + 16;

Bytef* zlib_bytes(std::string& bytes) { return static_cast<Bytef*>(static_cast<void*>(bytes.data())); }
const Bytef* zlib_bytes(std::string_view bytes) {
  return static_cast<const Bytef*>(static_cast<const void*>(bytes.data()));
}

}  // namespace

Result<std::string> inflate(std::string_view packed, Compression compression, std::size_t bytes_max) {
  if (packed.size() > UINT32_MAX || bytes_max > UINT32_MAX)
    return limit_exceeded("compressed block of more than 4 GiB");
  z_stream stream{};
  if (::inflateInit2(&stream, compression == Compression::gzip ? gzip_window : bare_window) != Z_OK)
    return unavailable("not enough memory to inflate");
  stream.next_in = zlib_bytes(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string bytes;
  std::size_t filled = 0;
  int code = Z_OK;
  while (code == Z_OK && filled < bytes_max) {
    // Grows with what really came out, so that a small hostile stream cannot claim much memory at once.
    bytes.resize(std::min(std::max(packed.size() * 4, filled * 2) + 1024, bytes_max));
    stream.next_out = zlib_bytes(bytes) + filled;
    stream.avail_out = static_cast<uInt>(bytes.size() - filled);
    code = ::inflate(&stream, Z_NO_FLUSH);
    filled = bytes.size() - stream.avail_out;
    if (code == Z_OK && stream.avail_out > 0) code = Z_BUF_ERROR;
  }
  ::inflateEnd(&stream);
  if (code == Z_OK) return limit_exceeded("inflates to more than is allowed");
  if (code != Z_STREAM_END) return corrupt_data("damaged compressed data");
  bytes.resize(filled);
  return bytes;
}

std::string deflate(std::string_view bytes) {
  z_stream stream{};
  GRISTMILL_CHECK(
      ::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bare_window, 8, Z_DEFAULT_STRATEGY) == Z_OK,
      std::to_string(bytes.size()));
  GRISTMILL_CHECK(bytes.size() <= UINT32_MAX, std::to_string(bytes.size()));
  std::string packed(::deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = zlib_bytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = zlib_bytes(packed);
  stream.avail_out = static_cast<uInt>(packed.size());
  const int code = ::deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  ::deflateEnd(&stream);
  GRISTMILL_CHECK(code == Z_STREAM_END, std::to_string(code));
  return packed;
}

}  // namespace gristmill::store
