// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>

#include "gristmill/base/hash.h"
#include "gristmill/io/crc32.h"
#include "gristmill/io/s3_call.h"

namespace gristmill::io {
namespace {

constexpr std::string_view write_id_header = "x-amz-meta-gristmill-write";
constexpr std::size_t delete_batch_max = 1000;
constexpr int no_content = 204;
constexpr int not_satisfiable = 416;
constexpr int precondition_failed = 412;
constexpr int missing = 404;

std::string new_write_id() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", static_cast<std::uint32_t>(random()));
  return id;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The checksum of the whole object; empty when there is none. That of an object in parts is mostly a checksum of
/// checksums, which the bytes alone do not give; not every server marks it as such, but its etag counts the parts.
std::string whole_checksum(const HttpAnswer& answer) {
  const auto& sum = answer.header("x-amz-checksum-crc32");
  const auto& type = answer.header("x-amz-checksum-type");
  const bool is_in_parts = answer.header("etag").find('-') != std::string::npos;
  const bool is_whole = type.empty() ? !is_in_parts : type == "FULL_OBJECT";
  return is_whole && sum.find('-') == std::string::npos ? sum : std::string();
}

/// Facts of an answer that has the whole object or, by its Content-Range, a part of it.
ObjectFacts facts_of(const HttpAnswer& answer) {
  ObjectFacts facts{.bytes = number_of(answer.header("content-length")),
                    .etag = answer.header("etag"),
                    .crc32 = whole_checksum(answer),
                    .write_id = answer.header(std::string(write_id_header))};
  const auto& range = answer.header("content-range");
  if (const auto slash = range.rfind('/'); slash != std::string::npos)
    facts.bytes = number_of(std::string_view(range).substr(slash + 1));
  return facts;
}

/// Length and checksum of a body against what its headers say.
Status check_body(const HttpAnswer& answer) {
  const auto& length = answer.header("content-length");
  if (!length.empty() && number_of(length) != answer.body.size())
    return unavailable(fmt::format("{} of {} bytes came", answer.body.size(), length));
  const auto sum = whole_checksum(answer);
  if (sum.empty() || answer.status != 200) return {};
  const auto own = crc32_text(crc32(answer.body));
  if (own == sum) return {};
  return unavailable(fmt::format("the bytes that came have CRC-32 {}, the server says {}", own, sum));
}

std::string range_header(ByteRange range) {
  return fmt::format("bytes={}-{}", range.offset, range.offset + range.size - 1);
}

}  // namespace

Result<std::shared_ptr<S3Client>> S3Client::create(const S3Settings& settings) {
  GRISTMILL_TRY(auto resolved, resolve_s3_settings(settings));
  HttpOptions options{.ca_file = resolved.ca_file, .timeout_ms = resolved.timeout_ms};
  return std::shared_ptr<S3Client>(new S3Client(std::move(resolved), std::move(options)));
}

Result<ObjectFacts> S3Client::find(const ObjectPath& object) {
  // A GET of one byte, since the answer to a HEAD has no body that says what is wrong.
  GRISTMILL_TRY(const auto answer, send({.method = "GET",
                                         .action = "s3:GetObject",
                                         .object = object,
                                         .headers = {{"range", "bytes=0-0"}},
                                         .expected = {not_satisfiable}}));
  if (answer.status == not_satisfiable) return ObjectFacts{};
  return facts_of(answer);
}

Result<ObjectFacts> S3Client::find_checksum(const ObjectPath& object) {
  GRISTMILL_TRY(const auto answer, send({.method = "HEAD",
                                         .action = "s3:GetObject",
                                         .object = object,
                                         .headers = {{"x-amz-checksum-mode", "ENABLED"}}}));
  return facts_of(answer);
}

Result<ObjectBytes> S3Client::get(const ObjectPath& object, std::uint64_t bytes_max) {
  auto answer = send({.method = "GET",
                      .action = "s3:GetObject",
                      .object = object,
                      .headers = {{"x-amz-checksum-mode", "ENABLED"}},
                      .answer_bytes_max = bytes_max,
                      .check = check_body});
  if (!answer) return std::move(answer).error();
  auto facts = facts_of(*answer);
  return ObjectBytes{std::move(answer->body), std::move(facts)};
}

Result<ObjectBytes> S3Client::get_range(const ObjectPath& object, ByteRange range, const std::string& etag) {
  if (range.size == 0) return ObjectBytes{};
  Call call{.method = "GET",
            .action = "s3:GetObject",
            .object = object,
            .headers = {{"range", range_header(range)}},
            .answer_bytes_max = std::max<std::uint64_t>(range.size, 1 << 16),
            .expected = {not_satisfiable}};
  if (!etag.empty()) call.headers["if-match"] = etag;
  call.check = [&](const HttpAnswer& answer) -> Status {
    if (answer.status != 206) return corrupt_data("the server does not heed the range that was asked for");
    const auto total = facts_of(answer).bytes;
    const auto wanted = total > range.offset ? std::min(range.size, total - range.offset) : 0;
    if (answer.body.size() == wanted) return check_body(answer);
    return unavailable(fmt::format("{} of {} bytes from byte {} on came", answer.body.size(), wanted, range.offset));
  };
  GRISTMILL_TRY(auto answer, send(call));
  if (answer.status == not_satisfiable) return ObjectBytes{};
  auto facts = facts_of(answer);
  return ObjectBytes{std::move(answer.body), std::move(facts)};
}

Result<ObjectBytes> S3Client::get_tail(const ObjectPath& object, std::uint64_t size) {
  GRISTMILL_TRY(auto answer, send({.method = "GET",
                                   .action = "s3:GetObject",
                                   .object = object,
                                   .headers = {{"range", fmt::format("bytes=-{}", size)}},
                                   .answer_bytes_max = size + (1 << 16),
                                   .expected = {not_satisfiable},
                                   .check = check_body}));
  if (answer.status == not_satisfiable) return ObjectBytes{};
  auto facts = facts_of(answer);
  if (answer.body.size() != std::min(size, facts.bytes))
    return corrupt_data(
        fmt::format("{}: {} bytes came where the last {} were asked for", object.text(), answer.body.size(), size));
  return ObjectBytes{std::move(answer.body), std::move(facts)};
}

Status S3Client::settle_write(const ObjectPath& object, const std::string& write_id, Error refused) {
  // The refused request may be the second one of a write whose first answer was lost: then the object is ours.
  const auto facts = find(object);
  if (facts && facts->write_id == write_id) return {};
  if (!facts && facts.error().code != ErrorCode::not_found) return facts.error();
  return refused;
}

Status S3Client::put(const ObjectPath& object, std::string_view bytes, bool is_new) {
  Call call{.method = "PUT", .action = "s3:PutObject", .object = object, .body = bytes};
  if (!is_new) {
    auto answer = send(call);
    return answer ? Status() : Status(std::move(answer).error());
  }
  const auto write_id = new_write_id();
  call.headers = {{"if-none-match", "*"}, {std::string(write_id_header), write_id}};
  call.expected = {precondition_failed};
  GRISTMILL_TRY(const auto answer, send(call));
  if (answer.status != precondition_failed) return {};
  return settle_write(object, write_id, {ErrorCode::already_exists, fmt::format("{} is there already", object.text())});
}

Result<Upload> S3Client::begin_upload(const ObjectPath& object) {
  Upload upload{.object = object, .id = {}, .write_id = new_write_id()};
  GRISTMILL_TRY(
      const auto answer,
      send({.method = "POST",
            .action = "s3:PutObject",
            .object = object,
            .query = {{"uploads", ""}},
            .headers = {{std::string(write_id_header), upload.write_id}, {"x-amz-checksum-algorithm", "CRC32"}}}));
  GRISTMILL_TRY(upload.id, parse_upload_id(answer.body));
  return upload;
}

Result<UploadedPart> S3Client::upload_part(const Upload& upload, std::size_t number, std::string_view bytes) {
  GRISTMILL_TRY(const auto answer, send({.method = "PUT",
                                         .action = "s3:PutObject",
                                         .object = upload.object,
                                         .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}},
                                         .body = bytes}));
  if (answer.header("etag").empty())
    return corrupt_data(fmt::format("{}: the server took part {} without an etag", upload.object.text(), number));
  return UploadedPart{answer.header("etag"), crc32_text(crc32(bytes))};
}

