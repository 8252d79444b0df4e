// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gristmill/formats/origin.h"
#include "gristmill/formats/reader.h"
#include "gristmill/io/byte_window.h"

namespace gristmill::formats {

/// A decompressed stream and what its documents are to be stamped with.
struct StreamInput {
  std::unique_ptr<io::ByteWindow> window;
  Origin origin;
  data::FieldNames fields;
  Limits limits;
  std::string name;                ///< Without the extensions of compression.
  std::uint64_t begin = 0;         ///< Stream offset of the first byte of the window.
  std::uint64_t end = UINT64_MAX;  ///< Records that start here or later belong to another piece.
  std::string path;                ///< The plain file, when the stream is one; for looking at its head.
};

/// What readers of one stream share: the batch loop, casualties, what happens when the stream breaks.
class StreamReader : public DocumentReader {
 public:
  explicit StreamReader(StreamInput input);
  Result<bool> read(data::Batch& batch) final;
  [[nodiscard]] std::map<std::string, std::int64_t> skipped() const override { return skipped_; }

 protected:
  /// Reads one record into the batch, or nothing when it is to be passed over; false at the end.
  virtual bool next(data::Batch& batch) = 0;
  /// The stream broke in the middle; true when the reader found a place to go on from.
  virtual bool recover() { return false; }

  void skip(std::string_view reason) { ++skipped_[std::string(reason)]; }
  io::ByteWindow& window() { return *input_.window; }
  /// Quarantines the record that starts at `offset`; the address is put in front of the message.
  void quarantine(data::Batch& batch, std::uint64_t offset, Origin::Fault fault);
  /// First bytes of a record that is too large to be kept whole.
  [[nodiscard]] std::string_view head_of_view() const;

  StreamInput input_;

 private:
  /// Turns the failure of the stream into a casualty, or into an error when the fault lies outside.
  Status report_failure(data::Batch& batch);

  std::map<std::string, std::int64_t> skipped_;
  bool is_done_ = false;
};

/// Bytes kept of a record that is over document_bytes_max.
inline constexpr std::size_t kept_bytes_max = std::size_t{64} << 10;

}  // namespace gristmill::formats
