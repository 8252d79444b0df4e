// SPDX-License-Identifier: Apache-2.0
#include "reading.h"

using namespace gristmill;
using namespace gristmill::formats;
using namespace gristmill::formats::reading;

namespace {

ReadDocument read_line(std::string_view line) {
  const auto outcome = read_bytes(std::string(line) + "\n", "a.jsonl");
  REQUIRE(outcome.casualties.empty());
  REQUIRE(outcome.documents.size() == 1);
  CHECK(outcome.documents[0].media_type == "application/x-conversation");
  return outcome.documents[0];
}

}  // namespace

TEST_CASE("ShareGPT") {
  const auto document = read_line(
      R"({"id":"7","system":"Be brief.","conversations":[{"from":"human","value":"Hi \"you\""},{"from":"gpt","value":"Hello\n"}]})");
  CHECK(
      document.conversation ==
      R"({"kind":"chat","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi \"you\""},{"role":"assistant","content":"Hello\n"}]})");
  CHECK(document.text == "system: Be brief.\n\nuser: Hi \"you\"\n\nassistant: Hello\n");
  CHECK(document.metadata == R"({"id":"7"})");
}

TEST_CASE("OpenAI messages, with content parts and what does not fit the schema") {
  const auto plain = read_line(
      R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","name":null}],"text":"beside"})");
  CHECK(plain.conversation ==
        R"({"kind":"chat","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]})");
  CHECK(plain.metadata == R"({"text":"beside"})");
  const std::string lossy =
      R"([{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"u"}}]},{"role":"assistant","content":null,"tool_calls":[1]}])";
  const auto parts = read_line("{\"messages\":" + lossy + "}");
  CHECK(
      parts.conversation ==
      R"({"kind":"chat","messages":[{"role":"user","content":"see\n[image_url]"},{"role":"assistant","content":""}]})");
  CHECK(parts.metadata == "{\"messages\":" + lossy + "}");
}

TEST_CASE("Alpaca") {
  const auto document = read_line(R"({"instruction":"Add.","input":"1 2","output":"3","source":"s"})");
  CHECK(document.conversation ==
        R"({"kind":"chat","messages":[{"role":"user","content":"Add.\n\n1 2"},{"role":"assistant","content":"3"}]})");
  CHECK(document.metadata == R"({"source":"s"})");
  CHECK(read_line(R"({"instruction":"Go.","input":"","output":"ok"})").text == "user: Go.\n\nassistant: ok");
}

TEST_CASE("preference pairs of strings and of messages") {
  const auto strings = read_line(R"({"prompt":"p","chosen":"good","rejected":"bad","score":1})");
  CHECK(
      strings.conversation ==
      R"({"kind":"preference","prompt":[{"role":"user","content":"p"}],"chosen":[{"role":"assistant","content":"good"}],"rejected":[{"role":"assistant","content":"bad"}]})");
  CHECK(strings.text == "user: p\n\nchosen assistant: good\n\nrejected assistant: bad");
  CHECK(strings.metadata == R"({"score":1})");
  const std::string expected =
      R"({"kind":"preference","prompt":[{"role":"user","content":"p"}],"chosen":[{"role":"assistant","content":"g"}],"rejected":[{"role":"assistant","content":"b"}]})";
  const std::string lists =
      R"("chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"g"}],"rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"b"}]})";
  CHECK(read_line("{\"prompt\":\"p\"," + lists).conversation == expected);
  CHECK(read_line("{" + lists).conversation == expected);
}

TEST_CASE("what only looks like a conversation is none") {
  const auto outcome = read_bytes(
      "{\"text\":\"t\",\"messages\":[]}\n"
      "{\"text\":\"t\",\"messages\":[1,2]}\n"
      "{\"text\":\"t\",\"messages\":\"hello\"}\n"
      "{\"text\":\"t\",\"messages\":[{\"role\":\"user\"}]}\n"
      "{\"text\":\"t\",\"instruction\":\"no output\"}\n"
      "{\"text\":\"t\",\"chosen\":[],\"rejected\":[]}\n",
      "a.jsonl");
  CHECK(outcome.casualties.empty());
  REQUIRE(outcome.documents.size() == 6);
  for (const auto& document : outcome.documents) {
    CHECK(document.text == "t");
    CHECK(document.conversation.empty());
    CHECK(!document.metadata.empty());
  }
}
