// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/part_uploads.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <system_error>

namespace gristmill::io {
namespace {

constexpr std::size_t parts_at_once = 4;
constexpr std::size_t bytes_at_once = std::size_t{64} << 20;

/// Bytes on their way in this process. A part that is larger than the bound goes alone.
class Allowance {
 public:
  void take(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return held_ == 0 || held_ + bytes <= bytes_at_once; });
    held_ += bytes;
  }
  void give_back(std::size_t bytes) {
    {
      const std::scoped_lock lock(mutex_);
      held_ -= bytes;
    }
    freed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t held_ = 0;
};

Allowance& allowance() {
  static Allowance instance;
  return instance;
}

}  // namespace

PartUploads::PartUploads(std::shared_ptr<S3Client> client, ObjectPath object)
    : client_(std::move(client)), object_(std::move(object)) {}

PartUploads::~PartUploads() {
  // A part that comes after the abort would stay.
  for (auto& part : under_way_) part.wait();
  // An upload that stays costs storage until the bucket's owner has it swept.
  if (upload_) (void)client_->abort_upload(*upload_);
}

Status PartUploads::send(std::string bytes) {
  if (!upload_) {
    GRISTMILL_TRY(upload_, client_->begin_upload(object_));
  }
  while (under_way_.size() >= parts_at_once) GRISTMILL_RETURN_IF_ERROR(settle_oldest());
  const auto size = bytes.size();
  allowance().take(size);
  // The upload outlives the part: the destructor waits.
  auto work = [client = client_, upload = &*upload_, number = count() + 1, bytes = std::move(bytes)] {
    auto part = client->upload_part(*upload, number, bytes);
    allowance().give_back(bytes.size());
    return part;
  };
  try {
    under_way_.push_back(std::async(std::launch::async, std::move(work)));
  } catch (const std::system_error& error) {
    allowance().give_back(size);
    return unavailable(fmt::format("{}: no thread for an upload: {}", object_.text(), error.what()));
  }
  return {};
}

Status PartUploads::settle_oldest() {
  auto oldest = std::move(under_way_.front());
  under_way_.pop_front();
  GRISTMILL_TRY(auto part, oldest.get());
  parts_.push_back(std::move(part));
  return {};
}

Status PartUploads::complete(bool is_new) {
  while (!under_way_.empty()) GRISTMILL_RETURN_IF_ERROR(settle_oldest());
  GRISTMILL_RETURN_IF_ERROR(client_->complete_upload(*upload_, parts_, is_new));
  upload_.reset();
  return {};
}

}  // namespace gristmill::io
