// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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
  bool key(std::string& value) override {
    open_.back().members.emplace_back(std::move(value), Json());
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

bool is_plain(char byte) { return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\'; }

void write_string(std::string& out, const std::string& value) {
  if (std::ranges::all_of(value, is_plain)) {
    out.append(1, '"').append(value).append(1, '"');
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

}  // namespace

Json Json::object(std::initializer_list<Member> members) {
  Json result;
  result.value_ = Object();
  for (const auto& [key, value] : members) result.set(key, value);
  return result;
}

Json Json::array(std::initializer_list<Json> items) { return Json(Array(items)); }

Json Json::from_members(Object members) {
  Json result = object();
  auto& kept = std::get<6>(result.value_);
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
  Builder builder(text);
  const bool parsed = nlohmann::json::sax_parse(text, &builder);
  return std::move(builder).finish(parsed);
}

std::string Json::dump(int indent) const {
  std::string out;
  write(out, *this, indent, 0);
  return out;
}

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
