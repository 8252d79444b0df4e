// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/dedup/exact.h"

#include <array>
#include <string>

#include "gristmill/kernels/normal_text.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view duplicate = "exact.duplicate";
constexpr std::array reasons{duplicate};
constexpr std::array options{
    OptionSpec{.name = "normalize",
               .type = OptionType::string,
               .fallback = "\"none\"",
               .choices = "none,whitespace,lowercase",
               .help = "What is made equal before comparing: nothing; runs of white space (one blank, none at the "
                       "ends); white space and case"},
    OptionSpec{.name = "keep",
               .type = OptionType::string,
               .fallback = "\"oldest\"",
               .choices = "oldest,newest",
               .help = "Which of the duplicates stays: the first or the last in input order"},
};

struct TextScratch final : Scratch {
  std::string normal;
};

}  // namespace

constinit const Spec DedupExact::spec_{
    .name = "dedup.exact",
    .version = 1,
    .kind = Kind::global,
    .summary = "Keeps one of all documents with the same text.",
    .reference = "XXH3-128 of the text; documents without any text are equal to each other",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> DedupExact::make(const Options& given) {
  const auto& name = given.string("normalize");
  const auto normalize = name == "lowercase"    ? Normalize::lowercase
                         : name == "whitespace" ? Normalize::whitespace
                                                : Normalize::none;
  return std::make_unique<DedupExact>(normalize, given.string("keep") == "oldest");
}

std::unique_ptr<Scratch> DedupExact::make_scratch() const { return std::make_unique<TextScratch>(); }

void DedupExact::keys(const data::Document& document, Scratch& scratch, std::vector<Hash128>& out) const {
  if (normalize_ == Normalize::none) {
    out.push_back(xxh3_128(document.text));
    return;
  }
  auto& normal = static_cast<TextScratch&>(scratch).normal;
  kernels::normal_text(document.text, normalize_ == Normalize::lowercase, normal);
  out.push_back(xxh3_128(normal));
}

std::string_view DedupExact::duplicate_reason() const { return duplicate; }

}  // namespace gristmill::ops
