// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/inline_markdown.h"

#include <algorithm>

#include "gristmill/kernels/html_entities.h"

namespace gristmill::ops::extract {
namespace {

using kernels::HtmlAttribute;

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }
constexpr bool is_ascii_punctuation(char c) noexcept { return c > ' ' && c < 0x7F && !is_digit(c) && !is_letter(c); }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Whether a character that starts (or ends) here counts as punctuation for CommonMark's flanking rules. Beyond ASCII:
/// the General Punctuation block, CJK symbols and full-width forms, and the signs of Latin-1.
bool starts_with_punctuation(std::string_view text) noexcept {
  if (text.empty()) return true;
  if (is_ascii_punctuation(text[0])) return true;
  return text.starts_with("\xE2\x80") || text.starts_with("\xE2\x81") || text.starts_with("\xE3\x80") ||
         text.starts_with("\xEF\xBC") || (text.size() > 1 && text[0] == '\xC2');
}

bool ends_with_punctuation(std::string_view text) noexcept {
  if (text.empty()) return true;
  auto start = text.size() - 1;
  while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return starts_with_punctuation(text.substr(start));
}

constexpr std::array<bool, 256> make_specials() {
  std::array<bool, 256> specials{};
  for (const char c : {'\\', '*', '_', '`', '[', ']', '<', '&', '~', '^', '|', '$', '\n'})
    specials[static_cast<unsigned char>(c)] = true;
  return specials;
}

constexpr auto specials = make_specials();

constexpr std::uint8_t script_styles = TextRun::subscript | TextRun::superscript;

}  // namespace

bool is_worth_linking(std::string_view href) noexcept {
  return !href.empty() && href[0] != '#' && !href.starts_with("javascript:");
}

void append_link_target(std::string_view href, std::string& out) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  for (const char c : kernels::decode_html_attribute(href)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte != 0x7F && c != '(' && c != ')' && c != '<' && c != '>' && c != '\\') {
      out.push_back(c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      continue;  // The URL standard removes them.
    } else {
      out.push_back('%');
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    }
  }
}

void InlineMarkdown::write(const Block& block, const InlineStyle& style) {
  style_ = style;
  skip_runs_before(block);
  if (next_run_ == page_.runs.size() || page_.runs[next_run_].text_begin >= block.text_end)
    return write_plain(page_.text_of(block));
  const auto& first = page_.runs[next_run_];
  if (first.text_begin == block.text_begin && first.text_end >= block.text_end) return write_whole(block, first);
  cut_into_pieces(block);
  join_over_spaces();
  active_ = plain_until_ = {};
  pending_.clear();
  closed_at_ = std::string::npos;
  line_start_ = out_.size();
  for (std::size_t i = 0; i < pieces_.size(); ++i) write_piece(i);
  for (auto level = level_count; level-- > 0;) {
    if (active_[level] != 0) close_level(level);
  }
}

/// Blocks are mostly written in their order: the runs of one are found where those of the one before end.
void InlineMarkdown::skip_runs_before(const Block& block) {
  if (next_run_ > 0 && page_.runs[next_run_ - 1].text_begin >= block.text_begin) {
    const auto found = std::ranges::lower_bound(page_.runs, block.text_begin, {}, &TextRun::text_begin);
    next_run_ = static_cast<std::size_t>(found - page_.runs.begin());
  }
  while (next_run_ < page_.runs.size() && page_.runs[next_run_].text_begin < block.text_begin) ++next_run_;
}

void InlineMarkdown::write_plain(std::string_view text) {
  line_start_ = out_.size();
  const auto inner = trimmed(text);
  if (inner.empty()) return;
  is_styled_ = has_marks_ = false;
  block_end_ = static_cast<std::uint32_t>(text.data() + text.size() - page_.text.data());
  write_spaces(text.substr(0, static_cast<std::size_t>(inner.data() - text.data())));
  tex_missing_ = 0;
  write_escaped(inner);
}

bool InlineMarkdown::is_usable_link(std::uint32_t node) {
  return node != 0 && style_.links &&
         is_worth_linking(kernels::parse_html_attributes(tree_.source(tree_.nodes()[node]))[HtmlAttribute::href]);
}

/// A block of one style, as many links and headings are: its delimiters have nothing beside them to mind.
void InlineMarkdown::write_whole(const Block& block, const TextRun& run) {
  line_start_ = out_.size();
  block_end_ = block.text_end;
  is_styled_ = has_marks_ = false;
  auto piece = piece_of(block.text_begin, block.text_end, run);
  const auto inner = core(piece);
  if (inner.empty()) return;
  const auto text = page_.text_of(block);
  write_spaces(text.substr(0, static_cast<std::size_t>(inner.data() - text.data())));
  if (piece.on[strike] != 0 && piece.on[script] == TextRun::subscript) piece.on[script] = 0;
  for (std::size_t level = 0; level < level_count; ++level) {
    const auto on = piece.on[level];
    if (on == 0 || (level == script && !can_stand(marker(level, on)))) continue;
    active_[level] = on;
    out_.append(marker(level, on));
  }
  tex_missing_ = 0;
  write_leaf(piece.leaf, inner);
  for (auto level = level_count; level-- > 0;) {
    if (active_[level] != 0) close_level(level);
  }
}

