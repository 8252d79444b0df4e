// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/utf16_source.h"
#include "gristmill/io/archive.h"

namespace gristmill::formats {
namespace {

using Extension = std::pair<std::string_view, RawFormat>;
constexpr std::array extensions{
    Extension{".txt", RawFormat::text},    Extension{".text", RawFormat::text},
    Extension{".md", RawFormat::markdown}, Extension{".markdown", RawFormat::markdown},
    Extension{".jsonl", RawFormat::jsonl}, Extension{".ndjson", RawFormat::jsonl},
    Extension{".json", RawFormat::json},   Extension{".csv", RawFormat::csv},
    Extension{".tsv", RawFormat::csv},     Extension{".html", RawFormat::html},
    Extension{".htm", RawFormat::html},    Extension{".xhtml", RawFormat::html},
    Extension{".warc", RawFormat::warc},   Extension{".wet", RawFormat::warc},
    Extension{".arc", RawFormat::warc},    Extension{".parquet", RawFormat::parquet},
    Extension{".zip", RawFormat::archive}, Extension{".tar", RawFormat::archive},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool is_html_start(std::string_view head) {
  const auto text = lower(head.substr(0, 1024));
  for (const std::string_view mark : {"<!doctype html", "<html", "<head>", "<body"}) {
    if (text.find(mark) != std::string::npos) return true;
  }
  return false;
}

/// No control characters but those of texts.
bool is_text(std::string_view head) {
  return std::ranges::none_of(head, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\x1b';
  });
}

}  // namespace

std::string strip_compression(std::string_view name) {
  constexpr std::array<std::string_view, 4> codecs{".gz", ".zst", ".bz2", ".xz"};
  constexpr std::array<std::string_view, 5> tars{".tgz", ".tzst", ".tbz2", ".tbz", ".txz"};
  auto stripped = lower(name);
  for (bool was_stripped = true; was_stripped;) {
    was_stripped = false;
    for (const auto codec : codecs) {
      if (!stripped.ends_with(codec)) continue;
      stripped.resize(stripped.size() - codec.size());
      was_stripped = true;
    }
  }
  for (const auto tar : tars) {
    if (!stripped.ends_with(tar)) continue;
    stripped.resize(stripped.size() - tar.size());
    stripped += ".tar";
  }
  return stripped;
}

RawFormat format_of_name(std::string_view name) {
  const auto stripped = strip_compression(name);
  for (const auto& [extension, format] : extensions) {
    if (stripped.ends_with(extension)) return format;
  }
  return RawFormat::unknown;
}

RawFormat sniff_format(std::string_view head) {
  if (head.starts_with("WARC/") || head.starts_with("filedesc://")) return RawFormat::warc;
  if (head.starts_with("PAR1")) return RawFormat::parquet;
  if (io::is_archive(head)) return RawFormat::archive;
  if (detect_utf16(head) != Utf16::none) return RawFormat::text;
  if (head.empty() || !is_text(head)) return RawFormat::unknown;
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const auto start = head.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return RawFormat::text;
  const auto next = head.find_first_not_of(" \t\r\n", start + 1);
  const char second = next == std::string_view::npos ? '\0' : head[next];
  if (head[start] == '{' && (second == '"' || second == '}')) return RawFormat::json;
  if (head[start] == '[' && (second == '{' || second == '"')) return RawFormat::json;
  return head[start] == '<' && is_html_start(head) ? RawFormat::html : RawFormat::text;
}

bool is_known_format(std::string_view name) { return format_of_name(name) != RawFormat::unknown; }

}  // namespace gristmill::formats
