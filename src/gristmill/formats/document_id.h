// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/base/hash.h"

namespace gristmill::formats {

/// What, with an offset, makes the id of a document.
struct OriginKey {
  std::string_view source;  ///< Source name.
  std::string_view name;    ///< Relative name of the file.
  std::string_view sha256;  ///< Of the whole file, 64 hex digits.
  std::string_view member;  ///< Path inside the archive, or empty.
};

/// Ids of the documents of one stream: xxh3_128(source NUL name NUL sha256 NUL member NUL offset), the offset in
/// decimal.
class DocumentIds {
 public:
  explicit DocumentIds(const OriginKey& key);
  /// The id of the document at `offset`. Where several share an offset (records of one gzip member), `within` tells
  /// them apart: when it is not 0, a colon and its decimal follow. Not for two threads at once.
  [[nodiscard]] Hash128 at(std::uint64_t offset, std::uint64_t within = 0) const;

 private:
  mutable std::string bytes_;
  std::size_t prefix_size_;
};

/// One id, where no stream of them is needed.
Hash128 document_id(const OriginKey& key, std::uint64_t offset);

}  // namespace gristmill::formats
