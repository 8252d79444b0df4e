// SPDX-License-Identifier: Apache-2.0
#include "../packing.h"
#include "gristmill/base/json.h"
#include "reading.h"

using namespace gristmill;
using namespace gristmill::formats;
using namespace gristmill::formats::reading;
using packing::gzip;

namespace {

using Texts = std::vector<std::string>;

std::string record(std::string_view headers, std::string_view block, std::ptrdiff_t length_error = 0) {
  const auto length = static_cast<std::ptrdiff_t>(block.size()) + length_error;
  return "WARC/1.0\r\n" + std::string(headers) + "Content-Length: " + std::to_string(length) + "\r\n\r\n" +
         std::string(block) + "\r\n\r\n";
}

std::string response(std::string_view url, std::string_view http_headers, std::string_view body,
                     std::ptrdiff_t error = 0) {
  return record(
      "WARC-Type: response\r\nWARC-Date: 2026-01-02T03:04:05Z\r\nWARC-Target-URI: " + std::string(url) + "\r\n",
      "HTTP/1.1 200 OK\r\n" + std::string(http_headers) + "\r\n" + std::string(body), error);
}

constexpr std::string_view html = "Content-Type: text/html; charset=utf-8\r\n";

/// Five records, three of them pages.
std::vector<std::string> five() {
  return {record("WARC-Type: warcinfo\r\n", "software: x\r\n"), response("http://a/", html, "<p>a</p>"),
          record("WARC-Type: request\r\n", "GET / HTTP/1.1\r\n\r\n"), response("http://b/", html, "<p>b</p>"),
          record("warc-type: Conversion\r\nwarc-target-uri: http://c/\r\nContent-Type: text/plain\r\n", "text c")};
}

std::string joined(const std::vector<std::string>& parts, bool is_gzip = false) {
  std::string out;
  for (const auto& part : parts) out += is_gzip ? gzip(part) : part;
  return out;
}

}  // namespace

TEST_CASE("warc: pages and texts become documents, other records are counted") {
  for (const std::string name : {"a.warc", "a.warc.gz", "a.warc.wet"}) {
    CAPTURE(name);
    const auto outcome = read_bytes(joined(five(), name.ends_with(".gz")), name);
    CHECK(outcome.casualties.empty());
    REQUIRE(outcome.texts() == Texts{"<p>a</p>", "<p>b</p>", "text c"});
    CHECK(outcome.skipped == std::map<std::string, std::int64_t>{{"warc.request", 1}, {"warc.warcinfo", 1}});
    CHECK(outcome.documents[0].url == "http://a/");
    CHECK(outcome.documents[0].media_type == "text/html");
    CHECK(outcome.documents[2].media_type == "text/plain");
    const auto metadata = Json::parse(outcome.documents[0].metadata);
    REQUIRE(metadata);
    CHECK((*metadata)["warc_date"].as_string() == "2026-01-02T03:04:05Z");
    CHECK((*metadata)["http_status"].as_int() == 200);
    CHECK((*metadata)["content_type"].as_string() == "text/html; charset=utf-8");
  }
}

TEST_CASE("warc: offsets are those of the gzip members, so that a range read finds the record") {
  const auto parts = five();
  const auto packed = joined(parts, true);
  const auto outcome = read_bytes(packed, "a.warc.gz");
  const auto second = gzip(parts[0]).size();
  CHECK(outcome.documents[0].offset == static_cast<std::int64_t>(second));
  CHECK(read_bytes(packed.substr(second), "a.warc.gz").texts().front() == "<p>a</p>");
  const auto plain = read_bytes(joined(parts), "a.warc");
  CHECK(plain.documents[0].offset == static_cast<std::int64_t>(parts[0].size()));
  // All records in one member: one offset, different ids.
  const auto one_member = read_bytes(gzip(joined(parts)), "a.warc.gz");
  REQUIRE(one_member.texts() == outcome.texts());
  CHECK(one_member.documents[1].offset == 0);
  CHECK(one_member.documents[0].id != one_member.documents[1].id);
}

