// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/html.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "gristmill/kernels/html_tree.h"
#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/content_model.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view no_content = "html.no_content";
constexpr std::string_view too_complex = "html.too_complex";
constexpr std::array reasons{no_content, too_complex};

constexpr std::array options{
    OptionSpec{.name = "format",
               .type = OptionType::string,
               .fallback = R"("text")",
               .unit = "",
               .choices = "text,markdown",
               .help = "text: plain text with light marks; markdown: CommonMark with tables, fenced code with its "
                       "language, nested lists, quotes, emphasis, everything else escaped; what CommonMark lacks is "
                       "written as Pandoc reads it: terms above ':   ' and their description, H~2~O, x^2^"},
    OptionSpec{.name = "keep",
               .type = OptionType::string_list,
               .fallback = R"(["headings", "lists", "tables", "code", "emphasis"])",
               .unit = "",
               .choices = "headings,lists,tables,code,links,emphasis",
               .help = "Structure that the text shows: '# ' headings, list marks, tables ('a | b' rows), code blocks, "
                       "Markdown links, emphasis (in Markdown only, with subscripts and superscripts). Tables and code "
                       "that are not kept are left out"},
    OptionSpec{.name = "metadata",
               .type = OptionType::string_list,
               .fallback = R"(["title", "author", "date", "canonical_url", "license_url"])",
               .unit = "",
               .choices = "title,author,date,canonical_url,license_url,date_modified,page_language,site_name,"
                          "description,licenses,meta_tags,json_ld",
               .help = "What the page says of itself; each name becomes a column"},
    OptionSpec{.name = "spans",
               .type = OptionType::boolean,
               .fallback = "false",
               .unit = "",
               .choices = "",
               .help = "Write the column extract_spans: where in the page each block of the text comes from"},
    OptionSpec{.name = "profile",
               .type = OptionType::string,
               .fallback = R"("balanced")",
               .unit = "",
               .choices = "balanced,recall,precision,rules",
               .help = "What decides: the trained model at its best F1, leaning to recall (rather let boilerplate in) "
                       "or to precision (rather lose content), or hand-checkable rules without the model"},
    OptionSpec{.name = "model",
               .type = OptionType::string,
               .fallback = extract::content_model_option,
               .unit = "",
               .choices = extract::content_model_name,
               .help = "The built-in model, with the beginning of its SHA-256; see docs/models/page-content.md"},
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
               .help = "Pages with more elements and texts are quarantined. Large pages may have one for each 4 bytes, "
                       "but at most 4 times as many; each takes about 100 bytes of memory"},
};

constexpr auto text_column = data::ColumnType::string;
// The facts first, in their order, then the share and the spans.
constexpr std::array columns_out{
    ColumnSpec{.name = "title", .type = text_column, .help = "Title of the page (metadata)"},
    ColumnSpec{.name = "author", .type = text_column, .help = "Authors that the page names, joined by '; ' (metadata)"},
    ColumnSpec{.name = "date", .type = text_column, .help = "Date of publication, ISO 8601 (metadata)"},
    ColumnSpec{.name = "canonical_url", .type = text_column, .help = "Address that the page calls its own (metadata)"},
    ColumnSpec{.name = "license_url",
               .type = text_column,
               .help = "Address of the licence: rel=license, JSON-LD, Dublin Core, Creative Commons link (metadata)"},
    ColumnSpec{.name = "date_modified", .type = text_column, .help = "Date of the last change, ISO 8601 (metadata)"},
    ColumnSpec{.name = "page_language", .type = text_column, .help = "Language that the page declares (metadata)"},
    ColumnSpec{.name = "site_name", .type = text_column, .help = "Name of the site or publisher (metadata)"},
    ColumnSpec{.name = "description", .type = text_column, .help = "Description that the page gives (metadata)"},
    ColumnSpec{.name = "licenses", .type = text_column, .help = "All licence addresses, a JSON list (metadata)"},
    ColumnSpec{.name = "meta_tags",
               .type = text_column,
               .help = "Open Graph, Twitter, Dublin Core, citation tags and the like, a JSON object (metadata)"},
    ColumnSpec{.name = "json_ld", .type = text_column, .help = "All JSON-LD of the page, a JSON list (metadata)"},
    ColumnSpec{.name = "extract_share",
               .type = data::ColumnType::float64,
               .help = "Bytes of the chosen text / bytes of all visible text"},
    ColumnSpec{.name = "extract_spans",
               .type = text_column,
               .help = "JSON list of [begin, end, source begin, source end]: byte range of each block in the text and "
                       "in the page as it reached the operator (spans)"},
};
static_assert(columns_out.size() == extract::fact_count + 2);

struct HtmlScratch final : Scratch {
  kernels::HtmlTree tree;
  extract::Page page;
  extract::Rendering rendering;
};

// One giant page must not pin its memory for the rest of the run. What a page of 1 MB needs at most is kept: crawlers
// cut pages there, and memory that is asked for anew with each page costs more than all the rest.
constexpr std::size_t nodes_kept_max = 1u << 19;
constexpr std::size_t text_kept_max = 32u << 20;
constexpr std::size_t page_bytes_max = std::size_t{1} << 30;

/// Nodes that a page may have. A table of 20 MB has millions without malice; what malice needs stays bounded.
std::uint32_t nodes_allowed(std::size_t page_bytes, std::uint32_t nodes_max) {
  constexpr std::size_t bytes_per_node = 4;
  constexpr std::uint64_t times_max = 4;
  const auto most = std::min<std::uint64_t>(times_max * nodes_max, std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(page_bytes / bytes_per_node, nodes_max, most));
}

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

