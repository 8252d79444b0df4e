// SPDX-License-Identifier: Apache-2.0
// Signing, retries and what a refusal means; s3_client.cc has the operations.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/io/crc32.h"
#include "gristmill/io/s3_call.h"

namespace gristmill::io {
namespace {

constexpr std::int64_t first_pause_ms = 100;
constexpr std::int64_t pause_ms_max = 8'000;
constexpr std::int64_t asked_pause_s_max = 30;

/// Grows twofold, half of it by chance, so that those who were refused together do not come back together. What the
/// server asks for counts when it is longer.
std::chrono::milliseconds pause_before(int attempt, const std::string& retry_after) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto whole = std::min(pause_ms_max, first_pause_ms << std::min(attempt, 10));
  auto pause = whole / 2 + static_cast<std::int64_t>(random() % static_cast<unsigned>(whole / 2 + 1));
  std::int64_t asked_s = 0;
  const auto parsed = std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), asked_s);
  if (parsed.ec == std::errc() && asked_s > 0) pause = std::max(pause, std::min(asked_s, asked_pause_s_max) * 1000);
  return std::chrono::milliseconds(pause);
}

bool is_about_credentials(const std::string& code) {
  return code == "ExpiredToken" || code == "InvalidToken" || code == "InvalidAccessKeyId" ||
         code == "TokenRefreshRequired";
}

struct Address {
  std::string origin;  ///< "https://host:port"
  std::string host;    ///< As the Host header has it.
  std::string path;    ///< Escaped.
};

Address address_of(const S3Settings& settings, const ObjectPath& object) {
  const auto endpoint = settings.endpoint.empty() ? fmt::format("https://s3.{}.amazonaws.com", settings.region)
                                                  : settings.endpoint;
  const auto start = endpoint.find("://") + 3;
  // The certificate of *.s3.REGION.amazonaws.com does not cover names with dots.
  const bool has_dots = object.bucket.find('.') != std::string::npos && endpoint.starts_with("https://");
  const auto key = percent_encode(object.key, true);
  if (settings.path_style.value_or(!settings.endpoint.empty() || has_dots))
    return {endpoint, endpoint.substr(start), fmt::format("/{}/{}", object.bucket, key)};
  const auto host = fmt::format("{}.{}", object.bucket, endpoint.substr(start));
  return {endpoint.substr(0, start) + host, host, "/" + key};
}

std::string place_of(const ObjectPath& object) {
  return object.key.empty() ? fmt::format("s3://{}", object.bucket) : object.text();
}

}  // namespace

bool may_pass(int status, const std::string& code) {
  constexpr std::array statuses{408, 429, 500, 502, 503, 504};
  // Bodies that were damaged on their way, and races among writers, are sent again.
  constexpr std::array<std::string_view, 9> codes{"SlowDown",
                                                  "RequestTimeout",
                                                  "InternalError",
                                                  "ServiceUnavailable",
                                                  "OperationAborted",
                                                  "BadDigest",
                                                  "XAmzContentSHA256Mismatch",
                                                  "IncompleteBody",
                                                  "ConditionalRequestConflict"};
  return std::ranges::find(statuses, status) != statuses.end() || std::ranges::find(codes, code) != codes.end();
}

Result<HttpAnswer> S3Client::send_once(const Call& call, const S3Credentials& credentials) {
  const auto address = address_of(settings_, call.object);
  const auto stamp = signature_stamp(now_ms());
  SignedParts parts{
      .method = call.method, .path = address.path, .query = call.query, .headers = call.headers, .payload_hash = {}};
  // TLS guards the body already, and the signed checksum ties it to the request: a second hash would only cost time.
  const bool is_summed = call.sums_body && !call.body.empty();
  const bool is_hashed = !is_summed || address.origin.starts_with("http://");
  parts.payload_hash = is_hashed ? sha256_hex(call.body) : "UNSIGNED-PAYLOAD";
  parts.headers["host"] = address.host;
  parts.headers["x-amz-date"] = stamp;
  parts.headers["x-amz-content-sha256"] = parts.payload_hash;
  if (is_summed) {
    parts.headers["x-amz-sdk-checksum-algorithm"] = "CRC32";
    parts.headers["x-amz-checksum-crc32"] = crc32_text(crc32(call.body));
  }
  if (!credentials.session_token.empty()) parts.headers["x-amz-security-token"] = credentials.session_token;
  HttpRequest request{.method = call.method,
                      .url = address.origin + address.path,
                      .headers = {},
                      .body = call.body,
                      .answer_bytes_max = call.answer_bytes_max};
  if (!call.query.empty()) request.url += "?" + canonical_query(call.query);
  for (const auto& [name, value] : parts.headers) request.headers.push_back(fmt::format("{}: {}", name, value));
  request.headers.push_back("authorization: " + authorization(parts, credentials, settings_.region, stamp));
  return http_.send(request);
}

