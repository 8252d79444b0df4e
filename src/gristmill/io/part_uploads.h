// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/io/s3_client.h"

namespace gristmill::io {

/// An upload in parts of one object: up to four parts are on their way, each on a thread of its own, while the next is
/// filled. All uploads of a process together hold a bounded number of bytes on their way. Used by one thread. Destroyed
/// without `complete`, it waits for what is on its way and aborts.
class PartUploads {
 public:
  PartUploads(std::shared_ptr<S3Client> client, ObjectPath object);
  ~PartUploads();
  PartUploads(const PartUploads&) = delete;
  PartUploads& operator=(const PartUploads&) = delete;

  /// Takes the next part; waits while too many are on their way. Fails where an earlier one has failed.
  Status send(std::string bytes);
  /// Waits for all parts and makes them one object.
  Status complete(bool is_new);
  /// Parts taken so far.
  [[nodiscard]] std::size_t count() const { return parts_.size() + under_way_.size(); }

 private:
  Status settle_oldest();

  std::shared_ptr<S3Client> client_;
  ObjectPath object_;
  std::optional<Upload> upload_;
  std::vector<UploadedPart> parts_;
  std::deque<std::future<Result<UploadedPart>>> under_way_;
};

}  // namespace gristmill::io
