// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/charset.h"

#include <iconv.h>
#include <uchardet/uchardet.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "gristmill/kernels/charset_labels.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
/// How many bytes after the first one that is not ASCII the statistics look at.
constexpr std::size_t statistics_bytes_max = std::size_t{128} << 10;
constexpr std::size_t zero_scan_bytes_max = 4096;
/// How much of a document is converted on trial to see whether a declared multi-byte label fits.
constexpr std::size_t trial_bytes_max = std::size_t{256} << 10;

/// An iconv descriptor with an owner.
class Converter {
 public:
  explicit Converter(const char* from) : handle_(iconv_open("UTF-8", from)) {}
  ~Converter() {
    if (is_open()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  // iconv_open reports failure as the pointer value -1.
  [[nodiscard]] bool is_open() const { return reinterpret_cast<std::intptr_t>(handle_) != -1; }

  /// Converts until the end, a fault or a full buffer (false then, and errno says which). Advances all three.
  bool step(std::string_view& in, char*& out, std::size_t& out_left) {
    // iconv's interface lacks a const that its contract has: it does not write to the input.
    char* in_bytes = const_cast<char*>(in.data());
    std::size_t in_left = in.size();
    const auto done = iconv(handle_, &in_bytes, &in_left, &out, &out_left);
    in.remove_prefix(in.size() - in_left);
    return done != static_cast<std::size_t>(-1);
  }
  /// Writes what a composing encoding holds back.
  void flush(char*& out, std::size_t& out_left) { iconv(handle_, nullptr, nullptr, &out, &out_left); }

 private:
  iconv_t handle_;
};

/// UTF-8 of each byte of a single-byte encoding; length 0 marks an undefined byte.
struct SingleByteTable {
  std::array<std::array<char, 4>, 256> text{};
  std::array<std::uint8_t, 256> length{};
};

std::string decode_byte(const CharsetFacts& facts, Converter& converter, unsigned byte) {
  const char source = static_cast<char>(byte);
  if (byte < 0x80) return {source};
  std::string_view in(&source, 1);
  std::array<char, 8> buffer{};
  char* out = buffer.data();
  std::size_t left = buffer.size();
  const bool is_defined = converter.step(in, out, left);
  converter.flush(out, left);
  std::string text(buffer.data(), is_defined ? buffer.size() - left : 0);
  // The WHATWG indexes map the bytes that Microsoft left undefined among 0x80..0x9F to C1 controls.
  if (text.empty() && byte < 0xA0 && facts.name.starts_with("windows-")) append_code_point(text, byte);
  return text;
}

/// Table of a single-byte encoding, made on first use; null when the C library lacks the converter.
const SingleByteTable* table_of(const CharsetFacts& facts) {
  static std::mutex mutex;
  static std::array<std::unique_ptr<const SingleByteTable>, 64> tables;
  const auto row = static_cast<std::size_t>(&facts - charset_table().data());
  const std::scoped_lock lock(mutex);
  if (tables[row]) return tables[row].get();
  Converter converter(facts.converter);
  if (!converter.is_open()) return nullptr;
  auto table = std::make_unique<SingleByteTable>();
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto text = decode_byte(facts, converter, byte);
    std::ranges::copy(text, table->text[byte].begin());
    table->length[byte] = static_cast<std::uint8_t>(text.size());
  }
  tables[row] = std::move(table);
  return tables[row].get();
}

void decode_single_byte(const SingleByteTable& table, std::string_view bytes, Decoded& decoded) {
  decoded.text.reserve(bytes.size() + bytes.size() / 4);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      decoded.text += c;
    } else if (table.length[byte] == 0) {
      decoded.text += replacement;
      decoded.lossy = true;
    } else {
      decoded.text.append(table.text[byte].data(), table.length[byte]);
    }
  }
}

/// How many bytes an ill-formed sequence takes: an ASCII byte after a lead is given back (WHATWG decoders), and the
/// UTF-16 and UTF-32 decoders go on by whole units.
std::size_t faulty_bytes(std::string_view charset, std::string_view rest) {
  if (charset.starts_with("utf-16")) return std::min<std::size_t>(2, rest.size());
  if (charset.starts_with("utf-32")) return std::min<std::size_t>(4, rest.size());
  const auto lead = static_cast<unsigned char>(rest[0]);
  const bool may_lead = lead > 0x80 && lead < 0xFF;
  return may_lead && rest.size() > 1 && static_cast<unsigned char>(rest[1]) >= 0x80 ? 2 : 1;
}

