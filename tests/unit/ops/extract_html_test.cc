// SPDX-License-Identifier: Apache-2.0
// What the case file cannot say of extract.html: working memory that is used again, and hostile pages.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/choose.h"
#include "gristmill/ops/extract/html.h"

namespace gristmill::ops {
namespace {

struct Extracted {
  Outcome outcome = Outcome::kept;
  std::string reason;
  std::string text;
  bool operator==(const Extracted&) const = default;
};

/// An operator with its working memory, kept from page to page.
class Extractor {
 public:
  explicit Extractor(std::string_view options = R"({"keep": ["headings", "lists", "tables", "code", "links"]})")
      : op_(*ExtractHtml::make(*resolve_options(ExtractHtml::spec_, *Json::parse(options)))),
        scratch_(op_->make_scratch()) {
    for (std::uint16_t i = 0; i < op_->spec().columns_out.size(); ++i) scratch_->columns_out.push_back(i);
  }

  Extracted operator()(const std::string& html) {
    data::Batch batch;
    data::Document document;
    scratch_->arena = &batch.arena;
    document.text = html;
    document.media_type = "text/html";
    document.columns = batch.allocate_cells(scratch_->columns_out.size());
    const auto verdict = op_->apply(document, *scratch_);
    CHECK(kernels::is_valid_utf8(document.text));
    return {verdict.outcome, std::string(verdict.reason), std::string(document.text)};
  }

 private:
  std::unique_ptr<Operator> op_;
  std::unique_ptr<Scratch> scratch_;
};

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out;
}

extract::Page page_of_words(std::initializer_list<std::uint32_t> words) {
  extract::Page page;
  for (const auto count : words) {
    page.blocks.emplace_back();
    page.blocks.back().words = count;
  }
  return page;
}

}  // namespace

