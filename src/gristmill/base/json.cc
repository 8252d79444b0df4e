// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#define RAPIDJSON_SSE2
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

namespace gristmill {
namespace {

constexpr std::size_t nesting_max = 512;
const Json null_json;

/// Builds our value from the library's event stream, so that no second tree is made.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(std::string_view text) : text_(text) {}

  bool null() override { return add(Json()); }
  bool boolean(bool value) override { return add(Json(value)); }
  bool number_integer(std::int64_t value) override { return add(Json(static_cast<long long>(value))); }
  bool number_unsigned(std::uint64_t value) override {
    // Beyond int64 a number keeps its size, not its last digits.
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return add(Json(static_cast<double>(value)));
    return add(Json(static_cast<long long>(value)));
  }
  bool number_float(double value, const std::string&) override { return add(Json(value)); }
  bool string(std::string& value) override { return add(Json(std::move(value))); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool key(std::string& value) override { return add_key(std::move(value)); }
  bool add_key(std::string name) {
    constexpr std::size_t usual_members = 4;
    auto& members = open_.back().members;
    if (members.empty()) members.reserve(usual_members);
    members.emplace_back(std::move(name), Json());
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& what) override {
    const auto before = text_.substr(0, std::min(position > 0 ? position - 1 : 0, text_.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto last_newline = before.rfind('\n');
    const auto column = before.size() - (last_newline == std::string_view::npos ? 0 : last_newline + 1) + 1;
    std::string_view reason = what.what();
    if (const auto colon = reason.rfind(": "); colon != std::string_view::npos) reason.remove_prefix(colon + 2);
    error_ = fmt::format("line {}, column {}: not valid JSON: {}", line, column, reason);
    return false;
  }

  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().members.back().second = std::move(value);
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }

  Result<Json> finish(bool parsed) && {
    if (!parsed) return corrupt_data(error_.empty() ? "not valid JSON" : std::move(error_));
    return std::move(root_);
  }

 private:
  struct Container {
    bool is_object = false;
    Json::Object members;
    Json::Array items;
  };

  bool open(bool is_object) {
    if (open_.size() >= nesting_max) {
      error_ = fmt::format("nested deeper than {} levels", nesting_max);
      return false;
    }
    open_.push_back({.is_object = is_object});
    return true;
  }
  bool close() {
    Container done = std::move(open_.back());
    open_.pop_back();
    return add(done.is_object ? Json::from_members(std::move(done.members)) : Json(std::move(done.items)));
  }

  std::string_view text_;
  std::string error_;
  Json root_;
  std::vector<Container> open_;
};

/// The same for the library that is several times faster and says little of errors.
class FastBuilder {
 public:
  explicit FastBuilder(Builder& builder) : builder_(builder) {}

  bool Null() { return builder_.null(); }
  bool Bool(bool value) { return builder_.boolean(value); }
  bool Int(int value) { return builder_.number_integer(value); }
  bool Uint(unsigned value) { return builder_.number_unsigned(value); }
  bool Int64(std::int64_t value) { return builder_.number_integer(value); }
  bool Uint64(std::uint64_t value) { return builder_.number_unsigned(value); }
  bool Double(double value) { return builder_.number_float(value, {}); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool String(const char* text, rapidjson::SizeType size, bool) { return builder_.add(Json(std::string(text, size))); }
  bool StartObject() { return builder_.start_object({}); }
  bool Key(const char* text, rapidjson::SizeType size, bool) { return builder_.add_key(std::string(text, size)); }
  bool EndObject(rapidjson::SizeType) { return builder_.end_object(); }
  bool StartArray() { return builder_.start_array({}); }
  bool EndArray(rapidjson::SizeType) { return builder_.end_array(); }

 private:
  Builder& builder_;
};

constexpr std::uint64_t of_each_byte(unsigned char byte) { return 0x0101010101010101U * byte; }

bool is_ascii(std::string_view text) {
  std::uint64_t seen = 0;
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    seen |= word;
  }
  word = 0;
  std::memcpy(&word, text.data(), text.size());
  return ((seen | word) & of_each_byte(0x80)) == 0;
}

/// False for errors, and for what the other library takes as well, such as a byte order mark.
bool parse_fast(std::string_view text, Builder& builder) {
  constexpr unsigned flags = rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag;
  FastBuilder fast(builder);
  rapidjson::Reader reader;
  // Only of a string that ends with a zero byte, and without a look at its encoding, are 16 bytes taken at once; in a
  // copy of ours that it may write to, strings are not copied once more. To the library a zero byte is the end
  // everywhere: it must have come as far as the text goes.
  if (is_ascii(text)) {
    constexpr std::size_t read_beyond = 16;
    std::string copy;
    copy.reserve(text.size() + read_beyond);
    copy = text;
    rapidjson::InsituStringStream stream(copy.data());
    return !reader.Parse<flags | rapidjson::kParseInsituFlag>(stream, fast).IsError() && stream.Tell() == copy.size();
  }
  rapidjson::MemoryStream stream(text.data(), text.size());
  return !reader.Parse<flags | rapidjson::kParseValidateEncodingFlag>(stream, fast).IsError() &&
         stream.Tell() == text.size();
}

/// Whether each of eight bytes is printable ASCII that needs no escape.
bool are_plain(std::uint64_t bytes) {
  const auto has_zero = [](std::uint64_t word) { return (word - of_each_byte(1)) & ~word & of_each_byte(0x80); };
  const auto control = (bytes - of_each_byte(0x20)) & ~bytes;
  const auto beyond = bytes | (bytes + of_each_byte(1));  // 0x7F and all above it.
  const auto found = (control | beyond) & of_each_byte(0x80);
  return (found | has_zero(bytes ^ of_each_byte('"')) | has_zero(bytes ^ of_each_byte('\\'))) == 0;
}

bool are_all_plain(std::string_view text) {
  std::uint64_t word = 0;
  while (text.size() >= sizeof word) {
    std::memcpy(&word, text.data(), sizeof word);
    if (!are_plain(word)) return false;
    text.remove_prefix(sizeof word);
  }
  word = of_each_byte('a');
  std::memcpy(&word, text.data(), text.size());
  return are_plain(word);
}

void write_string(std::string& out, const std::string& value) {
  if (are_all_plain(value)) {
    out += '"';
    out += value;
    out += '"';
    return;
  }
  // The library owns escaping and the replacement of invalid UTF-8.
  out += nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void write(std::string& out, const Json& value, int indent, int depth) {
  const auto newline = [&](int level) {
    if (indent == 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(level), ' ');
  };
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_int()) {
    fmt::format_to(std::back_inserter(out), "{}", value.as_int());
  } else if (value.is_double()) {
    // JSON has no infinities; null is what every reader understands.
    const double number = value.as_double();
    if (!std::isfinite(number)) {
      out += "null";
    } else {
      auto text = fmt::format("{}", number);
      if (text.find_first_of(".e") == std::string::npos) text += ".0";
      out += text;
    }
  } else if (value.is_string()) {
    write_string(out, value.as_string());
  } else if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const auto& item : value.items()) {
      if (!first) out += ',';
      first = false;
      newline(depth + 1);
      write(out, item, indent, depth + 1);
    }
    if (!first) newline(depth);
    out += ']';
  } else {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : value.members()) {
      if (!first) out += ',';
      first = false;
      newline(depth + 1);
      write_string(out, key);
      out += indent == 0 ? ":" : ": ";
      write(out, item, indent, depth + 1);
    }
    if (!first) newline(depth);
    out += '}';
  }
}

