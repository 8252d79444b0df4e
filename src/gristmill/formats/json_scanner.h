// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace gristmill::formats {

enum class JsonKind { null, boolean, number, string, array, object };

/// One JSON value as it stands in the source, checked.
struct JsonSlice {
  std::string_view text;
  JsonKind kind = JsonKind::null;
  bool is_verbatim =
      true;  ///< False: has blanks between tokens, NaN or lone surrogates and must be rewritten to be copied.
};

/// One member of an object.
struct JsonMember {
  std::string_view key;  ///< Decoded.
  JsonSlice value;
};

/// Where and why a text is no JSON.
struct JsonFault {
  std::size_t offset = 0;
  std::string_view what;
  bool is_too_deep = false;
};

/// Checks JSON text in one pass and cuts it into slices, without building a tree: RFC 8259 over bytes that are known to
/// be well-formed UTF-8. Two things that Python and JavaScript programs write are let through: NaN and infinities
/// (which become null) and lone surrogate escapes (which become U+FFFD). Numbers keep their digits, whatever their
/// size.
class JsonScanner {
 public:
  explicit JsonScanner(int depth_max) : depth_max_(static_cast<std::size_t>(depth_max)) {}

  /// Cuts one object into members, in source order, duplicates included. False: see `fault`.
  /// Keys with escapes live until `forget_keys`.
  bool object(std::string_view text, std::vector<JsonMember>& members);
  /// Frees the decoded keys; to be called for each record.
  void forget_keys() { keys_.clear(); }
  /// Cuts one array into items. False: see `fault`.
  bool array(std::string_view text, std::vector<JsonSlice>& items);
  /// Checks one value of any kind that fills `text` (blanks around it are allowed).
  bool value(std::string_view text, JsonSlice& slice);

  [[nodiscard]] const JsonFault& fault() const { return fault_; }

 private:
  bool fail(std::string_view what);
  void skip_blanks();
  bool take_value(JsonSlice& slice);
  bool take_string();
  bool take_escape();
  bool take_number();
  bool take_word();
  bool take_nested();
  bool take_scalar();
  bool take_key_and_colon(std::string_view& raw);
  bool finish();
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::size_t depth_max_;
  std::string_view text_;
  std::size_t at_ = 0;
  bool is_verbatim_ = true;
  std::vector<char> open_;
  std::deque<std::string> keys_;
  JsonFault fault_;
};

/// Decodes a checked string slice (with its quotation marks). `out` must hold as many bytes as the slice; gives the
/// size.
std::size_t decode_json_string(std::string_view slice, char* out);
/// The same as a string.
std::string json_string(std::string_view slice);
/// Appends a checked slice as compact JSON.
void append_json(std::string& out, const JsonSlice& slice);
/// Appends text as a JSON string with its quotation marks.
void append_json_string(std::string& out, std::string_view text);

}  // namespace gristmill::formats
