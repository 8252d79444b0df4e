// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/kernels/added_tokens.h"
#include "gristmill/kernels/compose.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t pieces_at_once = 1024;
// A normalized copy of a giant text is given back, not kept for ever.
constexpr std::size_t kept_copy_bytes_max = std::size_t{4} << 20;

// Names under which published tokenizers have these tokens.
constexpr std::array<std::string_view, 6> end_names{"<|endoftext|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>",
                                                    "</s>",          "<eos>",           "<|eos|>"};
constexpr std::array<std::string_view, 6> begin_names{
    "<|begin_of_text|>", "<｜begin▁of▁sentence｜>", "<|startoftext|>", "<s>", "<bos>", "<|bos|>"};

Error unmatched_conditions(const AddedToken& token) {
  return invalid_argument(
      fmt::format("special token '{}' has single_word, lstrip or rstrip set, which is not supported where "
                  "special tokens are matched in the text",
                  token.content));
}

}  // namespace

void AddedTokenFinder::add(const AddedToken& token) {
  if (token.content.empty()) return;
  begins_[static_cast<unsigned char>(token.content[0])] = true;
  std::uint32_t at = 0;
  for (const char c : token.content) {
    const auto byte = static_cast<unsigned char>(c);
    const auto& children = nodes_[at].children;
    const auto found = std::ranges::find(children, byte, [](const auto& child) { return child.first; });
    if (found != children.end()) {
      at = found->second;
      continue;
    }
    const auto child = static_cast<std::uint32_t>(nodes_.size());
    nodes_[at].children.emplace_back(byte, child);
    nodes_.emplace_back();
    at = child;
  }
  nodes_[at].id = token.id;
  nodes_[at].is_special = token.is_special;
  has_plain_ |= !token.is_special;
}

std::optional<AddedTokenFinder::Match> AddedTokenFinder::match_at(std::string_view text, std::size_t at,
                                                                  bool with_special) const {
  std::optional<Match> best;
  const Node* node = &nodes_[0];
  for (std::size_t i = at; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto found = std::ranges::find(node->children, byte, [](const auto& child) { return child.first; });
    if (found == node->children.end()) break;
    node = &nodes_[found->second];
    if (node->id != UINT32_MAX && (with_special || !node->is_special))
      best = Match{at, i + 1, node->id, node->is_special};
  }
  return best;
}

std::optional<AddedTokenFinder::Match> AddedTokenFinder::find(std::string_view text, std::size_t from,
                                                              bool with_special) const {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!begins_[static_cast<unsigned char>(text[at])]) continue;
    if (const auto match = match_at(text, at, with_special)) return match;
  }
  return std::nullopt;
}

Tokenizer::Tokenizer(TokenizerParts parts) : parts_(std::move(parts)), vocabulary_size_(parts_.model.size()) {
  for (const auto& token : parts_.added)
    vocabulary_size_ = std::max<std::size_t>(vocabulary_size_, std::size_t{token.id} + 1);
  index_added();
}

void Tokenizer::index_added() {
  raw_finder_ = {};
  normalized_finder_ = {};
  for (const auto& token : parts_.added) (token.is_normalized ? normalized_finder_ : raw_finder_).add(token);
}

Status Tokenizer::allow_special(std::span<const std::string> tokens) {
  for (const auto& name : tokens) {
    const auto found = std::ranges::find(parts_.added, name, &AddedToken::content);
    if (found == parts_.added.end() || !found->is_special)
      return invalid_argument(fmt::format("'{}' is not a special token of the tokenizer", name));
    if (found->has_conditions) return unmatched_conditions(*found);
  }
  for (auto& token : parts_.added) {
    // One that is allowed is matched as any other added token.
    if (std::ranges::find(tokens, token.content) != tokens.end()) token.is_special = false;
  }
  index_added();
  return {};
}

