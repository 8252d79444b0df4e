// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/repetition.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "gristmill/base/hash.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

constexpr std::uint64_t factor_one = 0x9E3779B97F4A7C15ULL;
constexpr std::uint64_t factor_two = 0xD6E8FEB86659FD93ULL;
/// Words are copied, and read, in pieces of this size.
constexpr std::size_t piece_bytes = 16;

std::uint64_t load64(const char* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  unsigned long long high = 0;
  const auto low = _mulx_u64(a ^ factor_one, b ^ factor_two, &high);
  return low ^ high;
}

/// Hashes bytes behind which at least 8 more can be read.
std::uint64_t hash_bytes(const char* bytes, std::size_t size) {
  std::uint64_t hash = size * factor_one;
  for (; size > 8; size -= 8, bytes += 8) hash = mix(hash, load64(bytes));
  return mix(hash, load64(bytes) << (64 - 8 * size));
}

/// Bytes of a word as a number; two different words of up to 8 bytes and of one length never share it.
std::uint64_t word_key(const char* bytes, std::size_t size) {
  if (size <= 8) return load64(bytes) << (64 - 8 * size);
  return hash_bytes(bytes, size);
}

}  // namespace

void FirstSeen::start(std::size_t count) {
  const auto size = std::bit_ceil(std::max<std::size_t>(count + count / 2, 16));
  slots_.assign(size, 0);
  mask_ = size - 1;
}

template <typename Equals>
std::uint32_t FirstSeen::find_or_add(std::uint64_t hash, std::uint32_t number, Equals&& equals) {
  const auto tag = hash & 0xFFFFFFFF00000000ULL;
  auto at = hash & mask_;
  for (std::size_t probe = 0; probe < probes_max; ++probe, at = (at + 1) & mask_) {
    const auto slot = slots_[at];
    if (slot == 0) {
      slots_[at] = tag | (number + 1);
      return number;
    }
    const auto held = static_cast<std::uint32_t>(slot) - 1;
    if ((slot & 0xFFFFFFFF00000000ULL) == tag && equals(held)) return held;
  }
  return number;
}

Repeats RepetitionMeter::repeated_parts(std::span<const std::string_view> parts) {
  Repeats repeats;
  if (parts.size() < 2) return repeats;
  seen_.start(parts.size());
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    const auto part = parts[i];
    const auto first = seen_.find_or_add(xxh3_64(part), i, [&](std::uint32_t held) { return parts[held] == part; });
    if (first == i) continue;
    ++repeats.count;
    repeats.characters += count_code_points(part);
  }
  return repeats;
}

void RepetitionMeter::set_words(std::string_view text, std::span<const TextRange> words) {
  n_ = 0;
  has_candidates_ = false;
  is_ascii_ = count_code_points(text) == text.size();
  joined_.resize(text.size() + 2 * piece_bytes);
  offsets_.resize(words.size() + 1);
  keys_.resize(words.size());
  auto* out = joined_.data();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto size = words[i].size();
    const auto* const from = text.data() + words[i].begin;
    // What is copied too much is overwritten by the next word.
    if (size <= piece_bytes && words[i].begin + piece_bytes <= text.size()) {
      std::memcpy(out, from, piece_bytes);
    } else {
      std::memcpy(out, from, size);
    }
    keys_[i] = word_key(out, size);
    offsets_[i] = static_cast<std::uint32_t>(out - joined_.data());
    out += size;
  }
  offsets_[words.size()] = static_cast<std::uint32_t>(out - joined_.data());
}

std::size_t RepetitionMeter::characters_of(std::size_t first_word, std::size_t count) const {
  const auto bytes = bytes_of(first_word, count);
  return is_ascii_ ? bytes : count_code_points({joined_.data() + offsets_[first_word], bytes});
}

bool RepetitionMeter::same_bigram(std::uint32_t a, std::uint32_t b) const {
  const auto bytes = bytes_of(a, 2);
  if (keys_[a] != keys_[b] || keys_[a + 1] != keys_[b + 1] || bytes_of(a, 1) != bytes_of(b, 1) ||
      bytes != bytes_of(b, 2))
    return false;
  const auto longer = std::max(bytes_of(a, 1), bytes - bytes_of(a, 1));
  return longer <= 8 || std::memcmp(&joined_[offsets_[a]], &joined_[offsets_[b]], bytes) == 0;
}

