// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/fasttext_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace gristmill::kernels::fasttext {
namespace {

constexpr std::string_view label_mark = "__label__";
constexpr std::size_t centroids_per_group = 256;
constexpr std::int32_t free_slot = -1;

template <typename T>
Result<T> scalar(Fields& fields) {
  GRISTMILL_TRY(const auto bytes, fields.raw(sizeof(T)));
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

std::size_t table_size(std::size_t entry_count) { return std::bit_ceil(entry_count * 2 + 1); }

constexpr std::int32_t pruned_buckets_max = 1 << 28;
// A quantized matrix is decoded when it then takes no more than 64 MiB.
constexpr std::uint64_t decoded_values_max = std::uint64_t{1} << 24;

}  // namespace

Result<std::uint8_t> Fields::u8() { return scalar<std::uint8_t>(*this); }
Result<std::int32_t> Fields::i32() { return scalar<std::int32_t>(*this); }
Result<std::int64_t> Fields::i64() { return scalar<std::int64_t>(*this); }
Result<double> Fields::f64() { return scalar<double>(*this); }

Result<std::string_view> Fields::raw(std::uint64_t count) {
  if (count > bytes_.size() - position_) return broken("the file ends early");
  const auto bytes = bytes_.substr(position_, count);
  position_ += count;
  return bytes;
}

Result<std::string_view> Fields::zero_terminated() {
  const auto end = bytes_.find('\0', position_);
  if (end == std::string_view::npos) return broken("the file ends within a word");
  const auto text = bytes_.substr(position_, end - position_);
  position_ = end + 1;
  return text;
}

Result<std::vector<float>> Fields::floats(std::uint64_t count) {
  if (count > (bytes_.size() - position_) / sizeof(float)) return broken("the file ends early");
  GRISTMILL_TRY(const auto bytes, raw(count * sizeof(float)));
  std::vector<float> values(count);
  if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Error Fields::broken(std::string_view what) const {
  return corrupt_data(fmt::format("fastText model: {} (at byte {})", what, position_));
}

std::uint32_t Fnv::of(std::string_view text) {
  Fnv hash;
  for (const char c : text) hash.add(c);
  return hash.value;
}

std::string_view Dictionary::text_of(std::size_t index) const {
  const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(texts_).substr(begin, ends_[index] - begin);
}

std::string_view Dictionary::label(std::size_t index) const {
  auto text = text_of(static_cast<std::size_t>(word_count_) + index);
  if (text.starts_with(label_mark)) text.remove_prefix(label_mark.size());
  return text;
}

std::int32_t Dictionary::find(std::string_view word, std::uint32_t hash) const {
  for (std::size_t slot = hash;; ++slot) {
    const auto index = slots_[slot & (slots_.size() - 1)];
    if (index == free_slot || text_of(static_cast<std::size_t>(index)) == word) return index;
  }
}

Status Dictionary::read_entries(Fields& fields, std::int32_t count) {
  // Each entry takes at least ten bytes, so a count beyond the file fails before much memory is taken.
  for (std::int32_t i = 0; i < count; ++i) {
    GRISTMILL_TRY(const auto text, fields.zero_terminated());
    GRISTMILL_TRY(const auto frequency, fields.i64());
    GRISTMILL_TRY(const auto kind, fields.u8());
    const bool is_label = i >= word_count_;
    if (kind != (is_label ? 1 : 0)) return fields.broken("words and labels are mixed");
    if (texts_.size() + text.size() > std::numeric_limits<std::uint32_t>::max()) return fields.broken("too many words");
    texts_ += text;
    ends_.push_back(static_cast<std::uint32_t>(texts_.size()));
    if (is_label) label_frequencies_.push_back(frequency);
  }
  slots_.assign(table_size(ends_.size()), free_slot);
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    std::size_t slot = Fnv::of(text_of(i));
    while (slots_[slot & (slots_.size() - 1)] != free_slot) ++slot;
    slots_[slot & (slots_.size() - 1)] = static_cast<std::int32_t>(i);
  }
  return {};
}

Status Dictionary::read_pruned(Fields& fields, std::int64_t count, const Arguments& arguments) {
  if (count > arguments.bucket_count) return fields.broken("more pruned buckets than buckets");
  if (arguments.bucket_count > pruned_buckets_max) return fields.broken("more buckets than a pruned model may have");
  GRISTMILL_TRY(const auto pairs, fields.raw(static_cast<std::uint64_t>(count) * 8));
  const auto pair_at = [&](std::size_t i) {
    std::array<std::int32_t, 2> pair{};
    std::memcpy(pair.data(), pairs.data() + i * 8, 8);
    return pair;
  };
  kept_.resize(static_cast<std::size_t>(arguments.bucket_count) / 64 + 1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto [bucket, offset] = pair_at(i);
    if (bucket < 0 || bucket >= arguments.bucket_count || offset < 0) return fields.broken("a pruned bucket is off");
    kept_[static_cast<std::size_t>(bucket) >> 6] |= std::uint64_t{1} << (bucket & 63);
    const auto row = static_cast<std::uint64_t>(word_count_) + static_cast<std::uint64_t>(offset);
    rows_needed_ = std::max(rows_needed_, row + 1);
  }
  std::uint32_t before = 0;
  for (const auto bits : kept_) {
    kept_before_.push_back(before);
    before += static_cast<std::uint32_t>(std::popcount(bits));
  }
  kept_rows_.resize(before);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto [bucket, offset] = pair_at(i);
    kept_rows_[rank_of(static_cast<std::uint32_t>(bucket))] = word_count_ + offset;
  }
  return {};
}

