// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/dedup/minhash.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <utility>

#include "gristmill/ops/chat/conversation.h"

namespace gristmill::ops {
namespace {

constexpr std::size_t functions_max = 4096;
// Ordered keys are spread over the places of the exchange.
constexpr std::uint64_t place_bits = 10;
constexpr std::uint64_t place_count = std::uint64_t{1} << place_bits;
constexpr std::string_view near_duplicate = "minhash.near_duplicate";
constexpr std::array reasons{near_duplicate};
constexpr std::array options{
    OptionSpec{.name = "ngram",
               .type = OptionType::integer,
               .fallback = "5",
               .minimum = 1,
               .maximum = 64,
               .unit = "words",
               .help = "Length of a shingle; documents with fewer words are never duplicates"},
    OptionSpec{.name = "bands",
               .type = OptionType::integer,
               .fallback = "14",
               .minimum = 1,
               .maximum = 1024,
               .help = "Bands of the signature: more find less similar documents"},
    OptionSpec{.name = "rows",
               .type = OptionType::integer,
               .fallback = "8",
               .minimum = 1,
               .maximum = kernels::band_rows_max,
               .help = "Minima in a band: more demand greater similarity"},
    OptionSpec{.name = "unit",
               .type = OptionType::string,
               .fallback = "\"word\"",
               .choices = "word,char",
               .help = "What shingles are made of; in scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, "
                       "Burmese) each character counts as a word either way"},
    OptionSpec{
        .name = "of",
        .type = OptionType::string,
        .fallback = "\"text\"",
        .choices = "text,prompt",
        .help = "What is compared: the text, or of conversations the turns of the user (of preference pairs those "
                "of the prompt); documents without any are never duplicates then"},
    OptionSpec{.name = "keep",
               .type = OptionType::string,
               .fallback = "\"auto\"",
               .choices = "auto,oldest,newest",
               .help = "Which of a cluster stays: the first or the last in input order; auto: the first, with scheme "
                       "datatrove the one that datatrove leaves (the root of its union by size)"},
    OptionSpec{.name = "seed",
               .type = OptionType::integer,
               .fallback = "1",
               .minimum = 0,
               .help = "Seed of the hash functions"},
    OptionSpec{.name = "scheme",
               .type = OptionType::string,
               .fallback = "\"gristmill\"",
               .choices = "gristmill,datatrove",
               .help = "gristmill is the fast one; datatrove gives the signatures of datatrove 0.10 for English to the "
                       "bit (its normalization, spaCy's words, its hashes) and keeps what it keeps of documents in "
                       "the same order, for runs that must match"},
    OptionSpec{.name = "hash",
               .type = OptionType::string,
               .fallback = "\"xxhash64\"",
               .choices = "xxhash64,xxhash32,sha1_64,sha1_32",
               .help = "Hash of a shingle with scheme datatrove: its hash_config"},
};

/// Buffers of one thread, whatever the scheme.
struct PromptScratch : Scratch {
  std::string prompt;
  ConversationReader reader;
};

/// And those of our own scheme.
struct SignatureScratch final : PromptScratch {
  SignatureScratch(std::size_t ngram, kernels::ShingleUnit unit) : shingler(ngram, unit) {}
  kernels::Shingler shingler;
  std::vector<std::uint32_t> minima;
};

/// And those of datatrove's.
struct DatatroveScratch final : PromptScratch {
  kernels::DatatroveMinhash::Scratch buffers;
};

constexpr std::array datatrove_hashes{
    std::pair{std::string_view("xxhash64"), kernels::DatatroveMinhash::Hash::xxhash64},
    std::pair{std::string_view("xxhash32"), kernels::DatatroveMinhash::Hash::xxhash32},
    std::pair{std::string_view("sha1_64"), kernels::DatatroveMinhash::Hash::sha1_64},
    std::pair{std::string_view("sha1_32"), kernels::DatatroveMinhash::Hash::sha1_32},
};

}  // namespace

constinit const Spec DedupMinhash::spec_{
    .name = "dedup.minhash",
    .version = 2,
    .kind = Kind::global,
    .summary = "Keeps one of each cluster of nearly equal documents (MinHash with banding).",
    .reference =
        "Broder 1997; 14 bands of 8 over 5-word shingles as in FineWeb (Penedo et al. 2024); two documents of "
        "Jaccard similarity s meet with probability 1-(1-s^rows)^bands",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> DedupMinhash::make(const Options& given) {
  Settings settings{
      .ngram = static_cast<std::size_t>(given.integer("ngram")),
      .bands = static_cast<std::size_t>(given.integer("bands")),
      .rows = static_cast<std::size_t>(given.integer("rows")),
      .unit = given.string("unit") == "char" ? kernels::ShingleUnit::character : kernels::ShingleUnit::word,
      .seed = static_cast<std::uint64_t>(given.integer("seed")),
      .keeps_oldest = given.string("keep") != "newest",
      .is_of_prompt = given.string("of") == "prompt",
  };
  if (settings.bands * settings.rows > functions_max) {
    return invalid_argument(fmt::format("dedup.minhash: bands x rows = {} is out of range, allowed 1..{}",
                                        settings.bands * settings.rows, functions_max));
  }
  if (given.string("scheme") == "datatrove") {
    if (settings.unit != kernels::ShingleUnit::word)
      return invalid_argument("dedup.minhash: scheme datatrove has words only: leave unit at word");
    if (settings.seed > UINT32_MAX) {
      return invalid_argument(
          fmt::format("dedup.minhash: scheme datatrove takes a seed in 0..{}, got {}", UINT32_MAX, settings.seed));
    }
    const auto* const hash = std::ranges::find(datatrove_hashes, given.string("hash"),
                                               [](const auto& entry) { return entry.first; });
    if (hash != datatrove_hashes.end()) settings.datatrove_hash = hash->second;
    settings.keeps_root = given.string("keep") == "auto";
  }
  if (given.string("scheme") != "datatrove" && given.string("hash") != datatrove_hashes[0].first)
    return invalid_argument("dedup.minhash: hash is a parameter of scheme datatrove only");
  return std::make_unique<DedupMinhash>(settings);
}

DedupMinhash::DedupMinhash(const Settings& settings)
    : settings_(settings), hash_(settings.bands * settings.rows, settings.seed) {
  if (!settings.datatrove_hash) return;
  datatrove_.emplace(kernels::DatatroveMinhash::Settings{.ngram = settings.ngram,
                                                         .functions = settings.bands * settings.rows,
                                                         .seed = static_cast<std::uint32_t>(settings.seed),
                                                         .hash = *settings.datatrove_hash});
}

std::unique_ptr<Scratch> DedupMinhash::make_scratch() const {
  if (datatrove_) return std::make_unique<DatatroveScratch>();
  return std::make_unique<SignatureScratch>(settings_.ngram, settings_.unit);
}

void DedupMinhash::keys(const data::Document& document, Scratch& scratch, std::vector<Hash128>& out) const {
  auto& buffers = static_cast<PromptScratch&>(scratch);
  buffers.prompt.clear();
  if (settings_.is_of_prompt) append_prompt(document, buffers.reader, buffers.prompt);
  const auto text = settings_.is_of_prompt ? std::string_view(buffers.prompt) : document.text;
  if (datatrove_) return datatrove_keys(text, scratch, out);
  own_keys(text, scratch, out);
}

void DedupMinhash::own_keys(std::string_view text, Scratch& scratch, std::vector<Hash128>& out) const {
  auto& shingler = static_cast<SignatureScratch&>(scratch).shingler;
  auto& minima = static_cast<SignatureScratch&>(scratch).minima;
  shingler.start(text);
  auto shingles = shingler.next();
  if (shingles.empty()) return;
  hash_.start(minima);
  for (; !shingles.empty(); shingles = shingler.next()) hash_.update(shingles, minima);
  const std::span<const std::uint32_t> all(minima);
  for (std::uint32_t band = 0; band < settings_.bands; ++band) {
    out.push_back(kernels::band_key(band, all.subspan(band * settings_.rows, settings_.rows)));
  }
}

void DedupMinhash::datatrove_keys(std::string_view text, Scratch& scratch, std::vector<Hash128>& out) const {
  const auto minima = datatrove_->signature(text, static_cast<DatatroveScratch&>(scratch).buffers);
  for (std::uint32_t band = 0; !minima.empty() && band < settings_.bands; ++band) {
    const auto of_band = minima.subspan(band * settings_.rows, settings_.rows);
    if (settings_.keeps_root) {
      append_ordered_key(band, of_band, out);
    } else {
      out.push_back(kernels::band_key(band, of_band));
    }
  }
}

void DedupMinhash::append_ordered_key(std::uint64_t band, std::span<const std::uint64_t> minima,
                                      std::vector<Hash128>& out) const {
  const auto first = out.size();
  out.resize(first + key_values());
  out[first] = {.high = (band * place_count / settings_.bands + place_of(minima[0])) << (64 - place_bits),
                .low = minima[0]};
  for (std::size_t i = 1; i < minima.size(); ++i) {
    auto& value = out[first + (i + 1) / 2];
    (i % 2 == 1 ? value.high : value.low) = minima[i];
  }
}

std::size_t DedupMinhash::key_values() const { return settings_.keeps_root ? settings_.rows / 2 + 1 : 1; }

std::uint64_t DedupMinhash::place_of(std::uint64_t minimum) const {
  // The least of n hashes is about 2^bits / n: its logarithm spreads evenly enough, in quarters of a power of two.
  const auto magnitude = [](std::uint64_t value) {
    const auto width = static_cast<std::uint64_t>(std::bit_width(value | 4));
    return width * 4 + ((value >> (width - 3)) & 3);
  };
  const auto below = magnitude(hash_limit()) - std::min(magnitude(minimum), magnitude(hash_limit()));
  const auto places = place_count / settings_.bands;
  return places - 1 - std::min<std::uint64_t>(below, places - 1);
}

std::uint64_t DedupMinhash::hash_limit() const {
  using Hash = kernels::DatatroveMinhash::Hash;
  const bool is_short = settings_.datatrove_hash == Hash::xxhash32 || settings_.datatrove_hash == Hash::sha1_32;
  return is_short ? UINT32_MAX : (std::uint64_t{1} << 61) - 1;
}

std::string_view DedupMinhash::duplicate_reason() const { return near_duplicate; }

}  // namespace gristmill::ops
