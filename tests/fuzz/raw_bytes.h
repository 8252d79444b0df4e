// SPDX-License-Identifier: Apache-2.0
// Reads bytes as a raw file of a given name, whole and in pieces, for the fuzzers of the readers.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gristmill/formats/reader.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::formats {

/// Reads one piece to its end; gives the number of documents. Aborts when a promise of the readers is broken.
inline std::size_t read_raw_piece(const RawInput& input) {
  auto reader = open_raw(input);
  if (!reader) return 0;
  data::Batch batch;
  std::size_t documents = 0;
  for (bool has_more = true; has_more;) {
    batch.clear();
    const auto more = (*reader)->read(batch);
    if (!more) std::abort();
    has_more = *more;
    documents += batch.documents.size();
    for (const auto& document : batch.documents) {
      if (!kernels::is_valid_utf8(document.text) || !kernels::is_valid_utf8(document.metadata)) std::abort();
      if (!kernels::is_valid_utf8(document.url) || !kernels::is_valid_utf8(document.conversation)) std::abort();
    }
  }
  return documents;
}

/// Reads the bytes as a file, then as the pieces that it may be cut into: both must give as many documents.
inline void read_raw_bytes(std::string_view bytes, std::string_view name) {
  const int descriptor = ::memfd_create("fuzz", 0);
  if (descriptor < 0 || ::write(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    std::abort();
  RawInput input;
  input.path = "/proc/self/fd/" + std::to_string(descriptor);
  input.origin_uri = input.name = name;
  input.limits.document_bytes_max = std::size_t{1} << 20;
  input.limits.expanded_bytes_max = std::uint64_t{16} << 20;
  const auto whole = read_raw_piece(input);
  const auto points = split_points(input.path, name, 64 + bytes.size() / 4);
  if (!points) std::abort();
  std::size_t sum = 0;
  for (std::size_t i = 0; i < points->size(); ++i) {
    input.begin = (*points)[i];
    input.end = i + 1 < points->size() ? (*points)[i + 1] : UINT64_MAX;
    sum += read_raw_piece(input);
  }
  // Damage in one gzip member may swallow the next one, unless a piece starts there.
  if (sum != whole && !name.ends_with(".gz")) std::abort();
  ::close(descriptor);
}

}  // namespace gristmill::formats