Status S3Client::complete_upload(const Upload& upload, const std::vector<UploadedPart>& parts, bool is_new) {
  const auto xml = complete_upload_xml(parts);
  Call call{.method = "POST",
            .action = "s3:PutObject",
            .object = upload.object,
            .query = {{"uploadId", upload.id}},
            .body = xml,
            .expected = {precondition_failed, missing},
            // There the header is the checksum of the object that the parts make.
            .sums_body = false,
            .may_fail_late = true};
  if (is_new) call.headers["if-none-match"] = "*";
  GRISTMILL_TRY(const auto answer, send(call));
  if (answer.status == precondition_failed)
    return settle_write(upload.object, upload.write_id,
                        {ErrorCode::already_exists, fmt::format("{} is there already", upload.object.text())});
  if (answer.status == missing)
    return settle_write(upload.object, upload.write_id, refusal(call, answer, parse_fault(answer.body)));
  return {};
}

Status S3Client::abort_upload(const Upload& upload) {
  GRISTMILL_TRY([[maybe_unused]] const auto answer, send({.method = "DELETE",
                                                          .action = "s3:AbortMultipartUpload",
                                                          .object = upload.object,
                                                          .query = {{"uploadId", upload.id}},
                                                          .expected = {missing}}));
  return {};
}

