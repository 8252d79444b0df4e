// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/kernels/bpe.h"
#include "gristmill/kernels/pretokenizer.h"

namespace gristmill::kernels {

/// A token that is matched in the text as it stands, before anything is cut or merged.
struct AddedToken {
  std::string content;
  std::uint32_t id = 0;
  bool is_special = false;     ///< Control token, such as the end of a document.
  bool is_normalized = false;  ///< Matched after Unicode normalization, not before.
  bool has_conditions = false; ///< Wants blanks around it stripped or whole words only: we do not match such tokens.
};

/// What happens to text that spells a special token.
enum class SpecialText {
  plain,    ///< It is text like any other: nobody can forge a control token.
  control,  ///< It becomes the special token.
};

/// Everything of a tokenizer file that decides ids.
struct TokenizerParts {
  BpeModel model;
  std::vector<std::unique_ptr<Pretokenizer>> stages;  ///< Each cuts the pieces of the one before.
  std::vector<AddedToken> added;
  bool normalizes_nfc = false;
  bool adds_prefix_space = false;
  std::string description;  ///< For people: kind of file, pattern, sizes.
};

/// Finds added tokens in a text: the leftmost, and of those that begin there the longest.
class AddedTokenFinder {
 public:
  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint32_t id = 0;
    bool is_special = false;
  };
  void add(const AddedToken& token);
  [[nodiscard]] bool is_empty(bool with_special) const { return with_special ? nodes_.size() == 1 : !has_plain_; }
  [[nodiscard]] std::optional<Match> find(std::string_view text, std::size_t from, bool with_special) const;

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::uint32_t>> children;
    std::uint32_t id = UINT32_MAX;
    bool is_special = false;
  };
  [[nodiscard]] std::optional<Match> match_at(std::string_view text, std::size_t at, bool with_special) const;

  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::array<bool, 256> begins_{};
  bool has_plain_ = false;
};

/// The bytes of a text that a token stands for: [begin, end).
struct TokenSpan {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const TokenSpan&) const = default;
};

/// Bytes to characters: a span covers every character of which it holds a part. `spans` begin in ascending order.
void to_characters(std::string_view text, std::span<TokenSpan> spans);

/// Working memory of one thread for one tokenizer.
struct TokenizerScratch {
  BpeScratch bpe;
  std::string normalized;
  std::string prefixed;
};

/// Text to token ids and back, exact to the id. Immutable; threads share it.
class Tokenizer {
 public:
  static constexpr std::size_t text_bytes_max = std::size_t{1} << 31;

  explicit Tokenizer(TokenizerParts parts);

  /// From now on text that spells one of these special tokens becomes it, whatever a call says of special tokens, and
  /// `find_special` passes over it. Errors: not a special token, or one with conditions that we do not match. Call it
  /// before threads share the tokenizer.
  Status allow_special(std::span<const std::string> tokens);

  /// Appends the ids of `text` (well-formed UTF-8); adds no begin or end token. Errors: a text over `text_bytes_max`,
  /// or one on which an unknown Split expression gives up.
  Status encode(std::string_view text, SpecialText special, TokenizerScratch& scratch,
                std::vector<std::uint32_t>& out) const;
  /// The same, and for each id the bytes of the text that it stands for. A token may stand for a part of a character.
  /// Where normalization changes the text, each token of what changes together stands for all of it; a token that is
  /// only the blank that some tokenizers put in front goes with the first character. Slower than `encode`.
  Status encode_spans(std::string_view text, SpecialText special, TokenizerScratch& scratch,
                      std::vector<std::uint32_t>& ids, std::vector<TokenSpan>& spans) const;
  /// Bytes of the ids joined; unknown ids give nothing. Not always valid UTF-8: a cut may fall inside a character.
  [[nodiscard]] std::string decode(std::span<const std::uint32_t> ids) const;

  /// Where the text first spells a special token.
  [[nodiscard]] std::optional<std::size_t> find_special(std::string_view text) const;
  /// Refuses SpecialText::control when a special token has conditions that we do not match.
  [[nodiscard]] Status can_match_special() const;
  /// Id of a token by its text (added tokens first).
  [[nodiscard]] std::optional<std::uint32_t> id_of(std::string_view token) const;
  /// The token that ends a document: the first known name of one that the tokenizer has.
  [[nodiscard]] std::optional<std::uint32_t> end_token() const;
  /// The token that begins a document, likewise.
  [[nodiscard]] std::optional<std::uint32_t> begin_token() const;
  /// Highest id + 1, added tokens counted.
  [[nodiscard]] std::size_t vocabulary_size() const { return vocabulary_size_; }
  [[nodiscard]] const std::string& description() const { return parts_.description; }

 private:
  void index_added();
  Status encode_normalized(std::string_view text, SpecialText special, TokenizerScratch& scratch,
                           std::vector<std::uint32_t>& out) const;
  Status encode_gap(std::string_view text, TokenizerScratch& scratch, std::vector<std::uint32_t>& out) const;
  Status encode_stage(std::string_view text, std::size_t stage, BpeScratch& scratch,
                      std::vector<std::uint32_t>& out) const;

  TokenizerParts parts_;
  AddedTokenFinder raw_finder_;
  AddedTokenFinder normalized_finder_;
  std::size_t vocabulary_size_ = 0;
};

}  // namespace gristmill::kernels
