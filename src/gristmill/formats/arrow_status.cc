// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/arrow_status.h"

#include <fmt/format.h>

namespace gristmill::formats {

namespace {

constexpr const char* fault_type = "gristmill";

/// Carries an Error of ours through Arrow.
class FaultDetail final : public arrow::StatusDetail {
 public:
  explicit FaultDetail(Error error) : error_(std::move(error)) {}
  [[nodiscard]] const char* type_id() const override { return fault_type; }
  [[nodiscard]] std::string ToString() const override { return error_.message; }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

}  // namespace

arrow::Status arrow_fault(const Error& error) {
  return arrow::Status::IOError(error.message).WithDetail(std::make_shared<FaultDetail>(error));
}

std::optional<Error> fault_in(const arrow::Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::string_view(detail->type_id()) != fault_type) return std::nullopt;
  return static_cast<const FaultDetail&>(*detail).error();
}

Error arrow_error(const arrow::Status& status, std::string_view doing) {
  if (auto fault = fault_in(status)) return *std::move(fault);
  auto code = ErrorCode::unavailable;
  if (status.IsInvalid() || status.IsSerializationError() || status.IsTypeError() || status.IsNotImplemented()) {
    code = ErrorCode::corrupt_data;
  }
  // The Parquet reader reports broken pages and footers as I/O errors.
  if (status.IsIOError() && status.message().find("errno") == std::string::npos) code = ErrorCode::corrupt_data;
  if (status.IsOutOfMemory())
    return {ErrorCode::limit_exceeded,
            fmt::format("{}: the memory budget is too small: give more by --memory, or [resources] memory in "
                        "gristmill.toml ({})",
                        doing, status.message())};
  if (status.IsCapacityError()) code = ErrorCode::limit_exceeded;
  return {code, fmt::format("{}: {}", doing, status.message())};
}

}  // namespace gristmill::formats
