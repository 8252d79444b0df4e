// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/utf16_source.h"
#include "gristmill/io/codec.h"

namespace gristmill::formats {
namespace {

constexpr std::size_t head_bytes = std::size_t{64} << 10;
constexpr std::string_view gzip_magic{"\x1f\x8b\x08", 3};

Result<io::ByteWindow> open_at(const std::string& path, std::uint64_t offset) {
  GRISTMILL_TRY(auto source, io::open_file(path, offset));
  return io::ByteWindow(std::move(source), offset);
}

/// Offset of the first line that starts at or behind `offset`; the end of the file when there is none.
Result<std::uint64_t> next_line(const std::string& path, std::uint64_t offset) {
  // The newline in front of a line that starts right at the offset counts.
  GRISTMILL_TRY(auto window, open_at(path, offset - 1));
  while (!window.at_end()) {
    const auto found = window.view().find('\n');
    if (found != std::string_view::npos) return window.offset() + found + 1;
    window.consume(window.view().size());
  }
  if (window.failure().has_value()) return *window.failure();
  return window.offset();
}

/// Offset of the first gzip member at or behind `offset` that holds a WARC record; the end of the file when there is
/// none.
Result<std::uint64_t> next_member(const std::string& path, std::uint64_t offset) {
  GRISTMILL_TRY(auto window, open_at(path, offset));
  while (window.fill(gzip_magic.size())) {
    const auto found = window.view().find(gzip_magic);
    if (found == std::string_view::npos) {
      window.consume(window.view().size() - (gzip_magic.size() - 1));
      continue;
    }
    window.consume(found);
    window.fill(head_bytes);
    if (io::is_gzip_member_of(window.view().substr(0, head_bytes), "WARC/")) return window.offset();
    window.consume(1);
  }
  if (window.failure().has_value()) return *window.failure();
  return window.offset() + window.view().size();
}

using Finder = Result<std::uint64_t> (*)(const std::string&, std::uint64_t);

Result<std::vector<std::uint64_t>> split_by(Finder find, const std::string& path, std::uint64_t size,
                                            std::uint64_t piece_bytes) {
  std::vector<std::uint64_t> points{0};
  for (auto wanted = piece_bytes; wanted < size;) {
    GRISTMILL_TRY(const auto point, find(path, wanted));
    if (point >= size) break;
    points.push_back(point);
    wanted = (point / piece_bytes + 1) * piece_bytes;
  }
  return points;
}

}  // namespace

Result<std::vector<std::uint64_t>> split_points(const std::string& path, std::string_view name,
                                                std::uint64_t piece_bytes) {
  GRISTMILL_TRY(const auto size, io::file_size(path));
  const std::vector<std::uint64_t> whole{0};
  if (piece_bytes == 0) return invalid_argument("piece_bytes must be at least 1");
  if (size <= piece_bytes) return whole;
  GRISTMILL_TRY(auto window, open_at(path, 0));
  window.fill(head_bytes);
  const auto head = window.view().substr(0, head_bytes);
  const auto format = format_of_name(name);
  const auto codec = io::detect_codec(head);
  if (codec == io::Codec::gzip && format == RawFormat::warc) {
    return io::is_gzip_member_of(head, "WARC/") ? split_by(next_member, path, size, piece_bytes) : whole;
  }
  if (codec != io::Codec::none || detect_utf16(head) != Utf16::none) return whole;
  switch (format) {
    case RawFormat::jsonl: return split_by(next_line, path, size, piece_bytes);
    case RawFormat::csv: {
      auto points = split_csv(window, strip_compression(name), piece_bytes);
      if (window.failure().has_value()) return *window.failure();
      return points;
    }
    case RawFormat::warc: {
      if (!head.starts_with("WARC/")) return whole;
      auto points = split_warc(window, piece_bytes);
      if (window.failure().has_value()) return *window.failure();
      return points;
    }
    default: return whole;
  }
}

}  // namespace gristmill::formats
