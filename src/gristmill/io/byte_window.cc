// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/byte_window.h"

#include <algorithm>
#include <cstring>

namespace gristmill::io {
namespace {

constexpr std::size_t usual_capacity = std::size_t{2} << 20;
// A read asks for at least this much room, so that most gzip members decode straight into the window.
constexpr std::size_t read_bytes_min = std::size_t{512} << 10;

class WindowSource final : public ByteSource {
 public:
  explicit WindowSource(std::unique_ptr<ByteWindow> window) : window_(std::move(window)) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    if (window_->at_end() && window_->failure().has_value()) return *window_->failure();
    const auto count = std::min(buffer.size(), window_->view().size());
    std::copy_n(window_->view().data(), count, buffer.data());
    window_->consume(count);
    return count;
  }

 private:
  std::unique_ptr<ByteWindow> window_;
};

}  // namespace

std::unique_ptr<ByteSource> read_window(std::unique_ptr<ByteWindow> window) {
  return std::make_unique<WindowSource>(std::move(window));
}

ByteWindow::ByteWindow(std::unique_ptr<ByteSource> source, std::uint64_t offset)
    : source_(std::move(source)), offset_(offset) {}

ByteWindow::ByteWindow(std::unique_ptr<MemberSource> source) : members_(source.get()), offset_(0) {
  source_ = std::move(source);
}

bool ByteWindow::fill(std::size_t bytes) {
  while (end_ - begin_ < bytes && !ended_) {
    make_room(bytes);
    auto count = source_->read({buffer_.get() + end_, capacity_ - end_});
    if (!count) {
      failure_ = std::move(count).error();
      ended_ = true;
    } else if (*count == 0) {
      ended_ = true;
    } else {
      if (members_ != nullptr && (marks_.empty() || marks_.back().member_offset != members_->member_offset())) {
        marks_.push_back({offset_ + (end_ - begin_), members_->member_offset()});
        forget_passed_members();
      }
      end_ += *count;
    }
  }
  return end_ - begin_ >= bytes;
}

void ByteWindow::consume(std::size_t bytes) {
  GRISTMILL_CHECK(bytes <= end_ - begin_, "consuming beyond the view");
  begin_ += bytes;
  offset_ += bytes;
  forget_passed_members();
}

void ByteWindow::forget_passed_members() {
  while (marks_.size() > 1 && marks_[1].stream_offset <= offset_) marks_.pop_front();
}

std::uint64_t ByteWindow::skip(std::uint64_t bytes) {
  std::uint64_t left = bytes;
  while (left > 0 && !at_end()) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(left, view().size()));
    consume(step);
    left -= step;
  }
  return bytes - left;
}

std::uint64_t ByteWindow::record_offset() const { return marks_.empty() ? offset_ : marks_.front().member_offset; }

bool ByteWindow::resume_at_member(std::string_view expected) {
  if (members_ == nullptr) return false;
  consume(view().size());
  auto found = members_->skip_to_member(expected);
  if (!found) {
    failure_ = std::move(found).error();
    return false;
  }
  if (!*found) return false;
  failure_.reset();
  ended_ = false;
  return true;
}

void ByteWindow::make_room(std::size_t bytes) {
  const auto held = end_ - begin_;
  // Room for what is asked for, and for a read that is worth its call.
  const auto wanted = std::max(bytes, held + read_bytes_min);
  if (capacity_ - begin_ >= wanted) return;
  const bool is_bloated = capacity_ > 4 * usual_capacity && wanted <= usual_capacity;
  if (capacity_ < wanted || is_bloated) {
    const auto capacity = std::max(usual_capacity, wanted + (wanted > usual_capacity ? wanted / 2 : 0));
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (held > 0) std::memcpy(larger.get(), buffer_.get() + begin_, held);
    buffer_ = std::move(larger);
    capacity_ = capacity;
  } else if (held > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
  }
  begin_ = 0;
  end_ = held;
}

}  // namespace gristmill::io