/// Whether all keys differ, told without much work; false = look closer.
bool are_few_and_different(const Json::Object& members) {
  constexpr std::size_t few = 8;
  if (members.size() > few) return false;
  for (std::size_t i = 1; i < members.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (members[i].first == members[k].first) return false;
    }
  }
  return true;
}

}  // namespace

Json Json::object(std::initializer_list<Member> members) { return from_members(Object(members)); }

Json Json::array(std::initializer_list<Json> items) { return Json(Array(items)); }

Json Json::from_members(Object members) {
  Json result;
  if (are_few_and_different(members)) {
    result.value_ = std::move(members);
    return result;
  }
  auto& kept = result.value_.emplace<Object>();
  kept.reserve(members.size());
  std::unordered_map<std::string, std::size_t> places;
  constexpr std::size_t few = 16;  // Looking through is faster than hashing.
  const bool hashes = members.size() > few;
  for (auto& [key, value] : members) {
    auto place = kept.size();
    if (hashes) {
      place = places.emplace(key, kept.size()).first->second;
    } else {
      place = static_cast<std::size_t>(std::ranges::find(kept, key, &Member::first) - kept.begin());
    }
    if (place < kept.size()) {
      kept[place].second = std::move(value);
    } else {
      kept.emplace_back(std::move(key), std::move(value));
    }
  }
  return result;
}

