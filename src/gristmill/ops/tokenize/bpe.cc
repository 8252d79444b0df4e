// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/tokenize/bpe.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>

#include "gristmill/base/hash.h"
#include "gristmill/kernels/tokenizer_file.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view special_token = "bpe.special_token";
constexpr std::string_view untokenizable = "bpe.untokenizable";
constexpr std::array reasons{special_token, untokenizable};
constexpr std::array options{
    OptionSpec{.name = "tokenizer",
               .type = OptionType::file,
               .help = "A Hugging Face tokenizer.json with byte-level BPE, or a tiktoken rank file"},
    OptionSpec{
        .name = "pattern",
        .type = OptionType::string,
        .fallback = "\"auto\"",
        .choices = "auto,gpt2,cl100k,llama3,qwen2,o200k",
        .help = "How a rank file's text is cut before merging; auto goes by the number of ranks. A tokenizer.json "
                "has its own"},
    OptionSpec{.name = "append_eos",
               .type = OptionType::boolean,
               .fallback = "true",
               .help = "Put the end token behind each document"},
    OptionSpec{.name = "eos_token",
               .type = OptionType::string,
               .fallback = "\"\"",
               .help = "End token, by its text or id; empty: the tokenizer's <|endoftext|> or another usual name"},
    OptionSpec{.name = "add_bos",
               .type = OptionType::boolean,
               .fallback = "false",
               .help = "Put the begin token before each document"},
    OptionSpec{
        .name = "bos_token",
        .type = OptionType::string,
        .fallback = "\"\"",
        .help = "Begin token, by its text or id; empty: the tokenizer's <|begin_of_text|> or another usual name"},
    OptionSpec{.name = "special_tokens",
               .type = OptionType::string,
               .fallback = "\"text\"",
               .choices = "text,allow,quarantine",
               .help = "A document that spells a special token: text encodes it as plain text, allow as the token, "
                       "quarantine keeps the document out"},
    OptionSpec{.name = "allowed_special",
               .type = OptionType::string_list,
               .fallback = "[]",
               .help = "Special tokens, by their text, that become the token wherever they are spelt; special_tokens "
                       "is then about all others. With quarantine this is tiktoken's allowed_special, with text its "
                       "allowed_special and disallowed_special=()"},
};
constexpr std::array columns_out{
    ColumnSpec{.name = "token_count",
               .type = data::ColumnType::int64,
               .help = "Token ids of the document, begin and end token counted"},
};

struct BpeScratch final : Scratch {
  kernels::TokenizerScratch tokenizer;
  std::vector<std::uint32_t> ids;
};

// The buffer of a giant document is given back, not kept for ever.
constexpr std::size_t kept_ids_max = std::size_t{1} << 20;

Result<std::uint32_t> resolve_token(const kernels::Tokenizer& tokenizer, std::string_view name,
                                    std::string_view option) {
  if (const auto id = tokenizer.id_of(name)) return *id;
  std::uint32_t id = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), id);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == name.data() + name.size();
  if (is_number && id < tokenizer.vocabulary_size()) return id;
  return invalid_argument(fmt::format("{} = '{}' is neither a token of the tokenizer nor an id below {}", option, name,
                                      tokenizer.vocabulary_size()));
}

SpecialPolicy read_policy(std::string_view word) {
  if (word == "allow") return SpecialPolicy::allow;
  return word == "quarantine" ? SpecialPolicy::quarantine : SpecialPolicy::text;
}

}  // namespace

constinit const Spec TokenizeBpe::spec_{
    .name = "tokenize.bpe",
    .version = 1,
    .kind = Kind::map,
    .summary = "Turns text into the token ids of a byte-level BPE tokenizer, exact to the id.",
    .reference = "Sennrich et al. 2016 (arXiv:1508.07909); byte-level as in GPT-2 (Radford et al. 2019)",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> TokenizeBpe::make(const Options& given) {
  const auto* bytes = given.file("tokenizer");
  if (bytes == nullptr) return invalid_argument("tokenize.bpe: tokenizer must name a file");
  const auto pattern = kernels::pattern_of_name(given.string("pattern"));
  auto tokenizer = kernels::load_tokenizer(*bytes, pattern);
  if (!tokenizer)
    return std::move(tokenizer).error().within(fmt::format("loading tokenizer {}", given.string("tokenizer")));
  auto made = std::unique_ptr<TokenizeBpe>(new TokenizeBpe());
  made->tokenizer_ = *std::move(tokenizer);
  made->tokenizer_digest_ = sha256_hex(*bytes);
  made->policy_ = read_policy(given.string("special_tokens"));
  if (auto allowed = made->tokenizer_->allow_special(given.strings("allowed_special")); !allowed)
    return std::move(allowed).error().within("tokenize.bpe: allowed_special");
  if (made->policy_ == SpecialPolicy::allow) GRISTMILL_RETURN_IF_ERROR(made->tokenizer_->can_match_special());
  GRISTMILL_RETURN_IF_ERROR(made->read_ends(given));
  return std::unique_ptr<Operator>(std::move(made));
}

Status TokenizeBpe::read_ends(const Options& given) {
  if (given.boolean("append_eos")) {
    const auto& name = given.string("eos_token");
    if (name.empty()) {
      end_id_ = tokenizer_->end_token();
      if (!end_id_) {
        return invalid_argument("the tokenizer has no end token of a usual name: set eos_token, or append_eos: false");
      }
    } else {
      GRISTMILL_TRY(end_id_, resolve_token(*tokenizer_, name, "eos_token"));
    }
  }
  if (given.boolean("add_bos")) {
    const auto& name = given.string("bos_token");
    if (name.empty()) {
      begin_id_ = tokenizer_->begin_token();
      if (!begin_id_) {
        return invalid_argument("the tokenizer has no begin token of a usual name: set bos_token, or add_bos: false");
      }
    } else {
      GRISTMILL_TRY(begin_id_, resolve_token(*tokenizer_, name, "bos_token"));
    }
  }
  return {};
}

std::unique_ptr<Scratch> TokenizeBpe::make_scratch() const { return std::make_unique<BpeScratch>(); }

Verdict TokenizeBpe::apply(data::Document& document, Scratch& given) const {
  auto& scratch = static_cast<BpeScratch&>(given);
  if (policy_ == SpecialPolicy::quarantine) {
    if (const auto at = tokenizer_->find_special(document.text)) {
      return Verdict::quarantined(special_token, fmt::format("the text spells a special token at byte {}", *at));
    }
  }
  scratch.ids.clear();
  if (begin_id_) scratch.ids.push_back(*begin_id_);
  const auto special = policy_ == SpecialPolicy::allow ? kernels::SpecialText::control : kernels::SpecialText::plain;
  const auto encoded = tokenizer_->encode(document.text, special, scratch.tokenizer, scratch.ids);
  if (!encoded) return Verdict::quarantined(untokenizable, encoded.error().message);
  if (end_id_) scratch.ids.push_back(*end_id_);
  document.tokens = scratch.arena->copy_ids(scratch.ids);
  document.columns[scratch.columns_out[0]] = static_cast<std::int64_t>(scratch.ids.size());
  if (scratch.ids.capacity() > kept_ids_max) scratch.ids = {};
  return Verdict::kept();
}

}  // namespace gristmill::ops
