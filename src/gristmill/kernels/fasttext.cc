// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/fasttext.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "gristmill/kernels/fasttext_parts.h"

namespace gristmill::kernels {

using fasttext::Arguments;
using fasttext::Dictionary;
using fasttext::Fields;
using fasttext::Fnv;
using fasttext::HuffmanTree;
using fasttext::Loss;
using fasttext::Matrix;
using fasttext::Remainder;

namespace {

/// The first bytes of a text up to a separator, with zeros behind.
struct WordFront {
  __m256i bytes;
  std::size_t length;  ///< Beyond KnownWord::bytes_max: the word may be longer.
};

}  // namespace

struct FasttextModel::Parts {
  Arguments arguments;
  Dictionary dictionary;
  Matrix input;
  Matrix output;
  HuffmanTree tree;

  Status read(Fields& fields);
  Status read_arguments(Fields& fields);
  void add_words(std::string_view text, Scratch& scratch) const;
  void add_word(std::string_view word, Scratch& scratch) const;
  void add_short_word(const WordFront& front, Scratch& scratch) const;
  void add_subwords(std::string_view word, Scratch& scratch) const;
  void add_word_ngrams(Scratch& scratch) const;
  [[nodiscard]] Prediction best_of_tree(Scratch& scratch) const;
  [[nodiscard]] Prediction best_of_softmax(Scratch& scratch) const;
  [[nodiscard]] Prediction best_of_sigmoids(Scratch& scratch) const;
};

namespace {

constexpr std::int32_t file_mark = 793712314;
constexpr std::int32_t version_max = 12;
constexpr std::int32_t supervised_model = 3;
constexpr std::string_view end_of_line = "</s>";
constexpr std::string_view label_mark = "__label__";
/// Works as an odd base for hashes of word n-grams; part of the format.
constexpr std::uint64_t word_ngram_base = 116049371;
/// Added to probabilities before the logarithm; part of what the library reports.
constexpr float log_offset = 1e-5F;
/// 4,096 words of 128 bytes each: they stay in the second-level cache.
constexpr int known_words_bits = 12;

bool is_separator(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

/// Reads the word that a text begins with.
WordFront front_of(std::string_view text) {
  constexpr auto size = sizeof(__m256i);
  std::array<char, size> padded{};
  const char* begin = text.data();
  if (text.size() < size) {
    std::ranges::copy(text, padded.begin());
    begin = padded.data();
  }
  const auto bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(begin));
  const auto above_tab = _mm256_sub_epi8(bytes, _mm256_set1_epi8('\t'));
  const auto is_space = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(' '));
  const auto is_zero = _mm256_cmpeq_epi8(bytes, _mm256_setzero_si256());
  const auto is_break = _mm256_cmpeq_epi8(_mm256_min_epu8(above_tab, _mm256_set1_epi8('\r' - '\t')), above_tab);
  const auto separators = _mm256_or_si256(_mm256_or_si256(is_space, is_zero), is_break);
  const auto length = std::countr_zero(static_cast<std::uint32_t>(_mm256_movemask_epi8(separators)));
  const auto places = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                       23, 24, 25, 26, 27, 28, 29, 30, 31);
  const auto is_inside = _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(length)), places);
  return {_mm256_and_si256(bytes, is_inside), static_cast<std::size_t>(length)};
}

/// Where a word is kept among those met before, if it is.
std::size_t slot_of(const WordFront& front) {
  // Of the upper bits of a product all bits below have a part in.
  std::array<std::uint64_t, 4> lanes{};
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes.data()), front.bytes);
  const auto mixed = lanes[0] * 0x9E3779B97F4A7C15 ^ lanes[1] * 0xC2B2AE3D27D4EB4F ^ lanes[2] * 0x165667B19E3779F9 ^
                     lanes[3] * 0xD6E8FEB86659FD93;
  return mixed >> (64 - known_words_bits);
}

bool is_continuation(char c) { return (c & 0xC0) == 0x80; }

double offset_log(float probability) { return std::log(static_cast<double>(probability) + 1e-5); }

float sigmoid(float x) { return static_cast<float>(1.0 / (1.0 + std::exp(static_cast<double>(-x)))); }

