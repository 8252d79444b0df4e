// SPDX-License-Identifier: Apache-2.0
// The trained decision of extract.html: its parts against straightforward versions of themselves, and pages that it
// must not empty. tests/golden/content_odds.jsonl was written by tools/training/extraction/train.py with the model.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <random>
#include <string>

#include "gristmill/base/hash.h"
#include "gristmill/base/json.h"
#include "gristmill/kernels/html_tree.h"
#include "gristmill/ops/extract/coarse_page.h"
#include "gristmill/ops/extract/content_model.h"
#include "gristmill/ops/extract/decide.h"
#include "gristmill/ops/extract/page_hints.h"
#include "gristmill/ops/extract/page_measures.h"
#include "gristmill/ops/extract/tokens.h"

namespace gristmill::ops::extract {
namespace {

/// A page cut into blocks, with the tree and the source that it refers to.
struct CutPage {
  explicit CutPage(std::string source) : html(std::move(source)) {
    tree.parse(html);
    cut_into_blocks(tree, false, page);
  }
  std::string html;
  kernels::HtmlTree tree;
  Page page;
};

/// Texts of the chosen blocks, a line each.
std::string kept(const CutPage& cut, Profile profile) {
  std::string lines;
  const auto chosen = decide(cut.tree, cut.page, profile);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i] != 0) lines += std::string(cut.page.text_of(cut.page.blocks[i])) + "\n";
  }
  return lines;
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

/// Elements, attributes and texts in any order.
std::string random_page(std::mt19937& random, std::size_t parts) {
  constexpr std::array pieces{"<div class='post-body main'>",
                              "</div>",
                              "<h2 id=TopNews>Head lines</h2>",
                              "<p>",
                              "Read more about it",
                              "<ul role=navigation>",
                              "<li itemprop=name>",
                              "<a href=x>Log in</a>",
                              "</ul>",
                              "One longer text, with commas, that runs on for more than twelve words in all. ",
                              "<article>",
                              "</article>",
                              "<br><br>",
                              "<td>7",
                              "\xE6\xB2\xB3\xE6\xB0\xB4"};
  std::string html;
  for (std::size_t i = 0; i < parts; ++i) html += pieces[random() % pieces.size()];
  return html;
}

}  // namespace

TEST_CASE("the scorer sums the weights of the listed tokens") {
  std::mt19937 random(7);
  std::vector<std::int8_t> weights(kernels::token_slot_count);
  for (auto& weight : weights) weight = static_cast<std::int8_t>(static_cast<int>(random() % 7) - 3);
  std::size_t shared = 0;
  for (int round = 0; round < 50; ++round) {
    const CutPage cut("<title>Read head &amp; seven NEWS about the longer menus</title>" + random_page(random, 60));
    const auto repeats = find_repeats(cut.page);
    const auto [scores, titles] = score_tokens(cut.tree, cut.page, repeats, kernels::TokenWeights(weights), -5);
    const auto expected = match_title(cut.tree, cut.page, repeats);
    CHECK(titles.title_words == expected.title_words);
    REQUIRE(titles.of_text.size() == expected.of_text.size());
    for (std::size_t text = 0; text < titles.of_text.size(); ++text) {
      CHECK(titles.of_text[text].words == expected.of_text[text].words);
      CHECK(titles.of_text[text].shared == expected.of_text[text].shared);
      shared += titles.of_text[text].shared;
    }
    REQUIRE(scores.size() == cut.page.blocks.size());
    const Block* heading = nullptr;
    std::vector<std::uint16_t> slots;
    for (std::uint32_t i = 0; i < scores.size(); ++i) {
      list_tokens(cut.tree, cut.page, i, heading, slots);
      int sum = -5;
      for (const auto slot : slots) sum += weights[slot];
      CHECK(scores[i] == std::clamp<int>(2 * sum, -score_max, score_max));
      if (cut.page.blocks[i].heading_level != 0) heading = &cut.page.blocks[i];
    }
  }
  CHECK(shared > 100);
}

TEST_CASE("words of the title are counted in texts") {
  const CutPage cut("<title>The Old Mill â The Old Valley News</title><h1>The old mill, 1823</h1><p>a Mill b");
  const auto matches = match_title(cut.tree, cut.page, find_repeats(cut.page));
  CHECK(matches.title_words == 6);  // The dash is one: all beyond ASCII is letters.
  REQUIRE(matches.of_text.size() == 2);
  CHECK(matches.of_text[0].words == 3);
  CHECK(matches.of_text[0].shared == 3);
  CHECK(matches.of_text[1].words == 1);
  CHECK(matches.of_text[1].shared == 1);
}