/// Converts with iconv and returns the number of faults; gives up after `faults_max`.
std::size_t decode_multi_byte(const CharsetFacts& facts, Converter& converter, std::string_view bytes, Decoded& decoded,
                              std::size_t faults_max) {
  std::array<char, 16384> buffer;
  std::size_t faults = 0;
  decoded.text.reserve(bytes.size() + bytes.size() / 2);
  while (faults <= faults_max) {
    char* out = buffer.data();
    std::size_t left = buffer.size();
    const bool done = converter.step(bytes, out, left);
    const int fault = errno;
    if (done) converter.flush(out, left);
    decoded.text.append(buffer.data(), buffer.size() - left);
    if (done) break;
    if (fault == E2BIG) continue;
    if (fault == EILSEQ && bytes[0] == '\x80' && facts.name == "gb18030") {
      decoded.text += "\xE2\x82\xAC";  // The euro sign of code page 936, kept by the WHATWG decoder.
      bytes.remove_prefix(1);
      continue;
    }
    ++faults;
    decoded.text += replacement;
    if (fault != EILSEQ) break;  // An incomplete sequence at the end.
    bytes.remove_prefix(faulty_bytes(facts.name, bytes));
  }
  decoded.lossy = faults > 0;
  return faults;
}

/// True when at most one in fifty of the bytes beyond ASCII is a fault in the encoding; looks at a bounded part.
bool fits(const CharsetFacts& facts, std::string_view bytes) {
  const auto trial = bytes.substr(0, trial_bytes_max);
  const auto is_high = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  const auto faults_max = static_cast<std::size_t>(std::ranges::count_if(trial, is_high)) / 50;
  if (facts.is_single_byte) {
    const auto* table = table_of(facts);
    const auto is_fault = [&](char c) { return table->length[static_cast<unsigned char>(c)] == 0; };
    return table != nullptr && static_cast<std::size_t>(std::ranges::count_if(trial, is_fault)) <= faults_max;
  }
  Converter converter(facts.converter);
  Decoded decoded;
  return converter.is_open() && decode_multi_byte(facts, converter, trial, decoded, faults_max) <= faults_max;
}

Charset charset_of_mark(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xEF\xBB\xBF"sv)) return {"utf-8", 3, is_valid_utf8(bytes.substr(3))};
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) return {"utf-32le", 4};
  if (bytes.starts_with("\0\0\xFE\xFF"sv)) return {"utf-32be", 4};
  if (bytes.starts_with("\xFF\xFE"sv)) return {"utf-16le", 2};
  if (bytes.starts_with("\xFE\xFF"sv)) return {"utf-16be", 2};
  return {};
}

/// Finds UTF-16 without a mark: Latin letters, digits and blanks leave zero bytes at every other place.
std::string_view utf16_by_zeros(std::string_view bytes) {
  const auto head = bytes.substr(0, zero_scan_bytes_max);
  if (head.size() < 4 || head.find('\0') == std::string_view::npos) return {};
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < head.size(); ++i) zeros[i & 1] += head[i] == '\0';
  const auto units = head.size() / 2;
  if (zeros[1] * 3 > units && zeros[0] * 16 <= zeros[1]) return "utf-16le";
  if (zeros[0] * 3 > units && zeros[1] * 16 <= zeros[0]) return "utf-16be";
  return {};
}

/// Multi-byte sequences and ill-formed parts, counted up to a bound that settles every rule.
struct Utf8Count {
  std::size_t sequences = 0;
  std::size_t faults = 0;
};

Utf8Count count_utf8(std::string_view bytes) {
  Utf8Count count;
  bytes = bytes.substr(0, trial_bytes_max);
  while (true) {
    const auto fault = first_invalid_utf8(bytes);
    const auto good = bytes.substr(0, fault);
    count.sequences += static_cast<std::size_t>(
        std::ranges::count_if(good, [](char c) { return static_cast<unsigned char>(c) >= 0xC0; }));
    if (fault == std::string_view::npos) return count;
    bytes.remove_prefix(fault);
    // A sequence cut off by the end of the bytes is no sign of another encoding.
    const bool is_cut_off = bytes.size() < 4 && static_cast<unsigned char>(bytes[0]) >= 0xC2 &&
                            std::ranges::all_of(bytes.substr(1), [](char c) { return (c & 0xC0) == 0x80; });
    if (is_cut_off) {
      ++count.sequences;
      return count;
    }
    ++count.faults;
    bytes.remove_prefix(1);
  }
}

bool has_escape_to_kanji(std::string_view bytes) {
  // Hardly any text has an escape at all: one search for it tells.
  const auto first = bytes.find('\x1B');
  if (first == std::string_view::npos) return false;
  bytes.remove_prefix(first);
  return bytes.find("\x1B$B") != std::string_view::npos || bytes.find("\x1B$@") != std::string_view::npos;
}

