// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/mojibake.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

/// Characters of windows-1252 at 0x80..0x9F; 0 where it has none (there the C1 control is used).
constexpr std::array<char32_t, 32> windows_1252{0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

/// The byte that a character was read from, or 0 for one that a single-byte reading does not give.
unsigned char source_byte(char32_t c) {
  if (c >= 0x80 && c <= 0xFF) return static_cast<unsigned char>(c);
  if (c < 0x80) return 0;
  const auto found = std::ranges::find(windows_1252, c);
  return found == windows_1252.end() ? 0 : static_cast<unsigned char>(0x80 + (found - windows_1252.begin()));
}

/// Marks that may stand after any letter: closing quotes, dashes, dots, a space that does not break.
constexpr std::u32string_view closers = U"\u00A0\u00BB\u2013\u2014\u2018\u2019\u201C\u201D\u2026\u203A\u2122";
/// What else may follow an accented letter: signs, and the letters of windows-1252 beyond latin-1.
constexpr std::u32string_view followers =
    U"\u00A9\u00AA\u00AB\u00AD\u00AE\u00B0\u00B2\u00B3\u00B4\u00B7\u00B9\u00BA\u201A\u201E\u2022"
    U"\u0152\u0153\u0160\u0161\u0178\u017D\u017E\u0192";

bool has(std::u32string_view set, char32_t c) { return set.find(c) != std::u32string_view::npos; }

/// One sequence of characters whose bytes are a UTF-8 sequence.
struct Sequence {
  std::size_t end = 0;       ///< Offset behind it; 0 when there is none.
  char32_t lead = 0;         ///< First character.
  char32_t meaning = 0;      ///< Code point of the bytes.
  char32_t second = 0;       ///< First continuation.
  bool is_odd = false;       ///< Some continuation cannot stand after a letter.
};

Sequence read_sequence(std::string_view text, std::size_t position) {
  Sequence sequence;
  sequence.lead = next_code_point(text, position);
  std::array<char, 4> bytes{};
  const auto lead_byte = source_byte(sequence.lead);
  if (lead_byte < 0xC2 || lead_byte > 0xF4) return {};
  const std::size_t length = lead_byte < 0xE0 ? 2 : lead_byte < 0xF0 ? 3 : 4;
  bytes[0] = static_cast<char>(lead_byte);
  for (std::size_t i = 1; i < length; ++i) {
    if (position >= text.size()) return {};
    const auto c = next_code_point(text, position);
    const auto byte = source_byte(c);
    if (byte < 0x80 || byte > 0xBF) return {};
    bytes[i] = static_cast<char>(byte);
    sequence.is_odd = sequence.is_odd || !(has(closers, c) || has(followers, c));
    if (i == 1) sequence.second = c;
  }
  const std::string_view utf8(bytes.data(), length);
  if (!is_valid_utf8(utf8)) return {};
  std::size_t start = 0;
  sequence.meaning = next_code_point(utf8, start);
  sequence.end = position;
  return sequence;
}

bool is_letter_at(std::string_view text, std::size_t position) {
  return position < text.size() && is_letter(next_code_point(text, position));
}

bool is_capital_before(std::string_view text, std::size_t position) {
  return position > 0 && text[position - 1] >= 'A' && text[position - 1] <= 'Z';
}

/// Judges a sequence that stands alone.
bool is_mojibake(std::string_view text, std::size_t position, const Sequence& sequence) {
  if (sequence.lead == 0xC2 || sequence.lead == 0xC3) {
    // A word in capitals may end in Â or Ã, and a closing mark follow it.
    return !has(closers, sequence.second) || !is_capital_before(text, position) || is_letter_at(text, sequence.end);
  }
  // A mark that closes does not stand between two letters.
  return sequence.is_odd || (has(closers, sequence.second) && is_letter_at(text, sequence.end));
}

/// Appends the meaning of mojibake at `position`, if it is, and of all that follows it directly. Returns where to
/// look next.
std::size_t repair_at(std::string_view text, std::size_t position, std::size_t& done, std::string& out) {
  auto sequence = read_sequence(text, position);
  if (sequence.end == 0) return position + 2;
  const bool has_neighbour = sequence.end < text.size() && read_sequence(text, sequence.end).end != 0;
  if (!has_neighbour && !is_mojibake(text, position, sequence)) return position + 2;
  out.append(text.substr(done, position - done));
  while (sequence.end != 0) {
    append_code_point(out, sequence.meaning);
    done = sequence.end;
    sequence = done < text.size() ? read_sequence(text, done) : Sequence{};
  }
  return done;
}

/// Offset of the next character from À to ô that another character beyond ASCII follows, or the size.
std::size_t next_signature(std::string_view text, std::size_t position) {
  while (position + 2 < text.size()) {
    const auto* found = std::memchr(text.data() + position, 0xC3, text.size() - position - 2);
    if (found == nullptr) break;
    position = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    const auto second = static_cast<unsigned char>(text[position + 1]);
    if (second >= 0x82 && second <= 0xB4 && static_cast<unsigned char>(text[position + 2]) >= 0xC2) return position;
    position += 2;
  }
  return text.size();
}

/// Takes every character beyond ASCII as part of mojibake; false when one of them is not.
bool decode_whole(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      out += text[at++];
      continue;
    }
    const auto sequence = read_sequence(text, at);
    if (sequence.end == 0) return false;
    append_code_point(out, sequence.meaning);
    at = sequence.end;
  }
  return true;
}

