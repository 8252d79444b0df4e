// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/huggingface_tokenizer.h"

#include <fmt/format.h>

#include <array>
#include <unordered_map>

#include "gristmill/base/json.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t stages_max = 8;
constexpr std::size_t added_bytes_max = 4096;
constexpr std::size_t added_tokens_max = 100'000;

Error unsupported(std::string_view part, std::string_view what) {
  return invalid_argument(fmt::format("tokenizer.json: {}: {} is not supported", part, what));
}

/// The byte-level alphabet of GPT-2: printable Latin-1 characters stand for their own byte, the other bytes, in order,
/// for U+0100, U+0101, ...
class ByteAlphabet {
 public:
  ByteAlphabet() {
    bytes_.fill(-1);
    std::size_t next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool is_printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      bytes_[is_printable ? byte : next++] = static_cast<std::int16_t>(byte);
    }
  }
  /// Bytes that a token is written for, or empty when it holds another character.
  [[nodiscard]] std::string decode(std::string_view token) const {
    std::string bytes;
    for (std::size_t position = 0; position < token.size();) {
      const auto code_point = next_code_point(token, position);
      if (code_point >= bytes_.size() || bytes_[code_point] < 0) return {};
      bytes += static_cast<char>(bytes_[code_point]);
    }
    return bytes;
  }

 private:
  std::array<std::int16_t, 512> bytes_{};
};

Result<std::uint32_t> read_id(const Json& value, std::string_view part) {
  const auto id = value.as_int(-1);
  if (!value.is_int() || id < 0 || static_cast<std::uint64_t>(id) >= BpeModel::tokens_max) {
    return corrupt_data(fmt::format("tokenizer.json: {}: id must be a whole number in 0..{}, got {}", part,
                                    BpeModel::tokens_max - 1, value.dump().substr(0, 40)));
  }
  return static_cast<std::uint32_t>(id);
}

bool is_absent(const Json& value) { return value.is_null() || (value.is_string() && value.as_string().empty()); }

Status check_model(const Json& model) {
  if (!model.is_object()) return corrupt_data("tokenizer.json: model is missing");
  if (model.contains("type") && model["type"].as_string() != "BPE")
    return unsupported("model.type", model["type"].dump());
  if (model["byte_fallback"].as_bool())
    return unsupported("model.byte_fallback", "true (a SentencePiece vocabulary, not a byte-level one)");
  if (model["dropout"].as_double() != 0) return unsupported("model.dropout", "random merging");
  if (!is_absent(model["unk_token"])) return unsupported("model.unk_token", model["unk_token"].dump());
  for (const auto name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!is_absent(model[name])) return unsupported(fmt::format("model.{}", name), model[name].dump());
  }
  if (!model["vocab"].is_object()) return corrupt_data("tokenizer.json: model.vocab must be an object");
  if (!model["merges"].is_array()) return corrupt_data("tokenizer.json: model.merges must be a list");
  return {};
}

using IdByText = std::unordered_map<std::string_view, std::uint32_t>;

Result<IdByText> read_vocabulary(const Json& vocabulary, std::vector<std::string>& tokens) {
  const ByteAlphabet alphabet;
  IdByText ids;
  ids.reserve(vocabulary.size());
  std::vector<bool> is_taken;
  for (const auto& [text, value] : vocabulary.members()) {
    GRISTMILL_TRY(const auto id, read_id(value, "model.vocab"));
    if (id >= tokens.size()) {
      tokens.resize(std::size_t{id} + 1);
      is_taken.resize(std::size_t{id} + 1);
    }
    if (is_taken[id]) return corrupt_data(fmt::format("tokenizer.json: model.vocab: id {} is given twice", id));
    is_taken[id] = true;
    tokens[id] = alphabet.decode(text);
    ids.emplace(text, id);
  }
  return ids;
}

