// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/language/identify.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/kernels/cld2_language.h"

namespace gristmill::ops {
namespace {

constexpr std::array options{
    OptionSpec{
        .name = "model",
        .type = OptionType::file,
        .fallback = "\"\"",
        .help = "fastText model, .bin or .ftz, whose labels are languages; empty for the built-in detector (CLD2)"},
    OptionSpec{.name = "bytes_max",
               .type = OptionType::integer,
               .fallback = "32768",
               .minimum = 0,
               .unit = "bytes",
               .help = "How much of the text is looked at, from its start; 0 for all of it"},
    OptionSpec{.name = "per",
               .type = OptionType::string,
               .fallback = "\"document\"",
               .choices = "document,paragraph",
               .help = "paragraph looks at each paragraph by itself (blank lines between; very short ones go with the "
                       "next): language is then the one with the most bytes, its score their mean"},
};
constexpr std::array columns{
    ColumnSpec{"language", data::ColumnType::string, "ISO 639-1 code, or the model's label; null when unknown"},
    ColumnSpec{"language_score", data::ColumnType::float64, "How sure that is, 0..1; 0 when unknown"},
    ColumnSpec{"language_paragraphs", data::ColumnType::string,
               "With per: paragraph, JSON: shares of the bytes by language (und: unknown), and a list of "
               "[language, score, bytes]; else null"},
};

// Shorter paragraphs (headings, list items) say too little by themselves.
constexpr std::size_t paragraph_bytes_min = 40;
constexpr std::string_view undetermined = "und";  // ISO 639-2

/// A language and how sure it is; empty when unknown.
struct Guess {
  std::string_view language;
  double score = 0;
};

/// What the paragraphs in one language come to.
struct Share {
  std::string_view language;
  std::size_t bytes = 0;
  double weighted_score = 0;
};

struct ModelScratch final : Scratch {
  kernels::FasttextModel::Scratch model;
  std::vector<std::string_view> paragraphs;
  std::vector<Share> shares;
};

bool is_line_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// Where the paragraph ends that begins at `begin`: behind the newlines of the next blank line, or at the text's end.
std::size_t paragraph_end(std::string_view text, std::size_t begin) {
  for (auto newline = text.find('\n', begin); newline != std::string_view::npos; newline = text.find('\n', newline)) {
    ++newline;
    auto after = newline;
    while (after < text.size() && is_line_blank(text[after])) ++after;
    if (after < text.size() && text[after] == '\n') return after + 1;
    newline = after;
  }
  return text.size();
}

/// Parts of the text that are judged by themselves, without gaps.
void split_paragraphs(std::string_view text, std::vector<std::string_view>& paragraphs) {
  paragraphs.clear();
  std::size_t begin = 0;
  for (std::size_t position = 0; position < text.size();) {
    position = paragraph_end(text, position);
    const bool is_too_short = position - begin < paragraph_bytes_min;
    if (is_too_short && position < text.size()) continue;
    if (is_too_short && !paragraphs.empty()) {
      begin = static_cast<std::size_t>(paragraphs.back().data() - text.data());
      paragraphs.pop_back();
    }
    paragraphs.push_back(text.substr(begin, position - begin));
    begin = position;
  }
}

double rounded(double value) { return std::round(value * 1e4) / 1e4; }

/// The first bytes of a text, cut between code points.
std::string_view head(std::string_view text, std::size_t bytes_max) {
  if (bytes_max == 0 || text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (text[bytes_max] & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace

constinit const Spec LanguageIdentify::spec_{
    .name = "language.identify",
    .version = 2,
    .kind = Kind::map,
    .summary = "Adds the language of the text and how sure that is.",
    .reference = "CLD2 (compact language detector 2), or a supervised fastText model (Joulin et al. 2016)",
    .options = options,
    .columns_in = {},
    .columns_out = columns,
    .reasons = {},
};

Result<std::unique_ptr<Operator>> LanguageIdentify::make(const Options& given) {
  const auto bytes_max = static_cast<std::size_t>(given.integer("bytes_max"));
  const bool is_per_paragraph = given.string("per") == "paragraph";
  const auto* bytes = given.file("model");
  if (bytes == nullptr) return std::make_unique<LanguageIdentify>(nullptr, bytes_max, is_per_paragraph);
  auto model = kernels::FasttextModel::load(*bytes);
  if (!model) return std::move(model).error().within("language.identify: reading " + given.string("model"));
  return std::make_unique<LanguageIdentify>(*std::move(model), bytes_max, is_per_paragraph);
}

LanguageIdentify::LanguageIdentify(std::unique_ptr<const kernels::FasttextModel> model, std::size_t bytes_max,
                                   bool is_per_paragraph) noexcept
    : model_(std::move(model)), bytes_max_(bytes_max), is_per_paragraph_(is_per_paragraph) {}

std::unique_ptr<Scratch> LanguageIdentify::make_scratch() const { return std::make_unique<ModelScratch>(); }

namespace {

Guess guess_of(const kernels::FasttextModel* model, std::string_view text, ModelScratch& scratch) {
  if (model == nullptr) {
    const auto guess = kernels::identify_language_cld2(text);
    return {guess.code, guess.score};
  }
  const auto prediction = model->predict(text, scratch.model);
  return {prediction.label, static_cast<double>(prediction.score)};
}

/// Judges each paragraph, writes them down as JSON and returns the language with the most bytes.
Guess judge_paragraphs(const kernels::FasttextModel* model, std::string_view text, ModelScratch& scratch,
                       std::string& json) {
  split_paragraphs(text, scratch.paragraphs);
  scratch.shares.clear();
  auto list = Json::array();
  for (const auto paragraph : scratch.paragraphs) {
    const auto guess = guess_of(model, paragraph, scratch);
    auto share = std::ranges::find(scratch.shares, guess.language, &Share::language);
    if (share == scratch.shares.end()) share = scratch.shares.insert(share, {guess.language, 0, 0});
    share->bytes += paragraph.size();
    share->weighted_score += guess.score * static_cast<double>(paragraph.size());
    auto row = Json::array();
    row.push(guess.language.empty() ? Json() : Json(std::string(guess.language)));
    row.push(rounded(guess.score));
    row.push(static_cast<std::int64_t>(paragraph.size()));
    list.push(std::move(row));
  }
  // Stable: of equals the one that comes first in the text.
  std::ranges::stable_sort(scratch.shares, std::ranges::greater(), &Share::bytes);
  auto shares = Json::object();
  Guess main;
  for (const auto& share : scratch.shares) {
    const auto bytes = static_cast<double>(share.bytes);
    shares.set(share.language.empty() ? undetermined : share.language,
               rounded(bytes / static_cast<double>(text.size())));
    if (main.language.empty()) main = {share.language, share.weighted_score / bytes};
  }
  auto whole = Json::object();
  whole.set("shares", std::move(shares));
  whole.set("paragraphs", std::move(list));
  json = whole.dump();
  return main;
}

}  // namespace

Verdict LanguageIdentify::apply(data::Document& document, Scratch& given) const {
  auto& scratch = static_cast<ModelScratch&>(given);
  const auto text = head(document.text, bytes_max_);
  auto& paragraphs = document.columns[scratch.columns_out[2]];
  paragraphs = data::Value();
  Guess guess;
  if (is_per_paragraph_) {
    std::string json;
    guess = judge_paragraphs(model_.get(), text, scratch, json);
    paragraphs = scratch.arena->copy(json);
  } else {
    guess = guess_of(model_.get(), text, scratch);
  }
  // Labels and codes outlive the batch: they belong to the model or the program.
  auto& cell = document.columns[scratch.columns_out[0]];
  cell = guess.language.empty() ? data::Value() : data::Value(guess.language);
  document.columns[scratch.columns_out[1]] = guess.language.empty() ? 0.0 : guess.score;
  return Verdict::kept();
}

}  // namespace gristmill::ops