TEST_CASE("the built-in model is the one that its name says") {
  CHECK(content_model_name.ends_with(sha256_hex(content_model_bytes()).substr(0, 16)));
  CHECK(content_model_bytes().size() <= 128 * 1024);
}

TEST_CASE("the engine finds the log-odds that the training found") {
  std::ifstream file(std::string(GRISTMILL_SOURCE_DIR) + "/tests/golden/content_odds.jsonl");
  REQUIRE(file.good());
  std::size_t blocks = 0;
  for (std::string line; std::getline(file, line);) {
    const auto row = *Json::parse(line);
    const CutPage cut(row["html"].as_string());
    const auto odds = score_by_model(cut.tree, cut.page, find_repeats(cut.page));
    REQUIRE(odds.size() == row["log_odds"].size());
    for (std::size_t i = 0; i < odds.size(); ++i) {
      CAPTURE(cut.page.text_of(cut.page.blocks[i]));
      CHECK(odds[i] == row["log_odds"].items()[i].as_int());
    }
    blocks += odds.size();
  }
  CHECK(blocks > 100);
}

TEST_CASE("a page's hints to its kind") {
  const auto hints_of = [](std::string_view html) {
    kernels::HtmlTree tree;
    tree.parse(html);
    return read_page_hints(tree);
  };
  const auto story = hints_of(
      "<meta property='OG:type' content='Article'><meta name=date content=2024-05-18>"
      "<meta property=og:url content='https://example.org/other'>"
      "<link rel=Canonical href='https://example.org/2024/05/bridge-closed_again.html?page=20240518#x'>"
      "<script type='application/ld+json'>{\"@type\" : [\"NewsArticle\", \"Report\"], \"a\": "
      "{\"@type\":\"BreadcrumbList\"},"
      "\"b\": {\"@type\": \"DiscussionForumPosting\"}}</script><script>var x = {\"@type\": \"Product\"};</script>");
  CHECK(story.shared_as_article == 1);
  CHECK(story.shared_as_website == 0);
  CHECK(story.is_dated == 1);
  CHECK(story.linked_articles == 1);
  CHECK(story.linked_trails == 1);
  CHECK(story.linked_discussions == 1);
  CHECK(story.linked_products == 0);
  CHECK(story.address_parts == 3);
  CHECK(story.address_hyphens == 2);
  CHECK(story.address_digits == 4);
  const auto shop = hints_of(
      "<meta property=og:type content=og:product><meta property=og:url content=https://example.org>");
  CHECK(shop.shared_as_product == 1);
  CHECK(shop.address_parts == 0);
  CHECK(hints_of("<p>nothing").address_parts == -1);
  // Cut off or odd JSON: what came before counts, and nothing is read twice.
  const auto odd = hints_of(
      "<script "
      "type=application/ld+json>{\"@type\":\"Product\",\"@type\":[\"Offer\",\"@type\":7,\"@type\":\"Off</script>");
  CHECK(odd.linked_products == 2);
  std::string many = "<script type=application/ld+json>[";
  for (int i = 0; i < 1000; ++i) many += "{\"@type\":\"Comment\"},";
  CHECK(hints_of(many + "]</script>").linked_discussions == 8);
}

TEST_CASE("logarithms and shares are whole numbers") {
  // log2(1 + n) in 1/256, rounded down: log2(2) = 1, log2(3) = 1.58496, log2(1001) = 9.96723, log2(2^20) = 20.
  CHECK(log_of(0) == 0);
  CHECK(log_of(1) == 256);
  CHECK(log_of(2) == 405);
  CHECK(log_of(1000) == 2551);
  CHECK(log_of((1u << 20) - 1) >= 20 * 256 - 1);
  CHECK(log_of((1u << 20) - 1) <= 20 * 256);
  CHECK(log_of(0xFFFFFFFFu) <= 32 * 256);
  CHECK(share_of(1, 4) == 256);
  CHECK(share_of(1, 0) == 0);
}

TEST_CASE("scores do not depend on the blocks judged beside a block") {
  std::mt19937 random(11);
  const CutPage cut(random_page(random, 400));
  CHECK(score_by_model(cut.tree, cut.page, find_repeats(cut.page)) ==
        score_by_model(cut.tree, cut.page, find_repeats(cut.page)));
}

