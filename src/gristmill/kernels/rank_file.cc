// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/rank_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

namespace gristmill::kernels {
namespace {

/// A published vocabulary: rank files carry neither pattern nor special tokens.
struct Published {
  std::size_t ranks;
  Pattern pattern;
  std::string_view end_token;
  std::uint32_t end_id;
  std::string_view begin_token;
  std::uint32_t begin_id;
};

constexpr std::array<Published, 6> published{{
    {50256, Pattern::gpt2, "<|endoftext|>", 50256, "", 0},
    {50280, Pattern::gpt2, "<|endoftext|>", 50256, "", 0},
    {100256, Pattern::cl100k, "<|endoftext|>", 100257, "", 0},
    {128000, Pattern::llama3, "<|end_of_text|>", 128001, "<|begin_of_text|>", 128000},
    {151643, Pattern::qwen2, "<|endoftext|>", 151643, "", 0},
    {199998, Pattern::o200k, "<|endoftext|>", 199999, "", 0},
}};

constexpr std::size_t token_bytes_max = 4096;

/// Appends the bytes of one base64 word (RFC 4648, padded); false when it is none.
bool append_base64(std::string_view word, std::string& out) {
  if (word.empty() || word.size() % 4 != 0) return false;
  const std::size_t padding = word.ends_with("==") ? 2 : word.ends_with('=') ? 1 : 0;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const bool is_padding = i >= word.size() - padding;
    const auto value = is_padding ? 0 : alphabet.find(word[i]);
    if (value == std::string_view::npos) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) out += static_cast<char>(bits >> shift & 0xFF);
    bits = 0;
  }
  out.resize(out.size() - padding);
  return true;
}

/// Reads "base64 rank".
Result<std::uint32_t> parse_line(std::string_view line, std::string& token) {
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos) return corrupt_data("expected a base64 token, a blank and its rank");
  token.clear();
  if (!append_base64(line.substr(0, blank), token) || token.empty()) return corrupt_data("the token is not base64");
  if (token.size() > token_bytes_max)
    return limit_exceeded(fmt::format("token of {} bytes, at most {}", token.size(), token_bytes_max));
  const auto number = line.substr(blank + 1);
  std::uint32_t rank = 0;
  const auto end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, rank);
  if (parsed.ec != std::errc() || parsed.ptr != end) return corrupt_data("the rank is not a number");
  if (rank >= BpeModel::tokens_max)
    return limit_exceeded(fmt::format("rank {} is above the supported {}", rank, BpeModel::tokens_max - 1));
  return rank;
}

Result<std::vector<std::string>> parse_lines(std::string_view bytes) {
  std::vector<std::string> tokens;
  std::string token;
  std::size_t line_number = 0;
  while (!bytes.empty()) {
    ++line_number;
    const auto newline = bytes.find('\n');
    auto line = bytes.substr(0, newline);
    bytes.remove_prefix(newline == std::string_view::npos ? bytes.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    auto rank = parse_line(line, token);
    if (!rank) return std::move(rank).error().within(fmt::format("rank file, line {}", line_number));
    if (*rank >= tokens.size()) tokens.resize(std::size_t{*rank} + 1);
    if (!tokens[*rank].empty())
      return corrupt_data(fmt::format("rank file, line {}: rank {} was given before", line_number, *rank));
    tokens[*rank] = token;
  }
  return tokens;
}

/// All pairs of tokens that join to a token, by rank of the result.
Result<std::vector<BpeMerge>> derive_merges(const std::vector<std::string>& tokens) {
  std::unordered_map<std::string_view, std::uint32_t> ids;
  ids.reserve(tokens.size());
  for (std::uint32_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty()) ids.emplace(tokens[id], id);
  }
  std::vector<BpeMerge> merges;
  for (std::uint32_t id = 0; id < tokens.size(); ++id) {
    const std::string_view token = tokens[id];
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      const auto left = ids.find(token.substr(0, cut));
      if (left == ids.end()) continue;
      const auto right = ids.find(token.substr(cut));
      if (right == ids.end()) continue;
      merges.push_back({left->second, right->second, id, id});
    }
    if (merges.size() > BpeModel::merges_max)
      return limit_exceeded("the rank file allows more pairs than are supported");
  }
  return merges;
}

}  // namespace

Result<TokenizerParts> parse_rank_file(std::string_view bytes, std::optional<Pattern> pattern) {
  GRISTMILL_TRY(auto tokens, parse_lines(bytes));
  const auto count = static_cast<std::size_t>(
      std::ranges::count_if(tokens, [](const auto& token) { return !token.empty(); }));
  const auto known = std::ranges::find(published, count, &Published::ranks);
  if (!pattern && known == published.end()) {
    return invalid_argument(fmt::format(
        "a rank file names no pattern and {} ranks are no known vocabulary: set the option 'pattern'", count));
  }
  const auto chosen = pattern.value_or(known == published.end() ? Pattern::gpt2 : known->pattern);
  BpeVocabulary vocabulary;
  GRISTMILL_TRY(vocabulary.merges, derive_merges(tokens));
  vocabulary.tokens = std::move(tokens);
  vocabulary.whole_pieces_first = true;
  GRISTMILL_TRY(auto model, BpeModel::build(std::move(vocabulary)));
  TokenizerParts parts{.model = std::move(model), .stages = {}, .added = {}, .description = {}};
  parts.stages.push_back(Pretokenizer::for_pattern(chosen));
  // The special tokens belong to the vocabulary and its own pattern; with another pattern it is somebody else's.
  if (known != published.end() && known->pattern == chosen) {
    parts.added.push_back({.content = std::string(known->end_token), .id = known->end_id, .is_special = true});
    if (!known->begin_token.empty()) {
      parts.added.push_back({.content = std::string(known->begin_token), .id = known->begin_id, .is_special = true});
    }
  }
  parts.description = fmt::format("tiktoken rank file, {} ranks, pattern {}{}", count, to_string(chosen),
                                  pattern ? "" : " (guessed from the number of ranks)");
  return parts;
}

}  // namespace gristmill::kernels
