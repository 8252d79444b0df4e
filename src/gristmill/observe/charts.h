// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "gristmill/base/json.h"

namespace gristmill::observe {

/// A histogram as an inline SVG from [{from, to, count}, ...]; edges read as sizes when `name` speaks of bytes.
/// Nothing when there is nothing to draw.
std::string histogram_svg(std::string_view name, const Json& buckets);

/// The most frequent values of [{value, count}, ...] as a table with bars; the rest in one row.
std::string ranking_html(const Json& values);

/// A bar of segments over a common whole: what went on, and what was lost on the way.
std::string segments_html(std::string_view label, const Json& segments, double whole);

}  // namespace gristmill::observe