/// The library looks the sigmoid up in a table of 512 steps over -8..8 for these losses.
float sigmoid_of_table(float x) {
  constexpr float limit = 8;
  constexpr int steps = 512;
  if (x < -limit) return 0;
  if (x > limit) return 1;
  const int step = static_cast<int>((x + limit) * steps / limit / 2);
  return sigmoid(static_cast<float>(step * 2) * limit / steps - limit);
}

void make_room(FasttextModel::Scratch& scratch, std::size_t count) {
  if (scratch.features.size() < count) scratch.features.resize(std::max(count, scratch.features.size() * 2));
}

void add_feature(FasttextModel::Scratch& scratch, std::int32_t row) {
  make_room(scratch, scratch.feature_count + 1);
  scratch.features[scratch.feature_count++] = row;
}

float clipped(float probability) { return std::min(probability, 1.0F); }

}  // namespace

Status FasttextModel::Parts::read_arguments(Fields& fields) {
  GRISTMILL_TRY(const auto mark, fields.i32());
  GRISTMILL_TRY(const auto version, fields.i32());
  if (mark != file_mark) return fields.broken("this is no fastText model");
  if (version < 11 || version > version_max) return fields.broken("a version other than 11 or 12");
  std::array<std::int32_t, 12> numbers{};
  for (auto& number : numbers) {
    GRISTMILL_TRY(number, fields.i32());
  }
  GRISTMILL_TRY(const auto sampling, fields.f64());
  static_cast<void>(sampling);
  const auto [dimension, window, epochs, count_min, negatives, word_ngrams, loss, model, buckets, ngram_min, ngram_max,
              rate_update] = numbers;
  if (model != supervised_model) return fields.broken("the model is not supervised, it has no labels");
  if (dimension <= 0 || loss < 1 || loss > 4 || buckets < 0) return fields.broken("an argument is out of range");
  // Version 11 stored the character n-gram length of supervised models without using it.
  arguments = {dimension, word_ngrams, Loss{loss}, buckets, ngram_min, version == 11 ? 0 : ngram_max};
  return {};
}

Status FasttextModel::Parts::read(Fields& fields) {
  GRISTMILL_RETURN_IF_ERROR(read_arguments(fields));
  GRISTMILL_RETURN_IF_ERROR(dictionary.read(fields, arguments));
  GRISTMILL_TRY(const auto input_is_quantized, fields.u8());
  GRISTMILL_RETURN_IF_ERROR(input_is_quantized != 0 ? input.read_quantized(fields) : input.read_dense(fields));
  GRISTMILL_TRY(const auto output_is_quantized, fields.u8());
  const bool quantized = input_is_quantized != 0 && output_is_quantized != 0;
  GRISTMILL_RETURN_IF_ERROR(quantized ? output.read_quantized(fields) : output.read_dense(fields));
  const auto columns = static_cast<std::uint64_t>(arguments.dimension);
  if (input.columns() != columns || output.columns() != columns) return fields.broken("the matrices differ in width");
  if (input.rows() < dictionary.rows_needed()) return fields.broken("the input matrix has too few rows");
  const auto frequencies = dictionary.label_frequencies();
  if (output.rows() < frequencies.size()) return fields.broken("the output matrix has too few rows");
  if (arguments.loss == Loss::hierarchical_softmax) tree.build(frequencies);
  return {};
}

/// Adds the character n-grams of a word that has its boundary marks already.
void FasttextModel::Parts::add_subwords(std::string_view word, Scratch& scratch) const {
  const Remainder bucket_of(static_cast<std::uint32_t>(arguments.bucket_count));
  const auto lengths = std::min(static_cast<std::size_t>(arguments.ngram_max), word.size());
  auto count = scratch.feature_count;
  for (std::size_t begin = 0; begin < word.size(); ++begin) {
    if (is_continuation(word[begin])) continue;
    // Room for all that may begin here; pruned buckets are written over.
    make_room(scratch, count + lengths);
    auto* const features = scratch.features.data();
    Fnv hash;
    std::size_t end = begin;
    for (std::int32_t length = 1; end < word.size() && length <= arguments.ngram_max; ++length) {
      hash.add(word[end++]);
      while (end < word.size() && is_continuation(word[end])) hash.add(word[end++]);
      const bool is_boundary_mark = length == 1 && (begin == 0 || end == word.size());
      if (length < arguments.ngram_min || is_boundary_mark) continue;
      const auto bucket = bucket_of.of(hash.value);
      features[count] = static_cast<std::int32_t>(bucket);
      count += static_cast<std::size_t>(dictionary.is_kept(bucket));
    }
  }
  for (auto i = scratch.feature_count; i < count; ++i)
    scratch.features[i] = dictionary.row_of(static_cast<std::uint32_t>(scratch.features[i]));
  scratch.feature_count = count;
}

