// SPDX-License-Identifier: Apache-2.0
// Golden ids and pieces were computed with the `tokenizers` library 0.23.3 by tests/peers/write_tokenizer_golden.py.
#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <sstream>

#include "gristmill/base/json.h"
#include "gristmill/kernels/tokenizer_file.h"

namespace gristmill::kernels {
namespace {

std::string read_bytes(const std::string& path) {
  std::ifstream file(std::string(GRISTMILL_SOURCE_DIR) + "/" + path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "cannot read ", path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::vector<Json> read_lines(const std::string& path) {
  std::istringstream lines(read_bytes(path));
  std::vector<Json> rows;
  for (std::string line; std::getline(lines, line);) {
    auto parsed = Json::parse(line);
    REQUIRE(parsed.ok());
    rows.push_back(*std::move(parsed));
  }
  return rows;
}

std::unique_ptr<Tokenizer> load(std::string_view bytes, std::optional<Pattern> pattern = {}) {
  auto loaded = load_tokenizer(bytes, pattern);
  const auto message = loaded ? std::string() : loaded.error().message;
  REQUIRE_MESSAGE(loaded.ok(), message);
  return *std::move(loaded);
}

std::vector<std::uint32_t> encode(const Tokenizer& tokenizer, std::string_view text,
                                  SpecialText special = SpecialText::plain) {
  TokenizerScratch scratch;
  std::vector<std::uint32_t> ids;
  REQUIRE(tokenizer.encode(text, special, scratch, ids).ok());
  return ids;
}

std::vector<std::uint32_t> ids_of(const Json& list) {
  std::vector<std::uint32_t> ids;
  for (const auto& item : list.items()) ids.push_back(static_cast<std::uint32_t>(item.as_int()));
  return ids;
}

/// Rank file of the 256 bytes, then the given tokens.
std::string rank_file(const std::vector<std::string>& base64_tokens) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bytes += {alphabet[byte >> 2], alphabet[(byte & 3) << 4], '=', '='};
    bytes.append(1, ' ').append(std::to_string(byte)).append(1, '\n');
  }
  for (std::size_t i = 0; i < base64_tokens.size(); ++i) {
    bytes.append(base64_tokens[i]).append(1, ' ').append(std::to_string(256 + i)).append(1, '\n');
  }
  return bytes;
}

}  // namespace

TEST_CASE("the example tokenizer gives the ids of the library that trained it") {
  const auto tokenizer = load(read_bytes("examples/tokenizers/example.json"));
  TokenizerScratch scratch;
  for (int round = 0; round < 2; ++round) {  // The second round answers from the cache.
    for (const auto& row : read_lines("tests/golden/tokenizer_ids.jsonl")) {
      std::vector<std::uint32_t> ids;
      REQUIRE(tokenizer->encode(row["text"].as_string(), SpecialText::plain, scratch, ids).ok());
      CHECK_MESSAGE(ids == ids_of(row["ids"]), row.dump());
      CHECK(tokenizer->decode(ids) == row["text"].as_string());
    }
  }
}

TEST_CASE("pieces are cut where the library's regular expression engine cuts them") {
  for (const auto& row : read_lines("tests/golden/pretokenizer_pieces.jsonl")) {
    const auto pattern = pattern_of_name(row["pattern"].as_string());
    REQUIRE(pattern);
    const auto pretokenizer = Pretokenizer::for_pattern(*pattern);
    std::vector<std::uint32_t> ends;
    std::array<std::uint32_t, 3> some;  // So few that a text needs several calls.
    for (std::size_t position = 0;;) {
      const auto count = pretokenizer->split(row["text"].as_string(), position, some);
      REQUIRE(count.ok());
      if (*count == 0) break;
      ends.insert(ends.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*count));
    }
    CHECK_MESSAGE(ends == ids_of(row["ends"]), row.dump());
  }
}

TEST_CASE("a piece merges by rank, ties from the left, in the short and in the long way") {
  // aa (256), aaaa (257), ab (258).
  const auto tokenizer = load(rank_file({"YWE=", "YWFhYQ==", "YWI="}), Pattern::gpt2);
  CHECK(encode(*tokenizer, "aaa") == std::vector<std::uint32_t>{256, 97});
  CHECK(encode(*tokenizer, "aab") == std::vector<std::uint32_t>{256, 98});
  CHECK(encode(*tokenizer, "aaaab") == std::vector<std::uint32_t>{257, 98});
  for (const std::size_t length : {1u, 2u, 3u, 15u, 16u, 47u, 48u, 49u, 50u, 51u, 1000u, 1003u}) {
    std::vector<std::uint32_t> expected(length / 4, 257);
    if (length % 4 >= 2) expected.push_back(256);
    if (length % 2 == 1) expected.push_back(97);
    CHECK(encode(*tokenizer, std::string(length, 'a')) == expected);
  }
}

TEST_CASE("a megabyte without a blank is merged, and all of it") {
  const auto tokenizer = load(read_bytes("examples/tokenizers/example.json"));
  for (const std::string_view unit : {"a", "ab", "=", " ", "\n", "\xE4\xB8\xAD"}) {
    std::string text;
    while (text.size() < (std::size_t{1} << 20)) text += unit;
    CHECK(tokenizer->decode(encode(*tokenizer, text)) == text);
  }
}