TEST_CASE("warc: responses without type headers, without HTTP header, with odd ones") {
  const auto outcome = read_bytes(
      record("WARC-Target-URI: <http://a/>\r\n",
             "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>untyped record") +
          record("WARC-Type: response\r\nContent-Type: text/html\r\n", "<p>no http header") +
          record("WARC-Type: response\r\n", "HTTP/1.0 404\nno colon here\nContent-Type:\n text/html\n\n<p>odd lines") +
          record("WARC-Type: response\r\n", "HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE html><p>sniffed") +
          record("WARC-Type: resource\r\nContent-Type: text/plain\r\n", "resource") +
          record("WARC-Type: response\r\nWARC-Identified-Payload-Type: text/html\r\n",
                 "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n<p>identified") +
          response("http://x/", "Content-Type: image/png\r\n", "\x89PNG") + response("http://x/", html, ""),
      "a.warc");
  CHECK(outcome.casualties.empty());
  REQUIRE(outcome.texts() == Texts{"<p>untyped record", "<p>no http header", "<p>odd lines",
                                   "<!DOCTYPE html><p>sniffed", "resource", "<p>identified"});
  CHECK(outcome.documents[0].url == "http://a/");
  CHECK(outcome.skipped ==
        std::map<std::string, std::int64_t>{{"warc.empty_payload", 1}, {"warc.payload_not_text", 1}});
}

TEST_CASE("warc: chunked and compressed payloads, also where the body was stored decoded") {
  const std::string page = "<p>" + std::string(5000, 'x') + "</p>";
  const std::string chunked = "6\r\n<p>abc\r\n4;ext=1\r\n</p>\r\n0\r\n\r\n";
  const auto packed = gzip(page);
  const auto outcome = read_bytes(
      response("http://1/", std::string(html) + "Transfer-Encoding: chunked\r\n", chunked) +
          response("http://2/", std::string(html) + "Content-Encoding: gzip\r\n", packed) +
          response("http://3/", std::string(html) + "Content-Encoding: deflate\r\n", packing::zlib(page, 15)) +
          response("http://4/", std::string(html) + "Content-Encoding: deflate\r\n", packing::zlib(page, -15)) +
          response("http://5/", std::string(html) + "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
                   [&] {
                     char size[16];
                     std::snprintf(size, sizeof size, "%zx\r\n", packed.size());
                     return size + packed + "\r\n0\r\n\r\n";
                   }()) +
          response("http://6/", std::string(html) + "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", page) +
          response("http://7/", std::string(html) + "Transfer-Encoding: chunked\r\n", "6\r\n<p>abc\r\nzz\r\n") +
          response("http://8/", std::string(html) + "Content-Encoding: br\r\n", "\x0b\x02\x80"),
      "a.warc");
  CHECK(outcome.casualties.empty());
  REQUIRE(outcome.texts() == Texts{"<p>abc</p>", page, page, page, page, page, "<p>abc"});
  CHECK(outcome.documents[6].metadata.find("\"http_chunks_damaged\":true") != std::string::npos);
  CHECK(outcome.skipped.at("warc.content_encoding_unsupported") == 1);
}

TEST_CASE("warc: the charset comes from the HTTP header, the page or the bytes") {
  const auto outcome = read_bytes(
      response("http://1/", "Content-Type: text/html; charset=\"windows-1251\"\r\n",
               "<p>\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0</p>") +
          response("http://2/", "Content-Type: text/html\r\n",
                   "<meta charset=shift_jis><p>\x93\xfa\x96{\x8c\xea\x82\xcc\x83y\x81[\x83W</p>"),
      "a.warc");
  REQUIRE(outcome.texts() == Texts{"<p>Привет, мир</p>", "<meta charset=shift_jis><p>日本語のページ</p>"});
  CHECK(outcome.documents[0].metadata.find("\"charset\":\"windows-1251\"") != std::string::npos);
}