/// Asks uchardet, from the first byte that is not ASCII on.
std::string_view charset_by_statistics(std::string_view bytes) {
  const auto first = std::ranges::find_if(bytes, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  const auto at = static_cast<std::size_t>(first - bytes.begin());
  const auto sample = bytes.substr(at - std::min<std::size_t>(at, 256)).substr(0, statistics_bytes_max);
  uchardet_t detector = uchardet_new();
  if (detector == nullptr) return {};
  std::string_view found;
  if (uchardet_handle_data(detector, sample.data(), sample.size()) == 0) {
    uchardet_data_end(detector);
    found = charset_of_label(uchardet_get_charset(detector));
  }
  uchardet_delete(detector);
  return found == "utf-8" ? std::string_view{} : found;
}

/// Rule for well-formed UTF-8 that was declared as something else.
bool beats_declared(const Utf8Count& count, const CharsetFacts* declared) {
  if (declared == nullptr || declared->converter == nullptr) return true;
  return count.sequences >= (declared->is_single_byte ? 1U : 4U);
}

Charset detect_well_formed(std::string_view bytes, const CharsetFacts* declared) {
  // Where nothing else than UTF-8 is declared, counting cannot change the answer.
  const bool has_rival = declared != nullptr && declared->converter != nullptr;
  const bool has_escape = has_escape_to_kanji(bytes);
  const bool is_counted = has_rival || (declared != nullptr && has_escape);
  const Utf8Count count = is_counted ? count_utf8(bytes) : Utf8Count{};
  if (count.sequences == 0) return has_escape ? Charset{"iso-2022-jp"} : Charset{"utf-8", 0, true};
  if (!beats_declared(count, declared) && fits(*declared, bytes)) return {declared->name};
  return {"utf-8", 0, true};
}

Charset detect_ill_formed(std::string_view bytes, std::array<const CharsetFacts*, 2> declared) {
  for (const auto* facts : declared)
    if (facts != nullptr && facts->converter != nullptr && fits(*facts, bytes)) return {facts->name};
  const auto count = count_utf8(bytes);
  if (count.sequences > 0 && count.faults * 8 <= count.sequences) return {"utf-8"};
  if (const auto guess = charset_by_statistics(bytes); !guess.empty()) return {guess};
  for (const auto* facts : declared)
    if (facts != nullptr && facts->converter != nullptr) return {facts->name};
  return {"windows-1252"};
}

Error missing_converter(const CharsetFacts& facts) {
  return unavailable(std::string("the C library (iconv) has no converter for ") + facts.converter +
                     "; install the gconv modules of libc6");
}

}  // namespace

Charset detect_charset(std::string_view bytes, std::string_view declared_label, bool is_html) {
  if (const auto marked = charset_of_mark(bytes); !marked.name.empty()) return marked;
  if (const auto utf16 = utf16_by_zeros(bytes); !utf16.empty()) return {utf16};
  const auto* declared = find_charset(charset_of_label(declared_label));
  // Without a mark and without zero bytes it is not UTF-16 or UTF-32, whatever is declared.
  if (declared != nullptr && declared->name.starts_with("utf-") && declared->converter != nullptr) {
    const bool may_be_wide = bytes.size() % 2 == 0 && !is_valid_utf8(bytes) && fits(*declared, bytes);
    if (may_be_wide) return {declared->name};
    declared = nullptr;
  }
  const auto* prescanned = is_html ? find_charset(prescan_html_charset(bytes)) : nullptr;
  if (is_valid_utf8(bytes)) return detect_well_formed(bytes, declared != nullptr ? declared : prescanned);
  return detect_ill_formed(bytes, {declared, prescanned});
}

Result<Decoded> decode_to_utf8(std::string_view bytes, std::string_view declared_label, bool is_html) {
  const auto charset = detect_charset(bytes, declared_label, is_html);
  bytes.remove_prefix(charset.bom_bytes);
  Decoded decoded{{}, charset.name, false};
  if (charset.well_formed) {
    decoded.text = bytes;
    return decoded;
  }
  const auto* facts = find_charset(charset.name);
  if (facts->converter == nullptr) {
    decoded.text = replace_invalid_utf8(bytes);
    decoded.lossy = true;
    return decoded;
  }
  if (facts->is_single_byte) {
    const auto* table = table_of(*facts);
    if (table == nullptr) return missing_converter(*facts);
    decode_single_byte(*table, bytes, decoded);
    return decoded;
  }
  Converter converter(facts->converter);
  if (!converter.is_open()) return missing_converter(*facts);
  decode_multi_byte(*facts, converter, bytes, decoded, bytes.size());
  return decoded;
}

}  // namespace gristmill::kernels
