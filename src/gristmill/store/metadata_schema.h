// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/formats/dataset_file.h"

namespace gristmill::store {

/// A column as a field of a schema's JSON.
Json field_json(const formats::TableColumn& column);
/// The property that says what columns are called in files without field ids.
inline constexpr std::string_view name_mapping_property = "schema.name-mapping.default";
/// The names in such a mapping, by field id; of columns and what is in them.
std::map<int, std::vector<std::string>> mapped_names(const std::string& mapping);

}  // namespace gristmill::store
