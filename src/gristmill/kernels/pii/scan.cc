// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/scan.h"

#include <immintrin.h>

#include <bit>
#include <cstring>

#include "gristmill/kernels/pii/email.h"
#include "gristmill/kernels/pii/identity.h"
#include "gristmill/kernels/pii/network.h"
#include "gristmill/kernels/pii/phone.h"

namespace gristmill::kernels::pii {
namespace {

constexpr std::size_t block_bytes = 64;

/// Which of 64 bytes are '@', ':' and digits, as bits.
struct Masks {
  std::uint64_t at = 0;
  std::uint64_t colon = 0;
  std::uint64_t digit = 0;
};

Masks masks_scalar(const char* in) noexcept {
  Masks masks;
  for (unsigned i = 0; i < block_bytes; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (in[i] == '@') masks.at |= bit;
    if (in[i] == ':') masks.colon |= bit;
    if (is_digit(in[i])) masks.digit |= bit;
  }
  return masks;
}

std::uint64_t bits(__m256i low, __m256i high) noexcept {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         (static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32);
}

Masks masks_avx2(const char* in) noexcept {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + 32));
  const auto equal = [&](char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    return bits(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
  };
  const auto digits = [](__m256i bytes) {
    return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8('0' - 1)),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), bytes));
  };
  return {.at = equal('@'), .colon = equal(':'), .digit = bits(digits(low), digits(high))};
}

/// The finds so far and where the next may begin.
class Scan {
 public:
  Scan(std::string_view text, const Wanted& wanted, std::vector<Match>& matches)
      : text_(text), wanted_(wanted), matches_(matches) {}

  void run() {
    std::uint64_t digit_before = 0;
    for (std::size_t begin = 0; begin < text_.size(); begin += block_bytes) {
      const auto masks = masks_at(begin);
      const std::uint64_t number_starts = masks.digit & ~((masks.digit << 1) | digit_before);
      digit_before = masks.digit >> 63;
      const std::uint64_t at = has(Kind::email) ? masks.at : 0;
      const std::uint64_t colon = has(Kind::ip_address) ? masks.colon : 0;
      for (std::uint64_t anchors = at | colon | number_starts; anchors != 0; anchors &= anchors - 1) {
        const std::uint64_t bit = anchors & (~anchors + 1);
        const std::size_t position = begin + static_cast<std::size_t>(std::countr_zero(anchors));
        if (position < done_) continue;
        if (bit & at) {
          add(find_email(text_, position), Kind::email);
        } else if (bit & colon) {
          add(find_ipv6(text_, position, wanted_.public_ips_only), Kind::ip_address);
        } else {
          judge_number(position);
        }
      }
    }
  }

 private:
  [[nodiscard]] bool has(Kind kind) const noexcept { return wanted_.kinds.has(kind); }

  [[nodiscard]] Masks masks_at(std::size_t begin) const noexcept {
    const auto masks = wanted_.level == SimdLevel::scalar ? masks_scalar : masks_avx2;
    if (text_.size() - begin >= block_bytes) return masks(text_.data() + begin);
    std::array<char, block_bytes> tail{};
    std::memcpy(tail.data(), text_.data() + begin, text_.size() - begin);
    return masks(tail.data());
  }

  /// Kinds with a checksum first: they are the surest.
  void judge_number(std::size_t position) {
    if (has(Kind::cn_id) && add(find_cn_id(text_, position), Kind::cn_id)) return;
    if (has(Kind::card) && add(find_card(text_, position), Kind::card)) return;
    if (has(Kind::iban) && add(find_iban(text_, position), Kind::iban)) return;
    if (has(Kind::us_ssn) && add(find_us_ssn(text_, position), Kind::us_ssn)) return;
    if (has(Kind::ip_address) && add(find_ipv4(text_, position, wanted_.public_ips_only), Kind::ip_address)) return;
    if (has(Kind::phone)) add(find_phone(text_, position), Kind::phone);
  }

  /// Takes a find in; one that began earlier swallows those inside it, one that would cut an earlier one is refused.
  bool add(Span span, Kind kind) {
    if (span.empty()) return false;
    auto keep = matches_.size();
    while (keep > 0 && matches_[keep - 1].span.begin >= span.begin) --keep;
    if (keep > 0 && matches_[keep - 1].span.end > span.begin) return false;
    matches_.resize(keep);
    matches_.push_back({span, kind});
    done_ = span.end;
    return true;
  }

  std::string_view text_;
  const Wanted& wanted_;
  std::vector<Match>& matches_;
  std::size_t done_ = 0;
};

}  // namespace

void find_pii(std::string_view text, const Wanted& wanted, std::vector<Match>& matches) {
  matches.clear();
  Scan(text, wanted, matches).run();
}

}  // namespace gristmill::kernels::pii
