// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/http_message.h"

#include <algorithm>
#include <charconv>

#include "gristmill/formats/warc_framer.h"
#include "gristmill/io/codec.h"

namespace gristmill::formats {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Joins chunks; `none` when the body does not start with one.
Decoding join_chunks(std::string_view body, std::string& out) {
  out.clear();
  bool is_first = true;
  while (true) {
    const auto line_end = body.find('\n');
    const auto line = trim(body.substr(0, std::min(line_end, body.size())));
    std::uint64_t size = 0;
    const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    const bool is_size = code == std::errc() && (end == line.data() + line.size() || *end == ';' || *end == ' ');
    if (!is_size || line_end == std::string_view::npos) return is_first ? Decoding::none : Decoding::damaged;
    if (size == 0) return Decoding::whole;
    body.remove_prefix(line_end + 1);
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(size, body.size()));
    out += body.substr(0, taken);
    if (taken < size) return is_first ? Decoding::none : Decoding::damaged;
    body.remove_prefix(taken);
    if (body.starts_with("\r\n")) {
      body.remove_prefix(2);
    } else if (body.starts_with('\n')) {
      body.remove_prefix(1);
    }
    is_first = false;
  }
}

bool looks_like(std::string_view body, io::PayloadCoding coding) {
  if (coding == io::PayloadCoding::gzip) return io::detect_codec(body) == io::Codec::gzip;
  if (coding == io::PayloadCoding::zstd) return io::detect_codec(body) == io::Codec::zstd;
  return true;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

void HeaderFields::parse(std::string_view lines) {
  fields_.clear();
  continued_.clear();
  // Views into `continued_` must not move: as many values as lines can be continued.
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const auto line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (!line.empty() && (line[0] == ' ' || line[0] == '\t')) {
      if (fields_.empty() || trim(line).empty()) continue;
      auto& last = fields_.back();
      if (continued_.capacity() == continued_.size()) {
        if (!continued_.empty()) continue;
        continued_.reserve(64);
      }
      last.value = continued_.emplace_back(std::string(last.value) + " " + std::string(trim(line)));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    fields_.push_back({trim(line.substr(0, colon)), trim(line.substr(colon + 1))});
  }
}

std::string_view HeaderFields::find(std::string_view name) const {
  for (const auto& field : fields_) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

bool parse_http_response(std::string_view block, HttpResponse& response) {
  if (block.size() < 5 || !equals_ignoring_case(block.substr(0, 5), "HTTP/")) return false;
  const auto line_end = std::min(block.find('\n'), block.size());
  const auto line = block.substr(0, line_end);
  response.status = 0;
  if (const auto blank = line.find(' '); blank != std::string_view::npos) {
    const auto rest = trim(line.substr(blank));
    std::from_chars(rest.data(), rest.data() + rest.size(), response.status);
  }
  const auto head_end = std::min(find_header_end(block), block.size());
  response.fields.parse(block.substr(std::min(line_end + 1, head_end), head_end - std::min(line_end + 1, head_end)));
  response.body = block.substr(head_end);
  return true;
}

void BodyDecoder::decode(HttpResponse& response, std::size_t bytes_max) {
  transfer = content = Decoding::none;
  const auto transfer_coding = response.fields.find("Transfer-Encoding");
  if (transfer_coding.size() >= 7 &&
      equals_ignoring_case(transfer_coding.substr(transfer_coding.size() - 7), "chunked")) {
    transfer = join_chunks(response.body, chunks);
    if (transfer != Decoding::none) response.body = chunks;
  }
  const auto coding_name = trim(response.fields.find("Content-Encoding"));
  if (coding_name.empty() || equals_ignoring_case(coding_name, "identity")) return;
  auto coding = io::PayloadCoding::gzip;
  if (equals_ignoring_case(coding_name, "deflate")) {
    coding = io::PayloadCoding::deflate;
  } else if (equals_ignoring_case(coding_name, "zstd")) {
    coding = io::PayloadCoding::zstd;
  } else if (!equals_ignoring_case(coding_name, "gzip") && !equals_ignoring_case(coding_name, "x-gzip")) {
    content = Decoding::unsupported;
    return;
  }
  if (response.body.empty() || !looks_like(response.body, coding)) return;
  const bool is_whole = io::decode_payload(response.body, coding, bytes_max, expanded);
  // Not a byte came out of "deflate": the body was stored decoded.
  if (!is_whole && coding == io::PayloadCoding::deflate && expanded.empty()) return;
  content = is_whole ? Decoding::whole : Decoding::damaged;
  response.body = expanded;
}

ContentType parse_content_type(std::string_view value) {
  ContentType result;
  const auto semicolon = std::min(value.find(';'), value.size());
  for (const char c : trim(value.substr(0, semicolon))) result.type += lower(c);
  auto rest = value.substr(semicolon);
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const auto end = std::min(rest.find(';'), rest.size());
    const auto parameter = trim(rest.substr(0, end));
    rest.remove_prefix(end);
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || !equals_ignoring_case(trim(parameter.substr(0, equals)), "charset"))
      continue;
    auto charset = trim(parameter.substr(equals + 1));
    while (!charset.empty() && (charset.front() == '"' || charset.front() == '\'')) charset.remove_prefix(1);
    while (!charset.empty() && (charset.back() == '"' || charset.back() == '\'')) charset.remove_suffix(1);
    result.charset = charset;
    break;
  }
  return result;
}

}  // namespace gristmill::formats
