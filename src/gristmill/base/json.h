// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gristmill/base/result.h"

namespace gristmill {

/// A JSON value of our own: integers stay 64-bit, objects keep the order in which keys were set, so that
/// what we write is reproducible byte for byte. For configuration, records and API documents; bulk input is
/// parsed by the readers in `formats`.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(static_cast<std::int64_t>(value)) {}
  Json(unsigned value) : value_(static_cast<std::int64_t>(value)) {}
  Json(long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(long long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(unsigned long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(unsigned long long value) : value_(static_cast<std::int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}

  /// Json::object({{"a", 1}, {"b", "x"}})
  static Json object(std::initializer_list<Member> members = {});
  /// An object of many members at once; of equal keys the last value wins, at the place of the first. Linear time,
  /// where `set` looks through the members each time.
  static Json from_members(Object members);
  /// Json::array({1, 2})
  static Json array(std::initializer_list<Json> items = {});

  /// Parses one document; the error gives line and column. Nesting deeper than 512 is refused.
  static Result<Json> parse(std::string_view text);
  /// One line without blanks (`indent` 0) or pretty-printed. Doubles print as the shortest text that
  /// reads back equal; invalid UTF-8 is replaced by U+FFFD.
  [[nodiscard]] std::string dump(int indent = 0) const;
  /// Appends what `dump` gives.
  void append_to(std::string& out) const;

  [[nodiscard]] bool is_null() const { return value_.index() == 0; }
  [[nodiscard]] bool is_bool() const { return value_.index() == 1; }
  [[nodiscard]] bool is_int() const { return value_.index() == 2; }
  [[nodiscard]] bool is_double() const { return value_.index() == 3; }
  [[nodiscard]] bool is_number() const { return is_int() || is_double(); }
  [[nodiscard]] bool is_string() const { return value_.index() == 4; }
  [[nodiscard]] bool is_array() const { return value_.index() == 5; }
  [[nodiscard]] bool is_object() const { return value_.index() == 6; }

  /// Typed access with a fallback for another type: never throws.
  [[nodiscard]] bool as_bool(bool fallback = false) const;
  [[nodiscard]] std::int64_t as_int(std::int64_t fallback = 0) const;
  [[nodiscard]] double as_double(double fallback = 0) const;
  [[nodiscard]] const std::string& as_string() const;
  [[nodiscard]] const Array& items() const;
  [[nodiscard]] const Object& members() const;

  /// Member of an object, or null when absent or no object.
  [[nodiscard]] const Json& operator[](std::string_view key) const;
  [[nodiscard]] const Json& operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  [[nodiscard]] bool contains(std::string_view key) const;
  /// Sets a member (replaces an existing one in place); turns null into an object. Returns *this.
  Json& set(std::string_view key, Json value);
  /// Mutable member, made null when absent.
  Json& at(std::string_view key);
  void erase(std::string_view key);
  /// Appends; turns null into an array. Returns *this.
  Json& push(Json value);
  [[nodiscard]] std::size_t size() const;

  bool operator==(const Json& other) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace gristmill
