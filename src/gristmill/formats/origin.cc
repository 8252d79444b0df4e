// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/origin.h"

#include <utility>

namespace gristmill::formats {

std::string member_path(std::string_view outer, std::string_view member) {
  std::string path(outer);
  if (member.empty()) return path;
  if (!path.empty()) path += '!';
  return path += member;
}

Origin::Origin(const RawInput& input, const std::string& member)
    : uri_(member_path(input.origin_uri, member)), ids_({input.source, input.name, input.sha256, member}) {}

void Origin::enter(data::Batch& batch) { uri_in_batch_ = batch.arena.copy(uri_); }

data::Document Origin::document(std::uint64_t offset, std::uint64_t within) const {
  data::Document document;
  document.id = ids_.at(offset, within);
  document.origin_uri = uri_in_batch_;
  document.origin_offset = static_cast<std::int64_t>(offset);
  return document;
}

void Origin::append(data::Batch& batch, const data::Document& document) {
  batch.text_bytes += document.text.size();
  batch.documents.push_back(document);
}

void Origin::quarantine(data::Batch& batch, std::uint64_t offset, Fault fault) const {
  data::Casualty casualty;
  casualty.document = document(offset, fault.within);
  casualty.document.text = batch.arena.copy(fault.bytes);
  casualty.reason = fault.reason;
  casualty.message = std::move(fault.message);
  batch.casualties.push_back(std::move(casualty));
}

}  // namespace gristmill::formats
