// SPDX-License-Identifier: Apache-2.0
// What flows through a pipeline: documents in batches, their origin columns and operator columns.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gristmill/base/hash.h"

namespace gristmill::data {

/// Type of an operator column; every column may be null.
enum class ColumnType { boolean, int64, float64, string };

/// Name and type of one operator column.
struct Column {
  std::string name;
  ColumnType type = ColumnType::string;
  int field_id = 0;  ///< In the table it is written to; 0 = by position.
  bool operator==(const Column&) const = default;
};

/// A cell of an operator column. Strings live in the batch's arena.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string_view>;

/// One document: where it came from, its text, and what operators said of it. All views point into the
/// batch that holds it; an empty view is written as null (except `text`).
struct Document {
  Hash128 id;                         ///< Hash of the origin: source, file, offset. Never changes.
  std::string_view ingestion_id;      ///< The ingestion that landed it.
  std::string_view origin_uri;        ///< File it was read from (`!member` marks an archive member).
  std::int64_t origin_offset =
      0;     ///< Byte offset of its record in the decompressed file; row number for columnar files.
  std::string_view url;               ///< Address it was published at, when known.
  std::string_view media_type;        ///< text/plain, text/html, text/markdown, ...
  std::string_view text;              ///< UTF-8, always valid.
  std::string_view conversation;      ///< Chat or preference pair, JSON (docs/formats/conversation.md).
  std::string_view metadata;          ///< All other fields of the source record, a JSON object.
  std::span<Value> columns;           ///< Operator columns, by slot of the stage's column list.
  std::span<const std::uint32_t> tokens;  ///< Token ids, once a tokenizer ran.
};

/// Bump allocator for what views of a batch point into. Memory is reused by `clear`, so a thread that works
/// batch after batch stops allocating.
class Arena {
 public:
  /// Copies bytes; the view lives until `clear`.
  std::string_view copy(std::string_view bytes);
  /// Copies token ids.
  std::span<const std::uint32_t> copy_ids(std::span<const std::uint32_t> ids);
  /// Uninitialised bytes (8-aligned).
  std::span<char> allocate(std::size_t bytes);
  /// Shortens the newest allocation to `bytes`, for output whose size was only bounded before.
  void shrink_last(std::span<char> allocation, std::size_t bytes);
  void clear();
  [[nodiscard]] std::size_t bytes_used() const { return bytes_used_; }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t used = 0;
  };
  std::vector<Block> blocks_;
  std::size_t current_ = 0;
  std::size_t bytes_used_ = 0;
};

/// A document or file that a reader or operator could not handle, kept whole with the reason and place.
struct Casualty {
  Document document;      ///< What is known of it; `text` may hold raw bytes (not UTF-8) cut to the limit.
  std::string reason;     ///< Stable code, `family.name.reason` or `reader.jsonl.bad_json`.
  std::string message;    ///< What was wrong, with line, column or byte.
  std::string operator_name;
};

/// A few MB of documents, worked on by one thread.
struct Batch {
  std::vector<Document> documents;
  std::vector<Casualty> casualties;  ///< What the reader could not turn into documents.
  Arena arena;
  std::deque<std::shared_ptr<const void>> owners;  ///< Keeps zero-copy buffers alive until `clear`.
  std::size_t text_bytes = 0;                      ///< Sum of text sizes as read.

  void clear();
  /// Null cells in the arena, for Document::columns.
  std::span<Value> allocate_cells(std::size_t column_count);
};

/// What of a JSON/CSV/Parquet record is the text, the id and the address.
struct FieldNames {
  std::vector<std::string> text{"text", "content",  "body",    "raw_content", "raw_html",
                                "html", "document", "article", "page_content"};
  std::vector<std::string> url{"url", "uri", "link", "source_url", "canonical_url"};
};

}  // namespace gristmill::data
