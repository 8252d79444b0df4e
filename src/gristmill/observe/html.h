// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/base/json.h"

namespace gristmill::observe {

/// Text for an HTML element or a quoted attribute. Bytes that are not UTF-8, control characters and characters that
/// turn the direction of writing become U+FFFD, so that no document can disturb the page around it.
std::string escape_html(std::string_view text);

/// The beginning of a text, at most `characters_max` code points on one line, escaped; "…" marks a cut.
std::string excerpt_html(std::string_view text, std::size_t characters_max);

/// 1234567 as "1,234,567".
std::string with_commas(std::int64_t number);

/// Three significant digits and a unit: "1.21 GiB".
std::string human_bytes(double bytes);

/// "0.35 s", "2 min 5 s", "3 h 12 min".
std::string human_seconds(double seconds);

/// "12.3 %"; what is more than nothing never reads as 0.
std::string percent(double part, double whole);

/// A member's name as a heading: "text_bytes" gives "Text bytes".
std::string human_label(std::string_view name);

/// A number, or the sum of an object's numbers ({"reason": n}).
std::int64_t total(const Json& value);

}  // namespace gristmill::observe
