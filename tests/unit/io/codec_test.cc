// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/codec.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "../packing.h"
#include "gristmill/io/byte_window.h"

using namespace gristmill;
using namespace gristmill::io;

namespace {

/// Gives out a string in pieces of a fixed size.
class PieceSource final : public ByteSource {
 public:
  PieceSource(std::string bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    const auto count = std::min({piece_, buffer.size(), bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, count, buffer.data());
    at_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

std::unique_ptr<ByteSource> pieces(std::string bytes, std::size_t piece = 1 << 20) {
  return std::make_unique<PieceSource>(std::move(bytes), piece);
}

/// All that comes out, and the error that ended it.
struct Drained {
  std::string bytes;
  std::optional<Error> error;
};

Drained drain(ByteSource& source, std::size_t buffer_bytes = 70'000) {
  Drained result;
  std::vector<char> buffer(buffer_bytes);
  while (true) {
    const auto count = source.read(buffer);
    if (!count) result.error = count.error();
    if (!count || *count == 0) return result;
    result.bytes.append(buffer.data(), *count);
  }
}

Drained decoded(std::string bytes, Codec codec, const ExpansionLimits& limits = {}, std::size_t piece = 1 << 20,
                std::size_t buffer_bytes = 70'000) {
  auto source = decompress(pieces(std::move(bytes), piece), codec, limits, "test");
  REQUIRE(source);
  return drain(**source, buffer_bytes);
}

/// Text-like bytes that compress about as web pages do.
std::string sample(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) text += "word" + std::to_string(random() % 5000) + (random() % 9 == 0 ? ".\n" : " ");
  text.resize(size);
  return text;
}

using Compress = std::string (*)(std::string_view);
struct Format {
  Codec codec;
  Compress compress;
};
const Format formats[] = {
    {Codec::gzip, packing::gzip}, {Codec::zstd, packing::zstd}, {Codec::bz2, packing::bz2}, {Codec::xz, packing::xz}};

}  // namespace

TEST_CASE("what the libraries compress comes back, in one stream and in several, whatever the pieces") {
  for (const auto& [codec, compress] : formats) {
    CAPTURE(to_string(codec));
    const auto a = sample(300'000, 1);
    const auto b = sample(1, 2);
    const auto packed = compress(a) + compress(b) + compress("") + compress(a);
    CHECK(detect_codec(packed.substr(0, 10)) == codec);
    for (const std::size_t piece : {1 << 20, 4096, 7}) {
      const auto result = decoded(packed, codec, {}, piece, piece == 7 ? 1000 : 70'000);
      CHECK(!result.error.has_value());
      CHECK(result.bytes == a + b + a);
    }
  }
}

TEST_CASE("truncation anywhere is corrupt_data, never a silent end") {
  for (const auto& [codec, compress] : formats) {
    CAPTURE(to_string(codec));
    const auto text = sample(50'000, 3);
    const auto packed = compress(text);
    for (std::size_t size = 1; size < packed.size(); size += 1 + packed.size() / 40) {
      CAPTURE(size);
      const auto result = decoded(packed.substr(0, size), codec);
      REQUIRE(result.error.has_value());
      CHECK(result.error->code == ErrorCode::corrupt_data);
      CHECK(text.starts_with(result.bytes));
    }
  }
}

TEST_CASE("a flipped byte never gives other bytes without an error") {
  for (const auto& [codec, compress] : formats) {
    CAPTURE(to_string(codec));
    if (codec == Codec::zstd) continue;  // ZSTD_compress writes no checksum by default: a change may go unseen.
    const auto text = sample(20'000, 4);
    const auto packed = compress(text);
    for (std::size_t at = 12; at < packed.size(); at += 1 + packed.size() / 60) {
      CAPTURE(at);
      auto broken = packed;
      broken[at] = static_cast<char>(broken[at] ^ 0x10);
      const auto result = decoded(broken, codec);
      CHECK((result.error.has_value() || result.bytes == text));
    }
  }
}

TEST_CASE("bombs stop at the ratio and at the size, and the message names the limit") {
  const std::string zeros(std::size_t{80} << 20, '\0');
  for (const auto& [codec, compress] : formats) {
    CAPTURE(to_string(codec));
    const auto packed = compress(zeros);
    const auto by_ratio = decoded(packed, codec, {.ratio_max = 200});
    REQUIRE(by_ratio.error.has_value());
    CHECK(by_ratio.error->code == ErrorCode::limit_exceeded);
    CHECK(by_ratio.error->message.find("[limits] expansion_ratio") != std::string::npos);
    CHECK(by_ratio.bytes.size() <= (std::size_t{66} << 20));
    const auto by_size = decoded(packed, codec, {.expanded_bytes_max = 1 << 20, .ratio_max = 1e9});
    REQUIRE(by_size.error.has_value());
    CHECK(by_size.error->message.find("[limits] expanded") != std::string::npos);
    CHECK(!decoded(packed, codec, {.ratio_max = 1e9}).error.has_value());
  }
}

TEST_CASE("gzip: members of every size, their offsets, padding and garbage behind them") {
  const std::size_t sizes[] = {0, 1, 100, 70'000, 700'000, 3'000'000, 40'000'000, 5};
  std::string packed;
  std::string whole;
  std::vector<std::uint64_t> starts;
  for (const auto size : sizes) {
    starts.push_back(packed.size());
    const auto text = sample(size, static_cast<unsigned>(size));
    packed += packing::gzip(text);
    whole += text;
  }
  const auto members = open_gzip_members(pieces(packed + std::string(512, '\0')), {}, "test");
  std::vector<std::uint64_t> seen;
  std::string bytes;
  std::vector<char> buffer(1 << 20);
  while (true) {
    const auto count = members->read(buffer);
    REQUIRE(count);
    if (*count == 0) break;
    bytes.append(buffer.data(), *count);
    if (seen.empty() || seen.back() != members->member_offset()) seen.push_back(members->member_offset());
  }
  CHECK(bytes == whole);
  starts.erase(starts.begin());  // The empty member gives no bytes and no read.
  CHECK(seen == starts);

  const auto garbage = decoded(packed + "garbage", Codec::gzip);
  REQUIRE(garbage.error.has_value());
  CHECK(garbage.bytes == whole);
}

TEST_CASE("gzip: a piece of a file reads the members that start in it") {
  std::string packed;
  std::vector<std::uint64_t> starts;
  for (int i = 0; i < 5; ++i) {
    starts.push_back(packed.size());
    packed += packing::gzip("member " + std::to_string(i));
  }
  const auto part = open_gzip_members(pieces(packed.substr(starts[1])), {}, "test", starts[1], starts[3]);
  CHECK(drain(*part).bytes == "member 1member 2");
}

TEST_CASE("gzip: reading goes on behind a damaged member") {
  auto first = packing::gzip("WARC/first" + sample(10'000, 5));
  const auto second = packing::gzip("WARC/second");
  for (std::size_t i = 100; i < 140; ++i) first[i] = static_cast<char>(~first[i]);
  ByteWindow window(open_gzip_members(pieces(first + second), {}, "test"));
  while (window.grow()) {
  }
  REQUIRE(window.failure().has_value());
  REQUIRE(window.resume_at_member("WARC/"));
  REQUIRE(window.fill(11));
  CHECK(window.view() == "WARC/second");
  CHECK(window.record_offset() == first.size());
  CHECK(!window.grow());
  CHECK(!window.failure().has_value());
}

TEST_CASE("payloads: gzip, zlib, raw deflate and zstd; damage and the size limit are told") {
  const auto text = sample(100'000, 6);
  std::string out;
  CHECK(decode_payload(packing::gzip(text), PayloadCoding::gzip, 1 << 20, out));
  CHECK(out == text);
  CHECK(decode_payload(packing::zlib(text, 15), PayloadCoding::deflate, 1 << 20, out));
  CHECK(out == text);
  CHECK(decode_payload(packing::zlib(text, -15), PayloadCoding::deflate, 1 << 20, out));
  CHECK(out == text);
  CHECK(decode_payload(packing::zstd(text), PayloadCoding::zstd, 1 << 20, out));
  CHECK(out == text);
  CHECK(!decode_payload(packing::gzip(text).substr(0, 5000), PayloadCoding::gzip, 1 << 20, out));
  CHECK((!out.empty() && text.starts_with(out)));
  CHECK(!decode_payload(packing::gzip(text), PayloadCoding::gzip, 1000, out));
  CHECK(!decode_payload("plain text", PayloadCoding::gzip, 1000, out));
}

TEST_CASE("magic numbers and names") {
  CHECK(detect_codec("BZh is how some texts start") == Codec::none);
  CHECK(detect_codec("") == Codec::none);
  CHECK(codec_of_name("a/b.JSONL.GZ") == Codec::gzip);
  CHECK(codec_of_name("a.tar.xz") == Codec::xz);
  CHECK(codec_of_name("a.tgz") == Codec::gzip);
  CHECK(codec_of_name("gz") == Codec::none);
}

TEST_CASE("a window shows what is asked for and keeps its place") {
  const auto text = sample(3'000'000, 7);
  ByteWindow window(pieces(text, 1001), 10);
  std::mt19937 random(8);
  std::size_t at = 0;
  while (!window.at_end()) {
    const std::size_t wanted = random() % 200'000;
    const bool is_filled = window.fill(wanted);
    REQUIRE(is_filled == (text.size() - at >= wanted));
    REQUIRE(window.offset() == at + 10);
    REQUIRE(window.view() == std::string_view(text).substr(at, window.view().size()));
    const auto step = std::min<std::size_t>(random() % 300'000, text.size() - at);
    REQUIRE(window.skip(step) == step);
    at += step;
  }
  CHECK(at == text.size());
}