InlineMarkdown::Piece InlineMarkdown::piece_of(std::uint32_t begin, std::uint32_t end, const TextRun& run) {
  Piece piece;
  piece.begin = begin;
  piece.end = end;
  if (is_usable_link(run.link)) piece.on[link] = run.link;
  if (style_.emphasis) {
    if (!style_.is_heading) piece.on[strong] = run.style & TextRun::strong;
    piece.on[emphasis] = run.style & TextRun::emphasis;
    piece.on[strike] = run.style & TextRun::strike;
    piece.leaf = run.style & TextRun::code;
    // Code may hold spaces, at which a script would end.
    if (piece.leaf == 0) piece.on[script] = run.style & script_styles;
    has_marks_ = has_marks_ || piece.on[script] != 0 || piece.on[strike] != 0;
  }
  piece.leaf |= run.style & TextRun::formula;
  return piece;
}

void InlineMarkdown::add_piece(std::uint32_t begin, std::uint32_t end, const TextRun* run) {
  if (begin >= end) return;
  if (run != nullptr) {
    pieces_.push_back(piece_of(begin, end, *run));
    return;
  }
  auto& piece = pieces_.emplace_back();
  piece.begin = begin;
  piece.end = end;
}

void InlineMarkdown::cut_into_pieces(const Block& block) {
  pieces_.clear();
  block_end_ = block.text_end;
  is_styled_ = true;
  has_marks_ = false;
  auto at = block.text_begin;
  const auto first = page_.runs.begin() + static_cast<std::ptrdiff_t>(next_run_);
  for (auto run = first; run != page_.runs.end() && run->text_begin < block.text_end; ++run) {
    add_piece(at, run->text_begin, nullptr);
    at = std::min(run->text_end, block.text_end);
    add_piece(run->text_begin, at, &*run);
  }
  add_piece(at, block.text_end, nullptr);
}

std::string_view InlineMarkdown::core(const Piece& piece) const {
  return trimmed(std::string_view(page_.text).substr(piece.begin, piece.end - piece.begin));
}

/// `<b>one</b> <b>two</b>` is one emphasis: a space between equal pieces takes their style.
void InlineMarkdown::join_over_spaces() {
  for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
    if (pieces_[i - 1].on == pieces_[i + 1].on && core(pieces_[i]).empty()) pieces_[i].on = pieces_[i - 1].on;
  }
  for (auto i = pieces_.size(); i-- > 0;) {
    bool is_same = i + 1 < pieces_.size();
    for (std::size_t level = 0; level < level_count; ++level) {
      is_same = is_same && pieces_[i].on[level] == pieces_[i + 1].on[level];
      pieces_[i].last[level] = is_same ? pieces_[i + 1].last[level] : static_cast<std::uint32_t>(i);
    }
  }
}

void InlineMarkdown::write_piece(std::size_t index) {
  const auto& piece = pieces_[index];
  const auto text = std::string_view(page_.text).substr(piece.begin, piece.end - piece.begin);
  const auto inner = core(piece);
  if (inner.empty()) {
    pending_.append(text);
    return;
  }
  const auto lead = static_cast<std::size_t>(inner.data() - text.data());
  pending_.append(text.substr(0, lead));
  change_levels(index);
  tex_missing_ = 0;
  write_leaf(piece.leaf, inner);
  pending_.assign(text.substr(lead + inner.size()));
}

void InlineMarkdown::write_leaf(std::uint8_t leaf, std::string_view inner) {
  if ((leaf & TextRun::formula) != 0)
    out_.append(inner);
  else if (leaf != 0)
    write_code(inner);
  else if (active_[script] != 0)
    write_script(inner);
  else
    write_escaped(inner);
}

void InlineMarkdown::change_levels(std::size_t index) {
  auto wanted = pieces_[index].on;
  for (std::size_t level = 0; level < level_count; ++level) {
    if (index < plain_until_[level]) wanted[level] = 0;
  }
  // "~~a~b~~~" would be read in several ways.
  if (wanted[strike] != 0 && wanted[script] == TextRun::subscript) wanted[script] = 0;
  std::size_t same = 0;
  while (same < level_count && active_[same] == wanted[same]) ++same;
  for (auto level = level_count; level-- > same;) {
    if (active_[level] != 0) close_level(level);
  }
  write_spaces(pending_);
  pending_.clear();
  for (auto level = same; level < level_count; ++level) {
    if (wanted[level] != 0) open_level(level, index);
  }
}