Status Tokenizer::encode(std::string_view text, SpecialText special, TokenizerScratch& scratch,
                         std::vector<std::uint32_t>& out) const {
  if (text.size() > text_bytes_max) {
    return limit_exceeded(fmt::format("text of {} bytes, a tokenizer takes at most {}", text.size(), text_bytes_max));
  }
  // More than most texts need, so that growing seldom copies; what is not written costs no memory.
  if (out.capacity() - out.size() < text.size() / 3)
    out.reserve(std::max(out.capacity() * 2, out.size() + text.size() / 2));
  const auto token = [&](const AddedTokenFinder::Match& match) { out.push_back(match.id); };
  const auto gap_of_raw = [&](std::string_view gap) -> Status {
    if (!parts_.normalizes_nfc || is_surely_composed(gap)) return encode_normalized(gap, special, scratch, out);
    scratch.normalized.clear();
    GRISTMILL_RETURN_IF_ERROR(append_composed(gap, scratch.normalized));
    auto status = encode_normalized(scratch.normalized, special, scratch, out);
    if (scratch.normalized.capacity() > kept_copy_bytes_max) scratch.normalized = {};
    return status;
  };
  return between_added(raw_finder_, text, special == SpecialText::control, token, gap_of_raw);
}

Status Tokenizer::encode_normalized(std::string_view text, SpecialText special, TokenizerScratch& scratch,
                                    std::vector<std::uint32_t>& out) const {
  return between_added(
      normalized_finder_, text, special == SpecialText::control,
      [&](const AddedTokenFinder::Match& match) { out.push_back(match.id); },
      [&](std::string_view gap) { return encode_gap(gap, scratch, out); });
}

Status Tokenizer::encode_gap(std::string_view text, TokenizerScratch& scratch, std::vector<std::uint32_t>& out) const {
  if (!parts_.adds_prefix_space || text.starts_with(' ')) return encode_stage(text, 0, scratch.bpe, out);
  scratch.prefixed.assign(1, ' ').append(text);
  auto status = encode_stage(scratch.prefixed, 0, scratch.bpe, out);
  if (scratch.prefixed.capacity() > kept_copy_bytes_max) scratch.prefixed = {};
  return status;
}

Status Tokenizer::encode_stage(std::string_view text, std::size_t stage, BpeScratch& scratch,
                               std::vector<std::uint32_t>& out) const {
  if (stage == parts_.stages.size()) {
    parts_.model.encode_piece(text, scratch, out);
    return {};
  }
  std::array<std::uint32_t, pieces_at_once> ends;
  const bool is_last = stage + 1 == parts_.stages.size();
  std::size_t position = 0;
  while (true) {
    auto begin = position;
    GRISTMILL_TRY(const auto count, parts_.stages[stage]->split(text, position, ends));
    if (count == 0) return {};
    if (is_last) {
      parts_.model.encode_pieces(text, begin, std::span(ends).first(count), scratch, out);
      continue;
    }
    for (std::size_t i = 0; i < count; begin = ends[i++]) {
      GRISTMILL_RETURN_IF_ERROR(encode_stage(text.substr(begin, ends[i] - begin), stage + 1, scratch, out));
    }
  }
}

std::string Tokenizer::decode(std::span<const std::uint32_t> ids) const {
  std::string bytes;
  for (const auto id : ids) {
    const auto added = std::ranges::find(parts_.added, id, &AddedToken::id);
    bytes += added != parts_.added.end() ? std::string_view(added->content) : parts_.model.token_bytes(id);
  }
  return bytes;
}

std::optional<std::size_t> Tokenizer::find_special(std::string_view text) const {
  std::optional<std::size_t> first;
  for (const auto* finder : {&raw_finder_, &normalized_finder_}) {
    std::optional<AddedTokenFinder::Match> match = finder->find(text, 0, true);
    while (match && !match->is_special) match = finder->find(text, match->end, true);
    if (match) first = std::min(first.value_or(match->begin), match->begin);
  }
  return first;
}

Status Tokenizer::can_match_special() const {
  const auto token = std::ranges::find_if(parts_.added,
                                          [](const auto& added) { return added.is_special && added.has_conditions; });
  if (token == parts_.added.end()) return {};
  return unmatched_conditions(*token);
}

std::optional<std::uint32_t> Tokenizer::id_of(std::string_view token) const {
  const auto added = std::ranges::find(parts_.added, token, &AddedToken::content);
  if (added != parts_.added.end()) return added->id;
  return parts_.model.find(token);
}

std::optional<std::uint32_t> Tokenizer::end_token() const {
  for (const auto name : end_names) {
    if (const auto id = id_of(name)) return id;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Tokenizer::begin_token() const {
  for (const auto name : begin_names) {
    if (const auto id = id_of(name)) return id;
  }
  return std::nullopt;
}

}  // namespace gristmill::kernels
