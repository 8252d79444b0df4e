// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "gristmill/formats/page.h"
#include "gristmill/formats/raw_formats.h"

namespace gristmill::formats {
namespace {

/// A stream that is one document.
class WholeReader final : public StreamReader {
 public:
  WholeReader(StreamInput input, std::string_view media_type)
      : StreamReader(std::move(input)), media_type_(media_type), is_html_(media_type == "text/html") {}

 protected:
  bool next(data::Batch& batch) override {
    if (was_read_) return false;
    was_read_ = true;
    const auto bytes_max = input_.limits.document_bytes_max;
    while (window().view().size() <= bytes_max && window().grow()) {
    }
    if (window().failure().has_value()) return false;
    if (window().view().empty()) {
      skip("empty_file");
      return false;
    }
    if (window().view().size() > bytes_max) {
      auto message = fmt::format("document is larger than [limits] document = {} bytes", bytes_max);
      quarantine(batch, 0,
                 {is_html_ ? "reader.html.too_large" : "reader.text.too_large", std::move(message), head_of_view()});
      return false;
    }
    auto document = input_.origin.document(0);
    document.media_type = media_type_;
    auto page = store_page(batch, window().view(), {}, is_html_);
    if (!page) {
      quarantine(batch, 0, {"reader.text.charset", page.error().message, head_of_view()});
      return false;
    }
    document.text = page->text;
    if (page->charset != "utf-8") {
      document.metadata = batch.arena.copy(
          fmt::format(R"({{"charset":"{}","charset_lossy":{}}})", page->charset, page->is_lossy));
    }
    Origin::append(batch, document);
    return false;
  }

 private:
  std::string_view media_type_;
  bool is_html_;
  bool was_read_ = false;
};

}  // namespace

std::unique_ptr<DocumentReader> make_text_reader(StreamInput input, std::string_view media_type) {
  return std::make_unique<WholeReader>(std::move(input), media_type);
}

std::unique_ptr<DocumentReader> make_html_reader(StreamInput input) {
  return std::make_unique<WholeReader>(std::move(input), "text/html");
}

}  // namespace gristmill::formats