Status S3Client::abort_uploads_below(const ObjectPath& prefix) {
  std::vector<std::pair<std::string, std::string>> uploads;
  const auto answer = send({.method = "GET",
                            .action = "s3:ListBucketMultipartUploads",
                            .object = {prefix.bucket, {}},
                            .query = {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", prefix.key}},
                            .check = [&](const HttpAnswer& told) -> Status {
                              GRISTMILL_TRY(uploads, parse_uploads(told.body));
                              return {};
                            }});
  // What nobody aborts costs storage only, and servers do it themselves after some days when told so.
  if (!answer) return answer.error().code == ErrorCode::denied ? Status() : Status(answer.error());
  for (const auto& [key, id] : uploads) {
    // Without a slash at its end it is one key, not the beginning of others.
    const bool is_meant = key == prefix.key || (prefix.key.ends_with('/') && key.starts_with(prefix.key));
    if (is_meant) GRISTMILL_RETURN_IF_ERROR(abort_upload({{prefix.bucket, key}, id, {}}));
  }
  return {};
}

Status S3Client::list(const ObjectPath& prefix, const std::function<Status(const std::vector<ListedObject>&)>& use) {
  for (std::string token;;) {
    Call call{.method = "GET",
              .action = "s3:ListBucket",
              .object = {prefix.bucket, {}},
              .query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix.key}}};
    if (!token.empty()) call.query.emplace_back("continuation-token", token);
    ListPage page;
    call.check = [&](const HttpAnswer& answer) -> Status {
      GRISTMILL_TRY(page, parse_list_page(answer.body));
      return {};
    };
    if (auto answer = send(call); !answer) return std::move(answer).error();
    GRISTMILL_RETURN_IF_ERROR(use(page.objects));
    if (page.next_token.empty()) return {};
    if (page.next_token == token)
      return corrupt_data(fmt::format("s3://{}: the server's listing goes in a circle", prefix.bucket));
    token = std::move(page.next_token);
  }
}

Status S3Client::remove_batch(const std::string& bucket, const std::vector<std::string>& keys) {
  const auto xml = delete_xml(keys);
  std::vector<std::pair<std::string, S3Fault>> faults;
  const auto refused = [&](std::string_view key, const S3Fault& fault) {
    return fmt::format("{} of {} objects were not removed, one of them {} ({})", faults.size(), keys.size(), key,
                       credentials_.without_secrets(fmt::format("{}: {}", fault.code, fault.message)));
  };
  Call call{
      .method = "POST", .action = "s3:DeleteObject", .object = {bucket, {}}, .query = {{"delete", ""}}, .body = xml};
  // A server that is busy says so of single keys. All are named once more: those that are gone are no fault.
  call.check = [&](const HttpAnswer& answer) -> Status {
    GRISTMILL_TRY(faults, parse_delete_result(answer.body));
    const auto passing = std::ranges::find_if(faults,
                                              [](const auto& fault) { return may_pass(200, fault.second.code); });
    return passing == faults.end() ? Status() : unavailable(refused(passing->first, passing->second));
  };
  GRISTMILL_TRY([[maybe_unused]] const auto answer, send(call));
  if (faults.empty()) return {};
  return Error{ErrorCode::denied, fmt::format("s3://{}: {}", bucket, refused(faults[0].first, faults[0].second))};
}

