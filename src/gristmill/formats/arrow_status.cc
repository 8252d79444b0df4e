// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/arrow_status.h"

#include <fmt/format.h>

namespace gristmill::formats {

Error arrow_error(const arrow::Status& status, std::string_view doing) {
  auto code = ErrorCode::unavailable;
  if (status.IsInvalid() || status.IsSerializationError() || status.IsTypeError() || status.IsNotImplemented()) {
    code = ErrorCode::corrupt_data;
  }
  // The Parquet reader reports broken pages and footers as I/O errors.
  if (status.IsIOError() && status.message().find("errno") == std::string::npos) code = ErrorCode::corrupt_data;
  if (status.IsOutOfMemory() || status.IsCapacityError()) code = ErrorCode::limit_exceeded;
  return {code, fmt::format("{}: {}", doing, status.message())};
}

}  // namespace gristmill::formats
