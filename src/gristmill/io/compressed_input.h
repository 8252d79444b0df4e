// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/io/file.h"

namespace gristmill::io {

/// A refillable buffer over a compressed stream that knows the offset of its first byte. Used by the decoders.
class CompressedInput {
 public:
  CompressedInput(std::unique_ptr<ByteSource> source, std::uint64_t offset)
      : source_(std::move(source)), offset_(offset) {}

  [[nodiscard]] std::string_view view() const { return {buffer_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] bool ended() const { return ended_; }

  void consume(std::size_t bytes) {
    begin_ += bytes;
    offset_ += bytes;
  }

  /// Reads until `bytes` are in view or the stream ends.
  Status fill(std::size_t bytes) {
    while (!ended_ && end_ - begin_ < bytes) {
      make_room(bytes);
      GRISTMILL_TRY(const auto count, source_->read(std::span(buffer_).subspan(end_)));
      if (count == 0) ended_ = true;
      end_ += count;
    }
    return {};
  }

 private:
  static constexpr std::size_t usual_bytes = std::size_t{1} << 20;

  void make_room(std::size_t bytes) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    const auto wanted = std::max(usual_bytes, bytes);
    if (buffer_.size() < wanted) buffer_.resize(wanted);
  }

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_;
  bool ended_ = false;
};

}  // namespace gristmill::io
