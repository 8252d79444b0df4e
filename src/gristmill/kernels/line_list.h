// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gristmill::kernels {

/// Entries of a list file: one a line, blanks around it removed; empty lines and lines that begin with # are left out.
std::vector<std::string> list_entries(std::string_view bytes);

}  // namespace gristmill::kernels
