// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/io/byte_window.h"

namespace gristmill::formats {

/// One record of a crawl archive as it lies in the stream.
struct WarcFrame {
  enum class Fault {
    none,
    no_record,   ///< Bytes that are no record.
    bad_header,  ///< A record without a usable length.
    bad_length,  ///< What the length says is not followed by a record.
    truncated,   ///< The stream ends inside.
  };
  Fault fault = Fault::none;
  std::uint64_t stream_offset = 0;     ///< Of the record.
  std::uint64_t offset = 0;            ///< Of its gzip member in the file, or the stream offset without members.
  std::uint64_t offset_in_member = 0;
  std::string_view head;               ///< Header lines (WARC) or the header line (ARC).
  std::string_view block;              ///< Content; empty when `is_large`.
  std::uint64_t length = 0;            ///< Declared size of the content.
  bool is_large = false;               ///< Over the limit: the content is passed over.
  bool is_arc = false;
  std::string damaged;                 ///< First bytes of what a fault cost.
};

/// Cuts a WARC, WET or ARC stream into records and finds the next one after damage. Views live until the next call.
class WarcFramer {
 public:
  /// Records with more content than `block_bytes_max` are passed over.
  WarcFramer(io::ByteWindow& window, std::size_t block_bytes_max)
      : window_(window), block_bytes_max_(block_bytes_max) {}

  /// Finds the next record or fault; false at the end of the stream or where it broke.
  bool next(WarcFrame& frame);

 private:
  bool skip_blank();
  bool frame_record(WarcFrame& frame);
  bool frame_large(WarcFrame& frame, std::size_t head_size);
  bool pass_to_next(WarcFrame& frame, WarcFrame::Fault fault, std::size_t from);
  bool is_record_at(std::size_t at, bool is_arc);
  std::size_t follow_up(std::size_t at);

  io::ByteWindow& window_;
  std::size_t block_bytes_max_;
  std::size_t pending_ = 0;
  bool is_arc_ = false;
  bool is_started_ = false;
};

/// End of the header block that starts at the front of `bytes`: the position behind its blank line; npos when there is
/// none.
std::size_t find_header_end(std::string_view bytes) noexcept;

/// The parts of an ARC header line, read from its end, since addresses may hold blanks.
struct ArcHeader {
  std::string_view url, ip, date, content_type;
  std::uint64_t length = 0;
};
/// False when the line is no ARC header.
bool parse_arc_header(std::string_view line, ArcHeader& header) noexcept;

}  // namespace gristmill::formats
