// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/codec.h"

#include <bzlib.h>
#include <fmt/format.h>
#include <lzma.h>
#include <zstd.h>

#include <array>

#include "gristmill/io/compressed_input.h"

namespace gristmill::io {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t input_bytes = std::size_t{256} << 10;
constexpr std::uint64_t decoder_memory_max = std::uint64_t{256} << 20;

/// What a decoder did in one step.
struct Step {
  std::size_t consumed = 0;
  std::size_t produced = 0;
  bool is_end = false;  ///< A frame or stream ended here; another may follow.
};

/// The loop that all streaming decoders share: input, limits, truncation, what follows the last stream.
template <typename Decoder>
class DecodingSource final : public ByteSource {
 public:
  DecodingSource(std::unique_ptr<ByteSource> source, const ExpansionLimits& limits, std::string where)
      : input_(std::move(source), 0), limits_(limits), where_(std::move(where)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    while (true) {
      if (input_.view().empty()) GRISTMILL_RETURN_IF_ERROR(input_.fill(input_bytes));
      if (input_.view().empty() && is_between_) return std::size_t{0};
      GRISTMILL_TRY(const auto step, advance(buffer));
      expanded_ += step.produced;
      GRISTMILL_RETURN_IF_ERROR(check_expansion(limits_, input_.offset(), expanded_, where_));
      if (step.produced > 0) return step.produced;
      if (step.consumed == 0 && !step.is_end && input_.view().empty()) return truncated();
    }
  }

 private:
  Result<Step> advance(std::span<char> buffer) {
    if (is_between_) {
      // Padding of zeros after the last stream is customary on tapes and in xz.
      const auto padding = std::min(input_.view().find_first_not_of('\0'), input_.view().size());
      if (padding > 0) {
        input_.consume(padding);
        return Step{padding, 0, true};
      }
      decoder_.restart();
      is_between_ = false;
    }
    auto step = decoder_.step(input_.view(), buffer);
    if (!step) return std::move(step).error().within(fmt::format("{}: at compressed byte {}", where_, input_.offset()));
    input_.consume(step->consumed);
    is_between_ = step->is_end;
    return step;
  }

  Error truncated() const {
    return corrupt_data(fmt::format("{}: {} stream is truncated: it ends at byte {} in the middle", where_,
                                    Decoder::name, input_.offset()));
  }