/// CommonMark: a delimiter between a letter and punctuation opens or closes only towards the punctuation's far side.
bool InlineMarkdown::can_flank(std::size_t level, std::size_t index) const {
  const auto inner = core(pieces_[index]);
  // A closing delimiter right in front would merge with the opening one.
  if (out_.size() == closed_at_) return false;
  const bool has_free_start = out_.size() == line_start_ || is_space(out_.back()) || ends_with_punctuation(out_);
  const bool starts_script = pieces_[index].on[script] != 0;
  if (!has_free_start && (starts_script || starts_with_punctuation(inner))) return false;
  const auto& last = pieces_[pieces_[index].last[level]];
  const auto last_inner = core(last);
  if (last_inner.empty()) return true;
  const auto end = static_cast<std::size_t>(last_inner.data() - page_.text.data()) + last_inner.size();
  const auto after = std::string_view(page_.text).substr(end, block_end_ > end ? block_end_ - end : 0);
  const bool has_free_end = after.empty() || is_space(after[0]) || starts_with_punctuation(after);
  return has_free_end || (last.on[script] == 0 && !ends_with_punctuation(last_inner));
}

/// Whether a subscript or superscript may begin here: not behind its own sign, nor as a footnote's mark ("[^").
bool InlineMarkdown::can_stand(std::string_view script_marker) const {
  const char before = out_.empty() ? ' ' : out_.back();
  return before != script_marker[0] && (before != '[' || script_marker != "^");
}

std::string_view InlineMarkdown::marker(std::size_t level, std::uint32_t on) const {
  static constexpr std::array<std::string_view, level_count - 1> markers{"[", "**", "*", "~~"};
  if (level != script) return markers[level];
  return on == TextRun::subscript ? "~" : "^";
}

void InlineMarkdown::open_level(std::size_t level, std::size_t index) {
  const auto on = pieces_[index].on[level];
  const bool can_open = level == link || (level == script ? can_stand(marker(level, on)) : can_flank(level, index));
  if (!can_open) {
    plain_until_[level] = pieces_[index].last[level] + 1;
    return;
  }
  active_[level] = on;
  if (level == link && !out_.empty() && out_.back() == '!') out_.insert(out_.size() - 1, 1, '\\');
  out_.append(marker(level, on));
}

void InlineMarkdown::close_level(std::size_t level) {
  if (level == link) {
    const auto href = kernels::parse_html_attributes(tree_.source(tree_.nodes()[active_[link]]))[HtmlAttribute::href];
    out_.append("](");
    append_link_target(href, out_);
    out_.push_back(')');
  } else {
    out_.append(marker(level, active_[level]));
    closed_at_ = out_.size();
  }
  active_[level] = 0;
}

void InlineMarkdown::write_spaces(std::string_view spaces) {
  if (spaces.empty()) return;
  // A script ends at a space, unless this is escaped.
  if (active_[script] != 0) out_.push_back('\\');
  const bool is_one_line = style_.is_heading || style_.is_cell || style_.is_term || active_[script] != 0;
  if (is_one_line || spaces.find('\n') == std::string_view::npos) {
    out_.push_back(' ');
    return;
  }
  out_.append("  \n").append(style_.line_prefix);
  line_start_ = out_.size();
}

void InlineMarkdown::write_code(std::string_view code) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : code) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const bool needs_space = code.front() == '`' || code.back() == '`';
  out_.append(longest + 1, '`');
  if (needs_space) out_.push_back(' ');
  for (const char c : code) {
    if (c == '|' && style_.is_cell) out_.push_back('\\');
    out_.push_back(c == '\n' ? ' ' : c);
  }
  if (needs_space) out_.push_back(' ');
  out_.append(longest + 1, '`');
}

void InlineMarkdown::write_script(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto space = std::min(text.find(' ', at), text.size());
    write_escaped(text.substr(at, space - at));
    if (space < text.size()) write_spaces(text.substr(space, 1));
    at = space + 1;
  }
}

