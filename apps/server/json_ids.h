// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string_view>

#include "gristmill/base/json.h"

namespace gristmill::server {

/// The document with the integers at these places as text: snapshot ids take 63 bits, and JavaScript reads 53. A place
/// is "versions/*/version", where `*` stands for each item of an array.
Json ids_as_text(Json document, std::initializer_list<std::string_view> places);

}  // namespace gristmill::server
