// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/utf16_source.h"
#include "gristmill/io/codec.h"

namespace gristmill::formats {
namespace {

constexpr std::size_t head_bytes = std::size_t{64} << 10;
// Compression within compression; more is no data but a trap.
constexpr int codec_layers_max = 3;

using Reader = std::unique_ptr<DocumentReader>;

/// A stream without a byte.
class EmptyReader final : public DocumentReader {
 public:
  Result<bool> read(data::Batch& /*batch*/) override { return false; }
  [[nodiscard]] std::map<std::string, std::int64_t> skipped() const override { return {{"empty_file", 1}}; }
};

/// One casualty, made up front or by the stream's own failure.
class FaultReader final : public StreamReader {
 public:
  FaultReader(StreamInput input, std::string reason, std::string message)
      : StreamReader(std::move(input)), reason_(std::move(reason)), message_(std::move(message)) {}

 protected:
  bool next(data::Batch& batch) override {
    if (!reason_.empty() && !window().failure().has_value()) {
      quarantine(batch, 0, {reason_, std::move(message_), head_of_view()});
    }
    return false;
  }

 private:
  std::string reason_;
  std::string message_;
};

/// Undoes the compression around a stream, told by its first bytes whatever the name says; true when there was one.
Result<bool> undo_compression(StreamInput& input, const RawInput& raw, bool is_warc) {
  // Pieces of a plain file start at a record, whatever its first bytes look like.
  if (input.begin > 0 && !is_warc) return false;
  for (int layer = 0; layer < codec_layers_max; ++layer) {
    input.window->fill(head_bytes);
    const auto codec = io::detect_codec(input.window->view());
    if (codec == io::Codec::none) return layer > 0;
    const auto& where = input.origin.uri();
    const auto limits = expansion_limits(input.limits);
    auto source = io::read_window(std::move(input.window));
    if (codec == io::Codec::gzip) {
      const bool is_piece = layer == 0 && is_warc;
      input.window = std::make_unique<io::ByteWindow>(io::open_gzip_members(
          std::move(source), limits, where, is_piece ? input.begin : 0, is_piece ? raw.end : UINT64_MAX));
    } else {
      GRISTMILL_TRY(auto decoded, io::decompress(std::move(source), codec, limits, where));
      input.window = std::make_unique<io::ByteWindow>(std::move(decoded));
    }
    input.path.clear();
    input.begin = 0;
    input.end = UINT64_MAX;
  }
  input.window->fill(head_bytes);
  return true;
}

/// Records are cut as UTF-8; texts and pages find their encoding themselves.
void decode_wide(StreamInput& input) {
  const auto order = input.begin == 0 ? detect_utf16(input.window->view()) : Utf16::none;
  if (order == Utf16::none) return;
  input.window = std::make_unique<io::ByteWindow>(decode_utf16(std::move(input.window), order));
  input.path.clear();
  input.end = UINT64_MAX;
  input.window->fill(head_bytes);
}

Result<Reader> open_csv(StreamInput input) {
  if (input.begin > 0) {
    GRISTMILL_TRY(auto head, io::read_range(input.path, 0, csv_head_bytes));
    return make_csv_reader(std::move(input), head);
  }
  input.window->fill(csv_head_bytes);
  std::string head(input.window->view().substr(0, csv_head_bytes));
  return make_csv_reader(std::move(input), head);
}

bool has_extension(std::string_view name) {
  const auto base = name.substr(name.find_last_of("/!") == std::string_view::npos ? 0 : name.find_last_of("/!") + 1);
  const auto dot = base.rfind('.');
  return dot != std::string_view::npos && dot > 0;
}

Error unknown_format(const std::string& name) {
  return invalid_argument(fmt::format(
      "{}: unknown format; known are .txt .md .json .jsonl .csv .tsv .html .warc .wet .arc .parquet, each also "
      "as .gz .zst .bz2 .xz, and .zip and .tar of them",
      name));
}

}  // namespace

io::ExpansionLimits expansion_limits(const Limits& limits) {
  return {.expanded_bytes_max = limits.expanded_bytes_max, .ratio_max = limits.expansion_ratio_max};
}

std::unique_ptr<DocumentReader> make_fault_reader(StreamInput input, std::string reason, std::string message) {
  return std::make_unique<FaultReader>(std::move(input), std::move(reason), std::move(message));
}

Result<Reader> open_stream(StreamInput input, const RawInput& raw, std::string member, int depth) {
  auto format = format_of_name(input.name);
  GRISTMILL_TRY(const bool was_compressed, undo_compression(input, raw, format == RawFormat::warc));
  const auto head = input.window->view();
  const bool is_failed = input.window->failure().has_value();
  if (head.empty() && input.begin == 0) {
    if (is_failed) return make_fault_reader(std::move(input), {}, {});
    if (format != RawFormat::unknown && format != RawFormat::parquet) return Reader(std::make_unique<EmptyReader>());
  }
  const auto sniffed = sniff_format(head.substr(0, head_bytes));
  if (!was_compressed && sniffed == RawFormat::unknown && io::codec_of_name(input.name) != io::Codec::none) {
    return make_fault_reader(std::move(input), "reader.compressed.corrupt",
                             "named as compressed, but its bytes are in no known compression");
  }
  if (format == RawFormat::unknown) {
    format = sniffed;
    if (format == RawFormat::archive && has_extension(strip_compression(input.name))) format = RawFormat::unknown;
  }
  input.name = strip_compression(input.name);
  if (format == RawFormat::jsonl || format == RawFormat::json || format == RawFormat::csv) decode_wide(input);
  switch (format) {
    case RawFormat::text: return make_text_reader(std::move(input), "text/plain");
    case RawFormat::markdown: return make_text_reader(std::move(input), "text/markdown");
    case RawFormat::html: return make_html_reader(std::move(input));
    case RawFormat::jsonl: return make_jsonl_reader(std::move(input));
    case RawFormat::json: return make_json_reader(std::move(input));
    case RawFormat::csv: return open_csv(std::move(input));
    case RawFormat::warc: return make_warc_reader(std::move(input));
    case RawFormat::parquet: return make_parquet_reader(std::move(input));
    case RawFormat::archive: return make_archive_reader(std::move(input), raw, std::move(member), depth);
    case RawFormat::unknown: break;
  }
  return unknown_format(input.origin.uri());
}

Result<Reader> open_raw(const RawInput& raw) {
  GRISTMILL_TRY(auto source, io::open_file(raw.path, raw.begin));
  StreamInput input{.window = std::make_unique<io::ByteWindow>(std::move(source), raw.begin),
                    .origin = Origin(raw),
                    .fields = raw.fields,
                    .limits = raw.limits,
                    .name = raw.name,
                    .begin = raw.begin,
                    .end = raw.end,
                    .path = raw.path};
  return open_stream(std::move(input), raw, {}, 0);
}

}  // namespace gristmill::formats
