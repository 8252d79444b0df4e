// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/stream_reader.h"

#include <fmt/format.h>

#include <utility>

namespace gristmill::formats {
namespace {

// What a casualty weighs besides its bytes, so that a file of nothing but bad lines comes in batches too.
constexpr std::size_t casualty_bytes = 512;

std::size_t weight(const data::Batch& batch) {
  return batch.arena.bytes_used() + batch.documents.size() * sizeof(data::Document) +
         batch.casualties.size() * casualty_bytes;
}

}  // namespace

StreamReader::StreamReader(StreamInput input) : input_(std::move(input)) {}

Result<bool> StreamReader::read(data::Batch& batch) {
  if (is_done_) return false;
  input_.origin.enter(batch);
  const auto start = weight(batch);
  const auto records = batch.documents.size() + batch.casualties.size();
  while (weight(batch) - start < input_.limits.batch_bytes) {
    if (next(batch)) continue;
    if (window().failure().has_value()) {
      GRISTMILL_RETURN_IF_ERROR(report_failure(batch));
      if (recover()) continue;
    }
    is_done_ = true;
    break;
  }
  return !is_done_ || batch.documents.size() + batch.casualties.size() > records;
}

Status StreamReader::report_failure(data::Batch& batch) {
  const auto& failure = *window().failure();
  if (failure.code != ErrorCode::corrupt_data && failure.code != ErrorCode::limit_exceeded) return failure;
  const auto reason = failure.code == ErrorCode::limit_exceeded ? "reader.compressed.limit_exceeded"
                                                                : "reader.compressed.corrupt";
  input_.origin.quarantine(batch, window().offset(), {reason, failure.message, head_of_view()});
  return {};
}

void StreamReader::quarantine(data::Batch& batch, std::uint64_t offset, Origin::Fault fault) {
  fault.message = fmt::format("{}: {}", input_.origin.uri(), fault.message);
  input_.origin.quarantine(batch, offset, std::move(fault));
}

std::string_view StreamReader::head_of_view() const { return input_.window->view().substr(0, kept_bytes_max); }

}  // namespace gristmill::formats
