// SPDX-License-Identifier: Apache-2.0
#include "gristmill/observe/report.h"

#include <doctest/doctest.h>

#include <string>

#include "gristmill/observe/charts.h"
#include "gristmill/observe/html.h"

using gristmill::Json;
using namespace gristmill::observe;

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Json small_run() {
  const auto run = Json::parse(R"json({
    "run_id": "run-7", "pipeline": "web-clean", "status": "done", "fingerprint": "f00d",
    "documents": {"in": 1000, "created": 0, "out": 700, "dropped": 250, "merged": 30, "quarantined": 20},
    "operators": [{"name": "filter.x", "version": 3, "in": 1000, "out": 700, "cpu_seconds": 2.0, "bytes_in": 4194304,
      "dropped": {"x.rare": 50, "x.frequent": 200}, "merged": 30, "quarantined": {"x.broken": 20},
      "examples": {"x.frequent": [{"id": "0a", "origin_uri": "file:///a.html", "offset": 12, "text": "first"},
        {"text": "second"}, {"text": "third"}, {"text": "fourth"}]}}],
    "distributions": {"text_bytes": {"buckets": [{"from": 0, "to": 1024, "count": 3},
      {"from": 1024, "to": 2048, "count": 9}]},
      "language": [{"value": "de", "count": 2}, {"value": "en", "count": 5}]}
  })json");
  REQUIRE(run.ok());
  return *run;
}

}  // namespace

