// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "gristmill/formats/json_extent.h"
#include "gristmill/formats/raw_formats.h"
#include "gristmill/formats/record.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {
namespace {

constexpr std::string_view blanks = " \t\r\n";

/// A .json file: an array of records, one record, records in a row, or an object around arrays of records. Only one
/// record is held at a time.
class JsonReader final : public StreamReader {
 public:
  explicit JsonReader(StreamInput input)
      : StreamReader(std::move(input)),
        scanner_(input_.limits.json_depth_max),
        builder_("json", input_.fields, input_.limits) {}

 protected:
  bool next(data::Batch& batch) override {
    switch (state_) {
      case State::start: return start(batch);
      case State::array: return next_item(batch);
      case State::sequence: return next_in_sequence(batch);
      case State::container: return next_container_field(batch);
      case State::done: return false;
    }
    return false;
  }

 private:
  enum class State { start, array, sequence, container, done };
  enum class Extent { whole, large, cut };

  /// Drops blanks (and commas between items); false at the end of the stream.
  bool skip_blanks(std::string_view dropped = blanks) {
    while (!window().at_end()) {
      const auto count = std::min(window().view().find_first_not_of(dropped), window().view().size());
      if (count == 0) return true;
      window().consume(count);
    }
    return false;
  }

  bool start(data::Batch& batch) {
    if (!skip_blanks()) {
      if (!window().failure().has_value()) skip("empty_file");
      return finish();
    }
    const char c = window().view()[0];
    if (c == '[') {
      window().consume(1);
      state_ = State::array;
      return true;
    }
    if (c != '{') return give_up(batch, "neither an array nor an object");
    std::size_t size = 0;
    const auto extent = find_extent(size);
    if (extent == Extent::cut) return give_up(batch, "the object has no end");
    if (extent == Extent::large) {
      window().consume(1);
      state_ = State::container;
      return true;
    }
    window().fill(size + 1);
    auto behind = window().view().find_first_not_of(blanks, size);
    while (behind == std::string_view::npos && window().grow())
      behind = window().view().find_first_not_of(blanks, size);
    state_ = behind == std::string_view::npos ? State::done : State::sequence;
    read_lone_object(batch, window().view().substr(0, size));
    window().consume(size);
    return true;
  }

  bool finish() {
    state_ = State::done;
    return false;
  }

  /// One casualty for all that follows.
  bool give_up(data::Batch& batch, std::string_view what) {
    state_ = State::done;
    if (window().failure().has_value()) return false;
    const auto offset = window().offset();
    quarantine(batch, offset, {"reader.json.bad_json", fmt::format("byte {}: {}", offset, what), head_of_view()});
    while (!window().at_end()) window().consume(window().view().size());
    return true;
  }

  /// Finds the end of the value at the front of the window.
  Extent find_extent(std::size_t& size) {
    JsonExtent extent;
    std::size_t seen = 0;
    while (true) {
      if (extent.advance(window().view().substr(seen))) {
        size = extent.size();
        return size > input_.limits.document_bytes_max ? Extent::large : Extent::whole;
      }
      seen = window().view().size();
      if (seen > input_.limits.document_bytes_max) return Extent::large;
      if (!window().grow()) break;
    }
    size = seen;
    // A number or word may end with the stream.
    return window().view().find_first_of("[{\"") == 0 ? Extent::cut : Extent::whole;
  }

  /// Passes over a value of any size.
  std::uint64_t pass_value() {
    JsonExtent extent;
    std::size_t seen = 0;
    while (!window().at_end()) {
      const bool is_end = extent.advance(window().view());
      window().consume(extent.size() - seen);
      seen = extent.size();
      if (is_end) break;
    }
    return seen;
  }

  /// Items of an array, wherever it stands.
  bool next_item(data::Batch& batch) {
    if (!skip_blanks(" \t\r\n,")) return give_up(batch, "the array has no end");
    const char c = window().view()[0];
    if (c == ']') {
      window().consume(1);
      state_ = is_in_container_ ? State::container : State::sequence;
      return true;
    }
    if (c == '}' || c == ':') return give_up(batch, "an array item was expected");
    return read_value(batch);
  }

  bool next_in_sequence(data::Batch& batch) {
    if (!skip_blanks(" \t\r\n,")) return finish();
    const char c = window().view()[0];
    if (c == '[') {
      window().consume(1);
      state_ = State::array;
      return true;
    }
    if (c != '{') return give_up(batch, "more bytes after the end of the value");
    return read_value(batch);
  }

  bool read_value(data::Batch& batch) {
    const auto offset = window().offset();
    std::size_t size = 0;
    switch (find_extent(size)) {
      case Extent::cut: return give_up(batch, "the value has no end");
      case Extent::large: {
        const std::string head(head_of_view());
        const auto bytes = pass_value();
        quarantine(batch, offset,
                   {"reader.json.too_large",
                    fmt::format("byte {}: record of {} bytes, more than [limits] document = {}", offset, bytes,
                                input_.limits.document_bytes_max),
                    head});
        return true;
      }
      case Extent::whole: break;
    }
    read_record(batch, offset, window().view().substr(0, size));
    window().consume(size);
    return true;
  }

