// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {
namespace {

std::string_view type_name(OptionType type) {
  switch (type) {
    case OptionType::boolean: return "true or false";
    case OptionType::integer: return "a whole number";
    case OptionType::number: return "a number";
    case OptionType::string: return "a string";
    case OptionType::string_list: return "a list of strings";
    case OptionType::file: return "a file path";
  }
  return "";
}

bool has_type(const Json& value, OptionType type) {
  switch (type) {
    case OptionType::boolean: return value.is_bool();
    case OptionType::integer: return value.is_int();
    case OptionType::number: return value.is_number();
    case OptionType::string:
    case OptionType::file: return value.is_string();
    case OptionType::string_list:
      return value.is_array() && std::ranges::all_of(value.items(), [](const Json& item) { return item.is_string(); });
  }
  return false;
}

bool is_choice(std::string_view choices, std::string_view word) {
  while (!choices.empty()) {
    const auto comma = choices.find(',');
    if (choices.substr(0, comma) == word) return true;
    if (comma == std::string_view::npos) break;
    choices.remove_prefix(comma + 1);
  }
  return false;
}

Status check(const OptionSpec& option, const Json& value) {
  if (!has_type(value, option.type)) {
    return invalid_argument(fmt::format("{} must be {}, got {}", option.name, type_name(option.type), value.dump()));
  }
  if (value.is_number() && !(value.as_double() >= option.minimum && value.as_double() <= option.maximum)) {
    return invalid_argument(fmt::format("{} = {} is out of range, allowed {}..{}", option.name, value.dump(),
                                        option.minimum, option.maximum));
  }
  if (option.choices.empty()) return {};
  const auto one_word = std::span(&value, 1);
  const auto words = value.is_array() ? std::span<const Json>(value.items()) : one_word;
  for (const auto& word : words) {
    if (!is_choice(option.choices, word.as_string())) {
      return invalid_argument(fmt::format("{} = {} is not one of {}", option.name, word.dump(), option.choices));
    }
  }
  return {};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

/// Refuses a least value above the greatest of the same thing, which would let nothing pass; a greatest value of 0 or
/// less is no limit.
Status check_limits(const Spec& spec, const Json& values) {
  for (const auto& option : spec.options) {
    if (!option.name.starts_with("min_") || !values[option.name].is_number()) continue;
    const auto other = fmt::format("max_{}", option.name.substr(4));
    if (!values.contains(other) || !values[other].is_number()) continue;
    const auto least = values[option.name].as_double();
    const auto greatest = values[other].as_double();
    if (greatest > 0 && least > greatest) {
      return invalid_argument(
          fmt::format("{}: {} = {} is greater than {} = {}", spec.name, option.name, least, other, greatest));
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> Options::strings(std::string_view name) const {
  std::vector<std::string> result;
  for (const auto& item : values_[name].items()) result.push_back(item.as_string());
  return result;
}

const std::string* Options::file(std::string_view name) const {
  for (const auto& [key, bytes] : files_) {
    if (key == name) return bytes.get();
  }
  return nullptr;
}

void Options::set_file(std::string_view name, std::shared_ptr<const std::string> bytes) {
  files_.emplace_back(std::string(name), std::move(bytes));
}

Result<Options> resolve_options(const Spec& spec, const Json& given) {
  if (!given.is_null() && !given.is_object()) {
    return invalid_argument(fmt::format("{}: parameters must be a map of name: value", spec.name));
  }
  std::vector<std::string_view> names;
  for (const auto& option : spec.options) names.push_back(option.name);
  if (spec.kind == Kind::filter) names.push_back("annotate");
  for (const auto& [name, value] : given.members()) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const auto suggestion = nearest(name, names);
    return invalid_argument(
        fmt::format("{} has no parameter '{}'{}", spec.name, name,
                    suggestion.empty()
                        ? fmt::format("; it takes {}", names.empty() ? "none" : fmt::to_string(fmt::join(names, ", ")))
                        : fmt::format("; did you mean '{}'?", suggestion)));
  }
  auto values = Json::object();
  for (const auto& option : spec.options) {
    Json value = given[option.name];
    if (!given.contains(option.name)) {
      if (option.fallback.empty())
        return invalid_argument(fmt::format("{} needs the parameter '{}' ({})", spec.name, option.name, option.help));
      GRISTMILL_TRY(value, Json::parse(option.fallback));
    }
    if (auto status = check(option, value); !status) return std::move(status).error().within(spec.name);
    values.set(option.name, std::move(value));
  }
  GRISTMILL_RETURN_IF_ERROR(check_limits(spec, values));
  if (spec.kind == Kind::filter) {
    if (given.contains("annotate") && !given["annotate"].is_bool()) {
      return invalid_argument(
          fmt::format("{}: annotate must be true or false, got {}", spec.name, given["annotate"].dump()));
    }
    values.set("annotate", given["annotate"].as_bool());
  }
  return Options(std::move(values));
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  // A part of a name that was left out says more than letters that differ.
  constexpr std::size_t part_length_min = 4;
  for (const auto candidate : known) {
    if (word.size() >= part_length_min && candidate.find(word) != std::string_view::npos) return candidate;
  }
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : known) {
    const auto distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace gristmill::ops
