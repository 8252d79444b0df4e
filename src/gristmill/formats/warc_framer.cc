// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/warc_framer.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "gristmill/formats/http_message.h"
#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/stream_reader.h"

namespace gristmill::formats {
namespace {

constexpr std::size_t head_bytes_max = std::size_t{1} << 20;
// Blank bytes that may stand between two records.
constexpr std::size_t gap_bytes_max = 64;
constexpr std::string_view warc_mark = "WARC/";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "WARC/1.0" and the end of the line at `at`.
bool is_warc_line(std::string_view bytes, std::size_t at) {
  const auto rest = bytes.substr(at, 16);
  if (!rest.starts_with(warc_mark) || rest.size() < 9 || !is_digit(rest[5]) || rest[6] != '.') return false;
  auto end = std::size_t{7};
  while (end < rest.size() && is_digit(rest[end])) ++end;
  return end > 7 && end < rest.size() && (rest[end] == '\r' || rest[end] == '\n');
}

bool parse_size(std::string_view text, std::uint64_t& size) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), size);
  return code == std::errc() && end == text.data() + text.size();
}

/// Takes the last word off a line.
std::string_view take_last(std::string_view& line) {
  const auto blank = line.find_last_of(' ');
  if (blank == std::string_view::npos) return {};
  const auto word = line.substr(blank + 1);
  line = line.substr(0, blank);
  return word;
}

/// The declared length in a WARC header.
bool find_length(std::string_view head, std::uint64_t& length) {
  constexpr std::string_view name = "content-length:";
  while (!head.empty()) {
    const auto end = std::min(head.find('\n'), head.size());
    auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    if (line.size() < name.size() || !equals_ignoring_case(line.substr(0, name.size()), name)) continue;
    line.remove_prefix(name.size());
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos) return false;
    line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
    return parse_size(line, length);
  }
  return false;
}

}  // namespace

std::size_t find_header_end(std::string_view bytes) noexcept {
  std::size_t at = 0;
  while (true) {
    at = bytes.find('\n', at);
    if (at == std::string_view::npos) return at;
    ++at;
    if (at < bytes.size() && bytes[at] == '\n') return at + 1;
    if (at + 1 < bytes.size() && bytes[at] == '\r' && bytes[at + 1] == '\n') return at + 2;
  }
}

bool parse_arc_header(std::string_view line, ArcHeader& header) noexcept {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || !parse_size(take_last(line), header.length)) return false;
  header.content_type = take_last(line);
  header.date = take_last(line);
  header.ip = take_last(line);
  header.url = line;
  const bool is_date = header.date.size() >= 8 && std::ranges::all_of(header.date, is_digit);
  return is_date && !header.ip.empty() && header.url.find(':') != std::string_view::npos;
}

bool WarcFramer::skip_blank() {
  while (!window_.at_end()) {
    const auto view = window_.view();
    const auto blank = std::min(view.find_first_not_of("\r\n \t"), view.size());
    if (blank == 0) return true;
    window_.consume(blank);
  }
  return false;
}

/// Position of the first byte behind `at` that is no line end, looking at few bytes only.
std::size_t WarcFramer::follow_up(std::size_t at) {
  window_.fill(at + gap_bytes_max);
  const auto view = window_.view();
  while (at < view.size() && (view[at] == '\r' || view[at] == '\n')) ++at;
  return at;
}

/// True when a record, or the end of the stream, is at `at` of the view.
bool WarcFramer::is_record_at(std::size_t at, bool is_arc) {
  if (!is_arc) {
    window_.fill(at + 16);
    const auto rest = window_.view().substr(std::min(at, window_.view().size()));
    return rest.empty() || rest.starts_with(warc_mark) || warc_mark.starts_with(rest);
  }
  window_.fill(at + 4096);
  const auto rest = window_.view().substr(std::min(at, window_.view().size()));
  ArcHeader header;
  return rest.empty() || parse_arc_header(rest.substr(0, rest.find('\n')), header);
}

/// Makes a fault of everything from the front of the view to the next record, searched for from `from` on. False when
/// the stream broke first: the casualty that tells of the break takes what is left.
bool WarcFramer::pass_to_next(WarcFrame& frame, WarcFrame::Fault fault, std::size_t from) {
  frame.fault = fault;
  frame.head = frame.block = {};
  bool was_kept = false;
  const auto drop = [&](std::size_t bytes) {
    if (!was_kept)
      frame.damaged = window_.view().substr(0, std::min(bytes, std::max(kept_bytes_max, block_bytes_max_)));
    was_kept = true;
    window_.consume(bytes);
  };
  const std::string_view mark = is_arc_ ? std::string_view("\n") : warc_mark;
  while (true) {
    const auto found = window_.view().find(mark, from);
    if (found == std::string_view::npos) {
      from = window_.view().size() - std::min(window_.view().size(), mark.size() - 1);
      if (window_.view().size() > block_bytes_max_) {
        drop(from);
        from = 0;
      }
      if (window_.grow()) continue;
      if (window_.failure().has_value()) return was_kept;
      drop(window_.view().size());
      return true;
    }
    const auto at = is_arc_ ? found + 1 : found;
    window_.fill(at + 16);
    const bool is_line_start = is_arc_ || at == 0 || window_.view()[at - 1] == '\n';
    const bool is_there = is_arc_ ? at < window_.view().size() && is_record_at(at, true)
                                  : is_line_start && is_warc_line(window_.view(), at);
    if (is_there) {
      drop(at);
      return true;
    }
    from = found + 1;
  }
}

