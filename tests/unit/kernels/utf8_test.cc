// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/utf8.h"

#include <doctest/doctest.h>
#include <iconv.h>

#include <array>
#include <string>
#include <vector>

namespace gristmill::kernels {
namespace {

/// Bytes left when the C library's decoder stops: the first ill-formed sequence, or nothing.
class LibraryDecoder {
 public:
  LibraryDecoder() : converter_(::iconv_open("UTF-32LE", "UTF-8")) {}
  ~LibraryDecoder() { ::iconv_close(converter_); }
  std::size_t first_invalid(std::string text) {
    ::iconv(converter_, nullptr, nullptr, nullptr, nullptr);
    char* in = text.data();
    std::size_t left = text.size();
    std::vector<char> out(text.size() * 4 + 16);
    char* to = out.data();
    std::size_t room = out.size();
    const bool is_whole = ::iconv(converter_, &in, &left, &to, &room) != static_cast<std::size_t>(-1);
    return is_whole ? std::string::npos : static_cast<std::size_t>(in - text.data());
  }

 private:
  iconv_t converter_;
};

// Both sides of every border in table 3-7 of the Unicode standard.
constexpr std::array<unsigned char, 24> edges{0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
                                              0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5, 0xFF};

}  // namespace

TEST_CASE("every string of edge bytes is judged as the C library judges it, at several places in a text") {
  LibraryDecoder library;
  for (const std::size_t before : {0, 3, 7}) {
    for (const std::size_t behind : {0, 1, 9}) {
      std::string text(before, 'a');
      text.append(4, '\0').append(behind, 'z');
      for (const auto a : edges) {
        for (const auto b : edges) {
          for (const auto c : edges) {
            for (const auto d : {edges[0], edges[3], edges[8], edges[9], edges[12], edges[19]}) {
              text[before] = static_cast<char>(a);
              text[before + 1] = static_cast<char>(b);
              text[before + 2] = static_cast<char>(c);
              text[before + 3] = static_cast<char>(d);
              REQUIRE(first_invalid_utf8(text) == library.first_invalid(text));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("code points survive encoding and decoding, and replacement leaves well-formed text") {
  for (char32_t point = 1; point <= 0x10FFFF; point += point < 0x3000 ? 1 : 61) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    std::string text;
    append_code_point(text, point);
    std::size_t position = 0;
    REQUIRE(is_valid_utf8(text));
    REQUIRE(next_code_point(text, position) == point);
    REQUIRE(position == text.size());
  }
  // WHATWG: one U+FFFD for each maximal ill-formed part.
  CHECK(replace_invalid_utf8("a\xF0\x9F\x98z") == "a\xEF\xBF\xBDz");
  CHECK(replace_invalid_utf8("\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(replace_invalid_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace gristmill::kernels