/// Both parts of a merge: "a b" in older files, ["a", "b"] in newer ones.
Result<std::pair<std::string_view, std::string_view>> merge_parts(const Json& merge) {
  if (merge.is_array() && merge.size() == 2) {
    return std::pair<std::string_view, std::string_view>(merge.items()[0].as_string(), merge.items()[1].as_string());
  }
  const std::string_view text = merge.as_string();
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos || text.find(' ', blank + 1) != std::string_view::npos) {
    return corrupt_data(fmt::format("expected two tokens, got {}", merge.dump().substr(0, 80)));
  }
  return std::pair(text.substr(0, blank), text.substr(blank + 1));
}

Result<BpeMerge> read_merge(const Json& merge, const IdByText& ids) {
  GRISTMILL_TRY(const auto parts, merge_parts(merge));
  const auto joined = std::string(parts.first).append(parts.second);
  std::array<std::uint32_t, 3> found{};
  const std::array<std::string_view, 3> texts{parts.first, parts.second, joined};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto id = ids.find(texts[i]);
    if (id == ids.end()) return corrupt_data(fmt::format("token '{}' is not in model.vocab", texts[i].substr(0, 80)));
    found[i] = id->second;
  }
  return BpeMerge{found[0], found[1], found[2], 0};
}

Result<BpeModel> read_model(const Json& model) {
  GRISTMILL_RETURN_IF_ERROR(check_model(model));
  BpeVocabulary vocabulary;
  vocabulary.whole_pieces_first = model["ignore_merges"].as_bool();
  GRISTMILL_TRY(const auto ids, read_vocabulary(model["vocab"], vocabulary.tokens));
  const auto& merges = model["merges"].items();
  vocabulary.merges.reserve(merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) {
    auto merge = read_merge(merges[i], ids);
    if (!merge) return std::move(merge).error().within(fmt::format("tokenizer.json: model.merges[{}]", i));
    merge->rank = static_cast<std::uint32_t>(i);
    vocabulary.merges.push_back(*merge);
  }
  return BpeModel::build(std::move(vocabulary));
}

/// Whether the normalizer is NFC; an error for any but NFC and none.
Result<bool> read_normalizer(const Json& normalizer) {
  if (normalizer.is_null()) return false;
  const auto& type = normalizer["type"].as_string();
  if (type == "NFC") return true;
  if (type != "Sequence") return unsupported("normalizer", fmt::format("'{}' (only NFC is)", type));
  bool is_composing = false;
  for (const auto& part : normalizer["normalizers"].items()) {
    if (part["type"].as_string() == "Sequence") return unsupported("normalizer", "a sequence in a sequence");
    GRISTMILL_TRY(const bool composes, read_normalizer(part));
    is_composing = is_composing || composes;
  }
  return is_composing;
}

std::string quoted_regex(std::string_view literal) {
  std::string regex;
  for (const char c : literal) {
    if (std::string_view("\\^$.[]|()?*+{}#-").find(c) != std::string_view::npos) regex += '\\';
    regex += c;
  }
  return regex;
}

Result<std::unique_ptr<Pretokenizer>> read_split(const Json& split) {
  const auto& pattern = split["pattern"];
  const auto regex = pattern.contains("Regex") ? pattern["Regex"].as_string()
                                               : quoted_regex(pattern["String"].as_string());
  if (regex.empty()) return corrupt_data("tokenizer.json: pre_tokenizer Split: pattern is missing");
  const auto& behavior = split["behavior"].as_string();
  const bool is_inverted = split["invert"].as_bool();
  // "Removed" inverted drops what the expression does not match: nothing, for the known ones.
  const bool keeps_matches_only = behavior == "Removed" && is_inverted && pattern_of_regex(regex);
  if (!keeps_matches_only && (behavior != "Isolated" || is_inverted)) {
    return unsupported("pre_tokenizer Split",
                       fmt::format("behavior {} with invert {}", split["behavior"].dump(), is_inverted));
  }
  auto stage = Pretokenizer::for_regex(regex);
  if (!stage) return std::move(stage).error().within("tokenizer.json: pre_tokenizer Split");
  return stage;
}

