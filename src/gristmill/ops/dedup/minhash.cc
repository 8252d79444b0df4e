// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/dedup/minhash.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "gristmill/ops/chat/conversation.h"

namespace gristmill::ops {
namespace {

constexpr std::size_t functions_max = 4096;
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
               .fallback = "\"oldest\"",
               .choices = "oldest,newest",
               .help = "Which of a cluster stays: the first or the last in input order"},
    OptionSpec{.name = "seed",
               .type = OptionType::integer,
               .fallback = "1",
               .minimum = 0,
               .help = "Seed of the hash functions"},
};

/// Buffers of one thread.
struct SignatureScratch final : Scratch {
  SignatureScratch(std::size_t ngram, kernels::ShingleUnit unit) : shingler(ngram, unit) {}
  kernels::Shingler shingler;
  std::vector<std::uint32_t> minima;
  std::string prompt;
  ConversationReader reader;
};

}  // namespace

constinit const Spec DedupMinhash::spec_{
    .name = "dedup.minhash",
    .version = 1,
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
  const Settings settings{
      .ngram = static_cast<std::size_t>(given.integer("ngram")),
      .bands = static_cast<std::size_t>(given.integer("bands")),
      .rows = static_cast<std::size_t>(given.integer("rows")),
      .unit = given.string("unit") == "char" ? kernels::ShingleUnit::character : kernels::ShingleUnit::word,
      .seed = static_cast<std::uint64_t>(given.integer("seed")),
      .keeps_oldest = given.string("keep") == "oldest",
      .is_of_prompt = given.string("of") == "prompt",
  };
  if (settings.bands * settings.rows > functions_max) {
    return invalid_argument(fmt::format("dedup.minhash: bands x rows = {} is out of range, allowed 1..{}",
                                        settings.bands * settings.rows, functions_max));
  }
  return std::make_unique<DedupMinhash>(settings);
}

DedupMinhash::DedupMinhash(const Settings& settings)
    : settings_(settings), hash_(settings.bands * settings.rows, settings.seed) {}

std::unique_ptr<Scratch> DedupMinhash::make_scratch() const {
  return std::make_unique<SignatureScratch>(settings_.ngram, settings_.unit);
}

void DedupMinhash::keys(const data::Document& document, Scratch& scratch, std::vector<Hash128>& out) const {
  auto& buffers = static_cast<SignatureScratch&>(scratch);
  buffers.prompt.clear();
  if (settings_.is_of_prompt) append_prompt(document, buffers.reader, buffers.prompt);
  buffers.shingler.start(settings_.is_of_prompt ? std::string_view(buffers.prompt) : document.text);
  auto shingles = buffers.shingler.next();
  if (shingles.empty()) return;
  hash_.start(buffers.minima);
  for (; !shingles.empty(); shingles = buffers.shingler.next()) hash_.update(shingles, buffers.minima);
  const std::span<const std::uint32_t> minima(buffers.minima);
  for (std::uint32_t band = 0; band < settings_.bands; ++band) {
    out.push_back(kernels::band_key(band, minima.subspan(band * settings_.rows, settings_.rows)));
  }
}

std::string_view DedupMinhash::duplicate_reason() const { return near_duplicate; }

}  // namespace gristmill::ops
