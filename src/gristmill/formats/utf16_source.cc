// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/utf16_source.h"

#include <algorithm>
#include <string>

#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

using std::string_view_literals::operator""sv;

class Utf16Source final : public io::ByteSource {
 public:
  Utf16Source(std::unique_ptr<io::ByteWindow> window, Utf16 order)
      : window_(std::move(window)), low_(order == Utf16::little ? 0 : 1) {
    window_->fill(2);
    if (unit(0) == 0xFEFF) window_->consume(2);
  }

  Result<std::size_t> read(std::span<char> buffer) override {
    if (at_ == text_.size()) decode_some();
    if (at_ == text_.size() && window_->failure().has_value()) return *window_->failure();
    const auto count = std::min(buffer.size(), text_.size() - at_);
    std::copy_n(text_.data() + at_, count, buffer.data());
    at_ += count;
    return count;
  }

 private:
  static constexpr std::size_t step_bytes = std::size_t{64} << 10;

  [[nodiscard]] char32_t unit(std::size_t at) const {
    const auto view = window_->view();
    if (at + 2 > view.size()) return 0;
    return static_cast<char32_t>(static_cast<unsigned char>(view[at + low_]) |
                                 (static_cast<unsigned char>(view[at + 1 - low_]) << 8));
  }

  void decode_some() {
    text_.clear();
    at_ = 0;
    window_->fill(step_bytes);
    const auto size = std::min(window_->view().size(), step_bytes);
    std::size_t at = 0;
    while (at + 2 <= size) {
      const auto first = unit(at);
      if ((first & 0xFC00) == 0xD800 && (unit(at + 2) & 0xFC00) == 0xDC00) {
        kernels::append_code_point(text_, 0x10000 + ((first - 0xD800) << 10) + (unit(at + 2) - 0xDC00));
        at += 4;
        continue;
      }
      // A pair may be cut by the end of this step: leave its first half for the next one.
      if ((first & 0xFC00) == 0xD800 && at + 4 > window_->view().size() && at > 0) break;
      kernels::append_code_point(text_, first);
      at += 2;
    }
    if (at < size && size - at == 1) {
      kernels::append_code_point(text_, 0xFFFD);
      ++at;
    }
    window_->consume(std::min(at, window_->view().size()));
  }

  std::unique_ptr<io::ByteWindow> window_;
  std::size_t low_;
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

Utf16 detect_utf16(std::string_view head) noexcept {
  // FF FE 00 00 would be UTF-32, which nobody writes records in.
  if (head.starts_with("\xff\xfe"sv)) return Utf16::little;
  if (head.starts_with("\xfe\xff"sv)) return Utf16::big;
  if (head.size() < 4) return Utf16::none;
  if (head[0] != '\0' && head[1] == '\0' && head[2] != '\0' && head[3] == '\0') return Utf16::little;
  if (head[0] == '\0' && head[1] != '\0' && head[2] == '\0' && head[3] != '\0') return Utf16::big;
  return Utf16::none;
}

std::unique_ptr<io::ByteSource> decode_utf16(std::unique_ptr<io::ByteWindow> window, Utf16 order) {
  return std::make_unique<Utf16Source>(std::move(window), order);
}

}  // namespace gristmill::formats