Status add_stage(const Json& part, TokenizerParts& parts, bool& has_byte_level) {
  const auto& type = part["type"].as_string();
  if (has_byte_level) return unsupported("pre_tokenizer", fmt::format("'{}' behind ByteLevel", type));
  if (parts.stages.size() >= stages_max)
    return unsupported("pre_tokenizer", fmt::format("a sequence of more than {}", stages_max));
  if (type == "Split") {
    GRISTMILL_TRY(auto stage, read_split(part));
    parts.stages.push_back(std::move(stage));
    return {};
  }
  if (type == "Digits") {
    parts.stages.push_back(Pretokenizer::for_digits(part["individual_digits"].as_bool()));
    return {};
  }
  if (type != "ByteLevel")
    return unsupported("pre_tokenizer", fmt::format("'{}' (only Split, Digits and ByteLevel are)", type));
  has_byte_level = true;
  parts.adds_prefix_space = part["add_prefix_space"].as_bool(true);
  if (parts.adds_prefix_space && !parts.stages.empty())
    return unsupported("pre_tokenizer ByteLevel", "add_prefix_space behind a Split");
  if (part["use_regex"].as_bool(true)) parts.stages.push_back(Pretokenizer::for_pattern(Pattern::gpt2));
  return {};
}

Status read_pretokenizer(const Json& pretokenizer, TokenizerParts& parts) {
  bool has_byte_level = false;
  if (pretokenizer["type"].as_string() == "Sequence") {
    for (const auto& part : pretokenizer["pretokenizers"].items())
      GRISTMILL_RETURN_IF_ERROR(add_stage(part, parts, has_byte_level));
  } else if (!pretokenizer.is_null()) {
    GRISTMILL_RETURN_IF_ERROR(add_stage(pretokenizer, parts, has_byte_level));
  }
  if (!has_byte_level) return unsupported("pre_tokenizer", "a vocabulary without ByteLevel");
  return {};
}

Result<std::vector<AddedToken>> read_added(const Json& list) {
  if (list.size() > added_tokens_max)
    return limit_exceeded(fmt::format("tokenizer.json: {} added tokens, at most {}", list.size(), added_tokens_max));
  std::vector<AddedToken> added;
  for (const auto& item : list.items()) {
    AddedToken token;
    GRISTMILL_TRY(token.id, read_id(item["id"], "added_tokens"));
    token.content = item["content"].as_string();
    if (token.content.empty() || token.content.size() > added_bytes_max) {
      return corrupt_data(
          fmt::format("tokenizer.json: added_tokens: token {} must have 1..{} bytes", token.id, added_bytes_max));
    }
    token.is_special = item["special"].as_bool();
    token.is_normalized = item["normalized"].as_bool(!token.is_special);
    token.has_conditions = item["single_word"].as_bool() || item["lstrip"].as_bool() || item["rstrip"].as_bool();
    if (token.has_conditions && !token.is_special) {
      return unsupported("added_tokens", fmt::format("single_word, lstrip or rstrip of '{}'", token.content));
    }
    added.push_back(std::move(token));
  }
  return added;
}

}  // namespace

Result<TokenizerParts> parse_huggingface_tokenizer(std::string_view json) {
  auto parsed = Json::parse(json);
  if (!parsed) return std::move(parsed).error().within("tokenizer.json");
  const auto& root = *parsed;
  GRISTMILL_TRY(const bool normalizes_nfc, read_normalizer(root["normalizer"]));
  GRISTMILL_TRY(auto model, read_model(root["model"]));
  TokenizerParts parts{
      .model = std::move(model), .stages = {}, .added = {}, .normalizes_nfc = normalizes_nfc, .description = {}};
  GRISTMILL_RETURN_IF_ERROR(read_pretokenizer(root["pre_tokenizer"], parts));
  GRISTMILL_TRY(parts.added, read_added(root["added_tokens"]));
  parts.description = fmt::format("tokenizer.json, {} ids, {} added tokens{}", parts.model.size(), parts.added.size(),
                                  normalizes_nfc ? ", NFC" : "");
  return parts;
}

}  // namespace gristmill::kernels
