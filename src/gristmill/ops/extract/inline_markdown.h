// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/ops/extract/blocks.h"

namespace gristmill::ops::extract {

/// How the text of one block is to be written.
struct InlineStyle {
  bool links = false;
  bool emphasis = true;
  bool is_heading = false;       ///< One line, without strong emphasis.
  bool is_cell = false;          ///< One line, vertical bars escaped.
  bool is_term = false;          ///< One line.
  std::string_view line_prefix;  ///< In front of each further line.
};

/// Writes the text of blocks as CommonMark with the subscripts and superscripts of Pandoc's Markdown: emphasis, code,
/// strike-through, links, TeX as it is, everything else escaped where a reader of Markdown would take it for markup.
/// Linear in the text.
class InlineMarkdown {
 public:
  InlineMarkdown(const kernels::HtmlTree& tree, const Page& page, std::string& out)
      : tree_(tree), page_(page), out_(out) {}

  void write(const Block& block, const InlineStyle& style);

 private:
  /// Outermost first: an inner one is closed before an outer one changes.
  enum Level : std::uint8_t { link, strong, emphasis, strike, script };
  static constexpr std::size_t level_count = 5;

  struct Piece {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint8_t leaf = 0;                         ///< TextRun::code or formula.
    std::array<std::uint32_t, level_count> on{};   ///< 0 for off; the element for a link.
    std::array<std::uint32_t, level_count>
        last{}; ///< Last piece up to which nothing changes at this level and outside.
  };

  void skip_runs_before(const Block& block);
  void write_plain(std::string_view text);
  void write_whole(const Block& block, const TextRun& run);
  void write_leaf(std::uint8_t leaf, std::string_view inner);
  [[nodiscard]] Piece piece_of(std::uint32_t begin, std::uint32_t end, const TextRun& run);
  void cut_into_pieces(const Block& block);
  void add_piece(std::uint32_t begin, std::uint32_t end, const TextRun* run);
  void join_over_spaces();
  void write_piece(std::size_t index);
  void change_levels(std::size_t index);
  void open_level(std::size_t level, std::size_t index);
  void close_level(std::size_t level);
  [[nodiscard]] bool can_flank(std::size_t level, std::size_t index) const;
  [[nodiscard]] bool can_stand(std::string_view script_marker) const;
  [[nodiscard]] std::string_view marker(std::size_t level, std::uint32_t on) const;
  [[nodiscard]] std::string_view core(const Piece& piece) const;
  void write_spaces(std::string_view spaces);
  void write_code(std::string_view code);
  void write_script(std::string_view text);
  void write_escaped(std::string_view text);
  [[nodiscard]] bool may_close(std::string_view text, std::size_t at) const;
  std::size_t write_special(std::string_view text, std::size_t at);
  std::size_t write_tex(std::string_view text, std::size_t at);
  std::size_t write_line_start(std::string_view text, std::size_t at);
  [[nodiscard]] bool is_usable_link(std::uint32_t node);

  const kernels::HtmlTree& tree_;
  const Page& page_;
  std::string& out_;
  InlineStyle style_;
  std::size_t next_run_ = 0;    ///< First run at or behind the beginning of the block.
  std::vector<Piece> pieces_;
  std::array<std::uint32_t, level_count> active_{};
  std::array<std::uint32_t, level_count> plain_until_{};  ///< Piece from which the level may open again.
  std::uint32_t block_end_ = 0;
  bool is_styled_ = false;      ///< The block has pieces of several styles.
  bool has_marks_ = false;      ///< Some piece is written between '~', '~~' or '^'.
  std::string pending_;         ///< White space seen but not written yet: markers stand on its other side.
  std::size_t closed_at_ = std::string::npos;  ///< Output size behind the delimiter that was closed last.
  std::size_t line_start_ = 0;  ///< Where the line's own text begins in the output.
  std::size_t tex_missing_ = 0; ///< Bits of delimiters that are known to have no end in this piece.
};

/// True when a link goes anywhere: not empty, not into the page itself, no script.
bool is_worth_linking(std::string_view href) noexcept;
/// Appends the target of a Markdown link: decoded, white space and brackets percent-encoded.
void append_link_target(std::string_view href, std::string& out);

}  // namespace gristmill::ops::extract