Status S3Client::remove(const std::string& bucket, const std::vector<std::string>& keys) {
  std::vector<std::string> batch;
  for (const auto& key : keys) {
    // XML has no way to write control characters.
    const bool is_plain = std::ranges::none_of(key, [](unsigned char byte) { return byte < 0x20; });
    if (is_plain && keys.size() > 1) {
      batch.push_back(key);
    } else {
      GRISTMILL_TRY(
          [[maybe_unused]] const auto answer,
          send({.method = "DELETE", .action = "s3:DeleteObject", .object = {bucket, key}, .expected = {no_content}}));
    }
    if (batch.size() == delete_batch_max) {
      GRISTMILL_RETURN_IF_ERROR(remove_batch(bucket, batch));
      batch.clear();
    }
  }
  return batch.empty() ? Status() : remove_batch(bucket, batch);
}

Result<bool> S3Client::heeds_conditions(const ObjectPath& prefix) {
  const ObjectPath probe{
      prefix.bucket, fmt::format("{}{}.gristmill-probe-{}", prefix.key, prefix.key.empty() ? "" : "/", new_write_id())};
  GRISTMILL_RETURN_IF_ERROR(put(probe, "first", true));
  const auto second = put(probe, "second", true);
  const auto removed = remove(probe.bucket, {probe.key});
  if (!second && second.error().code != ErrorCode::already_exists) return second.error();
  if (!removed) return removed.error();
  return !second;
}

Status S3Client::check_conditional_puts(const ObjectPath& prefix) {
  const std::scoped_lock lock(probe_mutex_);
  auto known = std::ranges::find(probed_, prefix.bucket, &std::pair<std::string, bool>::first);
  if (known == probed_.end()) {
    GRISTMILL_TRY(const bool heeds, heeds_conditions(prefix));
    known = probed_.insert(probed_.end(), {prefix.bucket, heeds});
  }
  if (known->second) return {};
  return Error{ErrorCode::denied,
               fmt::format("s3://{}: the server ignores If-None-Match, so two writers could overwrite each other's "
                           "commits: nothing is committed there; use a server or setting that heeds conditional "
                           "writes (AWS, MinIO, versitygw with a side-car folder)",
                           prefix.bucket)};
}

namespace {

/// Which bucket is reached how.
struct Registry {
  std::mutex mutex;
  std::vector<std::pair<std::string, std::shared_ptr<S3Client>>> buckets;
  S3Settings settings;  ///< For all other buckets; not looked into before one is used.
  std::shared_ptr<S3Client> fallback;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

Status configure_objects(const S3Settings& settings, const std::string& location) {
  auto& known = registry();
  const std::scoped_lock lock(known.mutex);
  known.settings = settings;
  known.fallback.reset();
  if (!is_object(location)) return {};
  GRISTMILL_TRY(const auto object, ObjectPath::parse(location));
  GRISTMILL_TRY(known.fallback, S3Client::create(settings));
  std::erase_if(known.buckets, [&](const auto& entry) { return entry.first == object.bucket; });
  known.buckets.emplace_back(object.bucket, known.fallback);
  return {};
}

Result<std::shared_ptr<S3Client>> object_client(const std::string& bucket) {
  auto& known = registry();
  const std::scoped_lock lock(known.mutex);
  for (const auto& [name, client] : known.buckets) {
    if (name == bucket) return client;
  }
  if (!known.fallback) {
    GRISTMILL_TRY(known.fallback, S3Client::create(known.settings));
  }
  return known.fallback;
}

}  // namespace gristmill::io
