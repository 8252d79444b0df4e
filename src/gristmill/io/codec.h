// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/io/file.h"

namespace gristmill::io {

/// A compression wrapped around one stream of bytes.
enum class Codec { none, gzip, zstd, bz2, xz };

/// Stable name: "gzip", "zstd", "bz2", "xz", "none".
std::string_view to_string(Codec codec) noexcept;
/// By the magic number in the first bytes (10 are enough); none when there is none.
Codec detect_codec(std::string_view head) noexcept;
/// By the last extension of a name, in any case of letters (.gz .zst .bz2 .xz and .tgz to .txz).
Codec codec_of_name(std::string_view name) noexcept;

/// Bounds against decompression bombs. The ratio is looked at once more than `ratio_free_bytes` came out.
struct ExpansionLimits {
  std::uint64_t expanded_bytes_max = std::uint64_t{1} << 40;
  double ratio_max = 200;
  std::uint64_t ratio_free_bytes = std::uint64_t{64} << 20;
};

/// A limit_exceeded Error when `expanded` bytes out of `compressed` pass a limit; names the limit and `where`.
Status check_expansion(const ExpansionLimits& limits, std::uint64_t compressed, std::uint64_t expanded,
                       std::string_view where);

/// Decompresses `source`, all members, frames or streams in a row. What could be decompressed is delivered before the
/// error: corrupt_data (damaged or truncated, with the byte offset in the compressed stream) or limit_exceeded.
/// `where` names the stream in messages.
Result<std::unique_ptr<ByteSource>> decompress(std::unique_ptr<ByteSource> source, Codec codec,
                                               const ExpansionLimits& limits, std::string where);

/// A stream made of independent members, each a place to start reading from.
class MemberSource : public ByteSource {
 public:
  /// Offset, in the compressed file, of the member that the bytes of the latest read came from.
  [[nodiscard]] virtual std::uint64_t member_offset() const = 0;
  /// After damage: looks for the next member whose content starts with `expected`. False: there is none.
  virtual Result<bool> skip_to_member(std::string_view expected) = 0;
};

/// Reads gzip members that start before `end` from a source that stands at compressed offset `begin`. One read never
/// spans two members. Small and medium members go through libdeflate in one step, others through zlib.
std::unique_ptr<MemberSource> open_gzip_members(std::unique_ptr<ByteSource> source, const ExpansionLimits& limits,
                                                std::string where, std::uint64_t begin = 0,
                                                std::uint64_t end = UINT64_MAX);

/// A source without a byte.
std::unique_ptr<ByteSource> empty_source();

/// Compressions of HTTP payloads.
enum class PayloadCoding { gzip, deflate, zstd };

/// Decompresses a payload held in memory into `out`; false when it is damaged, with what came out before the damage.
/// Stops at `bytes_max`, which counts as damage.
bool decode_payload(std::string_view bytes, PayloadCoding coding, std::size_t bytes_max, std::string& out);

/// True when a gzip member starts at the head of `bytes` and what it holds starts with `expected`.
bool is_gzip_member_of(std::string_view bytes, std::string_view expected);

}  // namespace gristmill::io
