// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/language/identify.h"

#include <array>
#include <utility>

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
};
constexpr std::array columns{
    ColumnSpec{"language", data::ColumnType::string, "ISO 639-1 code, or the model's label; null when unknown"},
    ColumnSpec{"language_score", data::ColumnType::float64, "How sure that is, 0..1; 0 when unknown"},
};

struct ModelScratch final : Scratch {
  kernels::FasttextModel::Scratch model;
};

/// The first bytes of a text, cut between code points.
std::string_view head(std::string_view text, std::size_t bytes_max) {
  if (bytes_max == 0 || text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (text[bytes_max] & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace

constinit const Spec LanguageIdentify::spec_{
    .name = "language.identify",
    .version = 1,
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
  const auto* bytes = given.file("model");
  if (bytes == nullptr) return std::make_unique<LanguageIdentify>(nullptr, bytes_max);
  auto model = kernels::FasttextModel::load(*bytes);
  if (!model) return std::move(model).error().within("language.identify: reading " + given.string("model"));
  return std::make_unique<LanguageIdentify>(*std::move(model), bytes_max);
}

LanguageIdentify::LanguageIdentify(std::unique_ptr<const kernels::FasttextModel> model, std::size_t bytes_max) noexcept
    : model_(std::move(model)), bytes_max_(bytes_max) {}

std::unique_ptr<Scratch> LanguageIdentify::make_scratch() const { return std::make_unique<ModelScratch>(); }

Verdict LanguageIdentify::apply(data::Document& document, Scratch& scratch) const {
  const auto text = head(document.text, bytes_max_);
  std::string_view language;
  double score = 0;
  if (model_) {
    const auto prediction = model_->predict(text, static_cast<ModelScratch&>(scratch).model);
    language = prediction.label;
    score = static_cast<double>(prediction.score);
  } else {
    const auto guess = kernels::identify_language_cld2(text);
    language = guess.code;
    score = guess.score;
  }
  // Labels and codes outlive the batch: they belong to the model or the program.
  auto& cell = document.columns[scratch.columns_out[0]];
  cell = language.empty() ? data::Value() : data::Value(language);
  document.columns[scratch.columns_out[1]] = language.empty() ? 0.0 : score;
  return Verdict::kept();
}

}  // namespace gristmill::ops
