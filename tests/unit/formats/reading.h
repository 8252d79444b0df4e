// SPDX-License-Identifier: Apache-2.0
// Reads raw files in tests and keeps what came out.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/formats/reader.h"
#include "gristmill/io/file.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats::reading {

struct ReadDocument {
  std::string id, uri, url, media_type, text, conversation, metadata;
  std::int64_t offset = 0;
  bool operator==(const ReadDocument&) const = default;
};

struct ReadCasualty {
  std::string reason, message, bytes;
  std::int64_t offset = 0;
};

struct Outcome {
  std::vector<ReadDocument> documents;
  std::vector<ReadCasualty> casualties;
  std::map<std::string, std::int64_t> skipped;
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& document : documents) all.push_back(document.text);
    return all;
  }
  [[nodiscard]] std::vector<std::string> reasons() const {
    std::vector<std::string> all;
    for (const auto& casualty : casualties) all.push_back(casualty.reason);
    return all;
  }
};

inline void read_into(Outcome& outcome, const RawInput& input) {
  auto reader = open_raw(input);
  REQUIRE_MESSAGE(reader, (reader ? std::string() : reader.error().message));
  data::Batch batch;
  for (bool has_more = true; has_more;) {
    batch.clear();
    const auto more = (*reader)->read(batch);
    REQUIRE(more);
    has_more = *more;
    for (const auto& d : batch.documents) {
      CHECK(kernels::is_valid_utf8(d.text));
      CHECK(kernels::is_valid_utf8(d.url));
      CHECK(kernels::is_valid_utf8(d.metadata));
      outcome.documents.push_back({d.id.hex(), std::string(d.origin_uri), std::string(d.url), std::string(d.media_type),
                                   std::string(d.text), std::string(d.conversation), std::string(d.metadata),
                                   d.origin_offset});
    }
    for (const auto& c : batch.casualties) {
      outcome.casualties.push_back({c.reason, c.message, std::string(c.document.text), c.document.origin_offset});
    }
  }
  for (const auto& [reason, count] : (*reader)->skipped()) outcome.skipped[reason] += count;
}

inline RawInput input_of(const std::string& path, std::string_view name) {
  RawInput input;
  input.path = path;
  input.origin_uri = "file:///" + std::string(name);
  input.name = name;
  input.sha256 = std::string(64, 'a');
  input.source = "test";
  return input;
}

/// A file that lives as long as the test, with its bytes as content.
struct RawFile {
  RawFile(std::string_view bytes, std::string_view name_)
      : path((std::filesystem::temp_directory_path() / ("gristmill-raw-test-" + std::to_string(::getpid()))).string()),
        name(name_) {
    REQUIRE(io::write_file(path, bytes));
  }
  ~RawFile() { ::unlink(path.c_str()); }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  std::string path, name;
};

inline Outcome read_bytes(std::string_view bytes, std::string_view name, const Limits& limits = {}) {
  const RawFile file(bytes, name);
  auto input = input_of(file.path, name);
  input.limits = limits;
  Outcome outcome;
  read_into(outcome, input);
  return outcome;
}

/// What the pieces of a file give together.
inline Outcome read_in_pieces(std::string_view bytes, std::string_view name, std::uint64_t piece_bytes) {
  const RawFile file(bytes, name);
  const auto points = split_points(file.path, name, piece_bytes);
  REQUIRE(points);
  Outcome outcome;
  for (std::size_t i = 0; i < points->size(); ++i) {
    auto input = input_of(file.path, name);
    input.begin = (*points)[i];
    input.end = i + 1 < points->size() ? (*points)[i + 1] : UINT64_MAX;
    CHECK(input.begin < input.end);
    read_into(outcome, input);
  }
  return outcome;
}

/// Folder of the shared test data, or empty when it is not there.
inline std::string shared_folder() {
  const char* given = std::getenv("GRISTMILL_SHARED");
  const std::string folder = given != nullptr ? given : std::string(GRISTMILL_SOURCE_DIR) + "/../shared";
  return std::filesystem::exists(folder + "/data/web") ? folder : std::string();
}

}  // namespace gristmill::formats::reading
