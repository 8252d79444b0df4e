// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/formats/reader.h"
#include "gristmill/formats/stream_reader.h"

namespace gristmill::formats {

/// The formats that a stream can be read as.
enum class RawFormat { unknown, text, markdown, jsonl, json, csv, html, warc, parquet, archive };

/// By the extension of a name without compression extensions; unknown when it says nothing.
RawFormat format_of_name(std::string_view name);
/// The name without the extensions of compression (.gz .zst .bz2 .xz, and .tgz to .tar).
std::string strip_compression(std::string_view name);
/// By the first bytes of the decompressed stream; unknown when they are no text of a known kind.
RawFormat sniff_format(std::string_view head);

/// One document of the whole stream (.txt .md).
std::unique_ptr<DocumentReader> make_text_reader(StreamInput input, std::string_view media_type);
/// One HTML page.
std::unique_ptr<DocumentReader> make_html_reader(StreamInput input);
/// A JSON object a line.
std::unique_ptr<DocumentReader> make_jsonl_reader(StreamInput input);
/// An array of records, one record, an object around an array, or objects in a row.
std::unique_ptr<DocumentReader> make_json_reader(StreamInput input);
/// How much of a CSV file is looked at for its dialect, header and charset.
inline constexpr std::size_t csv_head_bytes = std::size_t{64} << 10;
/// Rows of separated values. `head` is the start of the file, for the dialect and the header.
std::unique_ptr<DocumentReader> make_csv_reader(StreamInput input, std::string_view head);
/// WARC, WET and ARC.
std::unique_ptr<DocumentReader> make_warc_reader(StreamInput input);
/// Parquet of any schema. A stream that is no plain file is written to a temporary file first.
Result<std::unique_ptr<DocumentReader>> make_parquet_reader(StreamInput input);

/// Members of a .zip or .tar, each read by its own name. `depth` counts the archives around it.
Result<std::unique_ptr<DocumentReader>> make_archive_reader(StreamInput input, const RawInput& raw, std::string member,
                                                            int depth);
/// Nothing but one casualty: a file that cannot be read at all.
std::unique_ptr<DocumentReader> make_fault_reader(StreamInput input, std::string reason, std::string message);

/// Where the records of a plain stream start that lie nearest behind the multiples of `piece_bytes`.
std::vector<std::uint64_t> split_csv(io::ByteWindow& window, std::string_view name, std::uint64_t piece_bytes);
std::vector<std::uint64_t> split_warc(io::ByteWindow& window, std::uint64_t piece_bytes);

/// A reader for one stream by its name, else its content; an unknown format is an invalid_argument. `member` is the
/// path of the stream inside archives, `depth` counts them.
Result<std::unique_ptr<DocumentReader>> open_stream(StreamInput input, const RawInput& raw, std::string member,
                                                    int depth);

/// The decompression bounds among the limits.
io::ExpansionLimits expansion_limits(const Limits& limits);

}  // namespace gristmill::formats