void FasttextModel::Parts::add_word(std::string_view word, Scratch& scratch) const {
  const auto hash = Fnv::of(word);
  const auto index = dictionary.find(word, hash);
  const bool is_label = index < 0 ? word.starts_with(label_mark) : index >= dictionary.word_count();
  if (is_label) return;
  scratch.word_hashes.push_back(static_cast<std::int32_t>(hash));
  if (index >= 0) add_feature(scratch, index);
  if (arguments.ngram_max <= 0 || arguments.bucket_count == 0 || word == end_of_line) return;
  // Bounded: a word of a hostile document may be as long as the document, but the work is linear in it.
  scratch.marked.assign(1, '<').append(word) += '>';
  add_subwords(scratch.marked, scratch);
}

/// Adds a word of at most KnownWord::bytes_max bytes. Texts repeat their words: most are met again before another word
/// takes their place, and need no hashing of their n-grams. The rows and their order are the same either way.
void FasttextModel::Parts::add_short_word(const WordFront& front, Scratch& scratch) const {
  if (scratch.known_words.empty()) scratch.known_words.resize(std::size_t{1} << known_words_bits);
  auto& known = scratch.known_words[slot_of(front)];
  const auto kept = _mm256_load_si256(reinterpret_cast<const __m256i*>(known.word.data()));
  if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(kept, front.bytes)) == -1) {
    make_room(scratch, scratch.feature_count + known.rows.size());
    std::ranges::copy(known.rows, scratch.features.data() + scratch.feature_count);
    scratch.feature_count += known.row_count;
    scratch.word_hashes.push_back(known.hash);
    return;
  }
  std::array<char, sizeof(__m256i)> word{};
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(word.data()), front.bytes);
  const auto feature_count = scratch.feature_count;
  const auto word_count = scratch.word_hashes.size();
  add_word({word.data(), front.length}, scratch);
  const auto row_count = scratch.feature_count - feature_count;
  const bool is_label = scratch.word_hashes.size() == word_count;
  if (is_label || row_count > known.rows.size()) return;
  known.word = word;
  known.hash = scratch.word_hashes.back();
  known.row_count = static_cast<std::uint32_t>(row_count);
  std::copy_n(scratch.features.data() + feature_count, row_count, known.rows.begin());
}

void FasttextModel::Parts::add_word_ngrams(Scratch& scratch) const {
  if (arguments.bucket_count == 0) return;
  const auto& hashes = scratch.word_hashes;
  const auto length_max = static_cast<std::size_t>(std::max(arguments.word_ngrams, 1));
  for (std::size_t begin = 0; begin < hashes.size(); ++begin) {
    // Hashes are signed in the format: they widen with their sign.
    auto hash = static_cast<std::uint64_t>(std::int64_t{hashes[begin]});
    const auto end = std::min(hashes.size(), begin + length_max);
    for (std::size_t i = begin + 1; i < end; ++i) {
      hash = hash * word_ngram_base + static_cast<std::uint64_t>(std::int64_t{hashes[i]});
      const auto bucket = static_cast<std::uint32_t>(hash % static_cast<std::uint64_t>(arguments.bucket_count));
      if (dictionary.is_kept(bucket)) add_feature(scratch, dictionary.row_of(bucket));
    }
  }
}

void FasttextModel::Parts::add_words(std::string_view text, Scratch& scratch) const {
  std::size_t position = 0;
  while (position < text.size()) {
    const auto front = front_of(text.substr(position));
    if (front.length <= KnownWord::bytes_max) {
      if (front.length > 0) add_short_word(front, scratch);
      // What ends a word is skipped at once; at the end of the text there may be nothing.
      position += front.length + 1;
      continue;
    }
    const auto begin = position;
    while (position < text.size() && !is_separator(text[position])) ++position;
    add_word(text.substr(begin, position - begin), scratch);
  }
  add_word(end_of_line, scratch);
  add_word_ngrams(scratch);
}