void RepetitionMeter::note_repeat(std::uint32_t first, std::uint32_t position) {
  repeats_[first] = 1;
  repeats_[position] = 1;
  const auto count = ++counts_[first];
  if (count > top_.count || (count == top_.count && first < top_.first)) top_ = {first, count};
}

void RepetitionMeter::count_bigrams() {
  const auto places = static_cast<std::uint32_t>(keys_.size() - 1);
  firsts_.resize(places);
  counts_.resize(places);
  pairs_.resize(places);
  repeats_.assign(places, 0);
  seen_.start(places);
  for (std::uint32_t i = 0; i < places; ++i) {
    const auto hash = mix(keys_[i], std::rotl(keys_[i + 1], 32));
    const auto first = seen_.find_or_add(hash, i, [&](std::uint32_t held) { return same_bigram(held, i); });
    firsts_[i] = first;
    if (first == i) {
      counts_[i] = 1;
    } else {
      note_repeat(first, i);
    }
  }
}

/// From n-grams to those of one word more: only where both n-grams of it repeat can it repeat itself.
void RepetitionMeter::lengthen_ngrams() {
  const auto places = static_cast<std::uint32_t>(firsts_.size() - 1);
  seen_.start(static_cast<std::size_t>(std::ranges::count(repeats_, 1)));
  for (std::uint32_t i = 0; i < places; ++i) {
    const bool may_repeat = repeats_[i] != 0 && repeats_[i + 1] != 0;
    repeats_[i] = 0;
    if (!may_repeat) continue;
    const auto pair = std::uint64_t{firsts_[i]} << 32 | firsts_[i + 1];
    pairs_[i] = pair;
    const auto first = seen_.find_or_add(mix(pair, factor_one), i,
                                         [&](std::uint32_t held) { return pairs_[held] == pair; });
    firsts_[i] = first;
    if (first == i) {
      counts_[i] = 1;
    } else {
      note_repeat(first, i);
    }
  }
  firsts_.resize(places);
  repeats_.resize(places);
}

std::size_t RepetitionMeter::top_ngram_characters(std::size_t n) {
  if (keys_.size() < n) return 0;
  while (n_ < n) {
    top_ = {};
    n_ == 0 ? count_bigrams() : lengthen_ngrams();
    n_ = std::max<std::size_t>(n_ + 1, 2);
  }
  return (characters_of(top_.first, n) + n - 1) * top_.count;
}

/// Five words or more that occur twice share their first 16 bytes, if they have as many: a bit for each pattern of 16
/// bytes seen, and one for those seen again, leave few places to look at.
void RepetitionMeter::find_candidates() {
  has_candidates_ = true;
  candidates_.clear();
  const auto places = static_cast<std::uint32_t>(keys_.size() - 4);
  const auto bits = std::bit_ceil(std::size_t{places} * 16 + 64);
  marks_.assign(bits / 32, 0);
  auto* const once = marks_.data();
  auto* const again = once + bits / 64;
  const auto bit_of = [&](std::uint32_t i) {
    const auto* const bytes = &joined_[offsets_[i]];
    return mix(load64(bytes), load64(bytes + 8)) & (bits - 1);
  };
  for (std::uint32_t i = 0; i < places; ++i) {
    const auto bit = bit_of(i);
    const auto mark = std::uint64_t{1} << (bit % 64);
    again[bit / 64] |= once[bit / 64] & mark;
    once[bit / 64] |= mark;
  }
  for (std::uint32_t i = 0; i < places; ++i) {
    const auto bit = bit_of(i);
    if ((again[bit / 64] >> (bit % 64) & 1) != 0 || bytes_of(i, 5) < piece_bytes) candidates_.push_back(i);
  }
}

std::size_t RepetitionMeter::repeated_ngram_characters(std::size_t n) {
  if (keys_.size() < n) return 0;
  if (!has_candidates_) find_candidates();
  std::size_t characters = 0;
  std::size_t next = 0;
  seen_.start(candidates_.size());
  for (const auto i : candidates_) {
    if (i < next) continue;
    if (i + n > keys_.size()) break;
    const auto bytes = bytes_of(i, n);
    const auto* const ngram = &joined_[offsets_[i]];
    const auto first = seen_.find_or_add(hash_bytes(ngram, bytes), i, [&](std::uint32_t held) {
      return bytes_of(held, n) == bytes && std::memcmp(&joined_[offsets_[held]], ngram, bytes) == 0;
    });
    if (first == i) continue;
    characters += characters_of(i, n);
    next = i + n;
  }
  return characters;
}

}  // namespace gristmill::kernels
