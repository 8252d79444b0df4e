// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/clock.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>

namespace gristmill {
namespace {

using namespace std::chrono;

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

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

double thread_cpu_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

double process_cpu_seconds() {
  rusage ended{};
  ::getrusage(RUSAGE_CHILDREN, &ended);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID) + seconds(ended.ru_utime) + seconds(ended.ru_stime);
}

}  // namespace gristmill
