// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <libdeflate.h>
// Makes zlib take its input by pointer to const.
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "gristmill/io/codec.h"
#include "gristmill/io/compressed_input.h"

namespace gristmill::io {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view gzip_magic = "\x1f\x8b\x08"sv;
constexpr int gzip_window_bits = 15 + 16;
// At the start of a member at least this much is buffered, so that most members are seen whole at the first try.
constexpr std::size_t lookahead_bytes = std::size_t{256} << 10;
constexpr std::size_t one_step_input_max = std::size_t{4} << 20;
constexpr std::size_t one_step_output_max = std::size_t{32} << 20;

/// A zlib decoder that can be restarted.
class Inflater {
 public:
  Inflater() = default;
  ~Inflater() { stop(); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool start(int window_bits) {
    stop();
    stream_ = {};
    is_open_ = inflateInit2(&stream_, window_bits) == Z_OK;
    return is_open_;
  }
  /// One call of inflate; gives its code and moves both positions.
  int step(std::string_view& input, std::span<char>& output) {
    constexpr std::size_t call_max = std::size_t{1} << 30;
    const auto given = static_cast<uInt>(std::min(input.size(), call_max));
    const auto room = static_cast<uInt>(std::min(output.size(), call_max));
    stream_.next_in = static_cast<const Bytef*>(static_cast<const void*>(input.data()));
    stream_.avail_in = given;
    stream_.next_out = static_cast<Bytef*>(static_cast<void*>(output.data()));
    stream_.avail_out = room;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    input.remove_prefix(given - stream_.avail_in);
    output = output.subspan(room - stream_.avail_out);
    return code;
  }
  [[nodiscard]] std::string_view message() const { return stream_.msg != nullptr ? stream_.msg : "unexpected end"; }
  [[nodiscard]] bool is_open() const { return is_open_; }
  void stop() {
    if (is_open_) inflateEnd(&stream_);
    is_open_ = false;
  }

 private:
  z_stream stream_{};
  bool is_open_ = false;
};

struct DeflateFree {
  void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
};

class GzipMembers final : public MemberSource {
 public:
  GzipMembers(std::unique_ptr<ByteSource> source, const ExpansionLimits& limits, std::string where, std::uint64_t begin,
              std::uint64_t end)
      : input_(std::move(source), begin),
        limits_(limits),
        where_(std::move(where)),
        begin_(begin),
        end_(end),
        member_offset_(begin),
        one_step_(libdeflate_alloc_decompressor()) {}

  [[nodiscard]] std::uint64_t member_offset() const override { return member_offset_; }

  Result<std::size_t> read(std::span<char> buffer) override {
    while (true) {
      if (!pending_.empty()) return deliver_pending(buffer);
      GRISTMILL_TRY(const auto count, inflater_.is_open() ? read_streaming(buffer) : read_member(buffer));
      if (!count.has_value()) return std::size_t{0};
      expanded_ += *count + pending_.size();
      GRISTMILL_RETURN_IF_ERROR(check_expansion(limits_, input_.offset() - begin_, expanded_, where_));
      if (*count > 0) return *count;
    }
  }

  Result<bool> skip_to_member(std::string_view expected) override {
    inflater_.stop();
    pending_ = {};
    while (true) {
      GRISTMILL_RETURN_IF_ERROR(input_.fill(lookahead_bytes));
      const auto found = input_.view().find(gzip_magic, input_.offset() == member_offset_ ? 1 : 0);
      if (found == std::string_view::npos) {
        if (input_.ended()) return false;
        input_.consume(input_.view().size() - (gzip_magic.size() - 1));
        continue;
      }
      input_.consume(found);
      GRISTMILL_RETURN_IF_ERROR(input_.fill(lookahead_bytes));
      if (is_gzip_member_of(input_.view(), expected)) return true;
      input_.consume(1);
    }
  }

 private:
  /// Bytes put into the buffer; nothing at the end of the input.
  using Count = std::optional<std::size_t>;

  Result<std::size_t> deliver_pending(std::span<char> buffer) {
    const auto count = std::min(buffer.size(), pending_.size());
    std::copy_n(pending_.data(), count, buffer.data());
    pending_.remove_prefix(count);
    return count;
  }

  /// Starts the next member and decodes it in one step if it is small enough.
  Result<Count> read_member(std::span<char> buffer) {
    GRISTMILL_RETURN_IF_ERROR(input_.fill(lookahead_bytes));
    if (input_.offset() != begin_) {
      // Zeros after the last member are padding.
      input_.consume(std::min(input_.view().find_first_not_of('\0'), input_.view().size()));
      GRISTMILL_RETURN_IF_ERROR(input_.fill(lookahead_bytes));
    }
    if (input_.view().empty() || input_.offset() >= end_) return Count();
    if (!input_.view().starts_with(gzip_magic)) {
      return corrupt_data(fmt::format("{}: no gzip member at byte {}, though bytes follow", where_, input_.offset()));
    }
    member_offset_ = input_.offset();
    if (!was_large_) {
      GRISTMILL_TRY(const auto count, decode_whole(buffer));
      if (count.has_value()) return count;
    }
    if (!inflater_.start(gzip_window_bits)) return unavailable("no memory for a gzip decoder");
    member_expanded_ = 0;
    return read_streaming(buffer);
  }

