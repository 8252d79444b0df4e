// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"

namespace gristmill::feedback {

/// Writes a file of zeros, durably, for a segment to come: writing into it changes no size and no map of blocks, so
/// that fdatasync has only the data itself to wait for. Removed again when it fails.
Status prepare_segment(const std::string& path, std::uint64_t bytes);

/// Where a prepared segment lies ready.
std::string prepared_path(const std::string& folder);

/// The segment that is written to.
class SegmentWriter {
 public:
  /// Starts the segment of `first_sequence`. `is_filled`: in the file of zeros that lies ready under
  /// `prepared_path(folder)`, or in a new one; else the file grows with what is written.
  static Result<std::unique_ptr<SegmentWriter>> start(const std::string& folder, std::uint64_t first_sequence,
                                                      std::uint64_t bytes_max, bool is_filled);
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  /// True when so many bytes go in within the segment's size.
  [[nodiscard]] bool has_room(std::uint64_t bytes) const { return offset_ + bytes <= bytes_max_; }
  [[nodiscard]] bool is_empty() const { return offset_ == begin_; }
  /// Writes bytes and waits until they are durable.
  Status append(std::string_view bytes);
  /// Cuts off what lies behind the last successful append; nothing may be appended after.
  Status seal();

 private:
  SegmentWriter(std::string path, int descriptor, std::uint64_t bytes_max)
      : path_(std::move(path)), descriptor_(descriptor), bytes_max_(bytes_max) {}

  std::string path_;
  int descriptor_;
  std::uint64_t bytes_max_;
  std::uint64_t offset_ = 0;
  std::uint64_t begin_ = 0;
};

}  // namespace gristmill::feedback