TEST_CASE("hostile text cannot leave its element") {
  CHECK(escape_html("<script>alert(\"1\")&'</script>") ==
        "&lt;script&gt;alert(&quot;1&quot;)&amp;&#39;&lt;/script&gt;");
  // Direction overrides, control characters and broken UTF-8 (overlong, surrogate, cut, beyond the last) are replaced.
  CHECK(escape_html("a\xE2\x80\xAE"
                    "b") ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(escape_html(std::string("a\0b\x1B", 4)) ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
  CHECK(escape_html("\xC0\xBC") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(escape_html("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(escape_html("\xE4\xB8") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(escape_html("\xF4\x90\x80\x80").find('\xF4') == std::string::npos);
  CHECK(escape_html("\xE4\xB8\xAD\xF0\x9F\x98\x80") == "\xE4\xB8\xAD\xF0\x9F\x98\x80");
}

TEST_CASE("an excerpt is one line, cut between code points") {
  CHECK(excerpt_html("  a\n\n\tb  c ", 100) == "a b c ");
  CHECK(excerpt_html("\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97", 2) == "\xE4\xB8\xAD\xE6\x96\x87…");
  CHECK(excerpt_html("<<<<", 2) == "&lt;&lt;…");
  CHECK(excerpt_html("ab", 2) == "ab");
}

TEST_CASE("numbers read well") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(-1234567) == "-1,234,567");
  CHECK(with_commas(INT64_MIN) == "-9,223,372,036,854,775,808");
  CHECK(human_bytes(999) == "999 B");
  CHECK(human_bytes(1536) == "1.50 KiB");
  CHECK(human_bytes(5.0 * 1024 * 1024 * 1024) == "5.00 GiB");
  CHECK(human_seconds(0.35) == "0.35 s");
  CHECK(human_seconds(59.99) == "1 min 0 s");
  CHECK(human_seconds(11520) == "3 h 12 min");
  CHECK(percent(1, 100000) == "&lt;0.1 %");
  CHECK(percent(1, 0) == "–");
  CHECK(human_label("text_bytes") == "Text bytes");
  CHECK(human_label("pii_count") == "PII count");
}

TEST_CASE("reasons come by count, with three examples at most") {
  const auto page = render_report(small_run());
  CHECK(page.find("x.frequent") < page.find("x.rare"));
  CHECK(contains(page, "“third”"));
  CHECK(!contains(page, "fourth"));
  CHECK(contains(page, "file:///a.html · offset 12 · document 0a"));
  CHECK(contains(page, "<b>20</b> x.broken"));
  CHECK(page.find(">en<") < page.find(">de<"));
}

TEST_CASE("what a step counted is a table of subjects and actions") {
  auto run = small_run();
  run.set("operators", *Json::parse(R"json([{"name": "redact.x", "in": 1000, "out": 1000,
    "tally": {"email": {"drop": 2, "pseudonym": 1500}, "phone": {"drop": 7}}}])json"));
  const auto page = render_report(run);
  CHECK(contains(page, "<th>Found</th><th class=\"num\">drop</th><th class=\"num\">pseudonym</th>"));
  CHECK(contains(page, "email</td><td class=\"num\">2</td><td class=\"num\">1,500</td>"));
  CHECK(contains(page, "phone</td><td class=\"num\">7</td><td class=\"num\"></td>"));
}

TEST_CASE("the sum is shown, and a sum that does not close is shown as wrong") {
  auto run = small_run();
  CHECK(contains(render_report(run), "1,000 in + 0 created = 700 out + 250 dropped + 30 merged + 20 quarantined"));
  CHECK(contains(render_report(run), "✓ adds up"));
  run.at("documents").set("out", 701);
  CHECK(contains(render_report(run), "class=\"sum bad\""));
  CHECK(contains(render_report(run), "✗ 1,000 against 1,001"));
}

TEST_CASE("the page loads nothing and runs nothing, whatever the documents say") {
  auto run = small_run();
  const std::string attack = "</style></title><script src=//evil.example></script><img src=x onerror=alert(1)>\"'";
  for (const auto* name : {"run_id", "pipeline", "status", "fingerprint", "gristmill_version", "started_at"})
    run.set(name, attack);
  run.set("quarantine", Json::array({Json::object(
                            {{"reason", attack}, {"message", attack}, {"origin_uri", attack}, {"operator", attack}})}));
  run.set("inputs", Json::array({Json::object({{"dataset", attack}, {"version", attack}})}));
  run.set("output", Json::object({{"dataset", attack}, {"version", 5}, {"location", attack}}));
  run.set("ingestions", Json::array({Json::object({{"source", attack}, {"license", attack}})}));
  run.set("distributions", Json::object({{attack, Json::array({Json::object({{"value", attack}, {"count", 1}})})}}));
  auto& step = run.at("operators");
  step = Json::array(
      {Json::object({{"name", attack},
                     {"in", 1},
                     {"dropped", Json::object({{attack, 1}})},
                     {"options", Json::object({{attack, attack}})},
                     {"tally", Json::object({{attack, Json::object({{attack, 1}})}})},
                     {"examples", Json::object({{attack, Json::array({Json::object({{"text", attack}})})}})}})});
  const auto page = render_report(run);
  CHECK(!contains(page, "<script"));
  CHECK(!contains(page, "<img"));
  CHECK(!contains(page, "url("));
  CHECK(!contains(page, "@import"));
}

TEST_CASE("an empty or strangely typed run document still gives a page") {
  CHECK(contains(render_report(Json()), "</html>"));
  CHECK(contains(render_report(Json::array({1, 2})), "</html>"));
  const auto strange = Json::parse(R"({"operators": [1, null, {"dropped": 5, "quarantined": "x"}], "documents": 3,
    "inputs": {"a": 1}, "quarantine": [null, {"count": -1}],
    "distributions": {"x": 1, "y": {"buckets": [null, {"count": 1e300}]}},
    "tokens": [], "wall_seconds": -1, "peak_memory_bytes": "much"})");
  REQUIRE(strange.ok());
  const auto page = render_report(*strange);
  CHECK(contains(page, "</html>"));
  CHECK(contains(page, "<b>5</b> dropped"));
}

TEST_CASE("histograms draw what is there") {
  const auto buckets = small_run()["distributions"]["text_bytes"]["buckets"];
  const auto svg = histogram_svg("text_bytes", buckets);
  CHECK(contains(svg, "<title>1.00 KiB to 2.00 KiB: 9</title>"));
  CHECK(contains(svg, "height=\"110.0\""));
  CHECK(histogram_svg("x", Json()).empty());
  CHECK(histogram_svg("x", Json::array({Json::object({{"count", 0}})})).empty());
}

TEST_CASE("a gap that the producer left out is drawn as a gap") {
  const auto buckets = Json::parse(R"([{"from": 1, "to": 2, "count": 4}, {"from": 8, "to": 16, "count": 4}])");
  const auto svg = histogram_svg("x", *buckets);
  // Four buckets of a quarter of the width: 1-2, 2-4, 4-8 and 8-16; the last begins at three quarters of 340.
  CHECK(contains(svg, "<rect x=\"255.0\""));
}

TEST_CASE("quarantine notes are grouped, alerts and the reader's losses are shown") {
  auto run = small_run();
  auto notes = Json::array();
  for (int i = 0; i < 7; ++i)
    notes.push(Json::object(
        {{"reason", "reader.bad"}, {"message", "line " + std::to_string(i)}, {"origin_uri", "file:///b"}}));
  run.set("quarantine", std::move(notes));
  run.set("alerts", Json::array({Json::object({{"name", "quarantine"}, {"message", "too much <b>"}})}));
  run.set(
      "reader",
      Json::object({{"name", "read"}, {"quarantined", 7}, {"quarantine_reasons", Json::object({{"reader.bad", 7}})}}));
  run.set("tokens", Json::object({{"tokens", 5}, {"shards", Json::array({1, 2})}}));
  const auto page = render_report(run);
  CHECK(contains(page, "rowspan=\"5\">7</td>"));
  CHECK(contains(page, "line 4"));
  CHECK(!contains(page, "line 5"));
  CHECK(contains(page, "too much &lt;b&gt;"));
  CHECK(contains(page, "<b>7</b> reader.bad"));
  CHECK(contains(page, "in 2 shards"));
}

TEST_CASE("What a sentence says better gets no chart") {
  auto run = small_run();
  auto titles = Json::array();
  for (int i = 0; i < 20; ++i) titles.push(Json::object({{"value", "title " + std::to_string(i)}, {"count", 1}}));
  const auto bucket = [](int from, int to) {
    return Json::object({{"buckets", Json::array({Json::object({{"from", from}, {"to", to}, {"count", 20}})})}});
  };
  run.set("distributions",
          Json::object({{"pii_secret", bucket(0, 1)}, {"words", bucket(1, 2)}, {"title", std::move(titles)}}));
  const auto report = render_report(run);
  CHECK(contains(report, "PII secret: zero in all documents."));
  CHECK(contains(report, "Title: a value of its own in most documents."));
  CHECK(contains(report, "<figcaption>Words "));
  CHECK(!contains(report, "<figcaption>PII secret "));
  CHECK(!contains(report, "<figcaption>Title "));
}
