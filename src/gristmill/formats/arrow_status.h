// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/status.h>

#include <optional>
#include <string_view>

#include "gristmill/base/result.h"

namespace gristmill::formats {

/// Our error from Arrow's: bad bytes are corrupt_data, a spent memory budget is limit_exceeded, the rest unavailable.
/// An error of ours as Arrow hands it through its readers.
arrow::Status arrow_fault(const Error& error);
/// The error that arrow_fault put in, if this is one.
std::optional<Error> fault_in(const arrow::Status& status);
/// For .cc files of this layer only (it shows an Arrow header).
Error arrow_error(const arrow::Status& status, std::string_view doing);

}  // namespace gristmill::formats
