// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/dedup/exact.h"

#include <array>
#include <string>

#include "gristmill/kernels/normal_text.h"
#include "gristmill/ops/chat/conversation.h"

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
               .help = "Which of the duplicates stays: the first or the last in input order"},
};

struct TextScratch final : Scratch {
  std::string normal;
  std::string prompt;
  ConversationReader reader;
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
  return std::make_unique<DedupExact>(normalize, given.string("keep") == "oldest", given.string("of") == "prompt");
}

std::unique_ptr<Scratch> DedupExact::make_scratch() const { return std::make_unique<TextScratch>(); }

void DedupExact::keys(const data::Document& document, Scratch& scratch, std::vector<Hash128>& out) const {
  auto& buffers = static_cast<TextScratch&>(scratch);
  auto text = document.text;
  if (is_of_prompt_) {
    buffers.prompt.clear();
    append_prompt(document, buffers.reader, buffers.prompt);
    if (buffers.prompt.empty()) return;
    text = buffers.prompt;
  }
  if (normalize_ == Normalize::none) {
    out.push_back(xxh3_128(text));
    return;
  }
  kernels::normal_text(text, normalize_ == Normalize::lowercase, buffers.normal);
  out.push_back(xxh3_128(buffers.normal));
}

std::string_view DedupExact::duplicate_reason() const { return duplicate; }

}  // namespace gristmill::ops
