// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill::kernels::fasttext {

/// Little-endian fields of a model file, read from front to back with bounds checks.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}

  Result<std::uint8_t> u8();
  Result<std::int32_t> i32();
  Result<std::int64_t> i64();
  Result<double> f64();
  /// Text up to a zero byte.
  Result<std::string_view> zero_terminated();
  Result<std::string_view> raw(std::uint64_t count);
  /// `count` floats; checked against the bytes left before memory is taken.
  Result<std::vector<float>> floats(std::uint64_t count);
  /// An error that names the offset reached.
  [[nodiscard]] Error broken(std::string_view what) const;

 private:
  std::string_view bytes_;
  std::size_t position_ = 0;
};

enum class Loss : std::int32_t { hierarchical_softmax = 1, negative_sampling = 2, softmax = 3, one_vs_all = 4 };

/// The training arguments that inference needs.
struct Arguments {
  std::int32_t dimension = 0;
  std::int32_t word_ngrams = 0;
  Loss loss = Loss::softmax;
  std::int32_t bucket_count = 0;
  std::int32_t ngram_min = 0;
  std::int32_t ngram_max = 0;
};

/// FNV-1a as fastText computes it: bytes are sign-extended.
struct Fnv {
  std::uint32_t value = 2166136261U;
  void add(char c) { value = (value ^ static_cast<std::uint32_t>(static_cast<signed char>(c))) * 16777619U; }
  static std::uint32_t of(std::string_view text);
};

/// Remainders by one divisor, without dividing (Lemire, Kaser, Kurz 2019).
class Remainder {
 public:
  explicit Remainder(std::uint32_t divisor)
      : divisor_(divisor), inverse_(divisor == 0 ? 0 : UINT64_MAX / divisor + 1) {}
  [[nodiscard]] std::uint32_t of(std::uint32_t value) const {
    unsigned long long high = 0;
    _mulx_u64(inverse_ * value, divisor_, &high);
    return static_cast<std::uint32_t>(high);
  }

 private:
  std::uint64_t divisor_;
  std::uint64_t inverse_;
};

/// Words, labels and the map of pruned n-gram buckets.
class Dictionary {
 public:
  Status read(Fields& fields, const Arguments& arguments);

  /// Index of a word (below word_count) or of a label (from word_count on), or -1.
  [[nodiscard]] std::int32_t find(std::string_view word, std::uint32_t hash) const;
  /// Whether an n-gram bucket has a row in the input matrix, or was pruned.
  [[nodiscard]] bool is_kept(std::uint32_t bucket) const {
    return !is_pruned_ || (kept_[bucket >> 6] >> (bucket & 63) & 1) != 0;
  }
  /// The row of a bucket that is kept.
  [[nodiscard]] std::int32_t row_of(std::uint32_t bucket) const {
    return is_pruned_ ? kept_rows_[rank_of(bucket)] : word_count_ + static_cast<std::int32_t>(bucket);
  }
  /// Rows that the input matrix must have at least.
  [[nodiscard]] std::uint64_t rows_needed() const { return rows_needed_; }
  [[nodiscard]] std::int32_t word_count() const { return word_count_; }
  [[nodiscard]] std::string_view label(std::size_t index) const;
  [[nodiscard]] std::span<const std::int64_t> label_frequencies() const { return label_frequencies_; }

 private:
  Status read_entries(Fields& fields, std::int32_t count);
  Status read_pruned(Fields& fields, std::int64_t count, const Arguments& arguments);
  [[nodiscard]] std::string_view text_of(std::size_t index) const;
  /// How many buckets are kept before this one.
  [[nodiscard]] std::size_t rank_of(std::uint32_t bucket) const {
    const auto below = kept_[bucket >> 6] & ((std::uint64_t{1} << (bucket & 63)) - 1);
    return kept_before_[bucket >> 6] + static_cast<std::size_t>(std::popcount(below));
  }

  std::string texts_;
  std::vector<std::uint32_t> ends_;
  std::vector<std::int32_t> slots_;  ///< Open addressing over FNV hashes; -1 is free.
  std::vector<std::int64_t> label_frequencies_;
  // Most n-grams of a text were pruned: the bits lie apart from what is only needed of those that are kept.
  std::vector<std::uint64_t> kept_;         ///< A bit for each bucket.
  std::vector<std::uint32_t> kept_before_;  ///< How many buckets are kept before each word of bits.
  std::vector<std::int32_t> kept_rows_;     ///< Rows of the kept buckets in order.
  std::int32_t word_count_ = 0;
  bool is_pruned_ = false;
  std::uint64_t rows_needed_ = 0;
};

/// A matrix of floats, stored dense or as product-quantized codes.
class Matrix {
 public:
  Status read_dense(Fields& fields);
  Status read_quantized(Fields& fields);

  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t columns() const { return columns_; }
  /// Adds rows to `sum`, in their order.
  void add_rows(std::span<const std::int32_t> rows, std::span<float> sum) const;
  [[nodiscard]] float dot_row(std::size_t row, std::span<const float> vector) const;

 private:
  /// Centroids of a product quantizer: 256 for each group of columns.
  struct Quantizer {
    std::uint64_t group_count = 0;
    std::uint64_t group_columns = 0;
    std::uint64_t last_group_columns = 0;
    std::vector<float> centroids;

    Status read(Fields& fields, std::uint64_t columns);
    [[nodiscard]] std::span<const float> centroid(std::size_t group, std::uint8_t code) const;
  };
  [[nodiscard]] float norm(std::size_t row) const;
  Status read_shape(Fields& fields);
  void decode_row(std::size_t row, std::span<float> out) const;

  std::uint64_t rows_ = 0;
  std::uint64_t columns_ = 0;
  std::vector<float> values_;  ///< Dense, or decoded where that takes little memory.
  bool is_quantized_ = false;
  bool has_norms_ = false;
  Quantizer quantizer_;
  Quantizer norm_quantizer_;
  std::string codes_;
  std::string norm_codes_;
};

/// Huffman tree over the labels of a hierarchical softmax, as fastText builds it.
struct HuffmanTree {
  struct Node {
    std::int32_t left = -1;
    std::int32_t right = -1;
  };
  std::vector<Node> nodes;  ///< Leaves (one a label) first, the root last.

  void build(std::span<const std::int64_t> frequencies);
};

}  // namespace gristmill::kernels::fasttext