bool repair_once(std::string_view text, std::string& out) {
  std::size_t done = 0;
  for (auto at = next_signature(text, 0); at < text.size();) at = next_signature(text, repair_at(text, at, done, out));
  if (done == 0) return false;
  out.append(text.substr(done));
  // Where some of it is mojibake for sure and all of it can be, sequences that could also be meant are not.
  std::string whole;
  if (decode_whole(text, whole)) out = std::move(whole);
  return true;
}

bool is_c1(std::string_view text, std::size_t at) {
  const auto second = static_cast<unsigned char>(text[at + 1]);
  return second >= 0x80 && second <= 0x9F;
}

/// Offset of the next C1 control, or the size.
std::size_t next_c1(std::string_view text, std::size_t position) {
  while ((position = text.find('\xC2', position)) != std::string_view::npos) {
    if (is_c1(text, position)) return position;
    position += 2;
  }
  return text.size();
}

/// Replaces C1 controls by what windows-1252 has in their place. NEL alone is a line break, not an ellipsis.
bool replace_c1(std::string_view text, std::string& out) {
  std::size_t replaceable = 0;
  for (auto at = next_c1(text, 0); at < text.size(); at = next_c1(text, at + 2)) replaceable += text[at + 1] != '\x85';
  if (replaceable == 0) return false;
  std::size_t done = 0;
  for (auto at = next_c1(text, 0); at < text.size(); at = next_c1(text, at + 2)) {
    const auto character = windows_1252[static_cast<unsigned char>(text[at + 1]) & 0x1F];
    if (character == 0) continue;
    out.append(text.substr(done, at - done));
    append_code_point(out, character);
    done = at + 2;
  }
  out.append(text.substr(done));
  return true;
}

}  // namespace

bool repair_mojibake(std::string_view text, std::string& out) {
  constexpr int rounds_max = 3;
  std::string current;
  bool changed = false;
  for (int round = 0; round < rounds_max; ++round) {
    std::string repaired;
    if (!repair_once(changed ? std::string_view(current) : text, repaired)) break;
    current = std::move(repaired);
    changed = true;
  }
  std::string replaced;
  if (replace_c1(changed ? std::string_view(current) : text, replaced)) {
    current = std::move(replaced);
    changed = true;
  }
  if (changed) out += current;
  return changed;
}

}  // namespace gristmill::kernels