  /// Tries libdeflate with growing input and output; nothing when the member is too large or damaged.
  Result<Count> decode_whole(std::span<char> buffer) {
    std::span<char> output = buffer;
    while (true) {
      std::size_t consumed = 0;
      std::size_t produced = 0;
      const auto code = libdeflate_gzip_decompress_ex(one_step_.get(), input_.view().data(), input_.view().size(),
                                                      output.data(), output.size(), &consumed, &produced);
      if (code == LIBDEFLATE_SUCCESS) {
        input_.consume(consumed);
        if (output.data() == buffer.data()) return Count(produced);
        pending_ = {large_.data(), produced};
        return Count(0);
      }
      if (code == LIBDEFLATE_INSUFFICIENT_SPACE) {
        if (output.size() >= one_step_output_max) return Count();
        large_.resize(std::min(one_step_output_max, std::max(large_.size(), output.size() * 4)));
        output = large_;
        continue;
      }
      // Damaged, or cut off by the end of the buffer: more input tells, up to the limit.
      const auto wanted = input_.view().size() * 4;
      if (input_.ended() || input_.view().size() >= one_step_input_max) return Count();
      GRISTMILL_RETURN_IF_ERROR(input_.fill(std::min(wanted, one_step_input_max)));
    }
  }

  Result<Count> read_streaming(std::span<char> buffer) {
    if (input_.view().empty()) GRISTMILL_RETURN_IF_ERROR(input_.fill(lookahead_bytes));
    if (input_.view().empty()) {
      return corrupt_data(fmt::format("{}: gzip member of byte {} is truncated: the file ends at byte {}", where_,
                                      member_offset_, input_.offset()));
    }
    auto input = input_.view();
    auto output = buffer;
    const int code = inflater_.step(input, output);
    input_.consume(input_.view().size() - input.size());
    const auto produced = buffer.size() - output.size();
    member_expanded_ += produced;
    if (code == Z_STREAM_END) {
      was_large_ = member_expanded_ > one_step_output_max;
      inflater_.stop();
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      // What came out before the damage is delivered first; the next call fails at once.
      if (produced > 0) return Count(produced);
      return corrupt_data(fmt::format("{}: gzip member of byte {} is damaged near byte {}: {}", where_, member_offset_,
                                      input_.offset(), inflater_.message()));
    }
    return Count(produced);
  }

  CompressedInput input_;
  ExpansionLimits limits_;
  std::string where_;
  std::uint64_t begin_;
  std::uint64_t end_;
  std::uint64_t member_offset_;
  std::uint64_t expanded_ = 0;
  std::uint64_t member_expanded_ = 0;
  bool was_large_ = false;
  std::unique_ptr<libdeflate_decompressor, DeflateFree> one_step_;
  Inflater inflater_;
  std::vector<char> large_;
  std::string_view pending_;
};

/// Inflates until the end, damage or `bytes_max`; true at a proper end.
bool inflate_all(std::string_view bytes, int window_bits, std::size_t bytes_max, std::string& out) {
  Inflater inflater;
  if (!inflater.start(window_bits)) return false;
  std::array<char, 65536> piece{};
  while (out.size() < bytes_max) {
    std::span<char> room(piece);
    const int code = inflater.step(bytes, room);
    out.append(piece.data(), piece.size() - room.size());
    if (code == Z_STREAM_END) return true;
    if (code != Z_OK || (bytes.empty() && room.size() == piece.size())) return false;
  }
  return false;
}

bool expand_zstd(std::string_view bytes, std::size_t bytes_max, std::string& out) {
  const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  std::array<char, 65536> piece{};
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (out.size() < bytes_max) {
    ZSTD_outBuffer room{piece.data(), piece.size(), 0};
    const auto left = ZSTD_decompressStream(context.get(), &room, &in);
    if (ZSTD_isError(left)) return false;
    out.append(piece.data(), room.pos);
    if (left == 0 && in.pos == in.size) return true;
    if (in.pos == in.size && room.pos < room.size) return false;
  }
  return false;
}

}  // namespace

std::unique_ptr<MemberSource> open_gzip_members(std::unique_ptr<ByteSource> source, const ExpansionLimits& limits,
                                                std::string where, std::uint64_t begin, std::uint64_t end) {
  return std::make_unique<GzipMembers>(std::move(source), limits, std::move(where), begin, end);
}

bool decode_payload(std::string_view bytes, PayloadCoding coding, std::size_t bytes_max, std::string& out) {
  out.clear();
  if (coding == PayloadCoding::zstd) return expand_zstd(bytes, bytes_max, out);
  if (coding == PayloadCoding::gzip) return inflate_all(bytes, gzip_window_bits, bytes_max, out);
  // "deflate" means zlib by the standard and raw deflate by some servers.
  if (inflate_all(bytes, 15, bytes_max, out)) return true;
  if (!out.empty()) return false;
  return inflate_all(bytes, -15, bytes_max, out);
}

bool is_gzip_member_of(std::string_view bytes, std::string_view expected) {
  Inflater inflater;
  if (!bytes.starts_with(gzip_magic) || !inflater.start(gzip_window_bits)) return false;
  std::array<char, 64> head{};
  std::span<char> room(head);
  const int code = inflater.step(bytes, room);
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return false;
  return std::string_view(head.data(), head.size() - room.size()).starts_with(expected);
}

}  // namespace gristmill::io