Status Dictionary::read(Fields& fields, const Arguments& arguments) {
  GRISTMILL_TRY(const auto size, fields.i32());
  GRISTMILL_TRY(const auto word_count, fields.i32());
  GRISTMILL_TRY(const auto label_count, fields.i32());
  GRISTMILL_TRY(const auto token_count, fields.i64());
  GRISTMILL_TRY(const auto pruned_count, fields.i64());
  static_cast<void>(token_count);
  if (word_count < 0 || label_count <= 0 || std::int64_t{word_count} + label_count != size) {
    return fields.broken("the counts of words and labels do not agree, or there are no labels");
  }
  if (std::int64_t{word_count} + arguments.bucket_count > std::numeric_limits<std::int32_t>::max()) {
    return fields.broken("too many words and buckets");
  }
  word_count_ = word_count;
  GRISTMILL_RETURN_IF_ERROR(read_entries(fields, size));
  is_pruned_ = pruned_count >= 0;
  rows_needed_ = static_cast<std::uint64_t>(word_count_);
  if (is_pruned_) return read_pruned(fields, pruned_count, arguments);
  const bool uses_buckets = arguments.ngram_max > 0 || arguments.word_ngrams > 1;
  if (uses_buckets) rows_needed_ += static_cast<std::uint64_t>(arguments.bucket_count);
  return {};
}

Status Matrix::read_shape(Fields& fields) {
  GRISTMILL_TRY(const auto rows, fields.i64());
  GRISTMILL_TRY(const auto columns, fields.i64());
  constexpr std::int64_t size_max = std::int64_t{1} << 31;
  if (rows < 0 || columns <= 0 || rows > size_max || columns > (1 << 20)) return fields.broken("a matrix size is off");
  rows_ = static_cast<std::uint64_t>(rows);
  columns_ = static_cast<std::uint64_t>(columns);
  return {};
}

Status Matrix::read_dense(Fields& fields) {
  GRISTMILL_RETURN_IF_ERROR(read_shape(fields));
  GRISTMILL_TRY(values_, fields.floats(rows_ * columns_));
  return {};
}

Status Matrix::read_quantized(Fields& fields) {
  is_quantized_ = true;
  GRISTMILL_TRY(const auto has_norms, fields.u8());
  has_norms_ = has_norms != 0;
  GRISTMILL_RETURN_IF_ERROR(read_shape(fields));
  GRISTMILL_TRY(const auto code_bytes, fields.i32());
  if (code_bytes < 0) return fields.broken("a code size is negative");
  GRISTMILL_TRY(codes_, fields.raw(static_cast<std::uint64_t>(code_bytes)));
  GRISTMILL_RETURN_IF_ERROR(quantizer_.read(fields, columns_));
  if (codes_.size() != rows_ * quantizer_.group_count) return fields.broken("codes and rows do not agree");
  if (has_norms_) {
    GRISTMILL_TRY(norm_codes_, fields.raw(rows_));
    GRISTMILL_RETURN_IF_ERROR(norm_quantizer_.read(fields, 1));
  }
  if (rows_ * columns_ > decoded_values_max) return {};
  values_.resize(rows_ * columns_);
  for (std::size_t row = 0; row < rows_; ++row) decode_row(row, std::span(values_).subspan(row * columns_, columns_));
  return {};
}

Status Matrix::Quantizer::read(Fields& fields, std::uint64_t columns) {
  std::array<std::int32_t, 4> shape{};
  for (auto& number : shape) {
    GRISTMILL_TRY(number, fields.i32());
    if (number <= 0) return fields.broken("a quantizer size is off");
  }
  group_count = static_cast<std::uint64_t>(shape[1]);
  group_columns = static_cast<std::uint64_t>(shape[2]);
  last_group_columns = static_cast<std::uint64_t>(shape[3]);
  const bool agrees = static_cast<std::uint64_t>(shape[0]) == columns && last_group_columns <= group_columns &&
                      (group_count - 1) * group_columns + last_group_columns == columns;
  if (!agrees) return fields.broken("the quantizer does not fit its matrix");
  GRISTMILL_TRY(centroids, fields.floats(columns * centroids_per_group));
  return {};
}

