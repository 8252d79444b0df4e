// SPDX-License-Identifier: Apache-2.0
#include "gristmill/base/result.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace gristmill {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::corrupt_data: return "corrupt_data";
    case ErrorCode::limit_exceeded: return "limit_exceeded";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::denied: return "denied";
    case ErrorCode::check_failed: return "check_failed";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::interrupted: return "interrupted";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

Error Error::within(std::string_view doing) && { return {code, fmt::format("{}: {}", doing, message)}; }

Error errno_error(std::string_view doing, int error_number) {
  auto code = ErrorCode::unavailable;
  if (error_number == ENOENT || error_number == ENOTDIR) code = ErrorCode::not_found;
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS) code = ErrorCode::denied;
  if (error_number == EEXIST) code = ErrorCode::already_exists;
  if (error_number == ELOOP || error_number == ENAMETOOLONG || error_number == EISDIR)
    code = ErrorCode::invalid_argument;
  return {code, fmt::format("{}: {}", doing, std::generic_category().message(error_number))};
}

namespace detail {

void check_failed(const char* file, int line, const char* condition, const std::string& values) {
  fmt::print(stderr, "{}:{}: check failed: {} ({})\n", file, line, condition, values);
  std::fflush(stderr);
  std::abort();
}

}  // namespace detail
}  // namespace gristmill
