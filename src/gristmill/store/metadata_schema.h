// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/base/json.h"
#include "gristmill/formats/dataset_file.h"

namespace gristmill::store {

/// A column as a field of a schema's JSON.
Json field_json(const formats::TableColumn& column);

}  // namespace gristmill::store