  CompressedInput input_;
  ExpansionLimits limits_;
  std::string where_;
  Decoder decoder_;
  std::uint64_t expanded_ = 0;
  bool is_between_ = true;
};

class EmptySource final : public ByteSource {
 public:
  Result<std::size_t> read(std::span<char> /*buffer*/) override { return std::size_t{0}; }
};

class ZstdDecoder {
 public:
  static constexpr std::string_view name = "zstd";
  ZstdDecoder() : context_(ZSTD_createDCtx()) {}
  ~ZstdDecoder() { ZSTD_freeDCtx(context_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  void restart() { ZSTD_DCtx_reset(context_, ZSTD_reset_session_only); }
  Result<Step> step(std::string_view input, std::span<char> output) {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    const auto left = ZSTD_decompressStream(context_, &out, &in);
    if (ZSTD_isError(left)) return corrupt_data(fmt::format("zstd stream is damaged: {}", ZSTD_getErrorName(left)));
    return Step{in.pos, out.pos, left == 0};
  }

 private:
  ZSTD_DCtx* context_;
};

class Bz2Decoder {
 public:
  static constexpr std::string_view name = "bz2";
  Bz2Decoder() = default;
  ~Bz2Decoder() { stop(); }
  Bz2Decoder(const Bz2Decoder&) = delete;
  Bz2Decoder& operator=(const Bz2Decoder&) = delete;

  void restart() {
    stop();
    stream_ = {};
    is_open_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
  }
  Result<Step> step(std::string_view input, std::span<char> output) {
    if (!is_open_) return unavailable("no memory for a bz2 decoder");
    // The C interface takes a mutable pointer that it never writes through: hand it a copy of a bounded piece.
    const auto piece = std::min(input.size(), piece_.size());
    std::copy_n(input.data(), piece, piece_.data());
    stream_.next_in = piece_.data();
    stream_.avail_in = static_cast<unsigned>(piece);
    stream_.next_out = output.data();
    const auto room = static_cast<unsigned>(std::min<std::size_t>(output.size(), std::size_t{1} << 30));
    stream_.avail_out = room;
    const int code = BZ2_bzDecompress(&stream_);
    if (code != BZ_OK && code != BZ_STREAM_END)
      return corrupt_data(fmt::format("bz2 stream is damaged (code {})", code));
    return Step{piece - stream_.avail_in, room - stream_.avail_out, code == BZ_STREAM_END};
  }

 private:
  void stop() {
    if (is_open_) BZ2_bzDecompressEnd(&stream_);
    is_open_ = false;
  }
  bz_stream stream_{};
  bool is_open_ = false;
  std::array<char, 65536> piece_{};
};

class XzDecoder {
 public:
  static constexpr std::string_view name = "xz";
  XzDecoder() = default;
  ~XzDecoder() { lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  void restart() { status_ = lzma_stream_decoder(&stream_, decoder_memory_max, 0); }
  Result<Step> step(std::string_view input, std::span<char> output) {
    if (status_ != LZMA_OK) return unavailable("no memory for an xz decoder");
    const std::vector<unsigned char> piece(
        input.begin(), input.begin() + static_cast<std::ptrdiff_t>(std::min(input.size(), piece_bytes)));
    output_.resize(std::min(output.size(), output_bytes));
    stream_.next_in = piece.data();
    stream_.avail_in = piece.size();
    stream_.next_out = output_.data();
    stream_.avail_out = output_.size();
    const auto code = lzma_code(&stream_, LZMA_RUN);
    if (code == LZMA_MEMLIMIT_ERROR) {
      return limit_exceeded(fmt::format("xz stream needs more than {} bytes of memory to decode", decoder_memory_max));
    }
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) {
      return corrupt_data(fmt::format("xz stream is damaged (code {})", static_cast<int>(code)));
    }
    const auto produced = output_.size() - stream_.avail_out;
    std::copy_n(output_.data(), produced, output.data());
    return Step{piece.size() - stream_.avail_in, produced, code == LZMA_STREAM_END};
  }

 private:
  static constexpr std::size_t piece_bytes = std::size_t{64} << 10;
  static constexpr std::size_t output_bytes = std::size_t{1} << 20;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  lzma_ret status_ = LZMA_PROG_ERROR;
  std::vector<unsigned char> output_;
};

}  // namespace

std::string_view to_string(Codec codec) noexcept {
  switch (codec) {
    case Codec::none: return "none";
    case Codec::gzip: return "gzip";
    case Codec::zstd: return "zstd";
    case Codec::bz2: return "bz2";
    case Codec::xz: return "xz";
  }
  return "none";
}

Codec detect_codec(std::string_view head) noexcept {
  if (head.starts_with("\x1f\x8b\x08"sv)) return Codec::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) return Codec::zstd;
  if (head.starts_with("\xfd"
                       "7zXZ\0"sv))
    return Codec::xz;
  // A block header or the end-of-stream mark follows the level digit; "BZh" alone may be the start of a text.
  const auto block = head.size() >= 10 ? head.substr(4, 6) : std::string_view();
  if (head.starts_with("BZh") && (block == "1AY&SY" || block == "\x17\x72\x45\x38\x50\x90"sv)) return Codec::bz2;
  return Codec::none;
}

Codec codec_of_name(std::string_view name) noexcept {
  constexpr std::array<std::pair<std::string_view, Codec>, 9> extensions{{{".gz", Codec::gzip},
                                                                          {".tgz", Codec::gzip},
                                                                          {".zst", Codec::zstd},
                                                                          {".tzst", Codec::zstd},
                                                                          {".bz2", Codec::bz2},
                                                                          {".tbz2", Codec::bz2},
                                                                          {".tbz", Codec::bz2},
                                                                          {".xz", Codec::xz},
                                                                          {".txz", Codec::xz}}};
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const auto& [extension, codec] : extensions) {
    if (name.size() < extension.size()) continue;
    const auto end = name.substr(name.size() - extension.size());
    if (std::equal(end.begin(), end.end(), extension.begin(), [&](char a, char b) { return lower(a) == b; }))
      return codec;
  }
  return Codec::none;
}

std::unique_ptr<ByteSource> empty_source() { return std::make_unique<EmptySource>(); }

Status check_expansion(const ExpansionLimits& limits, std::uint64_t compressed, std::uint64_t expanded,
                       std::string_view where) {
  if (expanded > limits.expanded_bytes_max) {
    return limit_exceeded(
        fmt::format("{}: expands beyond [limits] expanded = {} bytes", where, limits.expanded_bytes_max));
  }
  const double ratio = static_cast<double>(expanded) / static_cast<double>(std::max<std::uint64_t>(compressed, 1));
  if (expanded > limits.ratio_free_bytes && ratio > limits.ratio_max) {
    return limit_exceeded(fmt::format("{}: {} compressed bytes gave {} bytes, more than [limits] expansion_ratio = {}",
                                      where, compressed, expanded, limits.ratio_max));
  }
  return {};
}

Result<std::unique_ptr<ByteSource>> decompress(std::unique_ptr<ByteSource> source, Codec codec,
                                               const ExpansionLimits& limits, std::string where) {
  using Source = std::unique_ptr<ByteSource>;
  switch (codec) {
    case Codec::none: return source;
    case Codec::gzip: return Source(open_gzip_members(std::move(source), limits, std::move(where)));
    case Codec::zstd:
      return Source(std::make_unique<DecodingSource<ZstdDecoder>>(std::move(source), limits, std::move(where)));
    case Codec::bz2:
      return Source(std::make_unique<DecodingSource<Bz2Decoder>>(std::move(source), limits, std::move(where)));
    case Codec::xz:
      return Source(std::make_unique<DecodingSource<XzDecoder>>(std::move(source), limits, std::move(where)));
  }
  return invalid_argument("unknown codec");
}

}  // namespace gristmill::io
