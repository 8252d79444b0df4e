// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gristmill/kernels/html_tree.h"
#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/content_rules.h"
#include "gristmill/ops/extract/page_facts.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view no_content = "html.no_content";
constexpr std::string_view too_complex = "html.too_complex";
constexpr std::array reasons{no_content, too_complex};

constexpr std::array options{
    OptionSpec{.name = "keep",
               .type = OptionType::string_list,
               .fallback = R"(["headings", "lists", "tables", "code"])",
               .unit = "",
               .choices = "headings,lists,tables,code,links",
               .help = "Structure that the text shows: '# ' headings, list marks, tables ('a | b' rows), code blocks, "
                       "Markdown links. Tables and code that are not kept are left out"},
    OptionSpec{.name = "mode",
               .type = OptionType::string,
               .fallback = R"("balanced")",
               .unit = "",
               .choices = "precision,balanced,recall",
               .help = "precision: rather lose content than let boilerplate in; recall: the reverse"},
    OptionSpec{.name = "min_words",
               .type = OptionType::integer,
               .fallback = "1",
               .minimum = 1,
               .maximum = 100000,
               .unit = "words",
               .choices = "",
               .help = "Pages with less content are dropped"},
    OptionSpec{.name = "max_nodes",
               .type = OptionType::integer,
               .fallback = "2000000",
               .minimum = 100,
               .maximum = 100000000,
               .unit = "nodes",
               .choices = "",
               .help = "Pages with more elements and texts are quarantined (32 bytes of memory each)"},
};

constexpr std::array columns_out{
    ColumnSpec{.name = "title", .type = data::ColumnType::string, .help = "Title of the page"},
    ColumnSpec{.name = "author", .type = data::ColumnType::string, .help = "Author that the page names"},
    ColumnSpec{.name = "date", .type = data::ColumnType::string, .help = "Publication date, as the page writes it"},
    ColumnSpec{
        .name = "canonical_url", .type = data::ColumnType::string, .help = "Address that the page calls its own"},
    ColumnSpec{.name = "license_url", .type = data::ColumnType::string, .help = "First rel=license link"},
    ColumnSpec{.name = "extract_share",
               .type = data::ColumnType::float64,
               .help = "Bytes of the chosen text / bytes of all visible text"},
};

struct HtmlScratch final : Scratch {
  kernels::HtmlTree tree;
  extract::Page page;
  std::string text;
};

// One giant page must not pin its memory for the rest of the run.
constexpr std::size_t nodes_kept_max = 1u << 18;
constexpr std::size_t text_kept_max = 16u << 20;
constexpr std::size_t page_bytes_max = std::size_t{1} << 30;

bool is_html(std::string_view media_type) {
  return media_type.starts_with("text/html") || media_type.starts_with("application/xhtml+xml");
}

struct Shares {
  std::uint64_t words = 0;
  std::uint64_t bytes = 0;
  std::uint64_t visible_bytes = 0;
};

Shares measure(const extract::Page& page, std::span<const std::uint8_t> chosen) {
  Shares shares;
  for (std::size_t i = 0; i < page.blocks.size(); ++i) {
    const auto& block = page.blocks[i];
    shares.visible_bytes += block.bytes();
    if (chosen[i] == 0) continue;
    shares.words += block.words;
    shares.bytes += block.bytes();
  }
  return shares;
}

void set_columns(const extract::PageFacts& facts, double share, data::Document& document, Scratch& scratch) {
  const std::array<std::string_view, 5> strings{facts.title, facts.author, facts.date, facts.canonical_url,
                                                facts.license_url};
  for (std::size_t i = 0; i < strings.size(); ++i) {
    if (!strings[i].empty()) document.columns[scratch.columns_out[i]] = scratch.arena->copy(strings[i]);
  }
  document.columns[scratch.columns_out[5]] = share;
}

void release_large(HtmlScratch& scratch) {
  scratch.tree.shrink(nodes_kept_max);
  if (scratch.page.text.capacity() > text_kept_max) scratch.page = {};
  if (scratch.text.capacity() > text_kept_max) scratch.text = {};
}

}  // namespace

constinit const Spec ExtractHtml::spec_{
    .name = "extract.html",
    .version = 1,
    .kind = Kind::map,
    .summary = "Turns HTML pages into the plain text of their main content; other documents pass unchanged.",
    .reference = "HTML standard, sections 12 and 13; block features after Kohlschuetter et al. 2010 and Readability",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> ExtractHtml::make(const Options& given) {
  auto made = std::make_unique<ExtractHtml>();
  made->keep_ = {false, false, false, false, false};
  for (const auto& word : given.strings("keep")) {
    if (word == "headings") made->keep_.headings = true;
    if (word == "lists") made->keep_.lists = true;
    if (word == "tables") made->keep_.tables = true;
    if (word == "code") made->keep_.code = true;
    if (word == "links") made->keep_.links = true;
  }
  const auto& mode = given.string("mode");
  if (mode == "precision") made->mode_ = extract::Mode::precision;
  if (mode == "recall") made->mode_ = extract::Mode::recall;
  made->words_min_ = static_cast<std::uint32_t>(given.integer("min_words"));
  made->nodes_max_ = static_cast<std::uint32_t>(given.integer("max_nodes"));
  return std::unique_ptr<Operator>(std::move(made));
}

std::unique_ptr<Scratch> ExtractHtml::make_scratch() const { return std::make_unique<HtmlScratch>(); }

Verdict ExtractHtml::apply(data::Document& document, Scratch& scratch) const {
  if (!is_html(document.media_type)) return Verdict::kept();
  if (document.text.size() > page_bytes_max) {
    return Verdict::quarantined(
        too_complex, fmt::format("page of {} bytes, at most {} allowed", document.text.size(), page_bytes_max));
  }
  auto& own = static_cast<HtmlScratch&>(scratch);
  if (!own.tree.parse(document.text, {.nodes_max = nodes_max_})) {
    release_large(own);
    return Verdict::quarantined(too_complex, fmt::format("more than {} elements and texts (max_nodes)", nodes_max_));
  }
  extract::cut_into_blocks(own.tree, keep_.links, own.page);
  const auto probabilities = extract::score_by_rules(own.tree, own.page);
  const auto chosen = extract::choose_blocks(own.page, probabilities, mode_);
  extract::render(own.tree, own.page, chosen, keep_, own.text);
  const auto shares = measure(own.page, chosen);
  const auto visible = std::max<std::uint64_t>(shares.visible_bytes, 1);
  set_columns(extract::read_page_facts(own.tree), static_cast<double>(shares.bytes) / static_cast<double>(visible),
              document, scratch);
  const bool is_empty = own.text.empty() || shares.words < words_min_;
  if (!is_empty) {
    document.text = scratch.arena->copy(own.text);
    document.media_type = "text/plain";
  }
  release_large(own);
  return is_empty ? Verdict::dropped(no_content) : Verdict::kept();
}

}  // namespace gristmill::ops