FasttextModel::Prediction FasttextModel::Parts::best_of_tree(Scratch& scratch) const {
  const auto label_count = dictionary.label_frequencies().size();
  auto& stack = scratch.visits;
  stack.assign(1, {static_cast<std::int32_t>(tree.nodes.size()) - 1, 0.0F});
  float best_score = -std::numeric_limits<float>::infinity();
  std::size_t best = 0;
  while (!stack.empty()) {
    const auto [node, score] = stack.back();
    stack.pop_back();
    // Scores only fall on the way down: a branch below the best leaf holds no better one.
    if (!(score > best_score)) continue;
    if (static_cast<std::size_t>(node) < label_count) {
      best_score = score;
      best = static_cast<std::size_t>(node);
      continue;
    }
    const auto right = sigmoid(output.dot_row(static_cast<std::size_t>(node) - label_count, scratch.hidden));
    const auto& [left_node, right_node] = tree.nodes[static_cast<std::size_t>(node)];
    const std::pair left_visit{left_node, static_cast<float>(score + offset_log(1.0F - right))};
    const std::pair right_visit{right_node, static_cast<float>(score + offset_log(right))};
    // The likelier branch goes on top, so that the other one can often be skipped.
    stack.push_back(right > 0.5F ? left_visit : right_visit);
    stack.push_back(right > 0.5F ? right_visit : left_visit);
  }
  return {dictionary.label(best), clipped(std::exp(best_score))};
}

FasttextModel::Prediction FasttextModel::Parts::best_of_softmax(Scratch& scratch) const {
  const auto label_count = dictionary.label_frequencies().size();
  scratch.output.resize(label_count);
  for (std::size_t i = 0; i < label_count; ++i) scratch.output[i] = output.dot_row(i, scratch.hidden);
  const auto best = static_cast<std::size_t>(std::ranges::max_element(scratch.output) - scratch.output.begin());
  const float highest = scratch.output[best];
  float sum = 0;
  for (const float value : scratch.output) sum += std::exp(value - highest);
  return {dictionary.label(best), clipped(1 / sum + log_offset)};
}

FasttextModel::Prediction FasttextModel::Parts::best_of_sigmoids(Scratch& scratch) const {
  const auto label_count = dictionary.label_frequencies().size();
  scratch.output.resize(label_count);
  for (std::size_t i = 0; i < label_count; ++i) scratch.output[i] = sigmoid_of_table(output.dot_row(i, scratch.hidden));
  const auto best = static_cast<std::size_t>(std::ranges::max_element(scratch.output) - scratch.output.begin());
  return {dictionary.label(best), clipped(scratch.output[best] + log_offset)};
}

FasttextModel::FasttextModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
FasttextModel::~FasttextModel() = default;

Result<std::unique_ptr<const FasttextModel>> FasttextModel::load(std::string_view bytes) {
  Fields fields(bytes);
  auto parts = std::make_unique<Parts>();
  GRISTMILL_RETURN_IF_ERROR(parts->read(fields));
  return std::unique_ptr<const FasttextModel>(new FasttextModel(std::move(parts)));
}

FasttextModel::Prediction FasttextModel::predict(std::string_view text, Scratch& scratch) const {
  scratch.feature_count = 0;
  scratch.word_hashes.clear();
  parts_->add_words(text, scratch);
  if (scratch.feature_count == 0) return {};
  scratch.hidden.assign(static_cast<std::size_t>(parts_->arguments.dimension), 0.0F);
  parts_->input.add_rows(std::span(scratch.features).first(scratch.feature_count), scratch.hidden);
  const auto factor = static_cast<float>(1.0 / static_cast<double>(scratch.feature_count));
  for (auto& value : scratch.hidden) value *= factor;
  switch (parts_->arguments.loss) {
    case Loss::hierarchical_softmax: return parts_->best_of_tree(scratch);
    case Loss::softmax: return parts_->best_of_softmax(scratch);
    case Loss::negative_sampling:
    case Loss::one_vs_all: return parts_->best_of_sigmoids(scratch);
  }
  return {};
}

std::size_t FasttextModel::label_count() const { return parts_->dictionary.label_frequencies().size(); }

}  // namespace gristmill::kernels
