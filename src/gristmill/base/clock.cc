// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/clock.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace gristmill {
namespace {

using namespace std::chrono;

/// Takes `digits` decimal digits off the front.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, code] = std::from_chars(text.data(), text.data() + digits, out);
  if (code != std::errc() || end != text.data() + digits || out < 0) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// "Z", "+02:00" or nothing; minutes east of UTC.
bool take_offset(std::string_view& text, int& minutes) {
  minutes = 0;
  if (text.empty() || take(text, 'Z')) return true;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take(text, '+') && !take(text, '-')) return false;
  int hours = 0;
  int rest = 0;
  if (!take_number(text, 2, hours)) return false;
  take(text, ':');
  if (!take_number(text, 2, rest)) return false;
  minutes = sign * (hours * 60 + rest);
  return true;
}

}  // namespace

std::int64_t now_ms() { return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count(); }

std::string iso8601(std::int64_t since_epoch) {
  const auto point = sys_time<milliseconds>(milliseconds(since_epoch));
  const auto day = floor<days>(point);
  const year_month_day date(day);
  const hh_mm_ss time(point - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

std::optional<std::int64_t> parse_iso8601(std::string_view text) {
  int parts[3] = {};
  if (!take_number(text, 4, parts[0]) || !take(text, '-') || !take_number(text, 2, parts[1]) || !take(text, '-') ||
      !take_number(text, 2, parts[2])) {
    return std::nullopt;
  }
  const year_month_day date{year{parts[0]}, month{static_cast<unsigned>(parts[1])},
                            day{static_cast<unsigned>(parts[2])}};
  if (!date.ok()) return std::nullopt;
  auto point = duration_cast<milliseconds>(sys_days(date).time_since_epoch());
  if (text.empty()) return point.count();
  int clock[3] = {};
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  if (!take_number(text, 2, clock[0]) || !take(text, ':') || !take_number(text, 2, clock[1])) return std::nullopt;
  if (take(text, ':') && !take_number(text, 2, clock[2])) return std::nullopt;
  if (clock[0] > 23 || clock[1] > 59 || clock[2] > 60) return std::nullopt;
  if (take(text, '.')) {
    int scale = 100;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      point += milliseconds((text.front() - '0') * scale);
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  int offset = 0;
  if (!take_offset(text, offset) || !text.empty()) return std::nullopt;
  point += hours(clock[0]) + minutes(clock[1] - offset) + seconds(clock[2]);
  return point.count();
}

}  // namespace gristmill
