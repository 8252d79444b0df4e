// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/datatrove_minhash.h"

// GCC 12 takes the undefined registers inside its own AVX-512 intrinsics for ours (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <algorithm>
#include <random>

#include "gristmill/base/hash.h"
#include "gristmill/kernels/simplify.h"

namespace gristmill::kernels {
namespace {

constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;
constexpr std::size_t lanes = 8;
// Functions whose values stay in registers while all n-grams pass.
constexpr std::size_t pass_vectors = 7;

/// `count` numbers in low..prime-1 as NumPy's RandomState.randint draws them: 61 bits of two words of the Mersenne
/// twister, the first one above, until they are in range.
void draw(std::mt19937& twister, std::uint64_t low, std::size_t count, std::vector<std::uint64_t>& out) {
  const auto highest = prime - 1 - low;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t value = 0;
    do {
      const std::uint64_t high = twister();
      value = (high << 32 | twister()) & prime;
    } while (value > highest);
    out.push_back(value + low);
  }
}

/// x modulo the prime.
std::uint64_t reduce(std::uint64_t x) {
  const auto sum = (x & prime) + (x >> 61);
  return std::min(sum, sum - prime);  // Below the prime the difference wraps to a giant.
}

void lower_scalar(const std::uint64_t* factors, const std::uint64_t* offsets, std::size_t functions,
                  std::span<const std::uint64_t> elements, std::uint64_t mask, std::uint64_t* minima) {
  for (std::size_t i = 0; i < functions; ++i) {
    for (const auto x : elements) minima[i] = std::min(minima[i], reduce(x * factors[i] + offsets[i]) & mask);
  }
}

template <std::size_t vectors>
[[gnu::target("avx512f,avx512dq")]] void lower_avx512(const std::uint64_t* factors, const std::uint64_t* offsets,
                                                      std::span<const std::uint64_t> elements, std::uint64_t mask,
                                                      std::uint64_t* minima) {
  __m512i factor[vectors];
  __m512i offset[vectors];
  __m512i lowest[vectors];
  for (std::size_t v = 0; v < vectors; ++v) {
    factor[v] = _mm512_loadu_si512(factors + lanes * v);
    offset[v] = _mm512_loadu_si512(offsets + lanes * v);
    lowest[v] = _mm512_loadu_si512(minima + lanes * v);
  }
  const __m512i modulus = _mm512_set1_epi64(static_cast<long long>(prime));
  const __m512i kept = _mm512_set1_epi64(static_cast<long long>(mask));
  for (const auto element : elements) {
    const __m512i x = _mm512_set1_epi64(static_cast<long long>(element));
    for (std::size_t v = 0; v < vectors; ++v) {
      const __m512i value = _mm512_add_epi64(_mm512_mullo_epi64(x, factor[v]), offset[v]);
      const __m512i sum = _mm512_add_epi64(_mm512_and_si512(value, modulus), _mm512_srli_epi64(value, 61));
      const __m512i reduced = _mm512_min_epu64(sum, _mm512_sub_epi64(sum, modulus));
      lowest[v] = _mm512_min_epu64(lowest[v], _mm512_and_si512(reduced, kept));
    }
  }
  for (std::size_t v = 0; v < vectors; ++v) _mm512_storeu_si512(minima + lanes * v, lowest[v]);
}

bool is_short(DatatroveMinhash::Hash hash) {
  return hash == DatatroveMinhash::Hash::xxhash32 || hash == DatatroveMinhash::Hash::sha1_32;
}

std::uint64_t hash_of(DatatroveMinhash::Hash hash, std::string_view bytes) {
  switch (hash) {
    case DatatroveMinhash::Hash::xxhash64: return xxh64(bytes);
    case DatatroveMinhash::Hash::xxhash32: return xxh32(bytes);
    case DatatroveMinhash::Hash::sha1_64: return sha1_64(bytes);
    case DatatroveMinhash::Hash::sha1_32: return sha1_32(bytes);
  }
  return 0;
}

}  // namespace

DatatroveMinhash::DatatroveMinhash(const Settings& settings, SimdLevel level) : settings_(settings), level_(level) {
  std::mt19937 twister(settings.seed);
  draw(twister, 1, settings.functions, factors_);
  draw(twister, 0, settings.functions, offsets_);
  const auto padded = (settings.functions + lanes - 1) / lanes * lanes;
  factors_.resize(padded);
  offsets_.resize(padded);
}

/// The words stand one blank apart in `joined`, so that an n-gram is a part of it.
void DatatroveMinhash::hash_ngrams(Scratch& scratch) const {
  scratch.joined.clear();
  scratch.ngrams.clear();
  const auto count = scratch.words.size();
  if (count < settings_.ngram) return;
  for (const auto word : scratch.words) scratch.joined.append(word) += ' ';
  const std::string_view joined = scratch.joined;
  std::size_t begin = 0;
  std::size_t end = 0;  // Behind the blank that follows the last word of the n-gram.
  for (std::size_t i = 0; i < count; ++i) {
    end += scratch.words[i].size() + 1;
    if (i + 1 < settings_.ngram) continue;
    scratch.ngrams.push_back(hash_of(settings_.hash, joined.substr(begin, end - 1 - begin)));
    begin += scratch.words[i + 1 - settings_.ngram].size() + 1;
  }
}

std::span<const std::uint64_t> DatatroveMinhash::signature(std::string_view text, Scratch& scratch) const {
  simplify_text(text, scratch.simple);
  scratch.words.clear();
  scratch.splitter.split(scratch.simple, scratch.words);
  hash_ngrams(scratch);
  if (scratch.ngrams.empty()) return {};
  scratch.minima.assign(factors_.size(), UINT64_MAX);
  const auto mask = is_short(settings_.hash) ? std::uint64_t{UINT32_MAX} : UINT64_MAX;
  if (level_ != SimdLevel::avx512) {
    lower_scalar(factors_.data(), offsets_.data(), settings_.functions, scratch.ngrams, mask, scratch.minima.data());
  } else {
    std::size_t at = 0;
    for (; at + pass_vectors * lanes <= factors_.size(); at += pass_vectors * lanes) {
      lower_avx512<pass_vectors>(&factors_[at], &offsets_[at], scratch.ngrams, mask, &scratch.minima[at]);
    }
    for (; at < factors_.size(); at += lanes) {
      lower_avx512<1>(&factors_[at], &offsets_[at], scratch.ngrams, mask, &scratch.minima[at]);
    }
  }
  return std::span<const std::uint64_t>(scratch.minima).first(settings_.functions);
}

}  // namespace gristmill::kernels
