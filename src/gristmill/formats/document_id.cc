// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/document_id.h"

#include <array>
#include <charconv>

namespace gristmill::formats {
namespace {

void append_decimal(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

}  // namespace

DocumentIds::DocumentIds(const OriginKey& key) {
  for (const auto part : {key.source, key.name, key.sha256, key.member}) {
    bytes_ += part;
    bytes_ += '\0';
  }
  prefix_size_ = bytes_.size();
}

Hash128 DocumentIds::at(std::uint64_t offset, std::uint64_t within) const {
  bytes_.resize(prefix_size_);
  append_decimal(bytes_, offset);
  if (within != 0) {
    bytes_ += ':';
    append_decimal(bytes_, within);
  }
  return xxh3_128(bytes_);
}

Hash128 document_id(const OriginKey& key, std::uint64_t offset) { return DocumentIds(key).at(offset); }

}  // namespace gristmill::formats
