// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/s3_signing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <utility>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/io/object_path.h"
#include "gristmill/io/s3_xml.h"

namespace gristmill::io {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
constexpr std::string_view unsigned_chunks = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
constexpr std::string_view hash_header = "x-amz-content-sha256";
constexpr std::string_view copy_header = "x-amz-copy-source";

/// Where a request goes.
struct Target {
  std::string origin;  ///< "https://host:port"
  std::string host;
  bool has_bucket_in_path = false;
  ObjectPath object;
  Query query;
};

/// A kind of request that is signed, with the parameters that it may have. Others could change who may read an object,
/// restore a version, or reach a part of the store that is none of the table's.
struct Operation {
  std::string_view method;
  bool is_of_object;  ///< Else of the bucket.
  bool is_reading;
  std::string_view parameters;
};
constexpr std::array operations{
    Operation{"GET", true, true, " x-id partNumber versionId "},
    Operation{"HEAD", true, true, " x-id partNumber versionId "},
    Operation{"GET", false, true,
              " x-id list-type prefix delimiter continuation-token start-after max-keys encoding-type fetch-owner "},
    Operation{"PUT", true, false, " x-id partNumber uploadId "},
    Operation{"POST", true, false, " x-id uploads uploadId "},
    Operation{"DELETE", true, false, " x-id uploadId "},
    Operation{"POST", false, false, " x-id delete "},
};

Error refused(std::string_view what) { return {ErrorCode::denied, fmt::format("not signed: {}", what)}; }

const std::string* value_of(const Query& query, std::string_view name) {
  const auto found = std::ranges::find(query, name, &std::pair<std::string, std::string>::first);
  return found == query.end() ? nullptr : &found->second;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char byte) { return std::tolower(byte); });
  return result;
}

/// Scheme and host in the form in which two of them compare, without the port that the scheme implies.
std::string normal_origin(std::string_view origin) {
  auto normal = lower(origin);
  for (const auto& [scheme, port] : {std::pair("http://", ":80"), std::pair("https://", ":443")}) {
    if (normal.starts_with(scheme) && normal.ends_with(port))
      normal.resize(normal.size() - std::string_view(port).size());
  }
  return normal;
}

/// A key is taken as it stands; one that a client or proxy might shorten on its way is none that is signed.
Status check_key(std::string_view key) {
  if (key.empty()) return {};
  const auto path = fmt::format("/{}{}", key, key.ends_with('/') ? "" : "/");
  for (const auto* part : {"//", "/./", "/../"}) {
    if (path.find(part) != std::string::npos) return invalid_argument(fmt::format("the key holds {}", part));
  }
  if (std::ranges::any_of(key, [](unsigned char byte) { return byte < ' ' || byte == 0x7F; }))
    return invalid_argument("the key holds control characters");
  return {};
}

/// In a path a plus sign is one.
std::string decode_path(std::string_view text) {
  std::string escaped;
  for (const char byte : text) escaped += byte == '+' ? std::string("%2B") : std::string(1, byte);
  return percent_decode(escaped);
}

Result<Query> query_of(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equals));
    if (value_of(query, name) != nullptr) return invalid_argument(fmt::format("the parameter {} comes twice", name));
    query.emplace_back(std::move(name), equals < part.size() ? percent_decode(part.substr(equals + 1)) : std::string());
  }
  return query;
}

/// The origins under which the store answers.
std::vector<std::string> origins_of(const S3Settings& settings) {
  if (!settings.endpoint.empty()) return {normal_origin(settings.endpoint)};
  return {fmt::format("https://s3.{}.amazonaws.com", settings.region), "https://s3.amazonaws.com"};
}