bool WarcFramer::next(WarcFrame& frame) {
  window_.consume(std::min(pending_, window_.view().size()));
  pending_ = 0;
  if (!skip_blank()) return false;
  if (!is_started_) {
    window_.fill(16);
    is_arc_ = window_.view().starts_with("filedesc://");
    is_started_ = true;
  }
  frame = {};
  frame.is_arc = is_arc_;
  frame.stream_offset = window_.offset();
  frame.offset = window_.record_offset();
  frame.offset_in_member = window_.offset_in_member();
  if (!is_record_at(0, is_arc_)) {
    return pass_to_next(frame, WarcFrame::Fault::no_record, 1);
  }
  return frame_record(frame);
}

bool WarcFramer::frame_record(WarcFrame& frame) {
  auto head_size = std::string_view::npos;
  while (true) {
    const auto view = window_.view().substr(0, head_bytes_max);
    if (is_arc_) {
      const auto line_end = view.find('\n');
      if (line_end != std::string_view::npos) head_size = line_end + 1;
    } else {
      head_size = find_header_end(view);
    }
    if (head_size != std::string_view::npos || view.size() == head_bytes_max || !window_.grow()) break;
  }
  if (head_size == std::string_view::npos && window_.failure().has_value()) return false;
  ArcHeader arc;
  const auto head = window_.view().substr(0, std::min(head_size, window_.view().size()));
  const bool is_usable = head_size != std::string_view::npos &&
                         (is_arc_ ? parse_arc_header(head.substr(0, head.size() - 1), arc)
                                  : find_length(head, frame.length));
  if (!is_usable) {
    const bool is_cut = head_size == std::string_view::npos && window_.view().size() < head_bytes_max;
    return pass_to_next(frame, is_cut ? WarcFrame::Fault::truncated : WarcFrame::Fault::bad_header, 1);
  }
  if (is_arc_) frame.length = arc.length;
  if (frame.length > block_bytes_max_) {
    return frame_large(frame, head_size);
  }
  const auto size = head_size + static_cast<std::size_t>(frame.length);
  if (!window_.fill(size)) {
    if (window_.failure().has_value()) return false;
    if (!pass_to_next(frame, WarcFrame::Fault::truncated, head_size)) return false;
    // Another record inside what should have been content: the length was wrong, the stream is not cut.
    if (!window_.view().empty()) frame.fault = WarcFrame::Fault::bad_length;
    return true;
  }
  const auto behind = follow_up(size);
  // The stream broke right behind the content: its checksum, if it has one, was never confirmed.
  if (behind >= window_.view().size() && window_.failure().has_value()) return false;
  if (!is_record_at(behind, is_arc_)) {
    return pass_to_next(frame, WarcFrame::Fault::bad_length, head_size);
  }
  frame.head = window_.view().substr(0, head_size);
  frame.block = window_.view().substr(head_size, static_cast<std::size_t>(frame.length));
  pending_ = size;
  return true;
}

/// Passes over the content of a record too large for memory. The head lives on in `damaged`.
bool WarcFramer::frame_large(WarcFrame& frame, std::size_t head_size) {
  // Two line ends close a record: what stands this close behind the stated end is where it should be.
  constexpr std::uint64_t closing_bytes_max = 16;
  frame.is_large = true;
  const auto size = head_size + frame.length;
  if (is_arc_) {
    frame.damaged = window_.view().substr(0, std::max(head_size, std::min(kept_bytes_max, window_.view().size())));
    if (window_.skip(size) < size && !window_.failure().has_value()) frame.fault = WarcFrame::Fault::truncated;
  } else {
    // The length may be wrong, so the next record is looked for on the way instead of being jumped over.
    const auto begin = window_.offset();
    if (!pass_to_next(frame, WarcFrame::Fault::truncated, head_size)) return false;
    const auto passed = window_.offset() - begin;
    const bool is_whole = passed >= size && passed <= size + closing_bytes_max;
    if (is_whole) frame.fault = WarcFrame::Fault::none;
    if (!is_whole && !window_.view().empty()) frame.fault = WarcFrame::Fault::bad_length;
  }
  frame.head = std::string_view(frame.damaged).substr(0, head_size);
  return true;
}

std::vector<std::uint64_t> split_warc(io::ByteWindow& window, std::uint64_t piece_bytes) {
  std::vector<std::uint64_t> points{0};
  WarcFramer framer(window, Limits().document_bytes_max);
  WarcFrame frame;
  std::uint64_t wanted = piece_bytes;
  while (framer.next(frame)) {
    if (frame.stream_offset < wanted) continue;
    points.push_back(frame.stream_offset);
    wanted = (frame.stream_offset / piece_bytes + 1) * piece_bytes;
  }
  return points;
}

}  // namespace gristmill::formats