TEST_CASE("a page gives the same text whatever came before it") {
  const std::string page = "<nav><a href=/>Home</a></nav><article><h1>Tides</h1><p>" +
                           repeated("The tide comes in twice a day, and goes out again. ", 600) + "</article>";
  Extractor fresh;
  const auto expected = fresh(page);
  CHECK(expected.outcome == Outcome::kept);
  Extractor used;
  used(repeated("<table><tr><td>cell<p class=x>", 300'000));
  used("");
  used(repeated("<div hidden>", 100'000));
  CHECK(used(page) == expected);
  CHECK(used(page) == expected);
}

TEST_CASE("hostile pages end with a verdict") {
  Extractor extract;
  for (const auto* unit : {"<div>", "<div>x ", "<ul><li>x", "<table><tr><td>x", "<noscript>x ", "<svg><p>",
                           "<a href=x>y<div>", "<br>x", "<pre>\n", "<title>x</title>", "&", "&#xD800;", "<!--",
                           "<p class='a b c'>x", "</p>", "<x-y>z", "<h1>x", "<dd>x<dt>"}) {
    CAPTURE(unit);
    const auto result = extract(repeated(unit, 200'000));
    CHECK((result.outcome == Outcome::kept || !result.reason.empty()));
  }
  CHECK(extract(std::string(100'000, '\0')).reason == "html.no_content");
}

TEST_CASE("large pages may have more nodes") {
  // 100 nodes, or one for each 4 bytes, but 400 at most: a cell of 9 bytes and its text are two.
  Extractor extract(R"({"max_nodes": 100, "metadata": []})");
  CHECK(extract("<table><tr>" + repeated("<td>1</td>", 1'500)).outcome == Outcome::kept);
  CHECK(extract("<table><tr>" + repeated("<td>1</td>", 6'000)).reason == "html.too_complex");
  CHECK(extract(repeated("<p>x", 360)).reason == "html.too_complex");
}

TEST_CASE("hostile pages do not swell as Markdown") {
  Extractor extract(
      R"({"format": "markdown", "profile": "recall", "spans": true, "metadata": ["author", "date", "json_ld"],
                        "keep": ["headings", "lists", "tables", "code", "links", "emphasis"]})");
  constexpr std::size_t bytes = 200'000;
  for (const auto* unit : {"<ul><li>x",
                           "<ol><li>x",
                           "<blockquote>x",
                           "<blockquote>x<br>y",
                           "<ul><li><pre>a\nb\n",
                           "<td>1",
                           "<tr><td>1",
                           "<td colspan=64 rowspan=1000>1",
                           "<tr><td colspan=1000>1",
                           "<b><i><s>x<p>",
                           "<em>x<b>y</b>",
                           "<a href='&#1;'>x</a>",
                           "*",
                           "_",
                           "`",
                           "[",
                           "\\(",
                           "$$",
                           "<code>`",
                           "<br>[",
                           "<br>1.",
                           "x<br>",
                           "#",
                           "&amp;lt;",
                           "<math><mi>x",
                           "|",
                           "<math alttext=x>y</math>",
                           "<script type=math/tex>x</script>",
                           "<span class=katex-html>x</span>",
                           "<div itemprop=author><span itemprop=name>x",
                           "<time datetime=2024-13-01>x</time>",
                           "<caption>x<tr><td>y"}) {
    for (const std::string_view opening : {"", "<table>", "<p>"}) {
      CAPTURE(unit);
      CAPTURE(opening);
      const auto result = extract(std::string(opening) + repeated(unit, bytes));
      // An item at the depth limit takes 12 levels of 4 bytes, from 9 bytes of source; a link's byte becomes three.
      CHECK(result.text.size() <= 8 * bytes);
    }
  }
}

TEST_CASE("a page of 50 MB") {
  Extractor extract;
  const auto prose = extract(
      repeated("<p>The tide comes in twice a day, and goes out again after six hours.</p>\n", 50'000'000));
  CHECK(prose.outcome == Outcome::kept);
  const auto cells = extract(repeated("<td>1", 50'000'000));
  CHECK(cells.outcome == Outcome::quarantined);
  CHECK(cells.reason == "html.too_complex");
}

TEST_CASE("blocks are chosen by expected F1") {
  const auto page = page_of_words({10, 10, 10});
  constexpr extract::Cut sharp{.quarters = 6};
  constexpr extract::Cut flat{.quarters = 2};
  // By hand, the log-odds of 0.1, 0.9, 0.6 in 1/64: to the power 1.5 they make 0.036, 0.964, 0.648, together 16.5 words
  // of content. Keeping one block expects 2*9.64/(10+16.5) = 0.729, two 2*16.1/(20+16.5) = 0.884, three
  // 2*16.5/(30+16.5) = 0.709.
  const std::array<std::int16_t, 3> clear{-141, 141, 26};
  CHECK(extract::choose_blocks(page, clear, sharp) == std::vector<std::uint8_t>{0, 1, 1});
  CHECK(extract::choose_blocks(page_of_words({}), {}, sharp).empty());
  // With 0.4 for the last block the odds to the power 1.5 make it 0.353: one block expects 0.820, two 0.786. To the
  // power 0.5 the three are 0.25, 0.75, 0.449: one block 0.612, two 0.695, three 0.651.
  const std::array<std::int16_t, 3> doubtful{-141, 141, -26};
  CHECK(extract::choose_blocks(page, doubtful, sharp) == std::vector<std::uint8_t>{0, 1, 0});
  CHECK(extract::choose_blocks(page, doubtful, flat) == std::vector<std::uint8_t>{0, 1, 1});
  // Log-odds 4 and 0.25 alone expect 0.772 with one block and 0.871 with both. When the page is taken in four ways,
  // with -6.5, -3.5, -0.5 and 2.5 added, one expects 0.655 and both 0.617 (the outer ways count half).
  const auto two = page_of_words({10, 10});
  const std::array<std::int16_t, 2> tail{256, 16};
  CHECK(extract::choose_blocks(two, tail, {}) == std::vector<std::uint8_t>{1, 1});
  CHECK(extract::choose_blocks(two, tail, {.shift = -128, .spread = 192}) == std::vector<std::uint8_t>{1, 0});
  // Of equal odds the earlier block comes first; the far ends of the scale do not leave the table.
  const std::array<std::int16_t, 3> extreme{32767, -32768, 32767};
  CHECK(extract::choose_blocks(page, extreme, sharp) == std::vector<std::uint8_t>{1, 0, 1});
}

}  // namespace gristmill::ops
