// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/content_model.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>

#include "gristmill/base/result.h"
#include "gristmill/kernels/boosted_trees.h"
#include "gristmill/ops/extract/tokens.h"

namespace gristmill::ops::extract {
namespace {

#include "gristmill/ops/extract/content_model.inc"

/// Values of the letters of base 64.
constexpr auto base64_values = [] {
  std::array<std::uint8_t, 256> values{};
  std::uint8_t value = 0;
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
    values[static_cast<unsigned char>(c)] = value++;
  return values;
}();

/// Bytes of a text in base 64, which has no padding.
std::string decode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  const auto value = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? base64_values[static_cast<unsigned char>(text[i])] : 0;
  };
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const auto bits = value(i) << 18 | value(i + 1) << 12 | value(i + 2) << 6 | value(i + 3);
    bytes += {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
  }
  bytes.resize(text.size() * 6 / 8);
  return bytes;
}

/// The built-in model, ready for use.
struct Model {
  std::string bytes;
  std::optional<kernels::TokenWeights> weights;
  std::int32_t token_bias = 0;
  std::int32_t tree_bias = 0;
  Cut cut;
  kernels::BoostedTrees trees;
};

/// Features by name and order: a model only fits the features it was trained on.
std::uint64_t features_digest() {
  std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a, which the training computes too.
  const auto add = [&](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u; };
  for (std::size_t i = 0; i < feature_count; ++i) {
    for (const char c : feature_name(static_cast<Feature>(i))) add(c);
    add('\n');
  }
  return hash;
}

struct Header {
  std::array<char, 8> magic;
  std::uint64_t features;
  std::int32_t token_bias;
  std::int32_t tree_bias;
  std::int16_t cut_shift;
  std::int16_t cut_spread;
  std::uint32_t tree_count;
};

constexpr std::size_t header_bytes = 32;
static_assert(offsetof(Header, tree_count) + sizeof(std::uint32_t) == header_bytes);

bool read_model(Model& model) {
  std::string_view rest = model.bytes;
  Header header{};
  if (rest.size() < header_bytes + kernels::token_slot_count) return false;
  std::memcpy(&header, rest.data(), header_bytes);
  rest.remove_prefix(header_bytes);
  if (std::string_view(header.magic.data(), 8) != "GMCONT02" || header.features != features_digest()) return false;
  model.token_bias = header.token_bias;
  model.tree_bias = header.tree_bias;
  model.cut = {.shift = header.cut_shift, .spread = header.cut_spread};
  model.weights.emplace(std::span(reinterpret_cast<const std::int8_t*>(rest.data()), kernels::token_slot_count));
  rest.remove_prefix(kernels::token_slot_count);
  return model.trees.read(rest, header.tree_count, feature_count, bounded_features()) && rest.empty();
}

const Model& model() {
  static const auto* const loaded = [] {
    auto* made = new Model{.bytes = decode_base64(model_base64)};
    GRISTMILL_CHECK(read_model(*made), "the built-in content model does not fit the features: train it again");
    return made;
  }();
  return *loaded;
}

}  // namespace

std::string_view content_model_bytes() { return model().bytes; }

Cut content_model_cut() { return model().cut; }

std::vector<std::int16_t> score_by_model(const kernels::HtmlTree& tree, const Page& page, const Repeats& repeats) {
  const auto [scores, titles] = score_tokens(tree, page, repeats, *model().weights, model().token_bias);
  const auto count = static_cast<std::uint32_t>(scores.size());
  std::vector<std::int16_t> odds(count);
  BlockMeasurer measurer(tree, page, scores, repeats, titles);
  // Of each thread, so that its memory is not asked for with each page.
  thread_local kernels::SettledTrees trees;
  model().trees.settle(measurer.bounds(), trees);
  const auto bias = model().tree_bias;
  kernels::FeatureLanes sums;
  for (std::uint32_t first = 0; first < count; first += kernels::tree_lanes) {
    const auto lane_count = std::min<std::uint32_t>(kernels::tree_lanes, count - first);
    trees.sum(measurer.measure(first), sums, lane_count);
    // Trees count in 1/512; a shift rounds down alike for both signs.
    for (std::uint32_t lane = 0; lane < lane_count; ++lane)
      odds[first + lane] = static_cast<std::int16_t>((sums.values[lane] + bias) >> 3);
  }
  return odds;
}

}  // namespace gristmill::ops::extract
