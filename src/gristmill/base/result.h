// SPDX-License-Identifier: Apache-2.0
// Errors as values: Result<T>, Status and the check macro. The ground floor of everything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace gristmill {

/// What kind of failure it is; the faces turn it into an exit code or an HTTP status.
enum class ErrorCode {
  invalid_argument,  ///< The caller's words are off: usage, configuration, a name that does not exist.
  not_found,         ///< A named thing is absent.
  already_exists,    ///< A named thing is there already.
  corrupt_data,      ///< Bytes break the format they claim.
  limit_exceeded,    ///< A configured bound was passed: size, ratio, depth, memory.
  conflict,          ///< Somebody else committed first.
  denied,            ///< Policy or permission refuses.
  check_failed,      ///< Finished, but quarantine, alerts or a check passed its limit.
  unavailable,       ///< An outside fault that may pass: disk full, network, database busy.
  interrupted,       ///< Stopped on request; the work can be resumed.
  internal,          ///< A broken invariant of ours.
};

/// Stable, lower-case name of a code ("corrupt_data"), for JSON and tests.
std::string_view to_string(ErrorCode code) noexcept;

/// A failure: its kind and a message that says what was wrong, where, and what to do.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;

  /// Puts what was being done in front: "reading a.jsonl: line 3: ...". One layer, one call.
  [[nodiscard]] Error within(std::string_view doing) &&;
};

/// A value or an Error. Never throws by itself; dereference only after a check.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <typename U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::decay_t<U>, Error> &&
             !std::is_same_v<std::decay_t<U>, Result> && !std::is_same_v<std::decay_t<U>, T>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error error() && { return std::get<1>(std::move(state_)); }
  [[nodiscard]] T& operator*() & { return std::get<0>(state_); }
  [[nodiscard]] const T& operator*() const& { return std::get<0>(state_); }
  [[nodiscard]] T operator*() && { return std::get<0>(std::move(state_)); }
  [[nodiscard]] T* operator->() { return &std::get<0>(state_); }
  [[nodiscard]] const T* operator->() const { return &std::get<0>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Error& error() const& { return *error_; }
  [[nodiscard]] Error error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

inline Error invalid_argument(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }
inline Error not_found(std::string message) { return {ErrorCode::not_found, std::move(message)}; }
inline Error corrupt_data(std::string message) { return {ErrorCode::corrupt_data, std::move(message)}; }
inline Error unavailable(std::string message) { return {ErrorCode::unavailable, std::move(message)}; }
inline Error limit_exceeded(std::string message) { return {ErrorCode::limit_exceeded, std::move(message)}; }

/// An Error from errno: "open /x/y: Permission denied". Disk-full, quota and I/O faults are `unavailable`,
/// a missing file is `not_found`, a permission `denied`.
Error errno_error(std::string_view doing, int error_number);

namespace detail {
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& values);
}  // namespace detail

}  // namespace gristmill

#define GRISTMILL_CONCAT_INNER(a, b) a##b
#define GRISTMILL_CONCAT(a, b) GRISTMILL_CONCAT_INNER(a, b)

/// GRISTMILL_TRY(auto x, f()): declares x from the value of a Result, or returns its error.
#define GRISTMILL_TRY(declaration, ...) GRISTMILL_TRY_AS(GRISTMILL_CONCAT(result_, __LINE__), declaration, __VA_ARGS__)
#define GRISTMILL_TRY_AS(name, declaration, ...) \
  auto name = (__VA_ARGS__);                     \
  if (!name) return std::move(name).error();     \
  declaration = *std::move(name)

/// Returns the error of a Status, if it has one.
#define GRISTMILL_RETURN_IF_ERROR(...)                                                                        \
  do {                                                                                                        \
    if (auto gristmill_status = (__VA_ARGS__); !gristmill_status) return std::move(gristmill_status).error(); \
  } while (false)

/// A broken invariant: prints place and values and aborts. Stays on in release builds.
#define GRISTMILL_CHECK(condition, values)                                         \
  do {                                                                             \
    if (!(condition)) [[unlikely]]                                                 \
      ::gristmill::detail::check_failed(__FILE__, __LINE__, #condition, (values)); \
  } while (false)