/// "[[0,12,340,420],[14,30,431,455]]"
std::string show(const std::vector<extract::SourceSpan>& spans) {
  fmt::memory_buffer out;
  out.push_back('[');
  for (const auto& span : spans) {
    if (out.size() > 1) out.push_back(',');
    fmt::format_to(std::back_inserter(out), FMT_COMPILE("[{},{},{},{}]"), span.text_begin, span.text_end,
                   span.source_begin, span.source_end);
  }
  out.push_back(']');
  return fmt::to_string(out);
}

void release_large(HtmlScratch& scratch) {
  scratch.tree.shrink(nodes_kept_max);
  if (scratch.page.text.capacity() > text_kept_max) scratch.page = {};
  if (scratch.rendering.text.capacity() > text_kept_max) scratch.rendering = {};
}

}  // namespace

constinit const Spec ExtractHtml::spec_{
    .name = "extract.html",
    .version = 7,
    .kind = Kind::map,
    .summary = "Turns HTML pages into the text or Markdown of their main content; other documents pass unchanged.",
    .reference = "HTML standard, sections 12 and 13; block features after Kohlschuetter et al. 2010 and Readability",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> ExtractHtml::make(const Options& given) {
  auto made = std::make_unique<ExtractHtml>();
  made->keep_ = {false, false, false, false, false, false};
  for (const auto& word : given.strings("keep")) {
    if (word == "headings") made->keep_.headings = true;
    if (word == "lists") made->keep_.lists = true;
    if (word == "tables") made->keep_.tables = true;
    if (word == "code") made->keep_.code = true;
    if (word == "links") made->keep_.links = true;
    if (word == "emphasis") made->keep_.emphasis = true;
  }
  made->is_markdown_ = given.string("format") == "markdown";
  made->choose_columns(given.strings("metadata"), given.boolean("spans"));
  const auto& profile = given.string("profile");
  if (profile == "recall") made->profile_ = extract::Profile::recall;
  if (profile == "precision") made->profile_ = extract::Profile::precision;
  if (profile == "rules") made->profile_ = extract::Profile::rules;
  made->words_min_ = static_cast<std::uint32_t>(given.integer("min_words"));
  made->nodes_max_ = static_cast<std::uint32_t>(given.integer("max_nodes"));
  return std::unique_ptr<Operator>(std::move(made));
}

void ExtractHtml::choose_columns(const std::vector<std::string>& metadata, bool with_spans) {
  with_spans_ = with_spans;
  for (std::size_t i = 0; i < extract::fact_count; ++i) {
    const auto fact = static_cast<extract::Fact>(i);
    if (std::ranges::find(metadata, extract::fact_name(fact)) == metadata.end()) continue;
    facts_.push_back(fact);
    wanted_ |= extract::fact_bit(fact);
    columns_.push_back(columns_out[i]);
  }
  columns_.push_back(columns_out[extract::fact_count]);
  if (with_spans) columns_.push_back(columns_out[extract::fact_count + 1]);
  own_spec_ = spec_;
  own_spec_.columns_out = columns_;
}

void ExtractHtml::set_columns(const extract::PageFacts& facts, double share, data::Document& document,
                              Scratch& scratch) const {
  const auto& slots = scratch.columns_out;
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    if (const auto& value = facts[facts_[i]]; !value.empty()) document.columns[slots[i]] = scratch.arena->copy(value);
  }
  document.columns[slots[facts_.size()]] = share;
  if (!with_spans_) return;
  document.columns[slots[facts_.size() + 1]] = scratch.arena->copy(
      show(static_cast<HtmlScratch&>(scratch).rendering.spans));
}

std::unique_ptr<Scratch> ExtractHtml::make_scratch() const { return std::make_unique<HtmlScratch>(); }

Verdict ExtractHtml::apply(data::Document& document, Scratch& scratch) const {
  if (!is_html(document.media_type)) return Verdict::kept();
  if (document.text.size() > page_bytes_max) {
    return Verdict::quarantined(
        too_complex, fmt::format("page of {} bytes, at most {} allowed", document.text.size(), page_bytes_max));
  }
  auto& own = static_cast<HtmlScratch&>(scratch);
  const auto nodes_max = nodes_allowed(document.text.size(), nodes_max_);
  if (!own.tree.parse(document.text, {.nodes_max = nodes_max})) {
    release_large(own);
    return Verdict::quarantined(too_complex, fmt::format("more than {} elements and texts in {} bytes (max_nodes {})",
                                                         nodes_max, document.text.size(), nodes_max_));
  }
  extract::cut_into_blocks(own.tree, keep_.links || is_markdown_, own.page);
  const auto chosen = extract::decide(own.tree, own.page, profile_);
  const auto render = is_markdown_ ? extract::render_markdown : extract::render_text;
  render(own.tree, own.page, chosen, keep_, own.rendering);
  const auto shares = measure(own.page, chosen);
  const auto visible = std::max<std::uint64_t>(shares.visible_bytes, 1);
  set_columns(extract::read_page_facts(own.tree, wanted_),
              static_cast<double>(shares.bytes) / static_cast<double>(visible), document, scratch);
  const bool is_empty = own.rendering.text.empty() || shares.words < words_min_;
  if (!is_empty) {
    document.text = scratch.arena->copy(own.rendering.text);
    document.media_type = is_markdown_ ? "text/markdown" : "text/plain";
  }
  release_large(own);
  return is_empty ? Verdict::dropped(no_content) : Verdict::kept();
}

}  // namespace gristmill::ops
