// SPDX-License-Identifier: Apache-2.0
// The whole of extract.html on any UTF-8 bytes: no fault, and text that is valid UTF-8.
#include <cstddef>
#include <cstdint>
#include <string>

#include "gristmill/base/result.h"
#include "gristmill/kernels/utf8.h"
#include "gristmill/ops/operator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill;
  static const auto op = [] {
    const auto* entry = ops::find_operator("extract.html");
    auto options = ops::resolve_options(*entry->spec,
                                        *Json::parse(R"({"keep": ["headings", "lists", "tables", "code", "links"]})"));
    return *entry->make(*options);
  }();
  static const auto scratch = op->make_scratch();
  const auto html = kernels::replace_invalid_utf8({reinterpret_cast<const char*>(data), size});
  data::Batch batch;
  data::Document document;
  scratch->arena = &batch.arena;
  scratch->columns_out.clear();
  for (std::uint16_t i = 0; i < op->spec().columns_out.size(); ++i) scratch->columns_out.push_back(i);
  document.text = html;
  document.media_type = "text/html";
  document.columns = batch.allocate_cells(op->spec().columns_out.size());
  op->apply(document, *scratch);
  GRISTMILL_CHECK(kernels::is_valid_utf8(document.text), "extracted text is not UTF-8");
  for (const auto& cell : document.columns) {
    const auto* text = std::get_if<std::string_view>(&cell);
    GRISTMILL_CHECK(text == nullptr || kernels::is_valid_utf8(*text), "a column is not UTF-8");
  }
  return 0;
}
