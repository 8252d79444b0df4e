// SPDX-License-Identifier: Apache-2.0
#include "gristmill/feedback/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "gristmill/io/file.h"

namespace gristmill::feedback {
namespace {

constexpr std::string_view segment_magic = "GMFBLOG1";
constexpr std::string_view frame_mark = "GMFR";
constexpr std::string_view segment_ending = ".segment";
constexpr std::size_t sequence_digits = 20;
constexpr std::uint64_t segment_bytes_max = std::uint64_t{1} << 30;
constexpr std::size_t frame_checksum_at = frame_head_bytes - 8;
constexpr std::size_t segment_checksum_at = segment_head_bytes - 8;

template <typename T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// The head of a frame at the start of `bytes`; false when there is none.
struct Head {
  Frame frame;
  std::uint64_t payload_bytes = 0;
  std::uint64_t payload_checksum = 0;
};

bool read_head(std::string_view bytes, Head& head) {
  if (bytes.size() < frame_head_bytes || !bytes.starts_with(frame_mark)) return false;
  if (get<std::uint64_t>(bytes, frame_checksum_at) != xxh3_64(bytes.substr(0, frame_checksum_at))) return false;
  head.payload_bytes = get<std::uint32_t>(bytes, 4);
  head.frame.sequence = get<std::uint64_t>(bytes, 8);
  head.frame.group = get<std::uint64_t>(bytes, 16);
  head.frame.received_ms = get<std::int64_t>(bytes, 24);
  head.frame.key = {get<std::uint64_t>(bytes, 32), get<std::uint64_t>(bytes, 40)};
  head.frame.content = get<std::uint64_t>(bytes, 48);
  head.payload_checksum = get<std::uint64_t>(bytes, 56);
  return true;
}

bool is_all_zeros(std::string_view bytes) {
  return bytes.empty() || (bytes.front() == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// Walks over the bytes of a segment.
class Scanner {
 public:
  explicit Scanner(std::string_view bytes) : bytes_(bytes) {}

  SegmentScan scan() {
    read_segment_head();
    while (at_ < bytes_.size()) {
      Head head;
      if (read_head(bytes_.substr(at_), head)) {
        take(head);
      } else if (!skip()) {
        break;
      }
    }
    if (damage_begin_ != no_damage) close_gap(bytes_.size(), 0);
    return std::move(scan_);
  }

 private:
  static constexpr std::size_t no_damage = SIZE_MAX;

  void read_segment_head() {
    const bool is_whole = bytes_.size() >= segment_head_bytes && bytes_.starts_with(segment_magic) &&
                          get<std::uint64_t>(bytes_, segment_checksum_at) ==
                              xxh3_64(bytes_.substr(0, segment_checksum_at));
    if (!is_whole) return;
    scan_.has_head = true;
    scan_.first_sequence = get<std::uint64_t>(bytes_, 16);
    at_ = segment_head_bytes;
    scan_.end_offset = at_;
  }

  /// A good frame goes into the list. One whose payload is damaged or whose number runs backwards is damage as long as
  /// its head says, which the head's own checksum vouches for.
  void take(const Head& head) {
    const auto rest = bytes_.size() - at_ - frame_head_bytes;
    const auto payload = bytes_.substr(at_ + frame_head_bytes, std::min<std::uint64_t>(rest, head.payload_bytes));
    const auto size = frame_head_bytes + payload.size();
    const bool is_good = payload.size() == head.payload_bytes && xxh3_64(payload) == head.payload_checksum &&
                         head.frame.sequence > last_sequence_ && head.frame.group >= scan_.last_group;
    if (!is_good) {
      if (damage_begin_ == no_damage) damage_begin_ = at_;
      at_ += size;
      return;
    }
    if (damage_begin_ != no_damage) close_gap(at_, head.frame.sequence);
    scan_.is_closed = head.payload_bytes == 0;
    scan_.last_group = head.frame.group;
    scan_.next_sequence = head.frame.sequence + (scan_.is_closed ? 0 : 1);
    if (!scan_.is_closed) {
      scan_.frames.push_back(head.frame);
      scan_.frames.back().payload = payload;
      scan_.offsets.push_back(at_);
      last_sequence_ = head.frame.sequence;
    }
    at_ += size;
    scan_.end_offset = at_;
  }

  /// Goes to the next mark of a frame; false at the end of what is written.
  bool skip() {
    if (damage_begin_ == no_damage) {
      if (is_all_zeros(bytes_.substr(at_))) return false;
      damage_begin_ = at_;
    }
    const auto next = bytes_.find(frame_mark, at_ + 1);
    at_ = next == std::string_view::npos ? bytes_.size() : next;
    return true;
  }

  void close_gap(std::size_t end, std::uint64_t sequence_after) {
    scan_.gaps.push_back({damage_begin_, end - damage_begin_, last_sequence_, sequence_after});
    damage_begin_ = no_damage;
  }

  std::string_view bytes_;
  SegmentScan scan_;
  std::size_t at_ = 0;
  std::size_t damage_begin_ = no_damage;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace

SegmentScan scan_segment(std::string_view bytes) { return Scanner(bytes).scan(); }

void append_segment_head(std::uint64_t first_sequence, std::int64_t created_ms, std::string& out) {
  const auto begin = out.size();
  out.append(segment_magic);
  put(out, std::uint64_t{1});
  put(out, first_sequence);
  put(out, created_ms);
  put(out, xxh3_64(std::string_view(out).substr(begin)));
}

void append_frame(const Frame& frame, std::string& out) {
  const auto begin = out.size();
  out.append(frame_mark);
  put(out, static_cast<std::uint32_t>(frame.payload.size()));
  put(out, frame.sequence);
  put(out, frame.group);
  put(out, frame.received_ms);
  put(out, frame.key.high);
  put(out, frame.key.low);
  put(out, frame.content);
  put(out, xxh3_64(frame.payload));
  put(out, xxh3_64(std::string_view(out).substr(begin)));
  out.append(frame.payload);
}

std::string segment_path(const std::string& folder, std::uint64_t first_sequence) {
  return fmt::format("{}/{:0{}}{}", folder, first_sequence, sequence_digits, segment_ending);
}

Result<std::vector<SegmentFile>> list_segments(const std::string& folder) {
  std::vector<SegmentFile> found;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
    const auto name = entry.path().filename().string();
    if (name.size() != sequence_digits + segment_ending.size() || !name.ends_with(segment_ending)) continue;
    std::uint64_t first = 0;
    const auto* end = name.data() + sequence_digits;
    if (std::from_chars(name.data(), end, first).ptr == end) found.push_back({first, entry.path().string()});
  }
  if (code && code != std::errc::no_such_file_or_directory)
    return errno_error(fmt::format("listing {}", folder), code.value());
  std::ranges::sort(found, {}, &SegmentFile::first_sequence);
  return found;
}

Result<Segment> read_segment(const std::string& path) {
  GRISTMILL_TRY(const auto size, io::file_size(path));
  if (size > segment_bytes_max)
    return limit_exceeded(fmt::format("{}: {} bytes, more than a segment of the feedback log can have", path, size));
  GRISTMILL_TRY(auto source, io::open_file(path));
  Segment segment;
  segment.bytes.resize(size);
  std::size_t filled = 0;
  while (filled < size) {
    GRISTMILL_TRY(const auto count, source->read(std::span(segment.bytes).subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  segment.bytes.resize(filled);
  segment.scan = scan_segment({segment.bytes.data(), segment.bytes.size()});
  return segment;
}

}  // namespace gristmill::feedback