TEST_CASE("warc: a wrong Content-Length costs one record, in either direction, plain and compressed") {
  for (const bool is_gzip : {false, true}) {
    for (const std::ptrdiff_t error : {-5, -1, 7, 400, 100'000}) {
      CAPTURE(is_gzip);
      CAPTURE(error);
      const auto outcome = read_bytes(
          joined({response("http://1/", html, "<p>one</p>"), response("http://2/", html, "<p>two</p>", error),
                  response("http://3/", html, "<p>three</p>"), response("http://4/", html, "<p>four</p>")},
                 is_gzip),
          is_gzip ? "a.warc.gz" : "a.warc");
      CHECK(outcome.texts() == Texts{"<p>one</p>", "<p>three</p>", "<p>four</p>"});
      REQUIRE(outcome.reasons() == Texts{"reader.warc.bad_length"});
      CHECK(outcome.casualties[0].bytes.find("<p>two</p>") != std::string::npos);
    }
  }
}

TEST_CASE("warc: clipped files give what is whole and one casualty for the rest") {
  const auto parts = five();
  const auto plain = joined(parts);
  const auto packed = joined(parts, true);
  for (std::size_t size = 1; size < plain.size(); size += 3) {
    CAPTURE(size);
    const auto outcome = read_bytes(std::string_view(plain).substr(0, size), "a.warc");
    CHECK(outcome.casualties.size() <= 1);
    CHECK(outcome.documents.size() <= 3);
  }
  for (std::size_t size = 20; size < packed.size(); size += 3) {
    CAPTURE(size);
    const auto outcome = read_bytes(std::string_view(packed).substr(0, size), "a.warc.gz");
    CHECK(outcome.casualties.size() <= 1);
  }
  const auto cut = read_bytes(std::string_view(packed).substr(0, packed.size() - 9), "a.warc.gz");
  CHECK(cut.texts() == Texts{"<p>a</p>", "<p>b</p>"});
  CHECK(cut.reasons() == Texts{"reader.compressed.corrupt"});
}

TEST_CASE("warc: a damaged member in the middle costs itself only") {
  const auto parts = five();
  std::vector<std::string> members;
  for (const auto& part : parts) members.push_back(gzip(part));
  auto& hurt = members[1];
  for (std::size_t i = hurt.size() / 2; i < hurt.size() / 2 + 6; ++i) hurt[i] = static_cast<char>(~hurt[i]);
  std::string packed;
  for (const auto& member : members) packed += member;
  const auto outcome = read_bytes(packed, "a.warc.gz");
  CHECK(outcome.texts() == Texts{"<p>b</p>", "text c"});
  CHECK(outcome.reasons() == Texts{"reader.compressed.corrupt"});
}

TEST_CASE("warc: records over the limit are passed over") {
  Limits limits;
  limits.document_bytes_max = 50'000;
  const std::string large(400'000, 'x');
  const auto outcome = read_bytes(response("http://1/", html, "<p>one") + response("http://2/", html, large) +
                                      record("WARC-Type: metadata\r\n", large) +
                                      response("http://3/", html, "<p>three"),
                                  "a.warc", limits);
  CHECK(outcome.texts() == Texts{"<p>one", "<p>three"});
  CHECK(outcome.reasons() == Texts{"reader.warc.too_large"});
  CHECK(outcome.skipped.at("warc.metadata") == 1);
}

TEST_CASE("warc: pieces together give what the whole file gives, though pages quote WARC files") {
  std::vector<std::string> parts;
  for (int i = 0; i < 60; ++i) {
    std::string body = "<p>" + std::to_string(i);
    if (i % 7 == 0) body += "\r\n\r\nWARC/1.0\r\nWARC-Type: response\r\nContent-Length: 4\r\n\r\nfake\r\n\r\n";
    parts.push_back(
        response("http://" + std::to_string(i), html, body + std::string(static_cast<std::size_t>(i) * 20, 'x')));
  }
  for (const bool is_gzip : {false, true}) {
    const std::string name = is_gzip ? "a.warc.gz" : "a.warc";
    const auto bytes = joined(parts, is_gzip);
    const auto whole = read_bytes(bytes, name);
    REQUIRE(whole.documents.size() == 60);
    for (const std::uint64_t piece : {1, 10, 300, 1000, 7000, 1'000'000}) {
      CAPTURE(piece);
      CHECK(read_in_pieces(bytes, name, piece).documents == whole.documents);
    }
  }
}

TEST_CASE("warc: the shared samples give as many records as other readers find") {
  const auto folder = shared_folder();
  if (folder.empty()) return;
  struct Sample {
    std::string name;
    std::int64_t records;
    std::size_t documents;
  };
  // Record and response counts by warcio 1.8.1; documents are those responses and
  // resources that are pages or texts and whole (the ARC with blanks in its address is 12 bytes short of its length).
  const Sample samples[] = {{"warcfile.warc", 50, 16},
                            {"warcfile.warc.gz", 50, 16},
                            {"clueweb-quirk.warc.gz", 30, 29},
                            {"block-sized-records.warc.gz", 3, 0},
                            {"warcio/example.warc.gz", 6, 1},
                            {"warcio/example-iana.org-chunked.warc", 3, 1},
                            {"warcio/example.arc.gz", 2, 1},
                            {"warcio/example-space-in-url.arc", 2, 0},
                            {"warcio/example-resource.warc.gz", 3, 1},
                            {"warcio/example-digest.warc", 4, 0}};
  for (const auto& [name, records, documents] : samples) {
    CAPTURE(name);
    Outcome outcome;
    read_into(outcome, input_of(folder + "/data/web/warc/" + name, name));
    std::int64_t sum = static_cast<std::int64_t>(outcome.documents.size() + outcome.casualties.size());
    for (const auto& [reason, count] : outcome.skipped) sum += count;
    CHECK(sum == records);
    CHECK(outcome.documents.size() == documents);
  }
  Outcome clipped;
  read_into(clipped, input_of(folder + "/data/web/warc/clipped.warc.gz", "clipped.warc.gz"));
  CHECK(clipped.casualties.size() == 1);
}
