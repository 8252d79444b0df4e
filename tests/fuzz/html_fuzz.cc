// SPDX-License-Identifier: Apache-2.0
// The whole of extract.html on any UTF-8 bytes, as text and as Markdown with all metadata: no fault, text that is valid
// UTF-8, spans within the page.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/operator.h"

namespace {

using namespace gristmill;

/// An extractor with its working memory, kept from input to input.
class Extractor {
 public:
  explicit Extractor(std::string_view options) {
    const auto* entry = ops::find_operator("extract.html");
    op_ = *entry->make(*ops::resolve_options(*entry->spec, *Json::parse(options)));
    scratch_ = op_->make_scratch();
    for (std::uint16_t i = 0; i < op_->spec().columns_out.size(); ++i) scratch_->columns_out.push_back(i);
  }

  void check(std::string_view html) {
    data::Batch batch;
    data::Document document;
    scratch_->arena = &batch.arena;
    document.text = html;
    document.media_type = "text/html";
    document.columns = batch.allocate_cells(scratch_->columns_out.size());
    const bool is_kept = op_->apply(document, *scratch_).outcome == ops::Outcome::kept;
    GRISTMILL_CHECK(kernels::is_valid_utf8(document.text), "extracted text is not UTF-8");
    for (std::size_t i = 0; i < document.columns.size(); ++i) {
      const auto* text = std::get_if<std::string_view>(&document.columns[i]);
      if (text == nullptr) continue;
      GRISTMILL_CHECK(kernels::is_valid_utf8(*text), "a column is not UTF-8");
      const bool is_spans = op_->spec().columns_out[i].name == "extract_spans";
      if (is_kept && is_spans) check_spans(*Json::parse(*text), document.text, html);
    }
  }

 private:
  static void check_spans(const Json& spans, std::string_view text, std::string_view html) {
    std::int64_t last = 0;
    for (const auto& span : spans.items()) {
      const auto& ends = span.items();
      GRISTMILL_CHECK(last <= ends[0].as_int() && ends[0].as_int() <= ends[1].as_int(), "spans out of order");
      last = ends[1].as_int();
      GRISTMILL_CHECK(ends[2].as_int() <= ends[3].as_int(), "a source span ends before it begins");
      GRISTMILL_CHECK(ends[3].as_int() <= static_cast<std::int64_t>(html.size()), "a source span leaves the page");
    }
    GRISTMILL_CHECK(last <= static_cast<std::int64_t>(text.size()), "a span leaves the text");
  }

  std::unique_ptr<ops::Operator> op_;
  std::unique_ptr<ops::Scratch> scratch_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Extractor text(
      R"({"profile": "recall", "keep": ["headings", "lists", "tables", "code", "links"], "spans": true})");
  static Extractor markdown(
      R"({"profile": "recall", "format": "markdown", "keep": ["headings", "lists", "tables", "code", "links", "emphasis"],
          "metadata": ["title", "author", "date", "canonical_url", "license_url", "date_modified", "page_language",
                       "site_name", "description", "licenses", "meta_tags", "json_ld"],
          "spans": true})");
  const auto html = kernels::replace_invalid_utf8({reinterpret_cast<const char*>(data), size});
  text.check(html);
  markdown.check(html);
  return 0;
}