/// Tells where the bucket stands in the address. A store of one's own reads it in one way only, and so do we: the same
/// address must not mean one object here and another there.
bool place_bucket(Target& target, std::string_view path, const S3Settings& settings) {
  const bool is_aws = settings.endpoint.empty();
  const bool in_path = settings.path_style.value_or(!is_aws);
  for (const auto& origin : origins_of(settings)) {
    const auto scheme_end = origin.find("://") + 3;
    const auto host = std::string_view(origin).substr(scheme_end);
    if ((is_aws || in_path) && target.origin == origin) {
      const auto slash = std::min(path.find('/'), path.size());
      target.object = {decode_path(path.substr(0, slash)), decode_path(path.substr(std::min(slash + 1, path.size())))};
      target.has_bucket_in_path = true;
      return true;
    }
    const auto tail = fmt::format(".{}", host);
    if ((is_aws || !in_path) && target.origin.starts_with(origin.substr(0, scheme_end)) &&
        target.host.size() > tail.size() && target.host.ends_with(tail)) {
      target.object = {target.host.substr(0, target.host.size() - tail.size()), decode_path(path)};
      return true;
    }
  }
  return false;
}

Result<Target> target_of(std::string_view url, const S3Settings& settings) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos || url.find_first_of("#\\ ") != std::string_view::npos)
    return invalid_argument("\"uri\" is no address of an object");
  const auto host_end = std::min(url.find_first_of("/?", scheme + 3), url.size());
  Target target;
  target.origin = normal_origin(url.substr(0, host_end));
  target.host = target.origin.substr(scheme + 3);
  const auto question = std::min(url.find('?', host_end), url.size());
  auto path = url.substr(host_end, question - host_end);
  if (path.starts_with('/')) path.remove_prefix(1);
  GRISTMILL_TRY(target.query, query_of(url.substr(std::min(question + 1, url.size()))));
  if (!place_bucket(target, path, settings)) return refused("the address is not one of the warehouse's store");
  GRISTMILL_TRY([[maybe_unused]] const auto checked, ObjectPath::parse(target.object.text()));
  GRISTMILL_RETURN_IF_ERROR(check_key(target.object.key));
  return target;
}

Result<Operation> operation_of(const UnsignedRequest& request, const Target& target) {
  const auto* found = std::ranges::find_if(operations, [&](const Operation& one) {
    return one.method == request.method && one.is_of_object == !target.object.key.empty();
  });
  if (found == operations.end()) return refused(fmt::format("{} of this address", request.method.substr(0, 20)));
  for (const auto& [name, value] : target.query) {
    const bool is_word = !name.empty() && name.find(' ') == std::string::npos;
    if (!is_word || found->parameters.find(fmt::format(" {} ", name)) == std::string_view::npos)
      return refused(fmt::format("the parameter {}", name.substr(0, 80)));
  }
  if (found->method != "POST") return *found;
  const auto wanted = found->is_of_object ? std::initializer_list<std::string_view>{"uploads", "uploadId"}
                                          : std::initializer_list<std::string_view>{"delete"};
  const bool is_whole = std::ranges::any_of(wanted, [&](auto name) { return value_of(target.query, name) != nullptr; });
  return is_whole ? Result<Operation>(*found) : Result<Operation>(refused("POST of this address"));
}

Status check_covered(const SigningRules& rules, const ObjectPath& object) {
  GRISTMILL_RETURN_IF_ERROR(check_key(object.key));
  GRISTMILL_TRY(const bool is_covered, rules.covers(object.text()));
  return is_covered ? Status() : Status(refused("the object is not one of a table's"));
}

/// Everything that the request reaches must be the table's.
Status check_reach(const UnsignedRequest& request, const SigningRules& rules, const Target& target) {
  if (!target.object.key.empty()) return check_covered(rules, target.object);
  if (request.method == "GET") {
    const auto* prefix = value_of(target.query, "prefix");
    const auto* kind = value_of(target.query, "list-type");
    if (prefix == nullptr || kind == nullptr || *kind != "2") return refused("a list without \"prefix\" and type 2");
    return check_covered(rules, {target.object.bucket, *prefix});
  }
  if (request.body.empty()) return refused("a deletion of many objects whose \"body\" is not shown");
  GRISTMILL_TRY(const auto keys, parse_deletion(request.body));
  for (const auto& key : keys) GRISTMILL_RETURN_IF_ERROR(check_covered(rules, {target.object.bucket, key}));
  return {};
}

Status check_copied(const SigningRules& rules, std::string_view source) {
  if (source.starts_with('/')) source.remove_prefix(1);
  const auto path = decode_path(source.substr(0, source.find('?')));
  GRISTMILL_TRY(const auto object, ObjectPath::parse("s3://" + path));
  return check_covered(rules, object);
}

