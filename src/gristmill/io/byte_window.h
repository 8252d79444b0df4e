// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/io/codec.h"
#include "gristmill/io/file.h"

namespace gristmill::io {

/// A sliding view of a stream: a parser sees as many contiguous bytes as it asks for, and drops them when done.
/// Views end at the next `fill`. A failing source counts as ended; its error is kept in `failure`.
class ByteWindow {
 public:
  /// `offset` is what the first byte of `source` counts as.
  explicit ByteWindow(std::unique_ptr<ByteSource> source, std::uint64_t offset = 0);
  /// Over a stream of members: `member_offset` tells where they stand in the compressed file.
  explicit ByteWindow(std::unique_ptr<MemberSource> source);

  [[nodiscard]] std::string_view view() const { return {buffer_.get() + begin_, end_ - begin_}; }
  /// Offset in the stream of the first byte of the view.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  /// Reads until the view holds at least `bytes`; false when the stream ended before.
  bool fill(std::size_t bytes);
  /// Reads more, whatever is convenient; false when nothing more comes.
  bool grow() { return fill(view().size() + 1); }
  /// Drops bytes from the front of the view.
  void consume(std::size_t bytes);
  /// Drops bytes, also beyond the view; gives how many there were.
  std::uint64_t skip(std::uint64_t bytes);
  /// True when nothing is left to see.
  bool at_end() { return view().empty() && !grow(); }
  /// The source's error, once its good bytes were read.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  /// Compressed offset of the member that holds the first byte of the view; the stream offset without members.
  [[nodiscard]] std::uint64_t record_offset() const;
  /// How far into the content of its member the view starts; 0 without members.
  [[nodiscard]] std::uint64_t offset_in_member() const {
    return marks_.empty() ? 0 : offset_ - marks_.front().stream_offset;
  }
  /// Over damaged members: goes on at the next one that starts with `expected`; false when there is none.
  bool resume_at_member(std::string_view expected);

 private:
  struct Mark {
    std::uint64_t stream_offset;
    std::uint64_t member_offset;
  };
  void make_room(std::size_t bytes);
  void forget_passed_members();

  std::unique_ptr<ByteSource> source_;
  MemberSource* members_ = nullptr;
  std::deque<Mark> marks_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_;
  bool ended_ = false;
  std::optional<Error> failure_;
};

/// The rest of a window as a source, for a decoder on top of it.
std::unique_ptr<ByteSource> read_window(std::unique_ptr<ByteWindow> window);

}  // namespace gristmill::io