  /// Cuts an object into `fields_`; reports what is wrong with it.
  bool cut_object(data::Batch& batch, std::uint64_t offset, std::string_view text) {
    if (const auto bad = kernels::first_invalid_utf8(text); bad != std::string_view::npos) {
      quarantine(batch, offset, {"reader.json.invalid_utf8", fmt::format("byte {}: not UTF-8", offset + bad), text});
      return false;
    }
    scanner_.forget_keys();
    fields_.clear();
    if (text.starts_with('"')) {
      JsonSlice slice;
      if (scanner_.value(text, slice)) {
        // An array of strings is an array of texts.
        const std::string_view name = input_.fields.text.empty() ? "text" : std::string_view(input_.fields.text[0]);
        fields_.push_back({name, {}, slice, true, false});
        return true;
      }
    } else if (scanner_.object(text, members_)) {
      for (const auto& [key, value] : members_) fields_.push_back({key, {}, value, true, false});
      return true;
    }
    const auto& fault = scanner_.fault();
    quarantine(batch, offset,
               {fault.is_too_deep ? "reader.json.too_deep" : "reader.json.bad_json",
                fmt::format("byte {}: {}", offset + fault.offset, fault.what), text});
    return false;
  }

  void read_record(data::Batch& batch, std::uint64_t offset, std::string_view text) {
    if (cut_object(batch, offset, text)) builder_.add(batch, input_.origin, offset, fields_, text);
  }

  /// The object that starts a file: a record, or what stands around arrays of records.
  void read_lone_object(data::Batch& batch, std::string_view text) {
    const auto start = window().offset();
    if (!cut_object(batch, start, text)) return;
    const auto is_list = [](const RecordField& field) {
      if (field.json.kind != JsonKind::array) return false;
      const auto first = field.json.text.find_first_not_of(blanks, 1);
      return field.json.text[first] == '{';
    };
    if (builder_.is_record(fields_) || std::ranges::none_of(fields_, is_list)) {
      return builder_.add(batch, input_.origin, start, fields_, text);
    }
    std::vector<JsonSlice> items;
    std::vector<JsonSlice> list;
    for (const auto& field : fields_) {
      if (!is_list(field)) {
        skip("json.container_field");
        continue;
      }
      scanner_.array(field.json.text, list);
      items.insert(items.end(), list.begin(), list.end());
    }
    for (const auto& item : items)
      read_record(batch, start + static_cast<std::size_t>(item.text.data() - text.data()), item.text);
  }

  /// Fields of an object that is too large to be held: arrays of objects are read, others passed over.
  bool next_container_field(data::Batch& batch) {
    is_in_container_ = false;
    if (!skip_blanks(" \t\r\n,")) return give_up(batch, "the object has no end");
    if (window().view()[0] == '}') {
      window().consume(1);
      state_ = State::sequence;
      return true;
    }
    if (window().view()[0] != '"') return give_up(batch, "a key in quotation marks was expected");
    pass_value();
    if (!skip_blanks() || window().view()[0] != ':') return give_up(batch, "a colon was expected after the key");
    window().consume(1);
    if (!skip_blanks()) return give_up(batch, "the object has no end");
    if (window().view()[0] == '[') {
      window().fill(head_bytes);
      const auto first = window().view().find_first_not_of(blanks, 1);
      if (first != std::string_view::npos && window().view()[first] == '{') {
        window().consume(1);
        is_in_container_ = true;
        state_ = State::array;
        return true;
      }
    }
    pass_value();
    skip("json.container_field");
    return true;
  }

  static constexpr std::size_t head_bytes = std::size_t{64} << 10;
  State state_ = State::start;
  bool is_in_container_ = false;
  JsonScanner scanner_;
  RecordBuilder builder_;
  std::vector<JsonMember> members_;
  std::vector<RecordField> fields_;
};

/// True when the first line is an object of its own and another line with an object follows.
bool is_lines(std::string_view head, int depth_max) {
  const auto start = head.find_first_not_of(blanks);
  if (start == std::string_view::npos || head[start] != '{') return false;
  const auto end = head.find('\n', start);
  if (end == std::string_view::npos) return false;
  const auto following = head.find_first_not_of(blanks, end);
  if (following == std::string_view::npos || head[following] != '{') return false;
  JsonScanner scanner(depth_max);
  std::vector<JsonMember> members;
  return scanner.object(head.substr(start, end - start), members);
}

}  // namespace

std::unique_ptr<DocumentReader> make_json_reader(StreamInput input) {
  constexpr std::size_t head_bytes = std::size_t{1} << 20;
  constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";
  if (input.window->fill(utf8_mark.size()) && input.window->view().starts_with(utf8_mark))
    input.window->consume(utf8_mark.size());
  input.window->fill(head_bytes);
  if (is_lines(input.window->view(), input.limits.json_depth_max)) return make_jsonl_reader(std::move(input));
  return std::make_unique<JsonReader>(std::move(input));
}

}  // namespace gristmill::formats
