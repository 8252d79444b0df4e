// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "gristmill/formats/line_count.h"
#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/record.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

/// One JSON object a line. Each line stands for itself: whatever is wrong with one does not touch the others.
class JsonlReader final : public StreamReader {
 public:
  explicit JsonlReader(StreamInput input)
      : StreamReader(std::move(input)),
        scanner_(input_.limits.json_depth_max),
        builder_("jsonl", input_.fields, input_.limits) {
    if (input_.begin == 0 && window().fill(3) && window().view().starts_with("\xEF\xBB\xBF")) window().consume(3);
  }

 protected:
  bool next(data::Batch& batch) override {
    if (window().offset() >= input_.end || window().at_end()) return false;
    const auto offset = window().offset();
    std::size_t size = 0;
    if (!find_line_end(size)) {
      if (window().failure().has_value()) return false;
      if (size > input_.limits.document_bytes_max) {
        pass_over_long_line(batch, offset);
        return true;
      }
    }
    ++line_;
    const auto line = window().view().substr(0, size);
    read_line(batch, offset, line);
    window().consume(std::min(size + 1, window().view().size()));
    return true;
  }

 private:
  /// Size of the first line without its newline; false when the stream ends before a newline or the line is too long.
  bool find_line_end(std::size_t& size) {
    std::size_t searched = 0;
    while (true) {
      const auto found = window().view().find('\n', searched);
      size = std::min(found, window().view().size());
      if (size > input_.limits.document_bytes_max) return false;
      if (found != std::string_view::npos) return true;
      searched = size;
      if (!window().grow()) return false;
    }
  }

  void pass_over_long_line(data::Batch& batch, std::uint64_t offset) {
    ++line_;
    const std::string head(head_of_view());
    std::uint64_t size = 0;
    while (!window().at_end()) {
      const auto found = window().view().find('\n');
      if (found != std::string_view::npos) {
        size += found;
        window().consume(found + 1);
        break;
      }
      size += window().view().size();
      window().consume(window().view().size());
    }
    auto message = fmt::format("line {} has {} bytes, more than [limits] document = {}", line_number(), size,
                               input_.limits.document_bytes_max);
    quarantine(batch, offset, {"reader.jsonl.too_large", std::move(message), head});
  }

  void read_line(data::Batch& batch, std::uint64_t offset, std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    if (const auto bad = kernels::first_invalid_utf8(line); bad != std::string_view::npos) {
      auto message = fmt::format("line {}, byte {} of the line: not UTF-8", line_number(), bad + 1);
      quarantine(batch, offset, {"reader.jsonl.invalid_utf8", std::move(message), line});
      return;
    }
    scanner_.forget_keys();
    if (!scanner_.object(line, members_)) {
      const auto& fault = scanner_.fault();
      auto message = fmt::format("line {}, column {}: {}", line_number(),
                                 kernels::count_code_points(line.substr(0, fault.offset)) + 1, fault.what);
      quarantine(batch, offset,
                 {fault.is_too_deep ? "reader.jsonl.too_deep" : "reader.jsonl.bad_json", std::move(message), line});
      return;
    }
    fields_.clear();
    for (const auto& [key, value] : members_) fields_.push_back({key, {}, value, true, false});
    builder_.add(batch, input_.origin, offset, fields_, line);
  }

  /// Number of the current line in the whole file. Lines before this piece are counted only when a message needs it.
  std::uint64_t line_number() {
    if (!lines_before_.has_value()) lines_before_ = count_lines_before(input_.path, input_.begin);
    return *lines_before_ + line_;
  }

  JsonScanner scanner_;
  RecordBuilder builder_;
  std::vector<JsonMember> members_;
  std::vector<RecordField> fields_;
  std::uint64_t line_ = 0;
  std::optional<std::uint64_t> lines_before_;
};

}  // namespace

std::unique_ptr<DocumentReader> make_jsonl_reader(StreamInput input) {
  return std::make_unique<JsonlReader>(std::move(input));
}

}  // namespace gristmill::formats
