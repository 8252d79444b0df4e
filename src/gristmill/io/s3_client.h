// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/io/http_client.h"
#include "gristmill/io/kept_credentials.h"
#include "gristmill/io/object_path.h"
#include "gristmill/io/s3_settings.h"
#include "gristmill/io/s3_xml.h"

namespace gristmill::io {

/// What a server says of an object.
struct ObjectFacts {
  std::uint64_t bytes = 0;  ///< Of the whole object.
  std::string etag;         ///< Changes with the content.
  std::string crc32;        ///< Of the whole object, base64; empty when the server keeps none.
  std::string write_id;     ///< Of the write that made it, when that was ours and conditional or in parts.
};

/// Bytes of an object with what was said of it.
struct ObjectBytes {
  std::string bytes;
  ObjectFacts facts;
};

/// Bytes [offset, offset + size) of an object.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// A multipart upload that was begun.
struct Upload {
  ObjectPath object;
  std::string id;
  std::string write_id;  ///< By which a lost answer to the completion is settled.
};

/// Speaks S3 to one endpoint. Every request is signed (Signature Version 4) and, for faults that may pass, tried again
/// with growing, jittered pauses; bodies carry CRC-32 both ways where the server knows it. Thread-safe.
class S3Client {
 public:
  /// Resolves the settings; credentials are looked for with the first request.
  static Result<std::shared_ptr<S3Client>> create(const S3Settings& settings);

  /// `not_found` when the object is missing; a missing bucket is `unavailable`.
  Result<ObjectFacts> find(const ObjectPath& object);
  /// The same by HEAD, which alone tells the checksum of the whole.
  Result<ObjectFacts> find_checksum(const ObjectPath& object);
  /// The whole object, checked against its checksum; refuses more than `bytes_max`.
  Result<ObjectBytes> get(const ObjectPath& object, std::uint64_t bytes_max);
  /// A range, shorter at the end of the object, empty behind it. With an `etag`, `conflict` when it has changed.
  Result<ObjectBytes> get_range(const ObjectPath& object, ByteRange range, const std::string& etag = {});
  /// The last `size` bytes, all when there are fewer.
  Result<ObjectBytes> get_tail(const ObjectPath& object, std::uint64_t size);

  /// Puts an object in one request. `is_new`: `already_exists` when the key is taken by another's write.
  Status put(const ObjectPath& object, std::string_view bytes, bool is_new);
  Result<Upload> begin_upload(const ObjectPath& object);
  Result<UploadedPart> upload_part(const Upload& upload, std::size_t number, std::string_view bytes);
  Status complete_upload(const Upload& upload, const std::vector<UploadedPart>& parts, bool is_new);
  Status abort_upload(const Upload& upload);
  /// Aborts uploads below a prefix that killed processes left. Without the right to list them nothing is done.
  Status abort_uploads_below(const ObjectPath& prefix);

  /// Gives all objects whose key starts with that of `prefix`, page by page in the order of keys.
  Status list(const ObjectPath& prefix, const std::function<Status(const std::vector<ListedObject>&)>& use);
  /// Removes objects of a bucket; those that are missing are fine.
  Status remove(const std::string& bucket, const std::vector<std::string>& keys);

  /// Fails with `denied` unless the server heeds If-None-Match: writes a key below `prefix` twice and removes it.
  /// Asked once for each bucket in a process.
  Status check_conditional_puts(const ObjectPath& prefix);

 private:
  /// One request as it is asked for, before signature and retries.
  struct Call;
  /// What follows from an answer that was no success.
  struct Fault;
  S3Client(S3Settings settings, HttpOptions options)
      : settings_(std::move(settings)), http_(std::move(options)), credentials_(settings_) {}

  Result<HttpAnswer> send(const Call& call);
  Result<HttpAnswer> send_once(const Call& call, const S3Credentials& credentials);
  Result<HttpAnswer> judge(const Call& call, Result<HttpAnswer> answer, Fault& fault) const;
  [[nodiscard]] Error refusal(const Call& call, const HttpAnswer& answer, const S3Fault& fault) const;
  [[nodiscard]] Error wrong_region(const Call& call, const HttpAnswer& answer, const S3Fault& fault) const;
  Status settle_write(const ObjectPath& object, const std::string& write_id, Error refused);
  Status remove_batch(const std::string& bucket, const std::vector<std::string>& keys);
  Result<bool> heeds_conditions(const ObjectPath& prefix);

  S3Settings settings_;
  HttpClient http_;
  KeptCredentials credentials_;
  std::mutex probe_mutex_;
  std::vector<std::pair<std::string, bool>> probed_;
};

/// Sets how the bucket of `location` is reached; also what paths of unknown buckets get from now on.
Status configure_objects(const S3Settings& settings, const std::string& location);
/// The client for a bucket; without any configuration one by environment and AWS's files alone.
Result<std::shared_ptr<S3Client>> object_client(const std::string& bucket);

}  // namespace gristmill::io
