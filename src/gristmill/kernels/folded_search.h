// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace gristmill::kernels {

/// True when `text`, brought to lower case as Unicode does (the Kelvin sign is a k), contains `phrase`: lower-case
/// ASCII of two characters or more that does not end in an i. Vectorised.
bool contains_folded(std::string_view text, std::string_view phrase);

}  // namespace gristmill::kernels
