// SPDX-License-Identifier: Apache-2.0
#include "json_ids.h"

#include <algorithm>
#include <string>

namespace gristmill::server {
namespace {

Json as_text(const Json& value, std::string_view place) {
  if (place.empty()) return value.is_int() ? Json(std::to_string(value.as_int())) : value;
  const auto end = std::min(place.find('/'), place.size());
  const auto name = place.substr(0, end);
  const auto rest = place.substr(std::min(end + 1, place.size()));
  if (name == "*") {
    if (!value.is_array()) return value;
    auto list = Json::array();
    for (const auto& item : value.items()) list.push(as_text(item, rest));
    return list;
  }
  if (!value.contains(name)) return value;
  auto changed = value;
  changed.set(name, as_text(value[name], rest));
  return changed;
}

}  // namespace

Json ids_as_text(Json document, std::initializer_list<std::string_view> places) {
  for (const auto place : places) document = as_text(document, place);
  return document;
}

}  // namespace gristmill::server
