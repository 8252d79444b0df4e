// SPDX-License-Identifier: Apache-2.0
// Readers and writers of every byte format: raw text files, crawls, Parquet, token shards.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/data/document.h"

namespace gristmill::formats {

/// Bounds that keep hostile input from taking the machine; all are configuration.
struct Limits {
  std::size_t document_bytes_max = std::size_t{64} << 20;  ///< Larger records are quarantined (first bytes kept).
  std::size_t batch_bytes = std::size_t{4} << 20;          ///< Aim of one batch.
  std::uint64_t expanded_bytes_max = std::uint64_t{1} << 40;  ///< Decompressed size of one file.
  double expansion_ratio_max = 200;      ///< Decompressed/compressed, checked once over 64 MiB came out.
  std::size_t archive_members_max = 1'000'000;
  int archive_depth_max = 3;             ///< Archives within archives.
  int json_depth_max = 512;
};

/// A piece of a raw file to be read.
struct RawInput {
  std::string path;            ///< Local file that holds the bytes.
  std::string origin_uri;      ///< What documents say they came from.
  std::string name;            ///< Relative name, decides the format by its extensions (a/b.jsonl.gz).
  std::string sha256;          ///< Of the whole file; goes into document ids.
  std::string source;          ///< Source name; goes into document ids.
  std::uint64_t begin = 0;     ///< Byte range of this piece: a record belongs to the piece in which it starts.
  std::uint64_t end = UINT64_MAX;
  data::FieldNames fields;
  Limits limits;
};

/// Reads documents, batch after batch, in file order. Bad records become casualties and reading goes on where the
/// format allows; what ends the file early (truncated gzip) is one casualty for the rest of the file.
class DocumentReader {
 public:
  virtual ~DocumentReader() = default;
  /// Appends documents and casualties up to limits.batch_bytes (at least one). False: nothing more.
  /// An error is an outside fault (disk), never bad content.
  virtual Result<bool> read(data::Batch& batch) = 0;
  /// What was left out on purpose so far, by reason ("warc.request"): neither documents nor casualties.
  [[nodiscard]] virtual std::map<std::string, std::int64_t> skipped() const { return {}; }
};

/// Opens a raw file by its extensions, or by content when they say nothing. An unknown format is an
/// `invalid_argument` that lists what is known.
Result<std::unique_ptr<DocumentReader>> open_raw(const RawInput& input);

/// True when the name has extensions that open_raw knows.
bool is_known_format(std::string_view name);

/// Where a large file may be cut into pieces of about `piece_bytes` so that several threads read it: byte offsets,
/// first 0. Plain JSONL, CSV, WARC and WET, and multi-member .warc.gz are cut; other formats give {0}. Depends on the
/// bytes and `piece_bytes` only.
Result<std::vector<std::uint64_t>> split_points(const std::string& path, std::string_view name,
                                                std::uint64_t piece_bytes);

}  // namespace gristmill::formats
