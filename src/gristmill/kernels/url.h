// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace gristmill::kernels {

/// The host of an address (`https://user@Example.org:443/a` -> `Example.org`), without scheme also; a view into it.
/// Empty when there is none. Brackets of an IPv6 host and a dot at the end are left out.
std::string_view url_host(std::string_view url) noexcept;

}  // namespace gristmill::kernels
