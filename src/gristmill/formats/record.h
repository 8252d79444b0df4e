// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/formats/conversation.h"
#include "gristmill/formats/json_scanner.h"
#include "gristmill/formats/origin.h"
#include "gristmill/formats/record_field.h"

namespace gristmill::formats {

/// Turns records of named fields (a JSON object, a CSV row, a Parquet row) into documents: finds the text, the address
/// and conversations; all other fields become the metadata object, in source order.
class RecordBuilder {
 public:
  /// `format` names the reader in reasons ("jsonl").
  RecordBuilder(std::string_view format, data::FieldNames names, const Limits& limits);

  /// Appends one document, or a casualty when no field is a text. `raw` is the record as it stands in the file, for
  /// the quarantine. All strings in `fields` must be well-formed UTF-8. Names given twice: the last one wins.
  void add(data::Batch& batch, const Origin& origin, std::uint64_t offset, std::span<RecordField> fields,
           std::string_view raw);
  /// True when the fields hold a text or a conversation.
  bool is_record(std::span<RecordField> fields);

 private:
  void drop_duplicates(std::span<RecordField> fields);
  void fill_metadata(data::Batch& batch, std::span<RecordField> fields, data::Document& document);
  RecordField* find(std::span<RecordField> fields, const std::vector<std::string>& names) const;

  std::string no_text_reason_;
  data::FieldNames names_;
  JsonScanner scanner_;
  Conversation conversation_;
  std::vector<std::string_view> duplicates_;
  std::string metadata_;
};

}  // namespace gristmill::formats