Result<HttpAnswer> S3Client::judge(const Call& call, Result<HttpAnswer> answer, Fault& fault) const {
  if (!answer) {
    fault.may_pass = answer.error().code == ErrorCode::unavailable;
    return std::move(answer).error().within(place_of(call.object));
  }
  const bool is_success = answer->status >= 200 && answer->status < 300;
  // A completed upload may answer 200 and then turn out to have failed.
  const auto told = is_success && !call.may_fail_late ? S3Fault() : parse_fault(answer->body);
  fault = {.may_pass = may_pass(answer->status, told.code),
           .is_about_credentials = is_about_credentials(told.code),
           .retry_after = answer->header("retry-after")};
  if (is_success && told.code.empty()) {
    fault.may_pass = true;
    auto checked = call.check ? call.check(*answer) : Status();
    if (checked) return answer;
    return std::move(checked).error().within(place_of(call.object));
  }
  const bool is_expected = std::ranges::find(call.expected, answer->status) != call.expected.end();
  if (is_expected && !fault.may_pass) return answer;
  return refusal(call, *answer, told);
}

Result<HttpAnswer> S3Client::send(const Call& call) {
  GRISTMILL_TRY(auto with, credentials_.get());
  bool has_reloaded = false;
  for (int attempt = 1;; ++attempt) {
    Fault fault;
    auto answer = judge(call, send_once(call, with), fault);
    if (answer) return answer;
    if (fault.is_about_credentials && !std::exchange(has_reloaded, true) && credentials_.reload(with)) {
      GRISTMILL_TRY(with, credentials_.get());
      continue;
    }
    if (!fault.may_pass) return answer;
    if (attempt >= settings_.attempts_max) {
      auto error = std::move(answer).error();
      error.message += fmt::format(" (after {} attempts); repeat the command when it is in order again", attempt);
      return error;
    }
    std::this_thread::sleep_for(pause_before(attempt, fault.retry_after));
  }
}

Error S3Client::wrong_region(const Call& call, const HttpAnswer& answer, const S3Fault& fault) const {
  const auto& header = answer.header("x-amz-bucket-region");
  const auto& region = header.empty() ? fault.region : header;
  return invalid_argument(
      fmt::format("s3://{}: requests went to region {}, the bucket is {}: set [s3] region{} in gristmill.toml, or "
                  "AWS_REGION",
                  call.object.bucket, settings_.region, region.empty() ? "elsewhere" : "in " + region,
                  region.empty() ? "" : fmt::format(" = \"{}\"", region)));
}

Error S3Client::refusal(const Call& call, const HttpAnswer& answer, const S3Fault& fault) const {
  const auto place = place_of(call.object);
  const auto& code = fault.code;
  const auto told = credentials_.without_secrets(code.empty() ? fmt::format("HTTP status {}", answer.status)
                                                              : fmt::format("{}: {}", code, fault.message));
  const auto denied = [&](std::string_view advice) {
    return Error{ErrorCode::denied, fmt::format("{}: {} ({})", place, advice, told)};
  };
  if (code == "NoSuchBucket") {
    return unavailable(fmt::format(
        "s3://{}: there is no such bucket at {}: it was removed, or name or endpoint are wrong; put it right and "
        "repeat the command",
        call.object.bucket, settings_.endpoint.empty() ? "AWS" : settings_.endpoint));
  }
  if (answer.status == 404) return not_found(fmt::format("{}: no such object", place));
  if (code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" || answer.status == 301 ||
      answer.status == 307 || code == "IllegalLocationConstraintException")
    return wrong_region(call, answer, fault);
  if (code == "ExpiredToken" || code == "TokenRefreshRequired")
    return denied("the session token has expired: get fresh credentials and repeat the command");
  if (code == "InvalidAccessKeyId" || code == "InvalidToken")
    return denied("the server does not know the access key or session token: check the credentials");
  if (code == "SignatureDoesNotMatch") return denied("the secret key does not fit the access key");
  if (code == "RequestTimeTooSkewed") {
    return unavailable(fmt::format("{}: this machine's clock ({}) and the server's ({}) differ too much: set the clock",
                                   place, now_iso8601(), answer.header("date")));
  }
  if (answer.status == 401 || answer.status == 403)
    return denied(fmt::format(
        "the credentials do not allow {} here: ask the owner of the bucket and repeat the command", call.action));
  if (answer.status == 412) return Error{ErrorCode::conflict, fmt::format("{}: was changed meanwhile", place)};
  if (answer.status >= 500 || may_pass(answer.status, code))
    return unavailable(fmt::format("{}: the server refused {}: {}", place, call.action, told));
  return invalid_argument(fmt::format("{}: the server refused {}: {}", place, call.action, told));
}

}  // namespace gristmill::io
