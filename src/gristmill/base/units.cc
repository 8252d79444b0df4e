// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace gristmill {
namespace {

struct Unit {
  std::string_view name;
  double size;
};

constexpr std::array units{Unit{"", 1},         Unit{"B", 1},        Unit{"kB", 1e3},     Unit{"KB", 1e3},
                           Unit{"MB", 1e6},     Unit{"GB", 1e9},     Unit{"TB", 1e12},    Unit{"KiB", 0x1p10},
                           Unit{"MiB", 0x1p20}, Unit{"GiB", 0x1p30}, Unit{"TiB", 0x1p40}, Unit{"K", 0x1p10},
                           Unit{"M", 0x1p20},   Unit{"G", 0x1p30},   Unit{"T", 0x1p40}};

/// In milliseconds.
constexpr std::array durations{Unit{"s", 1e3}, Unit{"m", 6e4}, Unit{"h", 3.6e6}, Unit{"d", 8.64e7}};

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (code == std::errc() && number >= 0) {
    for (const auto& known : units) {
      if (known.name == unit && number * known.size < 1.8e19) return static_cast<std::uint64_t>(number * known.size);
    }
  }
  return invalid_argument(fmt::format("'{}' is not a size: write 512MiB, 2GB or a number of bytes", text));
}

Result<std::int64_t> parse_duration_ms(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (code == std::errc() && number >= 0) {
    for (const auto& known : durations) {
      if (known.name == unit && number * known.size < 9e18) return static_cast<std::int64_t>(number * known.size);
    }
  }
  return invalid_argument(fmt::format("'{}' is not a length of time: write 30d, 12h, 90m or 45s", text));
}

Result<double> parse_share(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (code == std::errc() && rest == "%") number /= 100;
  if (code != std::errc() || (!rest.empty() && rest != "%") || !(number >= 0 && number <= 1)) {
    return invalid_argument(fmt::format("'{}' is not a share: write 5% or 0.05", text));
  }
  return number;
}

std::string format_size(double bytes) {
  constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < names.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, names[unit]);
}

std::string format_count(std::int64_t count) {
  auto digits = fmt::format("{}", count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

}  // namespace gristmill