TEST_CASE("ill-formed bytes are safe and nothing is lost") {
  const auto tokenizer = load(rank_file({}), Pattern::o200k);
  std::string text;
  for (int first = 0; first < 256; ++first) {
    for (const int second : {0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC5, 0xED, 0xF4, 0xFF}) {
      text = {'x', static_cast<char>(first), static_cast<char>(second)};
      CHECK(tokenizer->decode(encode(*tokenizer, text)) == text);
    }
  }
}

TEST_CASE("special tokens are text unless control is asked for") {
  const auto tokenizer = load(read_bytes("examples/tokenizers/example.json"));
  const std::string text = "a<|endoftext|>b";
  CHECK(encode(*tokenizer, text).size() > 3);
  CHECK(encode(*tokenizer, text, SpecialText::control).size() == 3);
  CHECK(encode(*tokenizer, text, SpecialText::control)[1] == 0);
  CHECK(tokenizer->find_special(text) == 1u);
  CHECK_FALSE(tokenizer->find_special("a<|endoftext|b"));
  CHECK(tokenizer->end_token() == 0u);
  CHECK_FALSE(tokenizer->begin_token());
}

TEST_CASE("what would change ids is refused by name") {
  const auto base = *Json::parse(read_bytes("tests/cases/files/slow_split_tokenizer.json"));
  const auto refused = [&](std::string_view part, auto change, std::string_view words) {
    auto changed = base;
    change(changed.at(part));
    const auto loaded = load_tokenizer(changed.dump(), {});
    REQUIRE_FALSE(loaded.ok());
    CHECK_MESSAGE(loaded.error().message.find(words) != std::string::npos, loaded.error().message);
  };
  refused("model", [](Json& model) { model.set("type", "Unigram"); }, "model.type");
  refused("model", [](Json& model) { model.set("byte_fallback", true); }, "byte_fallback");
  refused("model", [](Json& model) { model.set("unk_token", "<unk>"); }, "unk_token");
  refused("model", [](Json& model) { model.set("dropout", 0.1); }, "dropout");
  refused("model", [](Json& model) { model.set("end_of_word_suffix", "</w>"); }, "end_of_word_suffix");
  refused("model", [](Json& model) { model.set("merges", Json::array({"a zz"})); }, "merges[0]");
  refused("model", [](Json& model) { model.at("vocab").erase("a"); }, "0x61");
  refused("normalizer", [](Json& part) { part = Json::object({{"type", "Lowercase"}}); }, "Lowercase");
  refused("pre_tokenizer", [](Json& part) { part = Json::object({{"type", "Metaspace"}}); }, "Metaspace");
  refused("pre_tokenizer", [](Json& part) { part = nullptr; }, "ByteLevel");
  refused(
      "pre_tokenizer", [](Json& part) { part.at("pretokenizers").push(Json::object({{"type", "Punctuation"}})); },
      "Punctuation");
}

TEST_CASE("special tokens can be allowed one by one") {
  auto bytes = read_bytes("examples/tokenizers/example.json");
  const std::string_view list = R"("added_tokens":[)";
  bytes.insert(bytes.find(list) + list.size(), R"({"id":9000,"content":"<|a|>","special":true},)"
                                               R"({"id":9001,"content":"<|c|>","special":true},)"
                                               R"({"id":9002,"content":"<|d|>","special":true,"lstrip":true},)");
  const auto tokenizer = load(bytes);
  const auto before = encode(*tokenizer, "x<|c|>y");
  CHECK(tokenizer->find_special("x<|a|>y<|c|>") == 1);
  REQUIRE(tokenizer->allow_special(std::vector<std::string>{"<|a|>"}).ok());
  const auto x = encode(*tokenizer, "x");
  const auto y = encode(*tokenizer, "y");
  REQUIRE(x.size() == 1);
  REQUIRE(y.size() == 1);
  CHECK(encode(*tokenizer, "x<|a|>y") == std::vector<std::uint32_t>{x[0], 9000, y[0]});
  CHECK(encode(*tokenizer, "x<|c|>y") == before);
  CHECK(encode(*tokenizer, "<|c|><|a|>", SpecialText::control) == std::vector<std::uint32_t>{9001, 9000});
  CHECK(tokenizer->find_special("x<|a|>y<|c|>") == 7);
  CHECK_FALSE(tokenizer->find_special("x<|a|>y").has_value());
  CHECK_FALSE(tokenizer->allow_special(std::vector<std::string>{"<|b|>"}).ok());
  CHECK_FALSE(tokenizer->allow_special(std::vector<std::string>{"<|d|>"}).ok());
}

TEST_CASE("a broken rank file is refused with its line") {
  const auto message = [](const std::string& bytes) {
    const auto loaded = load_tokenizer(bytes, Pattern::gpt2);
    REQUIRE_FALSE(loaded.ok());
    return loaded.error().message;
  };
  CHECK(message("YQ== 0\nYg==\n").find("line 2") != std::string::npos);
  CHECK(message("YQ== 0\nY*== 1\n").find("not base64") != std::string::npos);
  CHECK(message("YQ== 0\nYg== 0\n").find("given before") != std::string::npos);
  CHECK(message("YQ== 4000000000\n").find("above") != std::string::npos);
  CHECK(message("YQ== 0\n").find("single byte 0x00") != std::string::npos);
  CHECK_FALSE(load_tokenizer("", {}).ok());
  CHECK_FALSE(load_tokenizer("{\"model\":", {}).ok());
  // 256 ranks are no known vocabulary, so a pattern must be given.
  CHECK_FALSE(load_tokenizer(rank_file({}), {}).ok());
}

}  // namespace gristmill::kernels
