// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "gristmill/store/table.h"

namespace gristmill::store {
namespace {

constexpr std::size_t names_shown = 10;

/// Takes `digits` decimal digits from the front.
bool take_digits(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits) return false;
  const auto part = text.substr(0, digits);
  if (!std::ranges::all_of(part, [](char byte) { return byte >= '0' && byte <= '9'; })) return false;
  std::from_chars(part.data(), part.data() + part.size(), number);
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char byte) {
  if (!text.starts_with(byte)) return false;
  text.remove_prefix(1);
  return true;
}

/// ".5" and the like, as milliseconds; what is finer is cut off.
bool take_fraction(std::string_view& text, int& milliseconds) {
  if (!take(text, '.')) return true;
  int weight = 100;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits, weight /= 10)
    milliseconds += (text[digits] - '0') * weight;
  text.remove_prefix(digits);
  return digits > 0 && digits <= 9;
}

bool take_offset(std::string_view& text, int& minutes_east) {
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return true;
  const int sign = text[0] == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!take_digits(text, 2, hours)) return false;
  take(text, ':');
  if (!text.empty() && !take_digits(text, 2, minutes)) return false;
  minutes_east = sign * (hours * 60 + minutes);
  return hours <= 23 && minutes <= 59;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Error unknown_version(const TableName& name, std::string_view selector, const TableMetadata& metadata) {
  std::string known;
  std::size_t shown = 0;
  for (const auto& reference : metadata.references()) {
    if (reference.name == "main" || shown == names_shown) continue;
    known += (shown++ == 0 ? "" : ", ") + reference.name;
  }
  return not_found(fmt::format(
      "dataset {} has no version \"{}\": give v1, v2, ..., a release{}{}{}, a snapshot id or a time such as "
      "2026-11-01T00:00:00Z",
      name.text(), selector.substr(0, 100), known.empty() ? "" : " (", known, known.empty() ? "" : ")"));
}

}  // namespace

std::optional<std::int64_t> parse_time_ms(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int milliseconds = 0;
  int minutes_east = 0;
  if (!take_digits(text, 4, year) || !take(text, '-') || !take_digits(text, 2, month) || !take(text, '-') ||
      !take_digits(text, 2, day))
    return std::nullopt;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    if (!take_digits(text, 2, hour) || !take(text, ':') || !take_digits(text, 2, minute)) return std::nullopt;
    if (take(text, ':') && (!take_digits(text, 2, second) || !take_fraction(text, milliseconds))) return std::nullopt;
    if (!take_offset(text, minutes_east) || !text.empty()) return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  const auto time = std::chrono::duration_cast<std::chrono::seconds>(days) + std::chrono::hours(hour) +
                    std::chrono::minutes(minute - minutes_east) + std::chrono::seconds(second);
  return time.count() * 1000 + milliseconds;
}

Result<Snapshot> Table::resolve_version(std::string_view selector) const {
  const auto& all = metadata_.snapshots();
  const Snapshot* found = nullptr;
  const auto references = metadata_.references();
  const auto reference = std::ranges::find(references, selector, &Reference::name);
  if (reference != references.end()) {
    found = metadata_.find_snapshot(reference->snapshot_id);
  } else if (selector.empty() || selector == "latest" || selector == "main") {
    found = metadata_.current_snapshot();
    if (found == nullptr) return not_found(fmt::format("dataset {} has no version yet", name_.text()));
  } else if (const auto ordinal = selector.starts_with('v') ? parse_number<std::int64_t>(selector.substr(1))
                                                            : std::nullopt) {
    // Counts commits by the sequence number, so that a version keeps its number when earlier ones expire.
    const auto same = std::ranges::find(all, *ordinal, &Snapshot::sequence_number);
    found = same == all.end() || *ordinal < 1 ? nullptr : &*same;
  } else if (const auto id = parse_number<std::int64_t>(selector)) {
    found = metadata_.find_snapshot(*id);
  } else if (const auto time = parse_time_ms(selector)) {
    found = metadata_.snapshot_at(*time);
    if (found == nullptr && !all.empty())
      return not_found(fmt::format("dataset {} had no version yet at {}", name_.text(), selector));
  }
  if (found == nullptr) return unknown_version(name_, selector, metadata_);
  return *found;
}

}  // namespace gristmill::store