TEST_CASE("a simple article is kept whole") {
  const std::string article =
      "<html><head><title>The bridge at Low Ford</title></head><body><h1>The bridge at Low Ford</h1>"
      "<p>The old bridge was built by the miller's grandfather, who needed a way to bring grain across.</p>"
      "<p>For eighty years nobody counted the carts. Then the new road came, and with it the lorries.</p>"
      "<p>In spring the engineers found two cracked beams and closed the bridge to everything but walkers.</p>"
      "<p>The council met three times. Money was found in the end, though less than the engineers had asked.</p>"
      "<p>Work starts in June and will take four months if the water stays low.</p></body></html>";
  const auto lines = kept(CutPage(article), Profile::balanced);
  for (const auto* part : {"miller's grandfather", "eighty years", "cracked beams", "three times", "in June"}) {
    CHECK(lines.find(part) != std::string::npos);
  }
}

TEST_CASE("plain paragraphs without anything around them are kept") {
  std::string html;
  for (int i = 0; i < 40; ++i) {
    html += "<p>Paragraph number " + std::to_string(i) +
            " tells of the river, of the mill and of the people who lived along its lower course at that time.</p>";
  }
  const auto lines = kept(CutPage(html), Profile::balanced);
  CHECK(std::ranges::count(lines, '\n') == 40);
  // One text many times, without any variety at all.
  const auto same = kept(
      CutPage(repeated("<p>The tide comes in twice a day, and goes out again after six hours.</p>", 40)),
      Profile::balanced);
  CHECK(std::ranges::count(same, '\n') == 40);
}

TEST_CASE("tiny pages and pages of any script are not emptied") {
  for (const auto* html :
       {"<p>Hello, this is one paragraph of text.</p>", "<body>Just one line", "<html><body><p>OK</p></body></html>",
        "<html><head><title>天気</title></head><body><h1>今日の天気</"
        "h1><p>今日は朝から晴れて、気温は二十五度まで上がりました。"
        "</p><p>明日は午後から雨が降るでしょう。傘を忘れないでください。</p></body></html>",
        "<p>河水在夜间上涨了两米，下游的村庄与公路隔绝了三天。</p><p>第四天，水退得和来时一样快。</p>",
        "<p>ارتفع النهر مترين خلال الليل وانقطعت القرى عن الطريق ثلاثة أيام.</p>",
        "<p>रात में नदी दो मीटर ऊपर उठ गई और गाँव तीन दिन तक सड़क से कटे रहे।</p>",
        "<p>강물이 밤사이 2미터 불어나 마을이 사흘 동안 길에서 끊겼다.</p>"}) {
    CAPTURE(html);
    CHECK_FALSE(kept(CutPage(html), Profile::balanced).empty());
    CHECK_FALSE(kept(CutPage(html), Profile::rules).empty());
  }
  const CutPage chinese("<p>河水在夜间上涨了两米，下游的村庄与公路隔绝了三天。</p><p>第四天，水退得和来时一样快。</p>");
  CHECK(std::ranges::count(kept(chinese, Profile::balanced), '\n') == 2);
}

TEST_CASE("recall keeps at least what precision keeps") {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    const CutPage cut(random_page(random, 200));
    const auto precise = decide(cut.tree, cut.page, Profile::precision);
    const auto wide = decide(cut.tree, cut.page, Profile::recall);
    CHECK(std::ranges::count(wide, 1) >= std::ranges::count(precise, 1));
  }
}

TEST_CASE("a text that stands twice is kept once, refrains stay") {
  const std::string text =
      "The river rose by two metres during the night, and the villages were cut off from the road.";
  const CutPage twice("<div class=wide><p>" + text + "</p></div><div class=narrow><p>" + text + "</p></div>");
  CHECK(find_copies(twice.page, find_repeats(twice.page)) == std::vector<std::uint32_t>{0, 0});
  const CutPage refrain("<div><p>" + text + "</p><p>Verse.</p><p>" + text + "</p></div>");
  CHECK(find_copies(refrain.page, find_repeats(refrain.page)) == std::vector<std::uint32_t>{0, 1, 2});
}

TEST_CASE("pages of very many tiny blocks are judged in groups") {
  const CutPage small(repeated("<p>x", 100));
  CHECK(blocks_together(small.tree, small.page) == 1);
  const CutPage large(repeated("<div><p>x", 50'000));
  const auto group = blocks_together(large.tree, large.page);
  CHECK(group > 1);
  const auto coarse = make_coarse(large.page, group);
  CHECK(coarse.blocks.size() == (large.page.blocks.size() + group - 1) / group);
  std::uint64_t words = 0;
  for (const auto& block : coarse.blocks) {
    words += block.words;
    const auto index = static_cast<std::uint32_t>(&block - coarse.blocks.data());
    const auto& container = coarse.containers[block.container];
    CHECK((container.first_block <= index && index < container.end_block));
  }
  CHECK(words == large.page.blocks.size());
  CHECK(decide(large.tree, large.page, Profile::balanced).size() == large.page.blocks.size());
}

}  // namespace gristmill::ops::extract
