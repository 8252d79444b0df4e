// SPDX-License-Identifier: Apache-2.0
// The durable log of online events: frames in segment files, group commit, idempotency keys. Knows no datasets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/base/result.h"

namespace gristmill::feedback {

/// Bytes of a segment's head, and of the head of each frame (docs/formats/feedback-log.md).
inline constexpr std::size_t segment_head_bytes = 40;
inline constexpr std::size_t frame_head_bytes = 72;
/// Largest payload of one frame.
inline constexpr std::size_t payload_bytes_max = std::size_t{16} << 20;

/// One event as it lies in a segment. Views point into the bytes that were scanned.
struct Frame {
  std::uint64_t sequence = 0;      ///< 1, 2, 3, ... over the life of the log.
  std::uint64_t group = 0;         ///< Number of the write that made it durable.
  std::int64_t received_ms = 0;    ///< Milliseconds since 1970.
  Hash128 key;                     ///< Of the idempotency key; zero for none.
  std::uint64_t content = 0;       ///< Digest of the event as it was sent, to tell repeats from mistakes.
  std::string_view payload;        ///< Empty: no event, but the mark of an orderly end.
};

/// Bytes of a segment that are no frame although frames, or something else than zeros, follow.
struct Gap {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sequence_before = 0;  ///< Of the last good frame before it; 0 for none.
  std::uint64_t sequence_after = 0;   ///< Of the first good frame behind it; 0 for none.
};

/// What the bytes of a segment hold.
struct SegmentScan {
  bool has_head = false;
  std::uint64_t first_sequence = 0;  ///< From the head.
  std::vector<Frame> frames;         ///< Without the mark of the end.
  std::vector<std::uint64_t> offsets;  ///< Where each frame begins.
  std::vector<Gap> gaps;
  std::uint64_t end_offset = 0;      ///< Behind the last good frame.
  std::uint64_t last_group = 0;
  std::uint64_t next_sequence = 0;   ///< What comes after the last good frame or mark; 0 when there is none.
  bool is_closed = false;            ///< The log was closed in order behind these frames.
};

/// A segment file by its name.
struct SegmentFile {
  std::uint64_t first_sequence = 0;
  std::string path;
};

/// A segment in memory. Movable only: the frames point into `bytes`.
struct Segment {
  std::vector<char> bytes;
  SegmentScan scan;
};

/// Finds the frames in the bytes of a segment, in linear time whatever the bytes are. Damage is skipped up to the next
/// good frame and told as a gap.
SegmentScan scan_segment(std::string_view bytes);

/// Appends the head of a segment.
void append_segment_head(std::uint64_t first_sequence, std::int64_t created_ms, std::string& out);
/// Appends a frame.
void append_frame(const Frame& frame, std::string& out);

/// Path of the segment that begins with a sequence number.
std::string segment_path(const std::string& folder, std::uint64_t first_sequence);
/// Segments of a log, oldest first. A missing folder has none.
Result<std::vector<SegmentFile>> list_segments(const std::string& folder);
/// Reads and scans one; refuses more than 1 GiB.
Result<Segment> read_segment(const std::string& path);

}  // namespace gristmill::feedback
