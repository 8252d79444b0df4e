// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/base/result.h"
#include "gristmill/io/file.h"

namespace gristmill::formats {

/// What the ids of a shard mean; equal for all shards of one tokenizer.
struct ShardHeader {
  std::string tokenizer_sha256;       ///< Of the tokenizer file, 64 hex digits.
  std::uint64_t vocabulary_size = 0;  ///< Highest id + 1: up to 65,536 ids are 2 bytes wide, else 4.

  [[nodiscard]] std::size_t token_bytes() const { return vocabulary_size <= 65'536 ? 2 : 4; }
  bool operator==(const ShardHeader&) const = default;
};

/// A document in a shard.
struct ShardDocument {
  std::uint64_t ordinal = 0;  ///< Counted from 0.
  Hash128 id;
  std::uint64_t start = 0;   ///< Position of its first token.
  std::uint64_t length = 0;  ///< In tokens.
};

/// What was written.
struct WrittenShard {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t tokens = 0;
  std::uint64_t documents = 0;
  std::string sha256;  ///< Of the file.
};

class ShardReader;

/// Writes one token shard (docs/formats/token-shard.md). The bytes depend on the header and the documents only. Uses 24
/// bytes of memory a document.
class ShardWriter {
 public:
  static Result<std::unique_ptr<ShardWriter>> create(const std::string& path, const ShardHeader& header);

  /// Appends a document. An id beyond the vocabulary is refused, and nothing of the document is written.
  Status add(Hash128 id, std::span<const std::uint32_t> tokens);
  /// Appends `count` documents of another shard of the same tokenizer, as they stand.
  Status append_range(const ShardReader& shard, std::uint64_t first_document, std::uint64_t count);
  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }
  [[nodiscard]] std::uint64_t documents() const { return documents_; }
  /// Writes the index, makes the file durable and renames it into place. Nothing may be added behind it.
  Result<WrittenShard> close();

 private:
  ShardWriter(std::unique_ptr<io::FileWriter> file, std::string path, ShardHeader header);
  Status write(std::string_view bytes);
  Status write_body(std::string_view bytes);
  void index_document(Hash128 id, std::uint64_t length);

  std::unique_ptr<io::FileWriter> file_;
  std::string path_;
  ShardHeader header_;
  Sha256 sha256_;
  Xxh3Stream body_hash_;
  std::uint64_t header_hash_ = 0;
  std::string index_;    ///< As it will be written.
  std::string encoded_;  ///< Tokens of the document at hand, as bytes.
  std::uint64_t tokens_ = 0;
  std::uint64_t documents_ = 0;
};

/// Reads a token shard. Immutable once open; any number of threads may use it. Keeps the index in memory.
class ShardReader {
 public:
  /// Checks header, index and trailer against their checksums and each other; the body only by its size.
  static Result<ShardReader> open(const std::string& path);

  [[nodiscard]] const ShardHeader& header() const { return header_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }
  [[nodiscard]] std::uint64_t documents() const { return entries_.size(); }
  /// A document by its ordinal, which must be below documents().
  [[nodiscard]] ShardDocument document(std::uint64_t ordinal) const;
  /// The document that holds the token at `position`: a binary search. `not_found` beyond the end.
  [[nodiscard]] Result<ShardDocument> locate(std::uint64_t position) const;
  /// Tokens [position, position + count), fewer at the end of the shard.
  [[nodiscard]] Result<std::vector<std::uint32_t>> read(std::uint64_t position, std::uint64_t count) const;
  /// The same as bytes, `header().token_bytes()` each.
  [[nodiscard]] Result<std::string> read_bytes(std::uint64_t position, std::uint64_t count) const;
  /// Reads all of the body and compares its checksum.
  [[nodiscard]] Status verify_body() const;

 private:
  struct Entry {
    Hash128 id;
    std::uint64_t start = 0;
  };
  ShardReader() = default;
  Status read_trailer(std::uint64_t file_bytes);
  Status read_header();
  Status read_index();

  std::string path_;
  ShardHeader header_;
  std::vector<Entry> entries_;
  std::uint64_t tokens_ = 0;
  std::uint64_t documents_ = 0;
  std::uint64_t index_offset_ = 0;
  std::uint64_t header_hash_ = 0;
  Hash128 body_hash_;
  Hash128 index_hash_;
};

}  // namespace gristmill::formats