Result<Json> Json::parse(std::string_view text) {
  if (Builder fast(text); parse_fast(text, fast)) return std::move(fast).finish(true);
  Builder builder(text);  // For the error, and where it is.
  const bool parsed = nlohmann::json::sax_parse(text, &builder);
  // To this library too a zero byte is the end.
  if (parsed && text.find('\0') != std::string_view::npos) return corrupt_data("not valid JSON: it holds a zero byte");
  return std::move(builder).finish(parsed);
}

std::string Json::dump(int indent) const {
  std::string out;
  constexpr std::size_t usual_bytes = 240;
  out.reserve(usual_bytes);
  write(out, *this, indent, 0);
  return out;
}

void Json::append_to(std::string& out) const { write(out, *this, 0, 0); }

bool Json::as_bool(bool fallback) const { return is_bool() ? std::get<1>(value_) : fallback; }

std::int64_t Json::as_int(std::int64_t fallback) const {
  if (is_int()) return std::get<2>(value_);
  if (is_double() && std::abs(std::get<3>(value_)) < 9.2e18) return static_cast<std::int64_t>(std::get<3>(value_));
  return fallback;
}

double Json::as_double(double fallback) const {
  if (is_double()) return std::get<3>(value_);
  return is_int() ? static_cast<double>(std::get<2>(value_)) : fallback;
}

const std::string& Json::as_string() const {
  static const std::string empty;
  return is_string() ? std::get<4>(value_) : empty;
}

const Json::Array& Json::items() const {
  static const Array empty;
  return is_array() ? std::get<5>(value_) : empty;
}

const Json::Object& Json::members() const {
  static const Object empty;
  return is_object() ? std::get<6>(value_) : empty;
}

const Json& Json::operator[](std::string_view key) const {
  for (const auto& [name, value] : members()) {
    if (name == key) return value;
  }
  return null_json;
}

bool Json::contains(std::string_view key) const {
  return std::ranges::any_of(members(), [&](const Member& member) { return member.first == key; });
}

Json& Json::set(std::string_view key, Json value) {
  at(key) = std::move(value);
  return *this;
}

Json& Json::at(std::string_view key) {
  if (!is_object()) value_ = Object();
  auto& members = std::get<6>(value_);
  for (auto& [name, value] : members) {
    if (name == key) return value;
  }
  members.emplace_back(std::string(key), Json());
  return members.back().second;
}

void Json::erase(std::string_view key) {
  if (!is_object()) return;
  std::erase_if(std::get<6>(value_), [&](const Member& member) { return member.first == key; });
}

Json& Json::push(Json value) {
  if (!is_array()) value_ = Array();
  std::get<5>(value_).push_back(std::move(value));
  return *this;
}

std::size_t Json::size() const {
  if (is_array()) return items().size();
  return members().size();
}

}  // namespace gristmill
