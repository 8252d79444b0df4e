// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/page_date.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>

namespace gristmill::ops::extract {
namespace {

constexpr std::size_t date_bytes_max = 80;

struct Moment {
  int year = 0;
  int month = 0;
  int day = 0;
  bool has_time = false;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::string zone;  ///< "Z", "+01:00" or empty.
};

struct Month {
  std::string_view start;  ///< Lower case; enough letters to tell it apart.
  int number;
};

// English, German, French, Spanish, Italian, Portuguese, Dutch and Polish (genitive), by their first letters.
constexpr std::array months{
    Month{"jan", 1},  Month{"jän", 1},  Month{"ene", 1},  Month{"gen", 1},  Month{"sty", 1},  Month{"feb", 2},
    Month{"fév", 2},  Month{"fev", 2},  Month{"lut", 2},  Month{"mar", 3},  Month{"mär", 3},  Month{"maa", 3},
    Month{"mrt", 3},  Month{"mae", 3},  Month{"apr", 4},  Month{"avr", 4},  Month{"abr", 4},  Month{"kwi", 4},
    Month{"mai", 5},  Month{"may", 5},  Month{"mag", 5},  Month{"mei", 5},  Month{"maj", 5},  Month{"juin", 6},
    Month{"jun", 6},  Month{"giu", 6},  Month{"cze", 6},  Month{"juil", 7}, Month{"jul", 7},  Month{"lug", 7},
    Month{"lip", 7},  Month{"aug", 8},  Month{"aoû", 8},  Month{"aou", 8},  Month{"ago", 8},  Month{"sie", 8},
    Month{"sep", 9},  Month{"set", 9},  Month{"wrz", 9},  Month{"oct", 10}, Month{"okt", 10}, Month{"out", 10},
    Month{"ott", 10}, Month{"paź", 10}, Month{"nov", 11}, Month{"lis", 11}, Month{"dec", 12}, Month{"dez", 12},
    Month{"déc", 12}, Month{"dic", 12}, Month{"gru", 12}};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept {
  return static_cast<unsigned char>((c | 0x20) - 'a') < 26 || static_cast<unsigned char>(c) >= 0x80;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void skip(std::string_view bytes) {
    while (!at_end() && bytes.find(peek()) != std::string_view::npos) ++at_;
  }
  /// A number of [least, most] digits that no further digit follows.
  std::optional<std::int64_t> number(std::size_t least, std::size_t most) {
    std::size_t size = 0;
    std::int64_t value = 0;
    while (at_ + size < text_.size() && is_digit(text_[at_ + size]) && size < 18)
      value = value * 10 + (text_[at_ + size++] - '0');
    if (size < least || size > most) return std::nullopt;
    at_ += size;
    return value;
  }
  std::string_view letters() {
    const auto from = at_;
    while (!at_end() && is_letter(peek())) ++at_;
    return text_.substr(from, at_ - from);
  }
  [[nodiscard]] std::size_t place() const { return at_; }
  void go_to(std::size_t place) { at_ = place; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

int days_in(int year, int month) noexcept {
  constexpr std::array days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[static_cast<std::size_t>(month - 1)] + (month == 2 && is_leap ? 1 : 0);
}

bool is_real(const Moment& moment) noexcept {
  return moment.year >= 1000 && moment.year <= 2200 && moment.month >= 1 && moment.month <= 12 && moment.day >= 1 &&
         moment.day <= days_in(moment.year, moment.month) && moment.hour < 24 && moment.minute < 60 &&
         moment.second <= 60;
}

int month_of(std::string_view word) noexcept {
  std::string lower(word.substr(0, 16));
  for (auto& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  for (const auto& month : months) {
    if (lower.starts_with(month.start)) return month.number;
  }
  return 0;
}

void read_zone(Reader& reader, Moment& moment) {
  reader.skip(" ");
  if (reader.take('Z') || reader.take('z')) return static_cast<void>(moment.zone = "Z");
  const char sign = reader.peek();
  if (sign == '+' || sign == '-') {
    reader.take(sign);
    const auto digits = reader.number(1, 4);
    if (!digits) return;
    auto hours = *digits;
    std::int64_t minutes = 0;
    if (reader.take(':')) {
      minutes = reader.number(2, 2).value_or(0);
    } else if (*digits >= 100) {
      hours = *digits / 100;
      minutes = *digits % 100;
    }
    if (hours > 14 || minutes > 59) return;
    moment.zone = hours == 0 && minutes == 0 ? "Z" : fmt::format("{}{:02}:{:02}", sign, hours, minutes);
    return;
  }
  const auto word = reader.letters();
  if (word == "GMT" || word == "UTC" || word == "UT") moment.zone = "Z";
}

/// "8:00", "08:00:00.123+01:00", "8:00 pm" behind a day; nothing when there is no time.
void read_time(Reader& reader, Moment& moment) {
  reader.skip(" ,T@|-");
  const auto before = reader.place();
  if (reader.letters() != "at") reader.go_to(before);
  reader.skip(" ");
  const auto hour = reader.number(1, 2);
  if (!hour || !reader.take(':')) return;
  const auto minute = reader.number(2, 2);
  if (!minute) return;
  Moment with_time = moment;
  with_time.has_time = true;
  with_time.hour = static_cast<int>(*hour);
  with_time.minute = static_cast<int>(*minute);
  if (reader.take(':')) with_time.second = static_cast<int>(reader.number(2, 2).value_or(99));
  if (reader.take('.') || reader.take(',')) reader.number(1, 9);
  const auto place = reader.place();
  reader.skip(" ");
  const auto half = reader.letters();
  if ((half == "pm" || half == "PM") && with_time.hour < 12)
    with_time.hour += 12;
  else if ((half == "am" || half == "AM") && with_time.hour == 12)
    with_time.hour = 0;
  else if (half != "pm" && half != "PM" && half != "am" && half != "AM")
    reader.go_to(place);
  read_zone(reader, with_time);
  if (is_real(with_time)) moment = with_time;
}

/// "2024-03-01", "2024/3/1", "20240301", "2024-03".
bool read_year_first(Reader& reader, Moment& moment) {
  const auto start = reader.place();
  if (const auto whole = reader.number(8, 8)) {
    moment.year = static_cast<int>(*whole / 10000);
    moment.month = static_cast<int>(*whole / 100 % 100);
    moment.day = static_cast<int>(*whole % 100);
    return true;
  }
  reader.go_to(start);
  const auto year = reader.number(4, 4);
  const char separator = reader.peek();
  if (!year || (separator != '-' && separator != '/' && separator != '.')) return false;
  reader.take(separator);
  const auto month = reader.number(1, 2);
  if (!month || !reader.take(separator)) return false;
  const auto day = reader.number(1, 2);
  if (!day) return false;
  moment.year = static_cast<int>(*year);
  moment.month = static_cast<int>(*month);
  moment.day = static_cast<int>(*day);
  return true;
}

/// "1.3.2024" has the day first; "1/3/2024" only where the other order is no date, or the same one.
bool read_numbers(Reader& reader, Moment& moment) {
  const auto first = reader.number(1, 2);
  const char separator = reader.peek();
  if (!first || (separator != '.' && separator != '/' && separator != '-')) return false;
  reader.take(separator);
  reader.skip(" ");
  const auto second = reader.number(1, 2);
  if (!second || !reader.take(separator)) return false;
  reader.skip(" ");
  const auto year = reader.number(4, 4);
  if (!year) return false;
  const bool is_day_first = separator == '.' || *first > 12 || *first == *second;
  if (!is_day_first && *second <= 12) return false;
  moment.year = static_cast<int>(*year);
  moment.day = static_cast<int>(is_day_first ? *first : *second);
  moment.month = static_cast<int>(is_day_first ? *second : *first);
  return true;
}

/// "1 March 2024", "Fri, 01 Mar 2024", "March 1st, 2024", "1er mars 2024", "1 de marzo de 2024".
bool read_names(Reader& reader, Moment& moment) {
  for (int part = 0; part < 8 && !reader.at_end() && (moment.day == 0 || moment.month == 0 || moment.year == 0);
       ++part) {
    reader.skip(" ,.-/");
    if (is_digit(reader.peek())) {
      const auto number = reader.number(1, 4);
      if (!number) return false;
      if (*number > 31)
        moment.year = static_cast<int>(*number);
      else if (moment.day == 0)
        moment.day = static_cast<int>(*number);
      else
        return false;
      if (is_letter(reader.peek()) && moment.month == 0) {
        const auto place = reader.place();
        const auto ending = reader.letters();  // 1st, 2nd, 3rd, 4th, 1er
        if (ending.size() > 2) reader.go_to(place);
      } else if (is_letter(reader.peek())) {
        reader.letters();
      }
    } else {
      const auto word = reader.letters();
      if (word.empty()) return false;
      if (moment.month == 0) moment.month = month_of(word);
    }
  }
  return moment.day != 0 && moment.month != 0 && moment.year != 0;
}

/// UNIX time as a date (days to civil: Howard Hinnant's algorithm for the proleptic Gregorian calendar).
Moment from_unix(std::int64_t seconds) {
  const auto days = seconds / 86400;
  const auto rest = static_cast<int>(seconds % 86400);
  const auto shifted = days + 719468;
  const auto era = shifted / 146097;
  const auto day_of_era = shifted % 146097;
  const auto year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto month = (5 * day_of_year + 2) / 153;
  Moment moment;
  moment.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  moment.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  moment.year = static_cast<int>(year_of_era + era * 400 + (moment.month <= 2 ? 1 : 0));
  moment.has_time = true;
  moment.hour = rest / 3600;
  moment.minute = rest / 60 % 60;
  moment.second = rest % 60;
  moment.zone = "Z";
  return moment;
}

std::string show(const Moment& moment) {
  if (!is_real(moment)) return {};
  auto out = fmt::format("{:04}-{:02}-{:02}", moment.year, moment.month, moment.day);
  if (moment.has_time)
    out += fmt::format("T{:02}:{:02}:{:02}{}", moment.hour, moment.minute, moment.second, moment.zone);
  return out;
}

}  // namespace

std::string read_page_date(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\t')) text.remove_suffix(1);
  if (text.empty() || text.size() > date_bytes_max) return {};
  Reader reader(text);
  if (const auto stamp = reader.number(10, 13); stamp && reader.at_end()) {
    if (text.size() == 10) return show(from_unix(*stamp));
    return text.size() == 13 ? show(from_unix(*stamp / 1000)) : std::string();
  }
  for (const auto read : {read_year_first, read_numbers, read_names}) {
    Reader attempt(text);
    Moment moment;
    if (!read(attempt, moment) || !is_real(moment)) continue;
    read_time(attempt, moment);
    return show(moment);
  }
  return {};
}

}  // namespace gristmill::ops::extract