bool is_allowed_header(std::string_view name) {
  constexpr std::array exact{"x-amz-content-sha256",         "x-amz-date",
                             "x-amz-sdk-checksum-algorithm", "x-amz-trailer",
                             "x-amz-decoded-content-length", "x-amz-mp-object-size",
                             "x-amz-request-payer",          "x-amz-te",
                             "x-amz-expected-bucket-owner",  "x-amz-metadata-directive"};
  constexpr std::array prefixes{"x-amz-checksum-", "x-amz-meta-", "x-amz-server-side-encryption", "x-amz-copy-source"};
  return std::ranges::find(exact, name) != exact.end() ||
         std::ranges::any_of(prefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

/// The headers that are signed: all that the store obeys. Who may read an object is not for clients to change.
Result<std::map<std::string, std::string>> signed_headers(const UnsignedRequest& request, const SigningRules& rules) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) {
    if (value.find_first_of("\r\n") != std::string::npos) return invalid_argument("a header holds a line break");
    if (name == "content-md5") headers[name] = value;
    if (!name.starts_with("x-amz-") || name == "x-amz-security-token") continue;
    if (!is_allowed_header(name)) return refused(fmt::format("the header {}", name.substr(0, 80)));
    if (name == copy_header) GRISTMILL_RETURN_IF_ERROR(check_copied(rules, value));
    headers[name] = value;
  }
  return headers;
}

Result<std::string> payload_hash(const UnsignedRequest& request, const Operation& operation,
                                 const std::map<std::string, std::string>& headers) {
  const auto given = headers.find(std::string(hash_header));
  // Another body than the one that was looked at would delete other objects.
  if (!operation.is_of_object && !operation.is_reading) return sha256_hex(request.body);
  if (given == headers.end()) return std::string(unsigned_payload);
  const auto& hash = given->second;
  const bool is_hash = hash.size() == 64 &&
                       std::ranges::all_of(hash, [](unsigned char byte) { return std::isxdigit(byte) != 0; });
  if (is_hash || hash == unsigned_payload || hash == unsigned_chunks) return hash;
  return refused("a body of which each chunk is signed");
}

std::string url_of(const Target& target) {
  const auto key = percent_encode(target.object.key, true);
  auto url = target.has_bucket_in_path ? fmt::format("{}/{}/{}", target.origin, target.object.bucket, key)
                                       : fmt::format("{}/{}", target.origin, key);
  if (!target.query.empty()) url += "?" + canonical_query(target.query);
  return url;
}

}  // namespace

Result<SignedRequest> sign_for_client(const UnsignedRequest& request, const SigningRules& rules,
                                      const S3Credentials& credentials, std::int64_t now_ms) {
  GRISTMILL_TRY(const auto target, target_of(request.url, rules.settings));
  GRISTMILL_TRY(const auto operation, operation_of(request, target));
  if (!operation.is_reading && !rules.may_write) return refused("the token may read, not change anything");
  GRISTMILL_RETURN_IF_ERROR(check_reach(request, rules, target));
  GRISTMILL_TRY(auto headers, signed_headers(request, rules));
  GRISTMILL_TRY(auto hash, payload_hash(request, operation, headers));
  const auto stamp = signature_stamp(now_ms);
  headers["host"] = target.host;
  headers["x-amz-date"] = stamp;
  headers[std::string(hash_header)] = hash;
  if (!credentials.session_token.empty()) headers["x-amz-security-token"] = credentials.session_token;
  SignedRequest answer{.url = url_of(target), .headers = headers};
  const auto path_begin = answer.url.find('/', answer.url.find("://") + 3);
  const auto path = answer.url.substr(path_begin, answer.url.find('?') - path_begin);
  const SignedParts parts{.method = request.method,
                          .path = path,
                          .query = target.query,
                          .headers = std::move(headers),
                          .payload_hash = std::move(hash)};
  answer.headers["authorization"] = authorization(parts, credentials, rules.settings.region, stamp);
  // Clients write it themselves, from the address.
  answer.headers.erase("host");
  return answer;
}

}  // namespace gristmill::io
