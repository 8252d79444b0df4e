// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/fasttext.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace gristmill;

namespace {

/// Writes model files by hand, field by field, as the format has them.
class ModelWriter {
 public:
  template <typename T>
  ModelWriter& put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return *this;
  }
  ModelWriter& entry(const std::string& text, std::int64_t count, std::int8_t type) {
    bytes_.append(text.c_str(), text.size() + 1);
    return put(count).put(type);
  }
  ModelWriter& matrix(std::int64_t rows, std::int64_t columns, const std::vector<float>& values) {
    put(rows).put(columns);
    for (const float value : values) put(value);
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

struct Shape {
  std::int32_t loss = 3;
  std::int32_t buckets = 0;
  std::int32_t ngram_max = 0;
  std::int32_t words = 3;
  std::int32_t labels = 2;
};

ModelWriter head(const Shape& shape) {
  ModelWriter writer;
  writer.put<std::int32_t>(793712314).put<std::int32_t>(12);
  for (const std::int32_t number : {2, 5, 5, 1, 5, 1, shape.loss, 3, shape.buckets, 2, shape.ngram_max, 100})
    writer.put(number);
  writer.put(1e-4);
  writer.put(shape.words + shape.labels).put(shape.words).put(shape.labels);
  writer.put<std::int64_t>(10).put<std::int64_t>(-1);
  return writer;
}

/// Words a = (1, 0), b = (0, 1), end of line = (0, 0); labels x = (2, 0), y = (0, 2).
std::string two_labels(std::int32_t loss) {
  auto writer = head({.loss = loss});
  writer.entry("</s>", 9, 0).entry("a", 5, 0).entry("b", 4, 0);
  writer.entry("__label__x", 6, 1).entry("__label__y", 3, 1);
  writer.put<std::int8_t>(0).matrix(3, 2, {0, 0, 1, 0, 0, 1});
  writer.put<std::int8_t>(0).matrix(2, 2, {2, 0, 0, 2});
  return writer.bytes();
}

kernels::FasttextModel::Prediction predict(const std::string& bytes, std::string_view text) {
  static std::unique_ptr<const kernels::FasttextModel> model;
  auto loaded = kernels::FasttextModel::load(bytes);
  REQUIRE(loaded.ok());
  model = *std::move(loaded);
  kernels::FasttextModel::Scratch scratch;
  return model->predict(text, scratch);
}

constexpr std::int32_t bucket_count = 1009;

/// A model that knows no word but the end of line: words are their n-grams of 2 to 4 code points.
std::string ngram_model() {
  auto writer = head({.loss = 3, .buckets = bucket_count, .ngram_max = 4, .words = 1});
  writer.entry("</s>", 9, 0).entry("__label__x", 6, 1).entry("__label__y", 3, 1);
  std::vector<float> values((bucket_count + 1) * 2, 1);
  writer.put<std::int8_t>(0).matrix(bucket_count + 1, 2, values);
  writer.put<std::int8_t>(0).matrix(2, 2, {1, 0, 0, 1});
  return writer.bytes();
}

/// The rows of a word as the fastText paper and file format have them, one n-gram after the other.
void add_rows_plainly(const std::string& word, std::vector<std::int32_t>& rows) {
  std::vector<std::string> characters{"<"};
  for (const char c : word) {
    if ((c & 0xC0) == 0x80)
      characters.back() += c;
    else
      characters.emplace_back(1, c);
  }
  characters.emplace_back(">");
  for (std::size_t begin = 0; begin < characters.size(); ++begin) {
    std::uint32_t hash = 2166136261;
    for (std::size_t end = begin; end < std::min(begin + 4, characters.size()); ++end) {
      for (const char c : characters[end]) hash = (hash ^ static_cast<std::uint32_t>(std::int8_t(c))) * 16777619;
      if (end > begin) rows.push_back(1 + static_cast<std::int32_t>(hash % bucket_count));
    }
  }
}

}  // namespace

TEST_CASE("fasttext: words of any length have the rows of their n-grams, met before or not") {
  const auto loaded = kernels::FasttextModel::load(ngram_model());
  REQUIRE(loaded.ok());
  const std::vector<std::string> characters{"a", "b", "\u00e9", "\u4e2d", "\U0001F600"};
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same words each time.
  std::vector<std::string> words;
  for (std::size_t length = 1; length <= 45; ++length) {
    // Half of them of one-byte characters, so that some words have each number of bytes around 31.
    words.emplace_back(length, 'a');
    words.emplace_back();
    for (std::size_t i = 0; i < length; ++i) words.back() += characters[random() % characters.size()];
  }
  kernels::FasttextModel::Scratch scratch;
  for (int text_number = 0; text_number < 200; ++text_number) {
    std::string text;
    std::vector<std::int32_t> rows;
    for (auto count = random() % 20; count > 0; --count) {
      const auto& word = words[random() % words.size()];
      text += word;
      text += " \t\n\v\f\r"[random() % 6];
      if (random() % 4 == 0) text += std::string(1, '\0');
      add_rows_plainly(word, rows);
    }
    if (random() % 2 == 0) {
      text += "ab";
      add_rows_plainly("ab", rows);
    }
    rows.push_back(0);  // The end of line.
    static_cast<void>((*loaded)->predict(text, scratch));
    scratch.features.resize(scratch.feature_count);
    REQUIRE(scratch.features == rows);
  }
}

TEST_CASE("fasttext: softmax over averaged words") {
  // "a": the mean of (1, 0) and the end of line (0, 0) is (0.5, 0), so the logits are 1 and 0.
  const auto a = predict(two_labels(3), "a");
  CHECK(a.label == "x");
  CHECK(a.score == doctest::Approx(std::exp(1.0) / (std::exp(1.0) + 1) + 1e-5));
  CHECK(predict(two_labels(3), "b\nb\tb a").label == "y");
}

TEST_CASE("fasttext: hierarchical softmax walks the tree") {
  // Two labels make one inner node: its left child is the rarer label, its right child the other.
  const auto a = predict(two_labels(1), "a");
  const double right = 1 / (1 + std::exp(-1.0));
  CHECK(a.label == "x");
  CHECK(a.score == doctest::Approx(right + 1e-5));
}

TEST_CASE("fasttext: one versus all gives each label its own probability") {
  const auto a = predict(two_labels(4), "a");
  CHECK(a.label == "x");
  CHECK(a.score == doctest::Approx(1 / (1 + std::exp(-1.0))).epsilon(0.02));
}

TEST_CASE("fasttext: unknown words are made of their character n-grams") {
  auto writer = head({.loss = 3, .buckets = 1, .ngram_max = 3, .words = 1});
  writer.entry("</s>", 9, 0).entry("__label__x", 6, 1).entry("__label__y", 3, 1);
  writer.put<std::int8_t>(0).matrix(2, 2, {0, 0, 3, 0});
  writer.put<std::int8_t>(0).matrix(2, 2, {1, 0, 0, 1});
  // <ab> has n-grams <a <ab ab ab> b>, all in the one bucket: five rows of six features.
  const auto guess = predict(writer.bytes(), "ab");
  CHECK(guess.label == "x");
  CHECK(guess.score == doctest::Approx(std::exp(2.5) / (std::exp(2.5) + 1) + 1e-5));
}

TEST_CASE("fasttext: quantized rows are norms times centroids") {
  ModelWriter writer = head({.loss = 3});
  writer.entry("</s>", 9, 0).entry("a", 5, 0).entry("b", 4, 0);
  writer.entry("__label__x", 6, 1).entry("__label__y", 3, 1);
  writer.put<std::int8_t>(1).put<std::int8_t>(1).put<std::int64_t>(3).put<std::int64_t>(2).put<std::int32_t>(3);
  for (const char code : {'\0', '\1', '\2'}) writer.put(code);
  for (const std::int32_t number : {2, 1, 2, 2}) writer.put(number);
  std::vector<float> centroids(512, 0);
  centroids[2] = 1;
  centroids[5] = 1;
  for (const float value : centroids) writer.put(value);
  for (const char code : {'\0', '\7', '\7'}) writer.put(code);
  for (const std::int32_t number : {1, 1, 1, 1}) writer.put(number);
  for (int i = 0; i < 256; ++i) writer.put(i == 7 ? 2.0F : 0.0F);
  writer.put<std::int8_t>(0).matrix(2, 2, {2, 0, 0, 2});
  // The row of "a" is 2 * (1, 0); with the end of line the mean is (1, 0), so the logits are 2 and 0.
  const auto guess = predict(writer.bytes(), "a");
  CHECK(guess.label == "x");
  CHECK(guess.score == doctest::Approx(std::exp(2.0) / (std::exp(2.0) + 1) + 1e-5));
}

TEST_CASE("fasttext: damaged files are refused") {
  const auto good = two_labels(3);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto loaded = kernels::FasttextModel::load(std::string_view(good).substr(0, size));
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().code == ErrorCode::corrupt_data);
  }
  // Any byte may be wrong: the load or the prediction must still end well.
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char value : {'\0', '\x01', '\x7F', '\xFF'}) {
      auto damaged = good;
      damaged[at] = value;
      const auto loaded = kernels::FasttextModel::load(damaged);
      if (!loaded) continue;
      kernels::FasttextModel::Scratch scratch;
      static_cast<void>((*loaded)->predict("a b unknown", scratch));
    }
  }
}
