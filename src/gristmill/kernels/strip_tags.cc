// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/strip_tags.h"

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "gristmill/kernels/byte_search.h"
#include "gristmill/kernels/html_entities.h"

namespace gristmill::kernels {
namespace {

constexpr std::ptrdiff_t block = 32;

bool is_letter(char byte) noexcept { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }
bool is_space(char byte) noexcept { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

/// True when `text` begins with `word`, which is in lower case.
bool begins_with(std::string_view text, std::string_view word) noexcept {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char byte = text[i];
    const char lower = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
    if (lower != word[i]) return false;
  }
  return true;
}

class Stripper {
 public:
  Stripper(std::string_view html, const StripOptions& options, char* out) noexcept
      : html_(html), options_(options), begin_(out), out_(out) {}

  Stripped run() noexcept {
    while (at_ < html_.size()) {
      copy_plain();
      if (at_ == html_.size()) break;
      const char byte = html_[at_];
      if (byte == '<') {
        read_markup();
      } else if (byte == '&') {
        read_reference();
      } else {
        read_space();
      }
    }
    if (options_.collapses_space && out_ != begin_ && out_[-1] == ' ') --out_;
    const auto bytes = static_cast<std::size_t>(out_ - begin_);
    return {bytes, tags_, is_changed_ || bytes != html_.size()};
  }

 private:
  [[nodiscard]] bool follows_space() const noexcept { return out_ == begin_ || out_[-1] == ' '; }

  [[nodiscard]] bool is_special(char byte) const noexcept {
    if (byte == '<' || (byte == '&' && options_.decodes)) return true;
    return options_.collapses_space && is_space(byte) && (byte != ' ' || follows_space());
  }

  /// A bit for each byte of a block that cannot just be copied.
  [[nodiscard]] std::uint32_t special_bits(__m256i bytes) const noexcept {
    const auto bits = [](__m256i found) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(found)); };
    auto special = bits(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('<')));
    if (options_.decodes) special |= bits(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('&')));
    if (!options_.collapses_space) return special;
    const auto spaces = bits(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(' ')));
    // '\t'..'\r' moved to 0..4: what is not above 4 stays itself under the minimum.
    const auto moved = _mm256_sub_epi8(bytes, _mm256_set1_epi8('\t'));
    const auto controls = bits(_mm256_cmpeq_epi8(_mm256_min_epu8(moved, _mm256_set1_epi8(4)), moved));
    const std::uint32_t before = (spaces << 1) | (follows_space() ? 1u : 0u);
    return special | controls | (spaces & before);
  }

  /// Copies up to the next byte that is special; leaves `at_` there or at the end.
  void copy_plain() noexcept {
    const char* const data = html_.data();
    while (static_cast<std::ptrdiff_t>(html_.size() - at_) >= block) {
      const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + at_));
      const auto special = special_bits(bytes);
      // The output has room for a whole block: it is never further than the input, but for grown references.
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out_), bytes);
      const auto plain = special == 0 ? static_cast<unsigned>(block) : static_cast<unsigned>(std::countr_zero(special));
      at_ += plain;
      out_ += plain;
      if (special != 0) return;
    }
    while (at_ < html_.size() && !is_special(data[at_])) *out_++ = data[at_++];
  }

  void read_space() noexcept {
    if (!follows_space()) *out_++ = ' ';
    while (at_ < html_.size() && is_space(html_[at_])) ++at_;
    is_changed_ = true;
  }

  void read_reference() noexcept {
    const auto reference = decode_html_reference(html_, at_);
    if (reference.source_bytes == 0) {
      *out_++ = html_[at_++];
      return;
    }
    std::memcpy(out_, reference.bytes, reference.byte_count);
    out_ += reference.byte_count;
    at_ += reference.source_bytes;
    is_changed_ = true;
  }

  void read_markup() noexcept {
    const char next = at_ + 1 < html_.size() ? html_[at_ + 1] : '\0';
    if (is_letter(next)) return read_start_tag();
    if (next == '!' || next == '?') return skip_declaration();
    if (next != '/' || at_ + 2 >= html_.size()) {
      *out_++ = html_[at_++];
      return;
    }
    if (is_letter(html_[at_ + 2])) return end_tag_at(skip_attributes(at_ + 2));
    // `</>` is nothing at all, `</ x>` a comment.
    const auto close = html_.find('>', at_ + 2);
    skip_to(close);
  }

  void end_tag_at(std::size_t end) noexcept {
    ++tags_;
    at_ = end;
    is_changed_ = true;
    if (options_.tags_become_spaces && !follows_space()) *out_++ = ' ';
  }

  void skip_to(std::size_t close) noexcept {
    at_ = close == std::string_view::npos ? html_.size() : close + 1;
    is_changed_ = true;
    if (options_.tags_become_spaces && !follows_space()) *out_++ = ' ';
  }

  void read_start_tag() noexcept {
    const auto rest = html_.substr(at_ + 1);
    std::string_view raw;
    if (!options_.keeps_scripts) {
      for (const std::string_view name : {"script", "style"}) {
        const char after = rest.size() > name.size() ? rest[name.size()] : '>';
        if (begins_with(rest, name) && (after == '>' || after == '/' || is_space(after))) raw = name;
      }
    }
    end_tag_at(skip_attributes(at_ + 1));
    if (!raw.empty()) at_ = raw_end(raw);
  }

  /// Where the end tag of a script or style begins, or the end.
  [[nodiscard]] std::size_t raw_end(std::string_view name) const noexcept {
    for (auto open = html_.find('<', at_); open != std::string_view::npos; open = html_.find('<', open + 1)) {
      const auto rest = html_.substr(open);
      if (rest.size() > 2 && rest[1] == '/' && begins_with(rest.substr(2), name)) return open;
    }
    return html_.size();
  }

  void skip_declaration() noexcept {
    if (html_.substr(at_).starts_with("<!--")) {
      // `<!-->` and `<!--->` are whole comments: the dashes of the beginning count for the end.
      const auto end = html_.find("-->", at_ + 2);
      return skip_to(end == std::string_view::npos ? end : end + 2);
    }
    skip_to(html_.find('>', at_ + 2));
  }

  /// Position after the '>' that ends a tag: a quotation mark after '=' hides everything up to its twin.
  [[nodiscard]] std::size_t skip_attributes(std::size_t at) const noexcept {
    while (true) {
      at = find_any(html_, at, {'>', '"', '\'', '>'});
      if (at >= html_.size()) return html_.size();
      if (html_[at] == '>') return at + 1;
      auto before = at - 1;
      while (is_space(html_[before])) --before;
      if (html_[before] != '=') {
        ++at;
        continue;
      }
      const auto twin = html_.find(html_[at], at + 1);
      if (twin == std::string_view::npos) return html_.size();
      at = twin + 1;
    }
  }

  std::string_view html_;
  const StripOptions& options_;
  char* begin_;
  char* out_;
  std::size_t at_ = 0;
  std::size_t tags_ = 0;
  bool is_changed_ = false;
};

}  // namespace

Stripped strip_tags(std::string_view html, const StripOptions& options, std::span<char> out) noexcept {
  return Stripper(html, options, out.data()).run();
}

}  // namespace gristmill::kernels