/// Escapes what would make the line a heading, list item, quote, rule, definition or description. Returns where to go
/// on.
std::size_t InlineMarkdown::write_line_start(std::string_view text, std::size_t at) {
  const auto line = text.substr(at);
  const auto ends_at = [&](std::size_t place) { return place >= line.size() || is_space(line[place]); };
  const char first = line[0];
  std::size_t run = 1;
  while (run < line.size() && line[run] == first) ++run;
  std::size_t digits = 0;
  while (digits < line.size() && digits < 10 && is_digit(line[digits])) ++digits;
  if (digits > 0 && digits < 10 && digits < line.size() && (line[digits] == '.' || line[digits] == ')') &&
      ends_at(digits + 1)) {
    out_.append(line.substr(0, digits)).push_back('\\');
    return at + digits;
  }
  const bool is_heading = first == '#' && run <= 6 && ends_at(run);
  const bool is_bullet = (first == '-' || first == '+' || first == '*') && (ends_at(1) || run > 1);
  const bool is_rule = first == '=' && ends_at(run);
  const bool is_description = (first == ':' || first == '~') && (ends_at(1) || run >= 3);
  const bool is_definition = first == '[' && line.substr(0, 100).find("]:") != std::string_view::npos;
  if (is_heading || is_bullet || is_rule || is_description || is_definition || first == '>') {
    out_.push_back('\\');
    out_.push_back(first);
    return at + 1;
  }
  return at;
}

void InlineMarkdown::write_escaped(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (out_.size() == line_start_) at = write_line_start(text, at);
    auto stop = at;
    while (stop < text.size() && !specials[static_cast<unsigned char>(text[stop])]) ++stop;
    out_.append(text.substr(at, stop - at));
    at = stop < text.size() ? write_special(text, stop) : stop;
  }
  // "## a #" would lose its last sign.
  if (style_.is_heading && out_.back() == '#') out_.insert(out_.size() - 1, 1, '\\');
}

std::size_t InlineMarkdown::write_special(std::string_view text, std::size_t at) {
  const char c = text[at];
  const char before = at > 0 ? text[at - 1] : out_.size() == line_start_ ? ' ' : out_.back();
  const char after = at + 1 < text.size() ? text[at + 1] : ' ';
  const auto is_word = [](char other) {
    return is_digit(other) || is_letter(other) || static_cast<unsigned char>(other) >= 0x80;
  };
  bool needs_escape = false;
  switch (c) {
    case '\n': write_spaces("\n"); return at + 1;
    case '$':
    case '\\':
      if (const auto behind = write_tex(text, at); behind != at) return behind;
      needs_escape = c == '\\' && (is_ascii_punctuation(after) || at + 1 == text.size());
      break;
    case '*': needs_escape = !is_space(before) || !is_space(after); break;
    case '_': needs_escape = !(is_word(before) && is_word(after)) && !(is_space(before) && is_space(after)); break;
    case '`': needs_escape = true; break;
    case '[': needs_escape = active_[link] != 0; break;
    case ']': needs_escape = active_[link] != 0 || after == '('; break;
    case '<': needs_escape = is_letter(after) || after == '/' || after == '!' || after == '?'; break;
    case '&': needs_escape = kernels::decode_html_reference(text, at).source_bytes != 0; break;
    case '~': needs_escape = before == '~' || after == '~' || may_close(text, at); break;
    case '^': needs_escape = after == '^' || after == '[' || may_close(text, at); break;
    case '|': needs_escape = style_.is_cell; break;
    default: break;
  }
  if (needs_escape) out_.push_back('\\');
  out_.push_back(c);
  return at + 1;
}

/// Whether the sign at a place might begin a subscript or superscript, as the same sign comes again: in the same word,
/// or behind markup that begins in the word and can hold spaces.
bool InlineMarkdown::may_close(std::string_view text, std::size_t at) const {
  if (has_marks_) return true;
  const auto again = text.find_first_of(text[at] == '~' ? "~ \n\t" : "^ \n\t", at + 1);
  if (again != std::string_view::npos) return text[again] == text[at];
  if (!is_styled_) return false;
  const char* const end = page_.text.data() + block_end_;
  const char* const behind = text.data() + text.size();
  return std::find(behind, end, text[at]) != end;
}

/// TeX that a script in the page would have set: `\(x\)` and `\[x\]` get dollar signs, `$$x$$` has them.
std::size_t InlineMarkdown::write_tex(std::string_view text, std::size_t at) {
  constexpr std::array<std::array<std::string_view, 3>, 3> delimiters{
      {{"\\(", "\\)", "$"}, {"\\[", "\\]", "$$"}, {"$$", "$$", "$$"}}};
  for (std::size_t i = 0; i < delimiters.size(); ++i) {
    const auto& [opening, closing, written] = delimiters[i];
    if (!text.substr(at).starts_with(opening) || (tex_missing_ >> i & 1u) != 0) continue;
    const auto end = text.find(closing, at + 2);
    if (end == std::string_view::npos) {
      tex_missing_ |= std::size_t{1} << i;
      continue;
    }
    out_.append(written);
    for (const char c : text.substr(at + 2, end - at - 2)) out_.push_back(c == '\n' ? ' ' : c);
    out_.append(written);
    return end + 2;
  }
  return at;
}

}  // namespace gristmill::ops::extract
