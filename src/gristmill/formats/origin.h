// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gristmill/data/document.h"
#include "gristmill/formats/document_id.h"
#include "gristmill/formats/reader.h"

namespace gristmill::formats {

/// Where the documents of one stream come from: a raw file or a member of an archive. Stamps documents and casualties.
class Origin {
 public:
  /// `member` is the path inside the archive; empty for a file of its own.
  explicit Origin(const RawInput& input, const std::string& member = {});

  /// Must be called first for each batch that documents go into.
  void enter(data::Batch& batch);
  /// A document with id, address and offset set, not yet appended. `within` tells apart what shares an offset.
  [[nodiscard]] data::Document document(std::uint64_t offset, std::uint64_t within = 0) const;
  /// Appends a document to the batch and counts its text.
  static void append(data::Batch& batch, const data::Document& document);
  /// What went wrong with one record.
  struct Fault {
    std::string_view reason;  ///< "reader.jsonl.bad_json"
    std::string message;
    std::string_view bytes;    ///< The record as it stands in the file; copied.
    std::uint64_t within = 0;  ///< As for `document`.
  };
  /// Appends a casualty.
  void quarantine(data::Batch& batch, std::uint64_t offset, Fault fault) const;
  /// What the file is called in messages: its address with the member.
  [[nodiscard]] const std::string& uri() const { return uri_; }

 private:
  std::string uri_;
  std::string_view uri_in_batch_;
  DocumentIds ids_;
};

/// Appends the path of a member to the address or name of its archive: "a.zip!b.txt".
std::string member_path(std::string_view outer, std::string_view member);

}  // namespace gristmill::formats