std::span<const float> Matrix::Quantizer::centroid(std::size_t group, std::uint8_t code) const {
  const bool is_last = group + 1 == group_count;
  const auto width = is_last ? last_group_columns : group_columns;
  return std::span(centroids).subspan(group * centroids_per_group * group_columns + code * width, width);
}

float Matrix::norm(std::size_t row) const {
  return has_norms_ ? norm_quantizer_.centroid(0, static_cast<std::uint8_t>(norm_codes_[row]))[0] : 1.0F;
}

void Matrix::decode_row(std::size_t row, std::span<float> out) const {
  const float factor = norm(row);
  const char* codes = codes_.data() + row * quantizer_.group_count;
  std::size_t column = 0;
  for (std::size_t group = 0; group < quantizer_.group_count; ++group)
    for (const float value : quantizer_.centroid(group, static_cast<std::uint8_t>(codes[group])))
      out[column++] = factor * value;
}

void Matrix::add_rows(std::span<const std::int32_t> rows, std::span<float> sum) const {
  if (values_.empty()) {
    std::vector<float> decoded(columns_);
    for (const auto row : rows) {
      decode_row(static_cast<std::size_t>(row), decoded);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += decoded[i];
    }
    return;
  }
  // Sixteen columns at a time stay in registers; each column's sum runs in the order of the rows.
  std::size_t column = 0;
  for (; column + 16 <= sum.size(); column += 16) {
    __m256 low = _mm256_loadu_ps(&sum[column]);
    __m256 high = _mm256_loadu_ps(&sum[column + 8]);
    for (const auto row : rows) {
      const float* const values = values_.data() + static_cast<std::size_t>(row) * columns_ + column;
      low = _mm256_add_ps(low, _mm256_loadu_ps(values));
      high = _mm256_add_ps(high, _mm256_loadu_ps(values + 8));
    }
    _mm256_storeu_ps(&sum[column], low);
    _mm256_storeu_ps(&sum[column + 8], high);
  }
  for (; column < sum.size(); ++column) {
    for (const auto row : rows) sum[column] += values_[static_cast<std::size_t>(row) * columns_ + column];
  }
}

float Matrix::dot_row(std::size_t row, std::span<const float> vector) const {
  float sum = 0;
  if (!is_quantized_) {
    const float* values = values_.data() + row * columns_;
    for (std::size_t i = 0; i < vector.size(); ++i) sum += values[i] * vector[i];
    return sum;
  }
  const char* codes = codes_.data() + row * quantizer_.group_count;
  std::size_t column = 0;
  for (std::size_t group = 0; group < quantizer_.group_count; ++group)
    for (const float value : quantizer_.centroid(group, static_cast<std::uint8_t>(codes[group])))
      sum += value * vector[column++];
  return sum * norm(row);
}

void HuffmanTree::build(std::span<const std::int64_t> frequencies) {
  const auto leaf_count = static_cast<std::int32_t>(frequencies.size());
  const auto node_count = 2 * leaf_count - 1;
  nodes.assign(static_cast<std::size_t>(node_count), {});
  // Labels come sorted by falling frequency, so the two lightest nodes are always at the end of the unused leaves or
  // at the front of the unused inner nodes. An inner node that does not exist yet weighs more than any label.
  std::vector<std::int64_t> weights(nodes.size(), 1'000'000'000'000'000);
  std::ranges::copy(frequencies, weights.begin());
  std::int32_t leaf = leaf_count - 1;
  std::int32_t inner = leaf_count;
  const auto lightest = [&](std::int32_t made) {
    // The bound on `made` only matters for a file whose labels are not sorted.
    const bool is_leaf = leaf >= 0 && (inner >= made || weights[static_cast<std::size_t>(leaf)] <
                                                            weights[static_cast<std::size_t>(inner)]);
    return is_leaf ? leaf-- : inner++;
  };
  for (std::int32_t i = leaf_count; i < node_count; ++i) {
    const auto left = lightest(i);
    const auto right = lightest(i);
    nodes[static_cast<std::size_t>(i)] = {left, right};
    const auto sum = static_cast<std::uint64_t>(weights[static_cast<std::size_t>(left)]) +
                     static_cast<std::uint64_t>(weights[static_cast<std::size_t>(right)]);
    weights[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(sum);
  }
}

}  // namespace gristmill::kernels::fasttext
